"""Decisions on deferred instances: what is stored of a wait, what a trigger's word means, and when it is too late.

A deferred instance has no process and holds no slot. Its trigger speaks under the fence of the attempt that was
deferred, so that one event counts, however many copies of the trigger run and however often it is sent. What goes
on after it is the same try: the instance waits for a slot, and its attempt begins in the method that the deferral
named. A trigger that fails or is late goes on there as well, so that the author's code hears of it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from windward.core.actions import MoveTask, move
from windward.core.expansion import pushed_length, unstorable
from windward.core.moments import later
from windward.core.owed import is_called
from windward.core.transitions import TaskEvent
from windward.core.view import UNSTARTED, RunView
from windward.document import StartTrigger, TaskDocument
from windward.model.records import TaskRecord, TriggerRecord
from windward.model.states import Semantics, TaskState
from windward.protocol.fired import Broken, EndTask, Event, Fired, Overdue, Resumed
from windward.protocol.outcomes import Deferred, Ending, ExitFact

_JSON = msgspec.json.Encoder()
_READ = msgspec.json.Decoder(Resumed)
_ENDED = _JSON.encode(ExitFact(kind="ok")).decode()
_CALLED = {"success": "success", "failed": "failure", "skipped": "skipped"}
"""Kind of callback that nobody has called, for there was no process."""
_EVENT_OF = {"success": TaskEvent.SUCCEED, "failed": TaskEvent.FAIL, "skipped": TaskEvent.SKIP}


def decide_deferral(
    view: RunView, record: TaskRecord, outcome: Deferred, ending: Ending, *, now: datetime
) -> MoveTask:
    """Store the wait that a running attempt asked for; its slot is free from now on."""
    task = view.plan.tasks[view.plan.number_of[record.task_id]]
    return move(
        record,
        TaskEvent.DEFER,
        at=now,
        reason=_waiting(outcome.trigger_class),
        owner=None,
        end_date=ending.at,
        due_at=_deadline(view, record, task, outcome.timeout_s, now),
        exit_fact=_JSON.encode(ending.exit).decode(),
        rendered=_JSON.encode(ending.rendered).decode() if ending.rendered else None,
        trigger_class=outcome.trigger_class,
        deferral=TriggerRecord(
            run_pk=record.run_pk,
            task_id=record.task_id,
            map_index=record.map_index,
            fence=record.fence,
            class_path=outcome.trigger_class,
            kwargs=outcome.trigger_kwargs,
            next_method=outcome.next_method,
            next_kwargs=outcome.next_kwargs,
        ),
    )


def starts_in_trigger(view: RunView, record: TaskRecord) -> StartTrigger | None:
    """Return the trigger in which the instance's next try begins, if it does."""
    if record.state not in UNSTARTED and record.state is not TaskState.UP_FOR_RETRY:
        return None
    return view.plan.tasks[view.plan.number_of[record.task_id]].start_trigger


def decide_start_in_trigger(record: TaskRecord, start: StartTrigger, *, now: datetime) -> MoveTask:
    """Begin a try in a trigger: it needs neither a worker nor a slot."""
    return move(
        record,
        TaskEvent.DEFER_AT_START,
        at=now,
        reason=_waiting(start.class_path),
        try_number=record.try_number + 1,
        owner=None,
        queued_at=now,
        start_date=now,
        first_start_date=record.first_start_date or now,
        end_date=None,
        due_at=_after(now, start.timeout_s),
        exit_fact=None,
        drop_xcoms=record.first_start_date is not None or record.try_number > 0,
        trigger_class=start.class_path,
        deferral=TriggerRecord(
            run_pk=record.run_pk,
            task_id=record.task_id,
            map_index=record.map_index,
            fence=record.fence + 1,
            class_path=start.class_path,
            kwargs=start.kwargs,
            next_method=start.next_method,
            next_kwargs=start.next_kwargs,
        ),
    )


def decide_fired(
    view: RunView, record: TaskRecord | None, fired: Fired, *, fence: int, at: datetime, now: datetime
) -> MoveTask | None:
    """Decide what a trigger's word means; None when it is stale."""
    if record is None or record.fence != fence or record.state is not TaskState.DEFERRED:
        return None
    match fired:
        case Event():
            return _resume(record, fired, "its trigger fired", now=now)
        case Broken(error=error):
            return _resume(record, fired, f"its trigger failed: {error}", now=now)
        case EndTask(xcoms=xcoms) if problem := unstorable(xcoms):
            return _resume(record, Broken(error=problem), f"its trigger failed: {problem}", now=now)
        case EndTask(state=state, xcoms=xcoms):
            task = view.plan.tasks[view.plan.number_of[record.task_id]]
            return move(
                record,
                _EVENT_OF[state],
                at=now,
                reason=f"its trigger said `{state}`",
                end_date=at,
                due_at=None,
                exit_fact=_ENDED,
                xcoms=xcoms,
                return_length=pushed_length(xcoms),
                callback=f"task_{_CALLED[state]}" if is_called(task, _CALLED[state]) else None,
                callback_try=record.try_number,
            )


def decide_overdue(record: TaskRecord, *, now: datetime) -> MoveTask | None:
    """Decide on a deferral whose time is up; None when it is not, or is over."""
    if record.state is not TaskState.DEFERRED or record.due_at is None or record.due_at > now:
        return None
    return _resume(record, Overdue(), "its trigger did not fire in time", now=now)


def resumed_of(stored: bytes) -> Resumed:
    """Read what became of a trigger, as it was stored."""
    resumed: Resumed = _READ.decode(stored)
    return resumed


def _resume(record: TaskRecord, resumed: Resumed, reason: str, *, now: datetime) -> MoveTask:
    return move(record, TaskEvent.RESUME, at=now, reason=reason, due_at=now, resumed=_JSON.encode(resumed))


def _deadline(
    view: RunView, record: TaskRecord, task: TaskDocument, timeout_s: float | None, now: datetime
) -> datetime | None:
    """Return when the trigger is too late: for Airflow 2 the task's execution timeout goes on while it waits."""
    due = _after(now, timeout_s)
    limit_s = task.execution_timeout_s
    if view.plan.document.semantics is not Semantics.AIRFLOW2 or limit_s is None or record.start_date is None:
        return due
    end = later(record.start_date, limit_s)
    return min((one for one in (due, end) if one is not None), default=None)


def _after(now: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else later(now, max(0.0, seconds))


def _waiting(class_path: str) -> str:
    return f"waits for `{class_path.rpartition('.')[2]}`"
