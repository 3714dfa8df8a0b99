"""What one DAG may ask about another: the tasks of its groups, and whether its schedule ever makes a run of a date."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from windward.document import DagDocument
from windward.timetable import (
    CronSchedule,
    MultipleCronSchedule,
    NullSchedule,
    align_next,
    align_previous,
    zone_named,
)


def tasks_in_group(document: DagDocument, group_id: str) -> list[str] | None:
    """Return the tasks of a group and of the groups in it; None when the DAG has no such group."""
    parents = {group.group_id: group.parent for group in document.groups}
    if group_id not in parents:
        return None

    def is_within(inner: str | None) -> bool:
        while inner is not None and inner != group_id:
            inner = parents.get(inner)
        return inner == group_id

    return [task.task_id for task in document.tasks if is_within(task.group_id)]


def mismatch(document: DagDocument, dates: Iterable[datetime]) -> str:
    """Return why the schedule never makes a run of one of these logical dates, in one sentence; or nothing.

    Only schedules with a grid of their own can be judged: a schedule by distance counts from the first run.
    """
    schedule = document.schedule
    for date in dates:
        if isinstance(schedule, NullSchedule):
            return (
                f"DAG `{document.dag_id}` has no schedule: it has a run of {date.isoformat()} only if "
                "somebody triggers it with exactly that logical date"
            )
        if isinstance(schedule, CronSchedule | MultipleCronSchedule) and align_next(schedule, date) != date:
            return _off_the_grid(document, schedule, date)
    return ""


def _off_the_grid(
    document: DagDocument, schedule: CronSchedule | MultipleCronSchedule, date: datetime
) -> str:
    zone = zone_named(document.timezone)
    around = [
        tick.astimezone(zone).isoformat()
        for tick in (align_previous(schedule, date), align_next(schedule, date))
        if tick is not None
    ]
    return (
        f"DAG `{document.dag_id}` runs by `{document.schedule_text or 'its schedule'}` and never has a run of "
        f"{date.astimezone(zone).isoformat()}; its nearest logical dates are {' and '.join(around)}"
    )
