"""What people ask for: clearing and marking, as the same compare-and-set moves that the scheduler makes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from windward.core.actions import Action, MoveTask, TouchRun, move, move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.core.view import RunView
from windward.model.ids import TaskKey
from windward.model.records import TaskRecord
from windward.model.states import RUN_FINISHED, TaskState

_MARK_OF = {
    TaskState.SUCCESS: TaskEvent.MARK_SUCCESS,
    TaskState.FAILED: TaskEvent.MARK_FAILED,
    TaskState.SKIPPED: TaskEvent.MARK_SKIPPED,
}


def decide_clear(view: RunView, keys: Collection[TaskKey], *, by: str, now: datetime) -> list[Action]:
    """Reset instances as if they had never run; earlier tries stay in the history.

    A running instance is `restarting` until its attempt has ended. An instance that a branch skipped
    stays skipped unless the branch is cleared with it. A finished run is queued again.
    """
    names = {key.task_id for key in keys}
    reason = f"cleared by {by}"
    actions: list[Action] = []
    for record in _records(view, keys):
        if record.state in (TaskState.NONE, TaskState.RESTARTING, TaskState.REMOVED):
            continue
        if record.skip_by is not None and record.skip_by not in names:
            continue
        actions.append(_clear(view, record, reason=reason, now=now))
    if actions:
        actions.append(TouchRun(run_pk=view.run.run_pk))
    if actions and view.run.state in RUN_FINISHED:
        actions.append(
            move_run(
                view.run,
                RunEvent.CLEAR,
                at=now,
                reason=reason,
                queued_at=now,
                start_date=None,
                end_date=None,
                clear_number=view.run.clear_number + 1,
            )
        )
    return actions


def decide_mark(
    view: RunView, keys: Collection[TaskKey], state: TaskState, *, by: str, now: datetime
) -> list[Action]:
    """Set instances to success, failed or skipped; what runs of them is stopped and its word refused."""
    event = _MARK_OF[state]
    actions: list[Action] = [
        move(record, event, at=now, reason=f"marked by {by}", end_date=record.end_date or now, due_at=None)
        for record in _records(view, keys)
        if record.state is not state
    ]
    return [*actions, TouchRun(run_pk=view.run.run_pk)] if actions else []


def related(view: RunView, task_ids: Iterable[str], *, upstream: bool, downstream: bool) -> set[str]:
    """Return the tasks and, when asked for, all above or below them."""
    plan = view.plan
    found = {plan.number_of[task_id] for task_id in task_ids if task_id in plan.number_of}
    for wanted, edges in ((upstream, plan.upstream), (downstream, plan.downstream)):
        queue = list(found) if wanted else []
        seen = set(queue)
        while queue:
            for other in edges[queue.pop()]:
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
        found = found | seen
    return {plan.tasks[number].task_id for number in found}


def _records(view: RunView, keys: Collection[TaskKey]) -> list[TaskRecord]:
    found = (view.find(key.task_id, key.map_index) for key in keys)
    return [record for record in found if record is not None]


def _clear(view: RunView, record: TaskRecord, *, reason: str, now: datetime) -> MoveTask:
    task = view.plan.tasks[view.plan.number_of[record.task_id]]
    max_tries = record.try_number + task.retries
    if record.state is TaskState.RUNNING:
        return move(record, TaskEvent.RESTART, at=now, reason=reason, max_tries=max_tries)
    return move(
        record,
        TaskEvent.CLEAR,
        at=now,
        reason=reason,
        max_tries=max_tries,
        owner=None,
        queued_at=None,
        start_date=None,
        end_date=None,
        due_at=None,
        first_start_date=None,
        return_length=None,
        lost_count=0,
        skip_by=None,
        exit_fact=None,
        map_label=None,
    )
