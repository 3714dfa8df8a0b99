"""Mapped groups: each map index goes its own way within the group, and the group comes and goes as a whole."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import (
    FINISHED_STATES,
    T0,
    advance_once,
    calls_of,
    fold,
    name_of,
    record_of,
    run_of,
    state_of,
    task,
    view_of,
)
from tests.simulation.rules import may_start
from windward.core.actions import AddTasks, MoveTask, move
from windward.core.advance import advance, decide_run_end
from windward.core.attempts import decide_end
from windward.core.people import decide_clear
from windward.core.plan import DagPlan, compile_plan
from windward.core.tally import Tally
from windward.core.transitions import TaskEvent
from windward.core.trigger_rules import Verdict, evaluate
from windward.core.view import RunView
from windward.document import (
    INSTANCES_MAX,
    DagDocument,
    Expansion,
    GroupDocument,
    Length,
    LiteralLength,
    TaskDocument,
    XComLength,
)
from windward.model.ids import TaskKey
from windward.model.states import TaskState, TriggerRule
from windward.protocol.outcomes import Ending, ExitFact, Succeeded

S, F, K, U, R, NONE = (
    TaskState.SUCCESS,
    TaskState.FAILED,
    TaskState.SKIPPED,
    TaskState.UPSTREAM_FAILED,
    TaskState.REMOVED,
    TaskState.NONE,
)


def inside(task_id: str, *upstream: str, **fields: Any) -> TaskDocument:
    return task(task_id, *upstream, mapped_group="g", group_id="g", **fields)


def plan_over(length: Length, *tasks: TaskDocument) -> DagPlan:
    expansion = Expansion(style="product", arguments=(("x", length),))
    group = GroupDocument(group_id="g", expansion=expansion)
    document = DagDocument(dag_id="sales", fileloc="sales.py", tasks=tasks, groups=(group,))
    return compile_plan(document, "0" * 32)


def chain_over(length: Length, *before: TaskDocument, **b: Any) -> DagPlan:
    above = [item.task_id for item in before]
    return plan_over(length, *before, inside("a", *above), inside("b", "a", **b), task("end", "b"))


def expanded(length: int = 3, **b: Any) -> RunView:
    view = view_of(chain_over(LiteralLength(length), **b))
    advance_once(view)
    return view


def end(view: RunView, task_id: str, index: int, state: TaskState = S, **fields: Any) -> None:
    """End an instance as if it had run."""
    record = view.find(task_id, index)
    assert record is not None
    event = {S: TaskEvent.PASS, F: TaskEvent.FAIL, K: TaskEvent.SKIP}[state]
    view.fold(move(record, event, at=T0, end_date=T0, **fields))


def states(view: RunView, task_id: str) -> dict[int, TaskState]:
    return {record.map_index: record.state for record in view.instances(view.plan.number_of[task_id])}


def test_a_group_gets_all_instances_of_all_its_tasks_at_once() -> None:
    view = view_of(chain_over(XComLength("up"), task("up")), records=[record_of("up", S, return_length=2)])
    assert advance_once(view) == ({}, {"a[0]", "a[1]"})
    assert (states(view, "a"), states(view, "b")) == ({0: NONE, 1: NONE}, {0: NONE, 1: NONE})
    assert view.tally(view.plan.number_of["end"]).total == 2


def test_an_instance_waits_only_for_its_own_map_index_within_the_group() -> None:
    view = expanded()
    end(view, "a", 1)
    assert advance_once(view) == ({}, {"b[1]"})


def test_what_follows_the_group_waits_for_all_of_its_instances() -> None:
    view = expanded(2)
    for index in (0, 1):
        end(view, "a", index)
        advance_once(view)
        end(view, "b", index)
        assert advance_once(view)[1] == ({"end"} if index else set())


def test_every_instance_waits_for_all_of_what_comes_before_the_group() -> None:
    plan = plan_over(LiteralLength(2), task("out"), inside("a"), inside("b", "a", "out"))
    view = view_of(plan)
    advance_once(view)
    end(view, "a", 0)
    assert advance_once(view)[1] == set()
    end(view, "out", -1)
    assert advance_once(view)[1] == {"b[0]"}
    end(view, "a", 1)
    assert advance_once(view)[1] == {"b[1]"}


@pytest.mark.parametrize(("state", "becomes"), [(F, U), (K, K)])
def test_a_failure_or_skip_stays_within_its_map_index(state: TaskState, becomes: TaskState) -> None:
    view = expanded()
    end(view, "a", 1, state)
    ended, ready = advance_once(view)
    assert (ended["b[1]"], ready) == (becomes, set())
    assert states(view, "b") == {0: NONE, 1: becomes, 2: NONE}


def test_a_branch_in_an_instance_skips_its_own_map_index_only_and_nothing_outside_of_the_group() -> None:
    plan = plan_over(
        LiteralLength(2), inside("choose"), inside("left", "choose"), task("outside", "choose"),
    )  # fmt: skip
    view = view_of(plan)
    advance_once(view)
    records = [record_of("choose", TaskState.RUNNING, map_index=1, fence=1)]
    records += [record for record in view.all_instances() if record.key != records[0].key]
    view = view_of(plan, records=records)
    ending = Ending(outcome=Succeeded(skip=("left", "outside")), exit=ExitFact(kind="ok"), at=T0)
    moves = decide_end(view, view.find("choose", 1), ending, fence=1, now=T0, lost_attempts_max=0)
    assert moves is not None
    assert [(name_of(action.key), action.state) for action in moves] == [("choose[1]", S), ("left[1]", K)]


@pytest.mark.parametrize(("up", "becomes"), [(F, U), (U, U), (K, K)])
def test_all_tasks_of_a_group_over_nothing_end_whatever_their_rules(
    up: TaskState, becomes: TaskState
) -> None:
    plan = chain_over(XComLength("up"), task("up"), trigger_rule=TriggerRule.ALL_DONE)
    view = view_of(plan, {"up": up})
    assert advance_once(view)[0] == {"a": becomes, "b": becomes, "end": becomes}


@pytest.mark.parametrize("rule", [TriggerRule.ALL_SUCCESS, TriggerRule.ALL_DONE, TriggerRule.NONE_FAILED])
def test_a_group_of_no_instances_is_skipped_whatever_the_rules_of_its_tasks(rule: TriggerRule) -> None:
    view = view_of(
        chain_over(XComLength("up"), task("up"), trigger_rule=rule),
        records=[record_of("up", S, return_length=0)],
    )
    assert advance_once(view)[0] == {"a": K, "b": K, "end": K}


def test_a_task_of_the_group_waits_for_the_length_however_early_its_rule_holds() -> None:
    plan = plan_over(
        XComLength("up"), task("up"), task("side"), inside("a", "up"),
        inside("b", "a", "side", trigger_rule=TriggerRule.ONE_SUCCESS),
    )  # fmt: skip
    view = view_of(plan, {"up": TaskState.RUNNING, "side": S})
    assert advance_once(view) == ({}, set())
    view = view_of(plan, records=[record_of("up", S, return_length=2), record_of("side", S)])
    assert advance_once(view)[1] == {"a[0]", "a[1]", "b[0]", "b[1]"}


def test_a_task_that_was_decided_before_the_group_was_expanded_stays_as_it_is() -> None:
    plan = plan_over(
        XComLength("up"), task("up"), task("out"), inside("a", "up"), inside("b", "a", "out"), task("c", "b")
    )
    view = view_of(plan, {"up": TaskState.RUNNING, "out": K})
    assert advance_once(view)[0] == {"b": K, "c": K}
    fold(view, [move(view.find("up", -1), TaskEvent.SUCCEED, at=T0, return_length=2)])  # type: ignore[arg-type]
    assert advance_once(view) == ({}, {"a[0]", "a[1]"})
    assert states(view, "b") == {-1: K}


def test_a_group_may_be_expanded_in_the_very_decision_that_ends_one_of_its_tasks() -> None:
    plan = plan_over(
        LiteralLength(2), task("up"), inside("a", "up", trigger_rule=TriggerRule.ALL_SKIPPED),
        inside("b", "up", trigger_rule=TriggerRule.ALL_DONE),
    )  # fmt: skip
    view = view_of(plan, {"up": S})
    assert advance_once(view) == ({"a": K}, {"b[0]", "b[1]"})


def test_a_setup_in_the_group_counts_for_its_own_map_index() -> None:
    plan = plan_over(
        LiteralLength(2), inside("setup", is_setup=True), inside("a", "setup"),
        inside("b", "a", trigger_rule=TriggerRule.ALL_DONE),
    )  # fmt: skip
    view = view_of(plan)
    advance_once(view)
    end(view, "setup", 0, F)
    assert advance_once(view)[0] == {"a[0]": U, "b[0]": U}
    assert states(view, "b")[1] is NONE


def _cleared(view: RunView, returned: int) -> RunView:
    keys = [record.key for record in view.all_instances()]
    fold(view, decide_clear(view, keys, by="ada", now=T0)[:-1])
    others = [record for record in view.all_instances() if record.task_id != "up"]
    return view_of(view.plan, records=[*others, record_of("up", S, return_length=returned)])


@pytest.mark.parametrize(
    ("returned", "ready", "ended"),
    [
        (2, {"a[0]", "a[1]"}, {}),
        (3, {"a[0]", "a[1]", "a[2]"}, {}),
        (1, {"a[0]"}, {"a[1]": R, "b[1]": R}),
        (0, set(), {"a[0]": K, "a[1]": K, "b[0]": K, "b[1]": K, "end": K}),
    ],
)
def test_a_cleared_group_is_expanded_anew(
    returned: int, ready: set[str], ended: dict[str, TaskState]
) -> None:
    plan = chain_over(XComLength("up"), task("up"))
    records = [record_of("up", S, return_length=2), record_of("end", S)]
    records += [record_of(name, S, map_index=index) for name in "ab" for index in (0, 1)]
    view = _cleared(view_of(plan, records=records), returned)
    assert advance_once(view) == (ended, ready)
    if returned:
        open_b = {index for index, state in states(view, "b").items() if state is NONE}
        assert open_b == set(range(returned))


def test_instances_that_were_removed_come_back_when_the_list_is_long_again() -> None:
    plan = chain_over(XComLength("up"), task("up"))
    records = [record_of("up", S, return_length=1), record_of("end", S)]
    records += [record_of(name, S, map_index=0) for name in "ab"]
    records += [record_of(name, R, map_index=1) for name in "ab"]
    view = _cleared(view_of(plan, records=records), 2)
    assert advance_once(view)[1] == {"a[0]", "a[1]"}
    assert states(view, "b") == {0: NONE, 1: NONE}


def test_one_cleared_instance_runs_again_alone() -> None:
    view = expanded(2)
    for name in "ab":
        for index in (0, 1):
            end(view, name, index)
            advance_once(view)
    fold(view, decide_clear(view, [TaskKey(1, "b", 1)], by="ada", now=T0)[:-1])
    assert advance_once(view) == ({}, {"b[1]"})


def test_a_clear_of_another_map_index_keeps_what_a_branch_skipped() -> None:
    view = expanded(2)
    end(view, "a", 0)
    end(view, "b", 0, K, skip_by="a")
    end(view, "b", 1, K, skip_by="a")
    keys = [TaskKey(1, "a", 0), TaskKey(1, "b", 0), TaskKey(1, "b", 1)]
    cleared = [
        action for action in decide_clear(view, keys, by="ada", now=T0) if isinstance(action, MoveTask)
    ]
    assert [name_of(action.key) for action in cleared] == ["a[0]", "b[0]"]


def test_too_many_instances_in_all_are_refused_before_one_is_made() -> None:
    plan = chain_over(LiteralLength(INSTANCES_MAX // 2 + 1))
    view = view_of(plan)
    actions = advance(view, now=T0, map_length_max=10).actions
    assert not [action for action in actions if isinstance(action, AddTasks)]
    assert f"more than {INSTANCES_MAX}" in actions[0].reason  # type: ignore[union-attr]


# -- laws --------------------------------------------------------------------------------

COUNTS = st.lists(st.sampled_from(FINISHED_STATES), max_size=4)


@pytest.mark.parametrize("rule", sorted(TriggerRule))
@given(outer=COUNTS, inner=COUNTS, is_open=st.booleans())
def test_what_decides_early_is_either_outside_or_inside_of_the_group(
    rule: TriggerRule, outer: list[TaskState], inner: list[TaskState], is_open: bool
) -> None:
    """So an upstream outside that ends without deciding by itself needs no look at the instances."""
    running = TaskState.RUNNING
    both = evaluate(rule, Tally.of([*outer, running, *inner, *([running] if is_open else [])]))
    alone = evaluate(rule, Tally.of([*outer, running]))
    within = evaluate(rule, Tally.of([*inner, running]))
    assert both is Verdict.WAIT or alone is not Verdict.WAIT or within is not Verdict.WAIT


@st.composite
def plans(draw: st.DrawFn) -> DagPlan:
    """Draw a graph of which some tasks are in a mapped group."""
    count = draw(st.integers(1, 6))
    tasks: list[TaskDocument] = []
    for number in range(count):
        ups = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        rule = draw(st.sampled_from(sorted(TriggerRule)))
        make = inside if draw(st.booleans()) else task
        is_setup = draw(st.integers(0, 5)) == 0
        names = [f"t{up}" for up in sorted(ups)]
        tasks.append(make(f"t{number}", *names, trigger_rule=rule, is_setup=is_setup))
    return plan_over(LiteralLength(draw(st.integers(0, 3))), *tasks)


def _states_that_count(view: RunView, name: str, index: int) -> list[TaskState]:
    item = view.plan.tasks[view.plan.number_of[name]]
    found = []
    for up in item.upstream:
        is_inner = item.mapped_group and view.plan.tasks[view.plan.number_of[up]].mapped_group
        found += [
            state for i, state in states(view, up).items() if not is_inner or i in {-1, index} or index < 0
        ]
    return found


@given(plans(), st.data())
def test_every_run_with_a_mapped_group_ends_and_nothing_starts_before_its_rule_holds(
    plan: DagPlan, data: st.DataObject
) -> None:
    view = view_of(plan, run=run_of())
    waiting: set[str] = set()
    for _ in range(60):
        _, ready = advance_once(view)
        for name in ready:
            task_id, _, rest = name.partition("[")
            item = plan.tasks[plan.number_of[task_id]]
            found = _states_that_count(view, task_id, int(rest[:-1]) if rest else -1)
            if item.trigger_rule is not TriggerRule.ALL_DONE_SETUP_SUCCESS:
                assert not found or may_start(item.trigger_rule, found, [])
        fresh = RunView(view.run, plan, list(view.all_instances()))
        assert (fresh.tallies, fresh.own, fresh.unfinished) == (view.tallies, view.own, view.unfinished)
        for number in range(len(plan.tasks)):
            for record in view.instances(number):
                assert fresh.tally(number, record.map_index) == view.tally(number, record.map_index)
        again: set[str] = {name_of(key) for key in advance(fresh, now=T0, map_length_max=10).ready}
        waiting = {name for name in waiting | ready if _state_named(view, name) is NONE}
        assert again == waiting, "a view made anew knows the same of what is ready"
        if not waiting:
            break
        task_id, _, rest = data.draw(st.sampled_from(sorted(waiting))).partition("[")
        end(view, task_id, int(rest[:-1]) if rest else -1, data.draw(st.sampled_from([S, F, K])))
    assert view.unfinished == 0
    assert decide_run_end(view, now=T0) is not None


def _state_named(view: RunView, name: str) -> TaskState:
    task_id, _, rest = name.partition("[")
    return state_of(view, task_id, int(rest[:-1]) if rest else -1)


def _calls(view: RunView) -> int:
    return calls_of(lambda: advance(view, now=T0, map_length_max=10))


def test_a_finished_instance_costs_the_same_however_many_there_are() -> None:
    costs = set()
    for length in (10, 2_000):
        view = expanded(length)
        end(view, "a", 5)
        first = _calls(view)
        advance_once(view)
        end(view, "b", 5)
        costs.add((first, _calls(view)))
    assert len(costs) == 1


def test_a_finished_instance_before_the_group_costs_the_same_however_many_there_are() -> None:
    costs = set()
    for length in (10, 2_000):
        over = Expansion(style="product", arguments=(("x", LiteralLength(length)),))
        plan = plan_over(LiteralLength(length), task("m", expansion=over), inside("a"), inside("b", "a", "m"))
        view = view_of(plan)
        advance_once(view)
        for index in (3, 4):
            end(view, "a", index)
        advance_once(view)
        end(view, "m", 5)
        costs.add(_calls(view))
    assert len(costs) == 1
