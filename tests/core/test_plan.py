"""Plans: numbers, effective weights, deciding tasks, the scope of setups."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import graphs, plan_of, task
from windward.core.plan import WEIGHT_MAX, DagPlan
from windward.document import ConcatLength, Expansion, LiteralLength, TaskDocument, XComLength, ZipLength
from windward.model.states import WeightRule


def _weighted(draw: st.DrawFn, task_id: str, *upstream: str) -> TaskDocument:
    weight, rule = draw(st.integers(-5, 20)), draw(st.sampled_from(sorted(WeightRule)))
    return task(task_id, *upstream, priority_weight=weight, weight_rule=rule)


def _reached(start: str, edges: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    for other in edges[start]:
        found |= {other} | _reached(other, edges)
    return found


def _edges(tasks: tuple[TaskDocument, ...]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    above = {item.task_id: set(item.upstream) for item in tasks}
    below = {name: {other for other, ups in above.items() if name in ups} for name in above}
    return above, below


@given(graphs(_weighted))
def test_a_weight_is_its_own_and_all_that_its_rule_reaches_each_once(tasks: tuple[TaskDocument, ...]) -> None:
    above, below = _edges(tasks)
    own = {item.task_id: item.priority_weight for item in tasks}
    plan = plan_of(*tasks)
    for number, item in enumerate(tasks):
        edges = {WeightRule.DOWNSTREAM: below, WeightRule.UPSTREAM: above}.get(item.weight_rule)
        reached = _reached(item.task_id, edges) if edges else set()
        assert plan.weight[number] == own[item.task_id] + sum(own[name] for name in reached)


def test_a_weight_stays_within_32_bits() -> None:
    tasks = [task("a", priority_weight=WEIGHT_MAX), task("b", "a", priority_weight=WEIGHT_MAX)]
    low = task("c", priority_weight=-WEIGHT_MAX * 3)
    assert plan_of(*tasks, low).weight == (WEIGHT_MAX, WEIGHT_MAX, -WEIGHT_MAX)


@given(graphs())
def test_edges_lead_both_ways(tasks: tuple[TaskDocument, ...]) -> None:
    plan = plan_of(*tasks)
    pairs = {(up, number) for number, ups in enumerate(plan.upstream) for up in ups}
    assert pairs == {(number, down) for number, downs in enumerate(plan.downstream) for down in downs}
    assert plan.roots == tuple(number for number, item in enumerate(tasks) if not item.upstream)


@given(graphs())
def test_without_teardowns_the_leaves_decide_the_run(tasks: tuple[TaskDocument, ...]) -> None:
    _, below = _edges(tasks)
    assert _names(plan_of(*tasks), "deciding") == {name for name, downs in below.items() if not downs}


def test_what_stands_before_a_teardown_decides_in_its_place() -> None:
    tasks = [task("a", is_setup=True), task("b", "a"), task("z", "a", "b", is_teardown=True)]
    assert _names(plan_of(*tasks), "deciding") == {"b"}


def test_a_teardown_that_may_fail_the_run_decides() -> None:
    last = task("z", "a", "b", is_teardown=True, on_failure_fail_dagrun=True)
    assert _names(plan_of(task("a", is_setup=True), task("b", "a"), last), "deciding") == {"z"}


def test_a_dag_of_nothing_but_teardowns_is_decided_by_its_leaves() -> None:
    tasks = [task("y", is_teardown=True), task("z", "y", is_teardown=True)]
    assert _names(plan_of(*tasks), "deciding") == {"z"}


def test_a_setup_binds_what_lies_between_it_and_its_teardown() -> None:
    plan = plan_of(
        task("setup", is_setup=True),
        task("near", "setup"),
        task("far", "near"),
        task("last", "setup", "far", is_teardown=True),
        task("after", "last"),
        task("aside", "setup"),
        task("aside_far", "aside"),
    )
    assert _bound(plan) == {"far": {"setup"}}


def test_a_setup_without_teardown_binds_everything_below() -> None:
    plan = plan_of(task("setup", is_setup=True), task("a", "setup"), task("b", "a"), task("c", "b"))
    assert _bound(plan) == {"b": {"setup"}, "c": {"setup"}}
    assert [plan.tasks[number].task_id for number in plan.far_setup_of[0]] == ["b", "c"]


def test_one_teardown_below_is_enough_to_be_in_scope() -> None:
    plan = plan_of(
        task("setup", is_setup=True),
        task("a", "setup"),
        task("b", "a"),
        task("early", "a", "setup", is_teardown=True),
        task("late", "b", "setup", is_teardown=True),
    )
    assert _bound(plan) == {"b": {"setup"}}


def test_a_mapped_task_names_every_task_that_its_length_comes_from() -> None:
    length = ZipLength((XComLength("a"), ConcatLength((XComLength("b"), LiteralLength(2)))))
    arguments = (("x", length), ("y", XComLength("a")), ("z", LiteralLength(1)))
    mapped = task("m", "a", "b", expansion=Expansion(style="product", arguments=arguments))
    assert plan_of(task("a"), task("b"), mapped).lengths_from == ((), (), (0, 1))


def test_tasks_that_ask_the_previous_run_are_known() -> None:
    plan = plan_of(task("a"), task("b", depends_on_past=True), task("c", wait_for_downstream=True))
    assert plan.asks_past == (1, 2)


def _names(plan: DagPlan, field: str) -> set[str]:
    return {plan.tasks[number].task_id for number in getattr(plan, field)}


def _bound(plan: DagPlan) -> dict[str, Any]:
    return {
        plan.tasks[number].task_id: {plan.tasks[setup].task_id for setup in setups}
        for number, setups in enumerate(plan.far_setups)
        if setups
    }
