"""The ticks of a schedule: next, previous, aligned.

What lives here: where on the time line a schedule beats, as instants in UTC. What may not: which of the
ticks become runs (`slots`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime
from typing import assert_never

from windward.timetable.cron import parse_cron
from windward.timetable.delta import add_delta, subtract_delta
from windward.timetable.instants import next_instant, previous_instant
from windward.timetable.schedule import (
    AssetOrTimeSchedule,
    AssetSchedule,
    ContinuousSchedule,
    CronSchedule,
    CustomSchedule,
    DeltaSchedule,
    EventsSchedule,
    MultipleCronSchedule,
    NullSchedule,
    OnceSchedule,
    Schedule,
)
from windward.timetable.zones import zone_named


def next_tick(schedule: Schedule, after: datetime) -> datetime | None:
    """Return the first tick later than an instant; None when there is none (any more).

    A delta schedule has no ticks of its own: its next one is a delta later than any instant.
    """
    match schedule:
        case NullSchedule() | OnceSchedule() | ContinuousSchedule() | AssetSchedule() | CustomSchedule():
            return None
        case AssetOrTimeSchedule(schedule=inner):
            return next_tick(inner, after)
        case CronSchedule():
            return _next_cron(schedule.expression, schedule, after)
        case MultipleCronSchedule():
            ticks = (_next_cron(expression, schedule, after) for expression in schedule.expressions)
            return min((tick for tick in ticks if tick is not None), default=None)
        case DeltaSchedule():
            return add_delta(after, schedule.delta)
        case EventsSchedule():
            index = bisect_right(schedule.events, after)
            return schedule.events[index] if index < len(schedule.events) else None
    assert_never(schedule)


def previous_tick(schedule: Schedule, before: datetime) -> datetime | None:
    """Return the last tick earlier than an instant; None when there was none."""
    match schedule:
        case NullSchedule() | OnceSchedule() | ContinuousSchedule() | AssetSchedule() | CustomSchedule():
            return None
        case AssetOrTimeSchedule(schedule=inner):
            return previous_tick(inner, before)
        case CronSchedule():
            return _previous_cron(schedule.expression, schedule, before)
        case MultipleCronSchedule():
            ticks = (_previous_cron(expression, schedule, before) for expression in schedule.expressions)
            return max((tick for tick in ticks if tick is not None), default=None)
        case DeltaSchedule():
            return subtract_delta(before, schedule.delta)
        case EventsSchedule():
            index = bisect_left(schedule.events, before)
            return schedule.events[index - 1] if index else None
    assert_never(schedule)


def align_next(schedule: Schedule, at: datetime) -> datetime | None:
    """Return the instant itself when it is a tick, else the next tick."""
    if isinstance(schedule, DeltaSchedule):
        return at
    previous = previous_tick(schedule, at)
    if previous is not None:
        return at if next_tick(schedule, previous) == at else next_tick(schedule, at)
    following = next_tick(schedule, at)
    if following is not None and previous_tick(schedule, following) == at:
        return at
    return following


def align_previous(schedule: Schedule, at: datetime) -> datetime | None:
    """Return the instant itself when it is a tick, else the previous tick."""
    if isinstance(schedule, DeltaSchedule):
        return at
    following = next_tick(schedule, at)
    if following is not None:
        return previous_tick(schedule, following)
    previous = previous_tick(schedule, at)
    if previous is not None and next_tick(schedule, previous) == at:
        return at
    return previous


def _next_cron(
    expression: str, schedule: CronSchedule | MultipleCronSchedule, after: datetime
) -> datetime | None:
    cron = parse_cron(expression, allow_seconds=schedule.seconds)
    return next_instant(cron, zone_named(schedule.timezone), after)


def _previous_cron(
    expression: str, schedule: CronSchedule | MultipleCronSchedule, before: datetime
) -> datetime | None:
    cron = parse_cron(expression, allow_seconds=schedule.seconds)
    return previous_instant(cron, zone_named(schedule.timezone), before)
