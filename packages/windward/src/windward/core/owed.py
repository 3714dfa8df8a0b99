"""Callbacks that an attempt leaves undone: which are owed when its process could not run them itself.

A task's callbacks run in its own process, right after its end. A process that was killed, stopped or never
began cannot: what it owes goes to the outbox, in the transaction that records the end.
"""

from __future__ import annotations

import msgspec

from windward.core.actions import MoveTask
from windward.core.transitions import TaskEvent
from windward.core.view import RunView
from windward.document import TaskDocument
from windward.model.records import TaskRecord
from windward.model.states import IN_FLIGHT

_KIND_OF = {
    TaskEvent.FAIL: "failure",
    TaskEvent.RETRY: "retry",
    TaskEvent.LOSE: "retry",
    # A run that has lasted too long: its attempts in flight are stopped, and somebody should hear of it.
    TaskEvent.MARK_SKIPPED: "failure",
    # Brought down by another task of a `fail_fast` DAG. What people mark is never asked about here.
    TaskEvent.MARK_FAILED: "failure",
}


def owing(view: RunView, record: TaskRecord, ended: MoveTask) -> MoveTask:
    """Return the move that ends an attempt, with the callback that is owed because the process did not run it.

    Nothing is owed for an instance without an attempt in flight, nor when the task has no such callback.
    """
    kind = _KIND_OF.get(ended.event)
    if kind is None or record.state not in IN_FLIGHT or record.try_number == 0:
        return ended
    if not is_called(view.plan.tasks[view.plan.number_of[record.task_id]], kind):
        return ended
    return msgspec.structs.replace(ended, callback=f"task_{kind}", callback_try=record.try_number)


def is_called(task: TaskDocument, kind: str) -> bool:
    """Whether anybody is told when an attempt of this task ends by `failure`, `retry`, `success` or `skipped`."""
    return kind in task.callbacks or kind in task.mails_on
