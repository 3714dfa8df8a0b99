"""The state machine of task instances and runs, as one table each.

Rule: everything that may happen to a state is in this file. Decisions build moves from these events,
stores assert them when they apply a move, the simulator checks every history against them, and the
diagram in the documentation is drawn from them.

Theory of operation. A task instance is created as `none`. When its rule holds and a slot is free it is
*queued*: this makes an attempt, with a new fence. A worker host asks for the *start*, which is granted
once per fence. The attempt ends by one of *succeed, skip, fail, retry, reschedule, defer*. What never
runs is ended by the scheduler itself: *pass* (nothing to run), *skip, upstream_fail, remove*. A worker
that is gone makes the attempt *lost*; an attempt that was never started is *requeued* under a new fence.
A deferred instance waits for its trigger without a process; the trigger ends it or *resumes* it, and then it
waits for a slot like any other, within the same try. People *clear* and *mark*. An instance that is
cleared while it runs is *restarting* until its old attempt has ended, so that two attempts of it never run side by side.
"""

from __future__ import annotations

from enum import StrEnum

from windward.model.states import BACKFILL_OPEN, FINISHED, BackfillState, RunState, TaskState

S = TaskState


class TaskEvent(StrEnum):
    """What can happen to a task instance."""

    QUEUE = "queue"
    """Rule holds, slot free: an attempt is made."""
    REQUEUE = "requeue"
    """A queued attempt was never started by its worker: the same try under a new fence."""
    START = "start"
    SUCCEED = "succeed"
    PASS = "pass"
    """There is nothing to run: success without an attempt."""
    SKIP = "skip"
    FAIL = "fail"
    UPSTREAM_FAIL = "upstream_fail"
    RETRY = "retry"
    LOSE = "lose"
    """The worker is gone: another try, which does not use up the author's retries."""
    RESCHEDULE = "reschedule"
    DEFER = "defer"
    """The attempt hands the wait to a trigger and gives its slot back."""
    DEFER_AT_START = "defer_at_start"
    """A try that begins in a trigger: no worker had it."""
    AWAIT_INPUT = "await_input"
    """It asked people something: neither a process nor a slot while nobody answers."""
    RESUME = "resume"
    """The trigger fired, failed or was too late: the try goes on as soon as there is a slot."""
    REMOVE = "remove"
    """The instance is not part of the DAG (or of the expansion) any more."""
    RESTORE = "restore"
    CLEAR = "clear"
    RESTART = "restart"
    """Cleared while its attempt runs: wait for the end of the attempt."""
    RESTARTED = "restarted"
    MARK_SUCCESS = "mark_success"
    MARK_FAILED = "mark_failed"
    MARK_SKIPPED = "mark_skipped"


_UNSTARTED = frozenset({S.NONE, S.SCHEDULED, S.UP_FOR_RETRY, S.UP_FOR_RESCHEDULE})
_LIVE = frozenset({S.QUEUED, S.RUNNING, S.DEFERRED, S.AWAITING_INPUT, S.RESTARTING})
_ANY = frozenset(TaskState)

TASK_TRANSITIONS: dict[TaskEvent, tuple[frozenset[TaskState], TaskState]] = {
    TaskEvent.QUEUE: (_UNSTARTED, S.QUEUED),
    TaskEvent.REQUEUE: (frozenset({S.QUEUED}), S.QUEUED),
    TaskEvent.START: (frozenset({S.QUEUED}), S.RUNNING),
    TaskEvent.SUCCEED: (frozenset({S.RUNNING, S.DEFERRED}), S.SUCCESS),
    TaskEvent.PASS: (_UNSTARTED, S.SUCCESS),
    TaskEvent.SKIP: (_UNSTARTED | {S.QUEUED, S.RUNNING, S.DEFERRED, S.AWAITING_INPUT}, S.SKIPPED),
    TaskEvent.FAIL: (_UNSTARTED | {S.QUEUED, S.RUNNING, S.DEFERRED, S.AWAITING_INPUT}, S.FAILED),
    TaskEvent.UPSTREAM_FAIL: (_UNSTARTED, S.UPSTREAM_FAILED),
    TaskEvent.RETRY: (frozenset({S.QUEUED, S.RUNNING, S.DEFERRED}), S.UP_FOR_RETRY),
    TaskEvent.LOSE: (frozenset({S.QUEUED, S.RUNNING}), S.UP_FOR_RETRY),
    TaskEvent.RESCHEDULE: (frozenset({S.RUNNING}), S.UP_FOR_RESCHEDULE),
    TaskEvent.DEFER: (frozenset({S.RUNNING}), S.DEFERRED),
    TaskEvent.DEFER_AT_START: (_UNSTARTED, S.DEFERRED),
    TaskEvent.AWAIT_INPUT: (frozenset({S.RUNNING}), S.AWAITING_INPUT),
    TaskEvent.RESUME: (frozenset({S.DEFERRED, S.AWAITING_INPUT}), S.SCHEDULED),
    TaskEvent.REMOVE: (_UNSTARTED | FINISHED, S.REMOVED),
    TaskEvent.RESTORE: (frozenset({S.REMOVED}), S.NONE),
    TaskEvent.CLEAR: (FINISHED | _UNSTARTED | {S.QUEUED, S.DEFERRED, S.AWAITING_INPUT}, S.NONE),
    TaskEvent.RESTART: (frozenset({S.RUNNING}), S.RESTARTING),
    TaskEvent.RESTARTED: (frozenset({S.RESTARTING}), S.NONE),
    TaskEvent.MARK_SUCCESS: (_ANY, S.SUCCESS),
    TaskEvent.MARK_FAILED: (_ANY, S.FAILED),
    TaskEvent.MARK_SKIPPED: (_ANY, S.SKIPPED),
}
"""Event to (states it may happen in, state it leads to)."""

REVOKING: frozenset[TaskEvent] = frozenset(
    {
        TaskEvent.QUEUE,
        TaskEvent.REQUEUE,
        TaskEvent.LOSE,
        TaskEvent.DEFER_AT_START,
        TaskEvent.RESUME,
        TaskEvent.CLEAR,
        TaskEvent.MARK_SUCCESS,
        TaskEvent.MARK_FAILED,
        TaskEvent.MARK_SKIPPED,
    }
)
"""Events that raise the fence: whatever an earlier attempt still says is refused from then on."""

ARCHIVING: frozenset[TaskEvent] = frozenset(
    {TaskEvent.RETRY, TaskEvent.LOSE, TaskEvent.CLEAR, TaskEvent.RESTARTED}
)
"""Events that end an attempt while the instance goes on: the attempt is copied to the history first."""


WITHIN_TRY: frozenset[TaskEvent] = frozenset(
    {
        TaskEvent.DEFER,
        TaskEvent.DEFER_AT_START,
        TaskEvent.AWAIT_INPUT,
        TaskEvent.RESUME,
        TaskEvent.QUEUE,
        TaskEvent.REQUEUE,
        TaskEvent.START,
        TaskEvent.RESTART,
    }
)
"""Events that leave a deferral as it is; after any other one nothing is known of a trigger any more."""


class RunEvent(StrEnum):
    """What can happen to a run."""

    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    CLEAR = "clear"
    """Tasks of it were cleared: it is queued again."""
    MARK_SUCCESS = "mark_success"
    MARK_FAILED = "mark_failed"


RUN_TRANSITIONS: dict[RunEvent, tuple[frozenset[RunState], RunState]] = {
    RunEvent.START: (frozenset({RunState.QUEUED}), RunState.RUNNING),
    RunEvent.SUCCEED: (frozenset({RunState.RUNNING}), RunState.SUCCESS),
    RunEvent.FAIL: (frozenset({RunState.RUNNING, RunState.QUEUED}), RunState.FAILED),
    RunEvent.CLEAR: (frozenset(RunState), RunState.QUEUED),
    RunEvent.MARK_SUCCESS: (frozenset(RunState), RunState.SUCCESS),
    RunEvent.MARK_FAILED: (frozenset(RunState), RunState.FAILED),
}


class BackfillEvent(StrEnum):
    """What can happen to a backfill."""

    PAUSE = "pause"
    UNPAUSE = "unpause"
    CANCEL = "cancel"
    """What has not begun never will; what runs goes on to its end."""
    COMPLETE = "complete"
    """Every date has been dealt with, and every run of it has ended."""


BACKFILL_TRANSITIONS: dict[BackfillEvent, tuple[frozenset[BackfillState], BackfillState]] = {
    BackfillEvent.PAUSE: (frozenset({BackfillState.RUNNING}), BackfillState.PAUSED),
    BackfillEvent.UNPAUSE: (frozenset({BackfillState.PAUSED}), BackfillState.RUNNING),
    BackfillEvent.CANCEL: (BACKFILL_OPEN, BackfillState.CANCELLED),
    BackfillEvent.COMPLETE: (frozenset({BackfillState.RUNNING}), BackfillState.COMPLETED),
}


def is_legal(event: TaskEvent, before: TaskState) -> bool:
    """Whether `event` may happen to an instance in state `before`."""
    return before in TASK_TRANSITIONS[event][0]


def is_legal_for_run(event: RunEvent, before: RunState) -> bool:
    """Whether `event` may happen to a run in state `before`."""
    return before in RUN_TRANSITIONS[event][0]
