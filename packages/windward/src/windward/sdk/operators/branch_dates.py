"""Operators that branch by the time: `BranchDateTimeOperator`, `BranchDayOfWeekOperator`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from windward.sdk.compat.state import WeekDay
from windward.sdk.exceptions import AirflowException
from windward.sdk.skip import BaseBranchOperator
from windward.sdk.times import to_utc

Bound = datetime | time | None


class BranchDateTimeOperator(BaseBranchOperator):
    """Follow one branch when a moment lies between two bounds (inclusive), and another when not.

    A bound is a datetime, a time of the moment's own day, or None for no bound. An upper bound before the
    lower one is of the day after when any of the two is a time of day, as in Airflow. The moment is now, or the logical date with `use_task_logical_date`
    (`use_task_execution_date` of 2.x). What has no zone is in the DAG's.
    """

    def __init__(
        self,
        *,
        follow_task_ids_if_true: str | Iterable[str],
        follow_task_ids_if_false: str | Iterable[str],
        target_lower: Bound,
        target_upper: Bound,
        use_task_logical_date: bool = False,
        use_task_execution_date: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if target_lower is None and target_upper is None:
            raise AirflowException(
                "Both target_upper and target_lower are None. At least one of them should be set."
            )
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.target_lower = target_lower
        self.target_upper = target_upper
        self.use_task_logical_date = use_task_logical_date or use_task_execution_date

    def choose_branch(self, context: Any) -> str | Iterable[str]:
        """Return the branch of the moment."""
        moment = _moment(context, is_logical=self.use_task_logical_date)
        lower, upper = bounds_at(moment, self.target_lower, self.target_upper, zone=self.dag.timezone)
        is_within = (lower is None or lower <= moment) and (upper is None or moment <= upper)
        return self.follow_task_ids_if_true if is_within else self.follow_task_ids_if_false


def bounds_at(
    moment: datetime, lower: Bound, upper: Bound, *, zone: tzinfo
) -> tuple[datetime | None, datetime | None]:
    """Return the bounds in UTC; times of day are of the day that `moment` is in `zone`, or in their own zone."""
    low, high = _bound(moment, lower, zone), _bound(moment, upper, zone)
    is_daily = isinstance(lower, time) or isinstance(upper, time)
    if is_daily and low is not None and high is not None and high < low:
        high = _bound(moment, upper, zone, days=1)
    return low, high


def _bound(moment: datetime, bound: Bound, zone: tzinfo, *, days: int = 0) -> datetime | None:
    if isinstance(bound, time):
        own = bound.tzinfo or zone
        bound = datetime.combine(moment.astimezone(own).date(), bound.replace(tzinfo=own))
    if bound is not None:
        bound += timedelta(days=days)
    return None if bound is None else to_utc(bound, zone)


def _moment(context: Any, *, is_logical: bool) -> datetime:
    """Return now, or the logical date; a run without one has been due since `run_after`."""
    if not is_logical:
        return datetime.now(UTC)
    return to_utc(context.get("logical_date") or context["dag_run"].run_after, UTC)


class BranchDayOfWeekOperator(BaseBranchOperator):
    """Follow one branch on these days of the week and another on the others.

    The day is today in the DAG's zone, or that of the logical date in UTC with `use_task_logical_date` (`use_task_execution_day` of 2.x).
    """

    def __init__(
        self,
        *,
        follow_task_ids_if_true: str | Iterable[str],
        follow_task_ids_if_false: str | Iterable[str],
        week_day: str | WeekDay | Iterable[str | WeekDay],
        use_task_logical_date: bool = False,
        use_task_execution_day: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.week_day: Any = week_day
        self.use_task_logical_date = use_task_logical_date or use_task_execution_day
        self._week_day_num = WeekDay.validate_week_day(week_day)

    def choose_branch(self, context: Any) -> str | Iterable[str]:
        """Return the branch of the day."""
        day = _moment(context, is_logical=self.use_task_logical_date)
        if not self.use_task_logical_date:
            day = day.astimezone(self.dag.timezone)
        is_one = day.isoweekday() in self._week_day_num
        return self.follow_task_ids_if_true if is_one else self.follow_task_ids_if_false
