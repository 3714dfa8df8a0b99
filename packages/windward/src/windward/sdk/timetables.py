"""Timetables that authors write: small values that become schedules of the DAG document.

Each has `as_schedule(timezone=…)`, by which the serializer asks for its schedule, and `summary`, which people see.
What may not live here: arithmetic on dates, which is `windward.timetable`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from dateutil.relativedelta import relativedelta

from windward import timetable
from windward.sdk.custom_timetables import DagRunInfo, DataInterval, Timetable, custom_schedule
from windward.sdk.defaults import current
from windward.sdk.times import at_users_edge, to_utc
from windward.timetable import RunImmediately, Schedule

Distance = timedelta | relativedelta

_NO_INTERVAL = timedelta(0)


class BaseTimetable(Timetable):
    """When runs of a DAG come, and which interval each works on.

    Two timetables of one kind with equal arguments are equal. Arguments are checked when the timetable is made.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def as_schedule(self, *, timezone: str = "UTC") -> Schedule:
        """Return the schedule as the DAG document holds it; the zone of the DAG changes none of these."""
        del timezone
        return custom_schedule(self) if self._is_overridden() else self._schedule

    def _is_overridden(self) -> bool:
        """Whether a class derived from ours has a say in which runs there are."""
        names = ("next_dagrun_info", "infer_manual_data_interval", "generate_run_id")
        return any(getattr(type(self), name) is not getattr(BaseTimetable, name) for name in names)

    def next_dagrun_info(self, *, last_automated_data_interval: Any, restriction: Any) -> Any:
        """Return the run after the last one that was scheduled, or None."""
        last = _plain(last_automated_data_interval)
        allowed = timetable.Restriction(
            _utc(restriction.earliest), _utc(restriction.latest), restriction.catchup
        )
        now = datetime.now(UTC)
        slot = timetable.next_slot(self._schedule, last=last, restriction=allowed, now=now)
        if slot is None:
            return None
        interval = slot.data_interval
        return DagRunInfo(
            at_users_edge(slot.run_after),
            DataInterval(at_users_edge(interval.start), at_users_edge(interval.end)),
        )

    def infer_manual_data_interval(self, *, run_after: Any) -> Any:
        """Return the data interval of a run that somebody triggers at a moment."""
        interval = timetable.manual_interval(self._schedule, _utc(run_after) or datetime.now(UTC))
        return DataInterval(at_users_edge(interval.start), at_users_edge(interval.end))

    @property
    def summary(self) -> str:
        """A few words for tables: the cron expression, the distance, the description."""
        return timetable.summary(self._schedule)

    @property
    def description(self) -> str:  # type: ignore[override]  # told by the schedule
        """The schedule in words."""
        return timetable.describe_schedule(self._schedule)

    @property
    def periodic(self) -> bool:  # type: ignore[override]  # told by the schedule
        """Whether runs come again and again by time."""
        return timetable.is_periodic(self._schedule)

    @property
    def can_be_scheduled(self) -> bool:  # type: ignore[override]  # told by the schedule
        """Whether runs come by time at all."""
        return timetable.can_be_scheduled(self._schedule)

    @property
    def active_runs_limit(self) -> int | None:  # type: ignore[override]  # told by the schedule
        """How many runs may be active at a time, when the timetable limits them."""
        return timetable.active_runs_limit(self._schedule)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._schedule == other._schedule

    def __hash__(self) -> int:
        return hash((type(self), self._schedule))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.summary!r})"


def _utc(value: Any) -> datetime | None:
    return None if value is None else to_utc(value, UTC)


def _plain(interval: Any) -> timetable.DataInterval | None:
    if interval is None:
        return None
    return timetable.DataInterval(to_utc(interval.start, UTC), to_utc(interval.end, UTC))


class NullTimetable(BaseTimetable):
    """No runs by time."""

    def __init__(self) -> None:
        super().__init__(timetable.NullSchedule())


class OnceTimetable(BaseTimetable):
    """One run, at the start date."""

    def __init__(self) -> None:
        super().__init__(timetable.OnceSchedule())


class ContinuousTimetable(BaseTimetable):
    """A new run as soon as the one before has ended."""

    def __init__(self) -> None:
        super().__init__(timetable.ContinuousSchedule())


class CronTriggerTimetable(BaseTimetable):
    """Runs start at the ticks of a cron expression."""

    def __init__(
        self,
        cron: str,
        *,
        timezone: str | tzinfo,
        interval: Distance = _NO_INTERVAL,
        run_immediately: RunImmediately = False,
    ) -> None:
        super().__init__(
            timetable.cron_trigger(
                cron,
                timezone=timezone,
                interval=interval,
                run_immediately=run_immediately,
                allow_seconds=current().cron_seconds,
            )
        )


class MultipleCronTriggerTimetable(BaseTimetable):
    """Runs start at the ticks of any of several cron expressions."""

    def __init__(
        self,
        *crons: str,
        timezone: str | tzinfo,
        interval: Distance = _NO_INTERVAL,
        run_immediately: RunImmediately = False,
    ) -> None:
        super().__init__(
            timetable.multiple_cron_trigger(
                *crons,
                timezone=timezone,
                interval=interval,
                run_immediately=run_immediately,
                allow_seconds=current().cron_seconds,
            )
        )


class CronDataIntervalTimetable(BaseTimetable):
    """Runs work on the time between two ticks of a cron expression, and start at the later one."""

    def __init__(self, cron: str, timezone: str | tzinfo) -> None:
        super().__init__(
            timetable.cron_data_interval(cron, timezone=timezone, allow_seconds=current().cron_seconds)
        )


class DeltaDataIntervalTimetable(BaseTimetable):
    """Runs work on intervals of one length, and start at their ends."""

    def __init__(self, delta: Distance) -> None:
        super().__init__(timetable.delta_data_interval(delta))


class DeltaTriggerTimetable(BaseTimetable):
    """Runs start at a distance from each other."""

    def __init__(self, delta: Distance, *, interval: Distance = _NO_INTERVAL) -> None:
        super().__init__(timetable.delta_trigger(delta, interval=interval))


class EventsTimetable(BaseTimetable):
    """Runs start at listed instants, which have a time zone each."""

    def __init__(
        self,
        event_dates: Iterable[datetime],
        restrict_to_events: bool = False,  # noqa: FBT001, FBT002 - Airflow's order
        presorted: bool = False,  # noqa: FBT001, FBT002 - Airflow's order
        description: str | None = None,
    ) -> None:
        del presorted  # sorting a sorted list costs nothing
        super().__init__(
            timetable.events(event_dates, restrict_to_events=restrict_to_events, description=description)
        )
