"""Recovery: what runs again on its own, when, how often, and what it leaves alone."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import T0, at, fold, graphs, plan_of, record_of, run_of, task, view_of
from windward.core.actions import Action, MoveRun, MoveTask, PlanRecovery
from windward.core.people import decide_mark, decide_mark_run
from windward.core.plan import DagPlan
from windward.core.recovery import (
    DELAY_MAX,
    RecoveryRules,
    RecoveryScope,
    decide_recovery,
    decide_recovery_start,
    decide_recovery_stop,
    plan_recovery,
    refusal,
)
from windward.document import TaskDocument
from windward.model.records import RunRecord
from windward.model.states import FAILURES, FINISHED, RunState, RunType, TaskState

RULES = RecoveryRules()


def asking(*tasks: TaskDocument, **fields: Any) -> DagPlan:
    values = {"catchup": True, "is_catchup_explicit": True, "start_date": at(-86_400)}
    return plan_of(*(tasks or (task("a"),)), **{**values, **fields})


def failed(**fields: Any) -> RunRecord:
    values = {"run_type": RunType.SCHEDULED, "state": RunState.FAILED, "recover_at": T0}
    return run_of(**{**values, **fields})


@pytest.mark.parametrize(
    ("run", "dag", "rules", "part"),
    [
        ({}, {}, {"scope": RecoveryScope.NEVER}, "recovery is off"),
        ({}, {"catchup": False}, {}, "does not say"),
        ({}, {"is_catchup_explicit": False}, {}, "does not say"),
        ({"run_type": RunType.MANUAL}, {}, {}, "not part of the schedule"),
        ({"logical_date": None}, {}, {}, "not part of the schedule"),
        ({"logical_date": at(-90_000)}, {}, {}, "before the DAG's start date"),
        ({}, {"end_date": at(-1)}, {}, "after the DAG's end date"),
        ({"is_recovery_stopped": True}, {}, {}, "a person said"),
        ({"recoveries": 5}, {}, {}, "5 times already"),
    ],
)
def test_each_reason_against_it_is_said(
    run: dict[str, Any], dag: dict[str, Any], rules: dict[str, Any], part: str
) -> None:
    assert part in refusal(failed(**run), asking(**dag).document, RecoveryRules(**rules))


@pytest.mark.parametrize("run_type", [RunType.SCHEDULED, RunType.BACKFILL])
def test_runs_that_fill_the_window_are_kept_whole(run_type: RunType) -> None:
    assert refusal(failed(run_type=run_type), asking().document, RULES) == ""


def test_always_needs_no_catchup() -> None:
    rules = RecoveryRules(scope=RecoveryScope.ALWAYS)
    assert refusal(failed(), asking(catchup=False).document, rules) == ""


@given(st.integers(0, 40), st.floats(0, 1e6))
def test_the_distance_grows_and_stays_within_a_day(recoveries: int, delay_s: float) -> None:
    rules = RecoveryRules(recoveries_max=100, delay_s=delay_s)
    document = asking().document
    due = [
        plan_recovery(failed(recoveries=number), document, rules, now=T0)
        for number in (recoveries, recoveries + 1)
    ]
    assert due[0] is not None
    assert due[1] is not None
    assert T0 <= due[0] <= due[1] <= T0 + DELAY_MAX


@given(graphs(), st.data())
def test_what_succeeded_above_a_failure_stays_and_what_follows_it_goes(
    tasks: tuple[TaskDocument, ...], data: st.DataObject
) -> None:
    """Failed instances and all below them run again; nothing else is touched."""
    plan = asking(*tasks)
    states = {
        item.task_id: data.draw(st.sampled_from(sorted(FINISHED - {TaskState.REMOVED}))) for item in tasks
    }
    view = view_of(plan, states, run=failed())
    actions = decide_recovery(view, plan, RULES, now=T0)
    below: set[str] = set()
    for item in tasks:
        if states[item.task_id] in FAILURES or below & set(item.upstream):
            below.add(item.task_id)
    moved = {action.key.task_id for action in actions if isinstance(action, MoveTask)}
    assert moved == below
    assert bool(_runs(actions)) == bool(below)


def _runs(actions: list[Action]) -> list[MoveRun]:
    return [action for action in actions if isinstance(action, MoveRun)]


def test_the_run_says_how_often_and_why_and_stands_behind_the_rest() -> None:
    plan = asking(task("a"), task("b", "a"))
    states = {"a": TaskState.FAILED, "b": TaskState.UPSTREAM_FAILED}
    view = view_of(plan, states, run=failed(recoveries=1))
    (moved,) = _runs(decide_recovery(view, plan, RULES, now=T0))
    assert moved.reason == "recovery 2 of 5, while nothing else waits: task `a` had failed"
    assert (moved.is_idle_class, moved.recoveries, moved.recover_at) == (True, 2, None)


def test_before_its_time_nothing_happens_and_a_plan_that_does_not_hold_is_taken_back() -> None:
    plan = asking()
    view = view_of(plan, {"a": TaskState.FAILED}, run=failed(recover_at=at(1)))
    assert decide_recovery(view, plan, RULES, now=T0) == []
    view = view_of(plan, {"a": TaskState.FAILED}, run=failed())
    (back,) = decide_recovery(view, asking(catchup=False), RULES, now=T0)
    assert isinstance(back, PlanRecovery)
    assert back.recover_at is None


@pytest.mark.parametrize("what", ["task", "run"])
def test_a_person_who_says_failed_is_believed(what: str) -> None:
    plan = asking(task("a"), task("b", "a"))
    view = view_of(plan, {"a": TaskState.RUNNING}, run=run_of(run_type=RunType.SCHEDULED))
    if what == "task":
        key = record_of("a").key
        actions = decide_mark(view, [key], TaskState.FAILED, by="ada", now=T0)
        (stop,) = (action for action in actions if isinstance(action, PlanRecovery))
        assert stop.is_recovery_stopped
        assert stop.recover_at is None
    else:
        actions = decide_mark_run(view, RunState.FAILED, by="ada", now=T0)
        fold(view, [action for action in actions if isinstance(action, MoveTask | MoveRun)])
        assert view.run.is_recovery_stopped
        assert plan_recovery(view.run, plan.document, RULES, now=T0) is None


@pytest.mark.parametrize("state", [RunState.SUCCESS, RunState.FAILED])
@given(states=st.lists(st.sampled_from(sorted(set(TaskState))), min_size=3, max_size=3))
def test_a_run_that_is_ended_by_hand_leaves_nothing_open(state: RunState, states: list[TaskState]) -> None:
    plan = asking(task("a"), task("b", "a"), task("c", "b"))
    view = view_of(plan, dict(zip("abc", states, strict=True)), run=run_of())
    actions = decide_mark_run(view, state, by="ada", now=T0)
    fold(view, [action for action in actions if isinstance(action, MoveTask | MoveRun)])
    assert (view.unfinished, view.run.state) == (0, state)
    kept = {name: before for name, before in zip("abc", states, strict=True) if before in FINISHED}
    if state is RunState.FAILED:
        found = {name: record.state for name in kept if (record := view.find(name, -1)) is not None}
        assert found == kept, "what had ended is not changed"


def test_people_stop_and_start_it() -> None:
    run = failed(recoveries=5)
    stop = decide_recovery_stop(run)
    assert stop is not None
    assert (stop.is_recovery_stopped, stop.recover_at) == (True, None)
    assert decide_recovery_stop(failed(is_recovery_stopped=True)) is None
    start = decide_recovery_start(
        failed(recoveries=5, is_recovery_stopped=True), asking().document, RULES, now=at(9)
    )
    assert isinstance(start, PlanRecovery)
    assert (start.recoveries, start.recover_at, start.is_recovery_stopped) == (0, at(9), False)
    assert decide_recovery_start(run, asking(catchup=False).document, RULES, now=T0) == (
        "the DAG does not say `catchup=True`"
    )
    assert (
        decide_recovery_start(failed(state=RunState.SUCCESS), asking().document, RULES, now=T0)
        == "it is success"
    )
    assert timedelta(0) < DELAY_MAX
