"""What actions write, told once for all stores: columns of moves, and what an illegal action is."""

from __future__ import annotations

from collections.abc import Sequence

from windward.core.actions import (
    Action,
    AddAssetEvent,
    AddTasks,
    CreateBackfill,
    CreateRun,
    ExpectRun,
    ForgetAssetEvents,
    LinkRun,
    MoveBackfill,
    MoveCallback,
    MoveRun,
    MoveSlot,
    MoveTask,
    PauseDag,
    PlanRecovery,
    RouteAssetEvent,
    SkipSlot,
    TouchRun,
    WriteNote,
)
from windward.core.slas import MissSla
from windward.core.transitions import BACKFILL_TRANSITIONS, RUN_TRANSITIONS, TASK_TRANSITIONS, RunEvent
from windward.core.waits import AnswerInput, MissDeadline, SetDeadlines
from windward.model.states import SlotState, TaskState

TASK_CHANGES = (
    "fence", "try_number", "max_tries", "owner", "queued_at", "start_date", "end_date", "due_at",
    "first_start_date", "return_length", "lost_count", "skip_by", "exit_fact", "map_label",
    "trigger_class",
)  # fmt: skip
"""Columns of `TaskRecord` that a `MoveTask` writes when they are set; `rendered` is kept beside the record."""

RUN_CHANGES = (
    "document_hash", "start_date", "end_date", "queued_at", "clear_number", "run_type", "triggered_by",
    "is_idle_class", "backfill_pk", "recoveries", "recover_at", "is_recovery_stopped",
)  # fmt: skip
"""Columns of `RunRecord` that a `MoveRun` writes when they are set."""

CALLBACK_STATES = frozenset({"queued", "submitted", "started", "done", "failed"})
CALLBACKS_OPEN = ("queued", "submitted", "started")

RUN_FAILURES = frozenset({RunEvent.FAIL, RunEvent.MARK_FAILED})
RUN_SUCCESSES = frozenset({RunEvent.SUCCEED, RunEvent.MARK_SUCCESS})

ARCHIVED_STATES = frozenset({TaskState.NONE, TaskState.UP_FOR_RETRY})
"""States without an attempt of their own: the one before was archived when it ended."""


def assert_legal(action: Action) -> None:
    """Assert that an action keeps to the transition tables; only a bug of ours can break it."""
    match action:
        case MoveTask():
            before, after = TASK_TRANSITIONS[action.event]
            assert action.expect_state in before, f"`{action.event}` of a task in `{action.expect_state}`"
            assert action.state == after, f"`{action.event}` leads to `{after}`, not to `{action.state}`"
        case MoveRun():
            runs_before, run_after = RUN_TRANSITIONS[action.event]
            assert action.expect_state in runs_before, f"`{action.event}` of a run in `{action.expect_state}`"
            assert action.state == run_after, (
                f"`{action.event}` leads to `{run_after}`, not to `{action.state}`"
            )
        case AddTasks():
            assert all(task.state == TaskState.NONE for task in action.tasks)
            assert all(task.run_pk == action.run_pk for task in action.tasks)
            assert action.replaces is None or action.replaces.run_pk == action.run_pk
        case CreateRun():
            assert all(task.state == TaskState.NONE for task in action.tasks)
            assert all(task.run_pk == action.run.run_pk for task in action.tasks)
        case MoveCallback():
            assert action.state in CALLBACK_STATES, f"no callback state `{action.state}`"
        case MoveBackfill():
            backfill_before, backfill_after = BACKFILL_TRANSITIONS[action.event]
            assert action.expect_state in backfill_before, f"`{action.event}` of a backfill that is closed"
            assert action.state == backfill_after, f"`{action.event}` does not lead to `{action.state}`"
        case CreateBackfill():
            pks = {slot.backfill_pk for slot in action.slots}
            assert pks <= {action.backfill.backfill_pk}, "a date of another backfill"
        case MoveSlot():
            assert action.state is not SlotState.WAITING, "a date is dealt with once"
        case PauseDag() | SkipSlot() | ExpectRun() | TouchRun() | PlanRecovery() | LinkRun():
            pass
        case WriteNote():
            assert action.key is None or action.key.run_pk == action.run_pk, "an instance of another run"
        case AddAssetEvent() | RouteAssetEvent() | ForgetAssetEvents():
            pass
        case AnswerInput() | MissDeadline() | MissSla():
            pass
        case SetDeadlines():
            assert all(deadline.run_pk == action.run_pk for deadline in action.deadlines)


def archives(action: Action) -> bool:
    """Whether a move copies the attempt that it ends to the history."""
    return isinstance(action, MoveTask) and action.archives and action.expect_state not in ARCHIVED_STATES


def changes_failures(move: MoveRun) -> bool:
    """Whether the move ends a run, so that it counts for the DAG's failures in a row."""
    return move.event in RUN_FAILURES or move.event in RUN_SUCCESSES


def failures_in_a_row(moves: Sequence[MoveRun], before: int) -> int:
    """Return how many runs of a DAG have failed in a row after these moves of it, in order."""
    for move in moves:
        if move.event in RUN_FAILURES:
            before += 1
        elif move.event in RUN_SUCCESSES:
            before = 0
    return before
