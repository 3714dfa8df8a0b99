"""Setups and teardowns: marks, blocks, decorators."""

from __future__ import annotations

import pytest

from tests.sdk.declared import Work, edges
from windward import DAG, setup, task, task_group, teardown
from windward.model.states import TriggerRule


def test_a_teardown_runs_by_its_own_rule_and_makes_setups_of_what_it_names() -> None:
    with DAG("d") as dag:
        made = Work(task_id="s")
        removed = Work(task_id="t").as_teardown(setups=made, on_failure_fail_dagrun=True)
    assert (made.is_setup, removed.is_teardown, removed.on_failure_fail_dagrun) == (True, True, True)
    assert removed.trigger_rule is TriggerRule.ALL_DONE_SETUP_SUCCESS
    assert edges(dag) == {("s", "t")}


def test_a_task_is_never_setup_and_teardown() -> None:
    with pytest.raises(ValueError, match="already a setup"):
        Work(task_id="a").as_setup().as_teardown()
    with pytest.raises(ValueError, match="already a teardown"):
        Work(task_id="a").as_teardown().as_setup()


def test_tasks_of_a_block_stand_between_its_setup_and_teardown() -> None:
    with DAG("d") as dag:
        first, last = Work(task_id="s").as_setup(), Work(task_id="t").as_teardown()
        with first >> last:
            a, b = Work(task_id="a"), Work(task_id="b")
            a >> b
            Work(task_id="c")
    assert edges(dag) == {("s", "t"), ("s", "a"), ("a", "b"), ("b", "t"), ("s", "c"), ("c", "t")}


def test_a_block_leaves_out_the_setup_of_a_task_that_waits_for_one_outside() -> None:
    """A quirk of Airflow, kept: such a task is not the first of the block."""
    with DAG("d") as dag:
        first, last, outside = (
            Work(task_id="s").as_setup(),
            Work(task_id="t").as_teardown(),
            Work(task_id="o"),
        )
        with first >> last:
            outside >> Work(task_id="a")
            Work(task_id="b")
    assert edges(dag) == {("s", "t"), ("o", "a"), ("a", "t"), ("s", "b"), ("b", "t")}


def test_an_inner_block_stands_within_the_outer_one() -> None:
    with DAG("d") as dag:
        s1, t1 = Work(task_id="s1").as_setup(), Work(task_id="t1").as_teardown()
        s2, t2 = Work(task_id="s2").as_setup(), Work(task_id="t2").as_teardown()
        with s1 >> t1, s2 >> t2:
            Work(task_id="w")
    assert edges(dag) == {
        ("s1", "t1"), ("s2", "t2"), ("s1", "s2"), ("t2", "t1"), ("s2", "w"), ("w", "t2")
    }  # fmt: skip


def test_only_setups_and_teardowns_open_a_block() -> None:
    with DAG("d"), pytest.raises(ValueError, match="Only setup/teardown tasks"), Work(task_id="a"):
        pass


def test_decorators_mark_functions_and_groups() -> None:
    @setup
    def make() -> None: ...

    @teardown(on_failure_fail_dagrun=True)
    @task(retries=1)
    def remove() -> None: ...

    @setup
    @task_group
    def prepare() -> None:
        Work(task_id="x")

    with DAG("d") as dag:
        with make() >> remove():
            Work(task_id="w")
        prepare()
    assert {t.task_id for t in dag.tasks if t.is_setup} == {"make", "prepare.x"}
    assert dag.get_task("remove").on_failure_fail_dagrun
    assert edges(dag) == {("make", "remove"), ("make", "w"), ("w", "remove")}


def test_marking_a_task_leaves_the_task_that_was_decorated_as_it_was() -> None:
    @task
    def plain() -> None: ...

    marked = setup(plain)
    assert marked.is_setup
    assert not plain.is_setup
