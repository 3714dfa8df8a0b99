"""Schedules as data: the closed union that a DAG document holds.

What lives here: frozen, JSON-able structs told apart by their field `type`. What may not: building them from
what authors write (`authoring`), finding ticks (`ticks`) or runs (`slots`).

Every `match` over `Schedule` in this package is exhaustive, so the type checker names each place that has to answer
for a new member.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from windward.timetable.conditions import Condition
from windward.timetable.delta import Delta


class ScheduleKind(StrEnum):
    """What a tick means: the end of a data interval that lasted since the tick before, or a time to start."""

    DATA_INTERVAL = "data_interval"
    TRIGGER = "trigger"


class NullSchedule(Struct, frozen=True, tag="null", tag_field="type"):
    """No runs by time: the DAG runs when it is triggered."""


class OnceSchedule(Struct, frozen=True, tag="once", tag_field="type"):
    """One run, at the start date."""


class ContinuousSchedule(Struct, frozen=True, tag="continuous", tag_field="type"):
    """A new run as soon as the one before has ended; the caller allows one active run at a time."""


class CronSchedule(Struct, frozen=True, omit_defaults=True, tag="cron", tag_field="type"):
    """Ticks by a cron expression on the wall clock of a time zone."""

    expression: str
    """As the author wrote it, also a preset such as `@daily`."""
    timezone: str
    kind: ScheduleKind
    interval: Delta = 0.0
    """Length of the data interval that ends at a tick; for the trigger kind only."""
    run_immediately: bool | float | None = False
    """Which tick is first when there is no start date and no run yet, for the trigger kind only: the latest past
    one (True), the next one (False), the past one if it is at most so many seconds old (a number), or at most
    a tenth of the distance between ticks and at least five minutes (None)."""
    seconds: bool = False
    """True when the expression may have six or seven fields."""


class MultipleCronSchedule(Struct, frozen=True, omit_defaults=True, tag="multiple_cron", tag_field="type"):
    """Ticks of the trigger kind by several cron expressions; a tick that they share is one."""

    expressions: tuple[str, ...]
    timezone: str
    interval: Delta = 0.0
    run_immediately: bool | float | None = False
    seconds: bool = False


class DeltaSchedule(Struct, frozen=True, omit_defaults=True, tag="delta", tag_field="type"):
    """Ticks at a distance from each other, counted in UTC from the start date."""

    delta: Delta
    kind: ScheduleKind
    interval: Delta = 0.0
    """Length of the data interval that ends at a tick; for the trigger kind only."""


class EventsSchedule(Struct, frozen=True, omit_defaults=True, tag="events", tag_field="type"):
    """Ticks at listed instants, sorted and without duplicates."""

    events: tuple[datetime, ...]
    restrict_to_events: bool = False
    """True when a manual run belongs to the latest event instead of to its own time."""
    description: str | None = None


TimedSchedule = CronSchedule | MultipleCronSchedule | DeltaSchedule | EventsSchedule
"""The schedules that have ticks."""


class CustomSchedule(Struct, frozen=True, omit_defaults=True, tag="custom", tag_field="type"):
    """A timetable of the author's own: its slots are worked out where DAG files are parsed (`windows`)."""

    timetable: str
    """Module and name of its class."""
    summary: str = ""
    description: str = ""
    is_periodic: bool = True
    can_be_scheduled: bool = True
    active_runs_limit: int | None = None


class AssetSchedule(Struct, frozen=True, tag="assets", tag_field="type"):
    """A run whenever the condition holds, on all events since the last one; no ticks."""

    condition: Condition


ByTime = NullSchedule | OnceSchedule | ContinuousSchedule | TimedSchedule | CustomSchedule
"""The schedules that know nothing but time."""


class AssetOrTimeSchedule(Struct, frozen=True, tag="assets_or_time", tag_field="type"):
    """The runs of a schedule by time, and those by assets between them."""

    schedule: ByTime
    condition: Condition


Schedule = ByTime | AssetSchedule | AssetOrTimeSchedule
"""Every schedule a DAG can have."""


def by_time(schedule: Schedule) -> ByTime:
    """Return the part of a schedule that is about time."""
    match schedule:
        case AssetSchedule():
            return NullSchedule()
        case AssetOrTimeSchedule(schedule=inner):
            return inner
        case _:
            return schedule


def condition_of(schedule: Schedule) -> Condition | None:
    """Return the condition upon assets, when there is one."""
    return schedule.condition if isinstance(schedule, AssetSchedule | AssetOrTimeSchedule) else None


def active_runs_limit(schedule: Schedule) -> int | None:
    """Return how many runs of the schedule may be active at a time, when the schedule itself limits them."""
    timed = by_time(schedule)
    if isinstance(timed, CustomSchedule):
        return timed.active_runs_limit
    return 1 if isinstance(timed, ContinuousSchedule) else None


def can_be_scheduled(schedule: Schedule) -> bool:
    """True when runs come by time."""
    timed = by_time(schedule)
    if isinstance(timed, CustomSchedule):
        return timed.can_be_scheduled
    return not isinstance(timed, NullSchedule)


def is_periodic(schedule: Schedule) -> bool:
    """True when the schedule has ticks, so that a range of dates can be filled with runs."""
    timed = by_time(schedule)
    if isinstance(timed, CustomSchedule):
        return timed.is_periodic
    return isinstance(timed, CronSchedule | MultipleCronSchedule | DeltaSchedule | EventsSchedule)
