"""Callbacks that dead attempts leave behind, and what one failure brings down."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import T0, fold, plan_of, record_of, task, view_of
from windward.core.actions import MoveTask
from windward.core.advance import decide_run_timeout
from windward.core.attempts import decide_end, decide_late, decide_lost
from windward.core.fail_fast import brought_down, decide_auto_pause
from windward.core.view import RunView
from windward.document import DagDocument
from windward.model.records import DagRecord, TaskRecord
from windward.model.states import FINISHED, TaskState
from windward.protocol.outcomes import Ending, ExitFact, Failed

BOTH = ("failure", "retry")
KILLED = ExitFact(kind="signal", signal=9)


def ended(
    record: TaskRecord, *, owes: bool, callbacks: tuple[str, ...] = BOTH, **fields: object
) -> tuple[RunView, list[MoveTask]]:
    view = view_of(plan_of(task("a", callbacks=callbacks, **fields)), records=[record])
    ending = Ending(outcome=Failed(), exit=KILLED, at=T0, owes_callbacks=owes)
    moves = decide_end(view, record, ending, fence=record.fence, now=T0, lost_attempts_max=0)
    assert moves is not None
    return view, moves


def running(**fields: object) -> TaskRecord:
    return record_of("a", TaskState.RUNNING, **{"try_number": 1, "fence": 1, **fields})


@pytest.mark.parametrize(("max_tries", "kind"), [(0, "task_failure"), (1, "task_retry")])
def test_a_killed_attempt_leaves_its_callback_to_the_outbox(max_tries: int, kind: str) -> None:
    _, (moved,) = ended(running(max_tries=max_tries), owes=True)
    assert (moved.callback, moved.callback_try) == (kind, 1)


def test_an_attempt_that_called_back_itself_owes_nothing() -> None:
    _, (moved,) = ended(running(), owes=False)
    assert moved.callback is None


def test_a_task_without_callbacks_owes_nothing() -> None:
    _, (moved,) = ended(running(), owes=True, callbacks=("success",))
    assert moved.callback is None


def test_a_mail_is_owed_as_a_callback_is() -> None:
    _, (moved,) = ended(running(), owes=True, callbacks=(), mails_on=("failure",))
    assert moved.callback == "task_failure"


def test_a_lost_attempt_is_tried_again_and_says_so() -> None:
    view = view_of(plan_of(task("a", callbacks=BOTH)), records=[running()])
    moved = decide_lost(view, running(), reason="gone", now=T0, lost_attempts_max=3)
    assert moved is not None
    assert (moved.state, moved.callback) == (TaskState.UP_FOR_RETRY, "task_retry")


def test_an_attempt_that_was_never_started_fails_aloud() -> None:
    record = record_of("a", TaskState.QUEUED, try_number=1, fence=1)
    view = view_of(plan_of(task("a", callbacks=BOTH)), records=[record])
    moved = decide_late(view, record, times=3, times_max=2, reason="nobody came", now=T0)
    assert (moved.state, moved.callback) == (TaskState.FAILED, "task_failure")


def test_a_run_that_lasts_too_long_owes_for_what_was_in_flight_only() -> None:
    plan = plan_of(task("a", callbacks=BOTH), task("b", "a", callbacks=BOTH), dagrun_timeout_s=1.0)
    view = view_of(plan, records=[running(), record_of("b")])
    decided = decide_run_timeout(view, now=T0 + timedelta(seconds=2))
    assert decided is not None
    assert {move.key.task_id: move.callback for move in decided[0]} == {"a": "task_failure", "b": None}


# -- fail_fast ---------------------------------------------------------------------------

STATES = st.sampled_from(sorted(TaskState))


@given(st.lists(STATES, min_size=1, max_size=6), st.booleans())
def test_a_failure_ends_all_that_is_unfinished_but_teardowns(states: list[TaskState], is_fast: bool) -> None:
    tasks = [task("a"), *(task(f"t{n}", is_teardown=n == 0) for n in range(len(states)))]
    records = [
        running(),
        *(record_of(f"t{n}", state, try_number=1, fence=1) for n, state in enumerate(states)),
    ]
    view = view_of(plan_of(*tasks, fail_fast=is_fast), records=records)
    ending = Ending(outcome=Failed(), exit=KILLED, at=T0)
    moves = decide_end(view, records[0], ending, fence=1, now=T0, lost_attempts_max=0)
    assert moves is not None
    fold(view, moves)
    more = brought_down(view, moves[0])
    fold(view, more)
    after = {record.task_id: record.state for record in view.all_instances()}
    for number, before in enumerate(states):
        now = after[f"t{number}"]
        if not is_fast or number == 0 or before in FINISHED:
            assert now is before
        elif before in (TaskState.RUNNING, TaskState.RESTARTING):
            assert now is TaskState.FAILED
        else:
            assert now is TaskState.SKIPPED


def test_a_failure_that_is_tried_again_brings_nothing_down() -> None:
    record = running(max_tries=1)
    view = view_of(plan_of(task("a"), task("b"), fail_fast=True), records=[record, record_of("b")])
    moves = decide_end(
        view, record, Ending(outcome=Failed(), exit=KILLED, at=T0), fence=1, now=T0, lost_attempts_max=0
    )
    assert moves is not None
    assert brought_down(view, moves[0]) == []


def test_what_runs_beside_a_failure_that_brings_it_down_owes_its_own_callback() -> None:
    plan = plan_of(*(task(name, callbacks=BOTH) for name in "abc"), task("d"), fail_fast=True)
    beside = record_of("b", TaskState.RUNNING, try_number=1, fence=1, max_tries=3)
    quiet = record_of("d", TaskState.RUNNING, try_number=1, fence=1)
    waiting = record_of("c", TaskState.QUEUED, try_number=1, fence=1)
    view = view_of(plan, records=[running(), beside, waiting, quiet])
    moves = decide_end(
        view, running(), Ending(outcome=Failed(), exit=KILLED, at=T0), fence=1, now=T0, lost_attempts_max=0
    )
    assert moves is not None
    fold(view, moves)
    owed = {move.key.task_id: (move.state, move.callback) for move in brought_down(view, moves[0])}
    assert owed == {
        "b": (TaskState.FAILED, "task_failure"),
        "c": (TaskState.SKIPPED, None),
        "d": (TaskState.FAILED, None),
    }


# -- auto-pause --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "failures", "is_paused", "pauses"),
    [
        (0, 9, False, False),
        (2, 1, False, False),
        (2, 2, False, True),
        (2, 3, False, True),
        (2, 3, True, False),
    ],
)
def test_a_dag_is_paused_when_so_many_runs_failed_in_a_row(
    limit: int, failures: int, is_paused: bool, pauses: bool
) -> None:
    document = DagDocument(dag_id="d", fileloc="d.py", max_consecutive_failed_dag_runs=limit)
    dag = DagRecord(dag_id="d", document_hash="0" * 32, failed_in_a_row=failures, is_paused=is_paused)
    decided = decide_auto_pause(document, dag, now=T0)
    assert (decided is not None) is pauses
    if decided is not None:
        assert "max_consecutive_failed_dag_runs" in decided.reason
