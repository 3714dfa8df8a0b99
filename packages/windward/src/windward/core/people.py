"""What people ask for: clearing and marking, as the same compare-and-set moves that the scheduler makes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from windward.core.actions import Action, AddTasks, MoveRun, MoveTask, PlanRecovery, TouchRun, move, move_run
from windward.core.plan import DagPlan
from windward.core.selection import related
from windward.core.transitions import RunEvent, TaskEvent
from windward.core.versions import decide_version
from windward.core.view import RunView
from windward.errors import UserError
from windward.model.ids import TaskKey
from windward.model.records import TaskRecord
from windward.model.states import FINISHED, RUN_FINISHED, RunState, TaskState

__all__ = [
    "decide_clear",
    "decide_mark",
    "decide_mark_run",
    "decide_requeue",
    "decide_rerun",
    "mark_with_run",
    "note_text",
    "related",
]

NOTE_CHARACTERS_MAX = 1000
_MARK_OF = {
    TaskState.SUCCESS: TaskEvent.MARK_SUCCESS,
    TaskState.FAILED: TaskEvent.MARK_FAILED,
    TaskState.SKIPPED: TaskEvent.MARK_SKIPPED,
}
_AT_WORK = frozenset(
    {
        TaskState.RUNNING,
        TaskState.DEFERRED,
        TaskState.UP_FOR_RESCHEDULE,
        TaskState.AWAITING_INPUT,
        TaskState.RESTARTING,
    }
)
"""States of instances that have begun: a run that is marked failed takes them along."""


def note_text(text: str) -> str:
    """Return what a person wrote on a run or an instance, without blanks around it; raise `UserError`."""
    text = text.strip()
    if not text:
        raise UserError("a note without text", hint="`--delete` removes a note.")
    if len(text) > NOTE_CHARACTERS_MAX:
        raise UserError(
            f"a note has at most {NOTE_CHARACTERS_MAX} characters, and this one has {len(text)}",
            hint="Shorten it, or put the long text elsewhere and its address here.",
        )
    return text


def decide_clear(
    view: RunView,
    keys: Collection[TaskKey],
    *,
    by: str,
    now: datetime,
    newest: DagPlan | None = None,
    records: Sequence[TaskRecord] | None = None,
    reopens: bool = True,
) -> list[Action]:
    """Reset instances as if they had never run; earlier tries stay in the history.

    A running instance is `restarting` until its attempt has ended. An instance that a branch skipped
    stays skipped unless the branch is cleared with it. A finished run is queued again; from then on it is
    ordinary work: it leaves its backfill and the idle class, and its recoveries are counted anew.
    With `newest`, a finished run goes on as that version of its DAG; `records` are then all of its
    instances, also of tasks that its own version does not have. Unless it `reopens`, a finished run stays as it is,
    and what was cleared waits until somebody queues the run.
    """
    return decide_rerun(
        view,
        keys,
        reason=f"cleared by {by}",
        now=now,
        newest=newest,
        records=records,
        reopens=reopens,
        is_idle_class=False,
        backfill_pk=None,
        recoveries=0,
        is_recovery_stopped=False,
    )


def decide_rerun(
    view: RunView,
    keys: Collection[TaskKey],
    *,
    reason: str,
    now: datetime,
    newest: DagPlan | None = None,
    records: Sequence[TaskRecord] | None = None,
    reopens: bool = True,
    **changes: object,
) -> list[Action]:
    """Clear instances for a reason; `changes` are further columns of the run's move when it had ended."""
    asked = {(key.task_id, key.map_index) for key in keys}
    actions: list[Action] = []
    plan, gone = view.plan, set[TaskKey]()
    if newest is not None and newest.document_hash != view.run.document_hash:
        actions += decide_version(view, newest, list(records or view.all_instances()), now=now)
        gone = {action.key for action in actions if isinstance(action, MoveTask)}
        plan, changes = newest, {**changes, "document_hash": newest.document_hash}
    for record in _records(view, keys):
        if record.key in gone or record.state in (TaskState.NONE, TaskState.RESTARTING, TaskState.REMOVED):
            continue
        if record.skip_by is not None and not _is_branch_asked(view, record.skip_by, record, asked):
            continue
        actions.append(_clear(plan, record, reason=reason, now=now))
    if actions:
        actions.append(TouchRun(run_pk=view.run.run_pk))
    if actions and reopens and view.run.state in RUN_FINISHED:
        if newest is None:
            actions += _restored(view, now=now)
        actions.append(_reopened(view, reason=reason, now=now, **changes))
    return actions


def _restored(view: RunView, *, now: datetime) -> list[Action]:
    """Return the instances that somebody deleted: what follows them would run as if they were no part of it."""
    missing = tuple(
        TaskRecord(
            run_pk=view.run.run_pk,
            task_id=task.task_id,
            max_tries=task.retries,
            fence=view.run.revision,
        )
        for number, task in enumerate(view.plan.tasks)
        if next(view.instances(number), None) is None
    )
    if not missing:
        return []
    return [AddTasks(run_pk=view.run.run_pk, tasks=missing, at=now, reason="had been deleted")]


def _reopened(view: RunView, *, reason: str, now: datetime, **changes: object) -> MoveRun:
    """Return the move that queues an ended run again."""
    again: dict[str, object] = {
        "queued_at": now,
        "start_date": None,
        "end_date": None,
        "recover_at": None,
        "clear_number": view.run.clear_number + 1,
    }
    return move_run(view.run, RunEvent.CLEAR, at=now, reason=reason, **{**again, **changes})


def _is_branch_asked(
    view: RunView, branch: str, skipped: TaskRecord, asked: Collection[tuple[str, int]]
) -> bool:
    """Whether the instance of a branch that decided against another is among those asked for."""
    number = view.plan.number_of.get(branch)
    is_mapped = number is not None and view.plan.expansions[number] is not None
    return (branch, skipped.map_index if is_mapped else -1) in asked


def decide_mark(
    view: RunView,
    keys: Collection[TaskKey],
    state: TaskState,
    *,
    by: str,
    now: datetime,
    resumes: Sequence[TaskRecord] = (),
) -> list[Action]:
    """Set instances to success, failed or skipped; what runs of them is stopped and its word refused.

    A run of which somebody says that it failed is not run again on its own. `resumes` are failed instances that what
    is marked may change the fate of: they are cleared, if anything is marked at all, and an ended run is queued again.
    """
    event = _MARK_OF[state]
    actions: list[Action] = [
        move(record, event, at=now, reason=f"marked by {by}", end_date=record.end_date or now, due_at=None)
        for record in _records(view, keys)
        if record.state is not state
    ]
    if not actions:
        return []
    reason = f"what it depends on was marked {state} by {by}"
    marked = set(keys)
    cleared = [
        _clear(view.plan, record, reason=reason, now=now) for record in resumes if record.key not in marked
    ]
    is_failed = state is TaskState.FAILED
    if cleared and view.run.state in RUN_FINISHED:
        again = _reopened(
            view,
            reason=f"tasks were marked {state} by {by}",
            now=now,
            is_idle_class=False,
            backfill_pk=None,
            recoveries=0,
            is_recovery_stopped=is_failed,
        )
        return [*actions, *cleared, TouchRun(run_pk=view.run.run_pk), *_restored(view, now=now), again]
    if is_failed and not view.run.is_recovery_stopped:
        actions.append(
            PlanRecovery(
                run_pk=view.run.run_pk,
                expect_state=view.run.state,
                recoveries=view.run.recoveries,
                recover_at=None,
                is_recovery_stopped=True,
            )
        )
    return [*actions, *cleared, TouchRun(run_pk=view.run.run_pk)]


def mark_with_run(task: TaskState, run: RunState) -> TaskState | None:
    """Return what an instance becomes when its run is ended by hand: None when it stays as it is."""
    if task is TaskState.REMOVED:
        return None
    if run is RunState.SUCCESS:
        return None if task is TaskState.SUCCESS else TaskState.SUCCESS
    if task in FINISHED:
        return None
    return TaskState.FAILED if task in _AT_WORK else TaskState.SKIPPED


def decide_mark_run(view: RunView, state: RunState, *, by: str, now: datetime) -> list[Action]:
    """End a run by hand: `success` marks every instance so; `failed` fails what is at work and skips the rest.

    Empty when the run is so already. A run that was marked failed is not run again on its own.
    """
    assert state in RUN_FINISHED, "a run is marked as an end, or cleared"
    reason = f"marked by {by}"
    actions: list[Action] = []
    for record in view.all_instances():
        becomes = mark_with_run(record.state, state)
        if becomes is not None:
            event = _MARK_OF[becomes]
            actions.append(
                move(record, event, at=now, reason=reason, end_date=record.end_date or now, due_at=None)
            )
    if not actions and view.run.state is state and (state is RunState.SUCCESS or view.run.recover_at is None):
        return []
    is_failed = state is RunState.FAILED
    mark = move_run(
        view.run,
        RunEvent.MARK_FAILED if is_failed else RunEvent.MARK_SUCCESS,
        at=now,
        reason=reason,
        start_date=view.run.start_date or now,
        end_date=view.run.end_date or now,
        recover_at=None,
        is_recovery_stopped=is_failed,
    )
    return [*actions, TouchRun(run_pk=view.run.run_pk), mark]


def decide_requeue(view: RunView, *, by: str, now: datetime) -> list[Action]:
    """Queue an ended run again with its tasks as they are; empty when it is queued already.

    Raises `UserError` for a run that is running: there is nothing to be queued for.
    """
    if view.run.state is RunState.QUEUED:
        return []
    if view.run.state not in RUN_FINISHED:
        raise UserError(
            f"run `{view.run.run_id}` is {view.run.state} and cannot be queued",
            hint="Clear it to run its tasks again.",
        )
    again = move_run(
        view.run,
        RunEvent.CLEAR,
        at=now,
        reason=f"queued again by {by}",
        queued_at=now,
        start_date=None,
        end_date=None,
        recover_at=None,
        clear_number=view.run.clear_number + 1,
        is_idle_class=False,
        backfill_pk=None,
        recoveries=0,
        is_recovery_stopped=False,
    )
    return [TouchRun(run_pk=view.run.run_pk), *_restored(view, now=now), again]


def _records(view: RunView, keys: Iterable[TaskKey]) -> list[TaskRecord]:
    found = (view.find(key.task_id, key.map_index) for key in keys)
    return [record for record in found if record is not None]


def _clear(plan: DagPlan, record: TaskRecord, *, reason: str, now: datetime) -> MoveTask:
    task = plan.tasks[plan.number_of[record.task_id]]
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
