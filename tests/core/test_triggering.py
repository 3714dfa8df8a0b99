"""What a task's wish for a run leads to: one run for all attempts, another after a failure, or none."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import T0, at, plan_of, run_of, task, view_of
from windward.core.actions import CreateRun, LinkRun, MoveRun, MoveTask
from windward.core.triggering import (
    Again,
    Joined,
    Made,
    PausedError,
    Wish,
    decide_reset,
    decide_trigger,
)
from windward.document import DagDocument
from windward.errors import ConflictError, UserError
from windward.model.records import DagRecord, RunParent, RunRecord
from windward.model.states import RunState, RunType, Semantics, TaskState, TriggeredBy

PARENT = RunParent(run_pk=7, dag_id="mother", run_id="m", task_id="call", map_index=-1, since=T0)
STATES = st.sampled_from(sorted(RunState))


def document(**fields: Any) -> DagDocument:
    return plan_of(task("a"), task("b", "a"), **fields).document


def decide(
    wish: Wish,
    *,
    mine: RunRecord | None = None,
    same: RunRecord | None = None,
    parent: RunParent | None = PARENT,
    is_paused: bool = False,
    **fields: Any,
) -> Joined | Again | Made:
    dag = DagRecord(dag_id="sales", document_hash="0" * 32, is_paused=is_paused)
    return decide_trigger(
        document(**fields), dag, wish, parent=parent, mine=mine, same=same, now=at(60), run_pk=9
    )


def test_a_wish_makes_a_run_that_says_who_asked() -> None:
    made = decide(Wish(dag_id="sales", conf={"k": 1}, note="by the mother"))
    assert isinstance(made, Made)
    assert (made.run.run_type, made.run.triggered_by) == (RunType.OPERATOR_TRIGGERED, TriggeredBy.OPERATOR)
    assert (made.run.conf, made.run.note, made.run.logical_date) == ({"k": 1}, "by the mother", at(60))
    assert made.run.reason == "triggered by task `mother.call` of run `m`"
    create, link = made.actions
    assert isinstance(create, CreateRun)
    assert link == LinkRun(run_pk=9, parent=PARENT)


def test_airflow_2_calls_a_triggered_run_manual() -> None:
    made = decide(Wish(dag_id="sales"), semantics=Semantics.AIRFLOW2)
    assert isinstance(made, Made)
    assert made.run.run_type is RunType.MANUAL
    assert made.run.run_id == "manual__2026-03-29T00:31:00+00:00"


def test_a_run_may_have_no_date_and_a_start_that_lies_ahead() -> None:
    made = decide(Wish(dag_id="sales", has_no_date=True, run_after=at(3600)))
    assert isinstance(made, Made)
    assert (made.run.logical_date, made.run.data_interval_start, made.run.run_after) == (None, None, at(3600))


@given(state=STATES, again=st.frozensets(STATES), resets=st.booleans())
def test_an_attempt_that_asks_again_gets_its_run_unless_that_does_not_count(
    state: RunState, again: frozenset[str], resets: bool
) -> None:
    """Whatever else is asked for: a crash between the trigger and its report starts nothing twice."""
    mine = run_of(3, state=state)
    decided = decide(Wish(dag_id="sales", again_after=again, resets=resets), mine=mine)
    assert (decided == Joined(mine)) == (state not in again)


@given(state=STATES)
def test_a_run_of_somebody_else_is_a_conflict_or_is_run_again(state: RunState) -> None:
    same = run_of(3, run_id="theirs", state=state)
    with pytest.raises(ConflictError, match="already has a run `theirs`"):
        decide(Wish(dag_id="sales", run_id="theirs"), same=same)
    assert decide(Wish(dag_id="sales", run_id="theirs", resets=True), same=same) == Again(same)


def test_a_conflict_of_dates_names_the_date_and_the_run() -> None:
    with pytest.raises(ConflictError, match=r"2026-03-29T00:30:00\+00:00: `manual__3`"):
        decide(Wish(dag_id="sales", logical_date=T0), same=run_of(3))


def test_a_task_does_not_run_its_own_run_again() -> None:
    own = run_of(PARENT.run_pk, run_id="m")
    with pytest.raises(UserError, match="for ever"):
        decide(Wish(dag_id="sales", run_id="m", resets=True), same=own)


def test_a_paused_dag_is_an_error_only_when_the_task_says_so() -> None:
    assert isinstance(decide(Wish(dag_id="sales"), is_paused=True), Made)
    with pytest.raises(PausedError):
        decide(Wish(dag_id="sales", needs_unpaused=True), is_paused=True)
    mine = run_of(3)
    assert decide(Wish(dag_id="sales", needs_unpaused=True), is_paused=True, mine=mine) == Joined(mine)


def test_a_callback_may_trigger_too_and_leaves_no_link() -> None:
    made = decide(Wish(dag_id="sales"), parent=None)
    assert isinstance(made, Made)
    assert [type(action) for action in made.actions] == [CreateRun]
    assert made.run.reason == "triggered by a callback"


def test_a_reset_clears_the_whole_run_and_links_it_anew() -> None:
    run = run_of(3, state=RunState.FAILED, conf={"k": "as it was"})
    view = view_of(
        plan_of(task("a"), task("b", "a")), {"a": TaskState.SUCCESS, "b": TaskState.FAILED}, run=run
    )
    actions = decide_reset(view, parent=PARENT, now=at(60))
    moved = {action.key.task_id: action.state for action in actions if isinstance(action, MoveTask)}
    assert moved == {"a": TaskState.NONE, "b": TaskState.NONE}
    (end,) = [action for action in actions if isinstance(action, MoveRun)]
    assert end.state is RunState.QUEUED
    assert actions[-1] == LinkRun(run_pk=3, parent=PARENT)


def test_a_reset_of_a_finished_run_without_tasks_runs_it_again_all_the_same() -> None:
    run = run_of(3, state=RunState.SUCCESS)
    view = view_of(plan_of(task("a")), {"a": TaskState.NONE}, run=run)
    actions = decide_reset(view, parent=PARENT, now=at(60))
    assert any(isinstance(action, MoveRun) and action.state is RunState.QUEUED for action in actions)


def test_runs_of_one_moment_differ_by_the_moment() -> None:
    first = decide(Wish(dag_id="sales"))
    later = decide_trigger(
        document(),
        DagRecord(dag_id="sales", document_hash="0" * 32),
        Wish(dag_id="sales"),
        parent=PARENT,
        mine=None,
        same=None,
        now=at(60) + timedelta(microseconds=1),
        run_pk=10,
    )
    assert isinstance(first, Made)
    assert isinstance(later, Made)
    assert first.run.run_id != later.run.run_id
    assert first.run.logical_date != later.run.logical_date
