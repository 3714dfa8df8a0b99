"""Bringing an ended run to the newest version of its DAG, so that what is cleared runs as the file is now."""

from __future__ import annotations

from datetime import datetime

from windward.core.actions import Action, AddTasks, move
from windward.core.plan import DagPlan
from windward.core.transitions import TaskEvent
from windward.core.view import RunView
from windward.errors import UserError
from windward.model.records import TaskRecord
from windward.model.states import RUN_FINISHED, TaskState


def decide_version(
    view: RunView, newest: DagPlan, records: list[TaskRecord], *, now: datetime
) -> list[Action]:
    """Give a run the tasks of another version: new ones are added, those that are gone are removed.

    `records` are all instances of the run, also those of tasks that its own version does not have. Raises
    `UserError` for a run that has not ended: attempts in progress keep the version that they began with.
    """
    if view.run.state not in RUN_FINISHED:
        raise UserError(
            f"run `{view.run.run_id}` is {view.run.state}, and keeps its version until it has ended",
            hint="Wait for its end, or mark it failed first.",
        )
    actions: list[Action] = []
    reason = "the newest version of the DAG has no such task"
    held: set[str] = set()
    for record in records:
        number = newest.number_of.get(record.task_id)
        is_kept = number is not None and _fits(newest, number, record)
        if is_kept:
            held.add(record.task_id)
            if record.state is TaskState.REMOVED:
                actions.append(move(record, TaskEvent.RESTORE, at=now, reason="part of the DAG again"))
        elif record.state is not TaskState.REMOVED:
            actions.append(
                move(record, TaskEvent.REMOVE, at=now, reason=reason, end_date=record.end_date or now)
            )
    added = tuple(
        TaskRecord(
            run_pk=view.run.run_pk,
            task_id=task.task_id,
            max_tries=task.retries,
            fence=view.run.revision,
        )
        for task in newest.tasks
        if task.task_id not in held and not _has_placeholder(records, task.task_id)
    )
    if added:
        actions.append(
            AddTasks(
                run_pk=view.run.run_pk, tasks=added, at=now, reason="new in the newest version of the DAG"
            )
        )
    return actions


def _fits(plan: DagPlan, number: int, record: TaskRecord) -> bool:
    """Whether an instance can stand for a task: one of an expansion only for a mapped one."""
    task = plan.tasks[number]
    is_mapped = task.expansion is not None or task.mapped_group is not None
    return is_mapped or record.map_index < 0


def _has_placeholder(records: list[TaskRecord], task_id: str) -> bool:
    return any(record.task_id == task_id and record.map_index < 0 for record in records)
