"""Links between tasks, groups and labels."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk.declared import Work, edges
from windward import DAG, Label, TaskGroup, chain, chain_linear, cross_downstream
from windward.sdk.exceptions import AirflowException


def _tasks(names: str) -> list[Any]:
    return [Work(task_id=name) for name in names]


def test_a_link_may_be_written_in_every_direction_and_with_lists() -> None:
    with DAG("d") as dag:
        a, b, c, d, e, f = _tasks("abcdef")
        a >> b << c
        [a, b] >> d
        d >> [e, f]
        [e] << a
        f.set_upstream([b, [c]])
    assert edges(dag) == {
        ("a", "b"), ("c", "b"), ("a", "d"), ("b", "d"), ("d", "e"), ("d", "f"), ("a", "e"), ("b", "f"), ("c", "f"),
    }  # fmt: skip


def test_an_expression_of_links_is_worth_its_right_side() -> None:
    with DAG("d"):
        a, b, c = _tasks("abc")
        assert (a >> b >> c) is c
        assert (a >> [b, c]) == [b, c]
        assert ([a, b] >> c) is c


def test_chain_links_neighbours_and_lists_pair_by_pair() -> None:
    with DAG("d") as dag:
        a, b, c, d, e, f = _tasks("abcdef")
        chain(a, [b, c], [d, e], f)
    assert edges(dag) == {("a", "b"), ("a", "c"), ("b", "d"), ("c", "e"), ("d", "f"), ("e", "f")}


def test_chain_refuses_lists_of_different_lengths() -> None:
    with DAG("d"):
        a, b, c = _tasks("abc")
        with pytest.raises(ValueError, match="Got 2 and 1") as caught:
            chain([a, b], [c])
    assert isinstance(caught.value, AirflowException)


def test_chain_linear_links_every_element_to_every_next_one() -> None:
    with DAG("d") as dag:
        a, b, c, d, e = _tasks("abcde")
        chain_linear(a, [b, c], [d, e])
    assert edges(dag) == {("a", "b"), ("a", "c"), ("b", "d"), ("b", "e"), ("c", "d"), ("c", "e")}


def test_chain_linear_refuses_labels_and_single_elements() -> None:
    with DAG("d"):
        a, b = _tasks("ab")
        with pytest.raises(ValueError, match="Labels are not supported"):
            chain_linear(a, Label("x"), b)
        with pytest.raises(ValueError, match="made no link"):
            chain_linear(a)


@given(left=st.integers(1, 4), right=st.integers(1, 4))
def test_cross_downstream_makes_the_product_of_both_sides(left: int, right: int) -> None:
    with DAG("d") as dag:
        befores = [Work(task_id=f"b{number}") for number in range(left)]
        afters = [Work(task_id=f"a{number}") for number in range(right)]
        cross_downstream(befores, afters)
    assert len(edges(dag)) == left * right


def test_a_label_names_exactly_the_edges_it_stands_on() -> None:
    with DAG("d") as dag:
        a, b, c, d = _tasks("abcd")
        a >> Label("yes") >> b
        [a, b] >> Label("both") >> [c, d]
        chain(c, Label("last"), d)
    labels = {(up, down): info["label"] for up, ends in dag.edge_info.items() for down, info in ends.items()}
    assert labels == {
        ("a", "b"): "yes", ("a", "c"): "both", ("a", "d"): "both", ("b", "c"): "both", ("b", "d"): "both",
        ("c", "d"): "last",
    }  # fmt: skip
    assert set(labels) == edges(dag)


def test_a_task_without_dag_joins_the_dag_it_is_linked_to() -> None:
    dag = DAG("d")
    a = Work(task_id="a", dag=dag)
    b = Work(task_id="b")
    a >> b
    assert dag.task_ids == ["a", "b"]
    assert b.dag is dag


def test_tasks_of_no_dag_or_of_two_cannot_be_linked() -> None:
    with pytest.raises(ValueError, match="don't have DAGs yet"):
        Work(task_id="a") >> Work(task_id="b")
    with pytest.raises(ValueError, match="more than one DAG"):
        Work(task_id="a", dag=DAG("one")) >> Work(task_id="b", dag=DAG("two"))


def test_only_nodes_can_be_linked_and_the_message_says_what_was_given() -> None:
    with DAG("d"):
        a = Work(task_id="a")
        with pytest.raises(TypeError, match="received str"):
            a >> "b"


def test_a_link_to_a_group_means_its_first_or_last_tasks() -> None:
    with DAG("d") as dag:
        start, end = _tasks("se")
        with TaskGroup("g") as group:
            a, b, _ = _tasks("abc")
            a >> b
        start >> group >> end
    assert edges(dag) == {("g.a", "g.b"), ("s", "g.a"), ("s", "g.c"), ("g.b", "e"), ("g.c", "e")}


@pytest.mark.parametrize("first", ["in", "out"])
def test_an_empty_group_hands_a_link_on(first: str) -> None:
    with DAG("d") as dag:
        start, end = _tasks("se")
        with TaskGroup("g") as group:
            pass
        if first == "in":
            start >> group
            group >> end
        else:
            group >> end
            start >> group
    assert edges(dag) == {("s", "e")}


def test_a_template_field_that_holds_an_output_makes_a_link_even_when_assigned_later() -> None:
    with DAG("d") as dag:
        a, b, c = _tasks("abc")
        Work(task_id="d", value={"deep": [a.output, ("x", b.output["key"])]})
        late = Work(task_id="e")
        late.value = c.output
    assert edges(dag) == {("a", "d"), ("b", "d"), ("c", "e")}
