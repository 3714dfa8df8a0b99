"""Timetables of one's own: the base class that authors derive from, and what its methods take and give.

Their code runs where DAG files are parsed, and nowhere else: `timetable_windows` asks it for the runs to come, and
what it answers is published ahead.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from windward.timetable import CustomSchedule, Schedule


class DataInterval(NamedTuple):
    """The time a run works on: from `start` up to `end`."""

    start: Any
    end: Any

    @classmethod
    def exact(cls, at: Any) -> DataInterval:
        """Return the interval that is one instant."""
        return cls(start=at, end=at)


class TimeRestriction(NamedTuple):
    """What the DAG's start date, end date (both inclusive) and catchup allow."""

    earliest: Any
    latest: Any
    catchup: bool


class DagRunInfo(NamedTuple):
    """A run that a timetable wants: not before `run_after`, on `data_interval`."""

    run_after: Any
    data_interval: DataInterval | None
    partition_key: str | None = None
    partition_date: Any = None

    @classmethod
    def exact(cls, at: Any) -> DagRunInfo:
        """Return a run at an instant, which is its interval too."""
        return cls(run_after=at, data_interval=DataInterval.exact(at))

    @classmethod
    def interval(cls, start: Any, end: Any) -> DagRunInfo:
        """Return a run at the end of an interval, on it."""
        return cls(run_after=end, data_interval=DataInterval(start, end))

    @property
    def logical_date(self) -> Any:
        """The start of the interval."""
        return self.data_interval.start if self.data_interval is not None else None


class Timetable:
    """When runs of a DAG come, by code of one's own.

    Derive from it, and write `next_dagrun_info` and `infer_manual_data_interval`. The object is used as
    `schedule=`; it need not be registered anywhere.
    """

    description: str = ""
    periodic: bool = True
    can_be_scheduled: bool = True
    run_ordering: ClassVar[Any] = ("data_interval_end", "logical_date")
    active_runs_limit: int | None = None
    asset_condition: Any = None

    @property
    def summary(self) -> str:
        """A few words for tables."""
        return type(self).__name__

    def serialize(self) -> dict[str, Any]:
        """Return the arguments of the timetable as plain data."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Timetable:
        """Return the timetable of what `serialize` gave."""
        del data
        return cls()

    def validate(self) -> None:
        """Raise when the arguments make no timetable."""

    def infer_manual_data_interval(self, *, run_after: Any) -> Any:
        """Return the data interval of a run that somebody triggers at a moment."""
        return DataInterval.exact(run_after)

    def next_dagrun_info(self, *, last_automated_data_interval: Any, restriction: Any) -> Any:
        """Return the run after the last one that was scheduled, or None when there is none."""
        raise NotImplementedError(f"`{type(self).__name__}` has to define `next_dagrun_info`")

    def generate_run_id(
        self, *, run_type: Any, run_after: datetime, data_interval: Any, **extra: Any
    ) -> str | None:
        """Return the id of a run; None leaves it to Windward."""
        del run_type, run_after, data_interval, extra
        return None

    def as_schedule(self, *, timezone: str = "UTC") -> Schedule:
        """Return the schedule as the DAG document holds it."""
        del timezone
        return custom_schedule(self)


def custom_schedule(timetable: Any) -> CustomSchedule:
    """Return what the DAG document holds of a timetable whose slots only its own code knows."""
    timetable.validate()
    cls = type(timetable)
    return CustomSchedule(
        timetable=f"{cls.__module__}.{cls.__qualname__}",
        summary=str(timetable.summary),
        description=str(timetable.description or ""),
        is_periodic=bool(timetable.periodic),
        can_be_scheduled=bool(timetable.can_be_scheduled),
        active_runs_limit=timetable.active_runs_limit,
    )
