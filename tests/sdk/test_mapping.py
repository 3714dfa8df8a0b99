"""Mapped tasks: which instance gets what, references and what is made of them, refusals."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk.declared import Strict, Work, context_of, document, edges
from windward import DAG, BaseOperator, XComArg, task, task_group
from windward.document import ConcatLength, Expansion, LiteralLength, XComLength, ZipLength
from windward.sdk.exceptions import (
    AirflowException,
    XComNotFound,
)
from windward.sdk.expand_input import check_expand, positions_of
from windward.sdk.mapping import MappedOperator, instance_of


@given(lengths=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_instances_are_the_product_of_all_arguments_the_last_one_fastest(lengths: list[int]) -> None:
    names = {f"a{number}": length for number, length in enumerate(lengths)}
    wanted = [
        dict(zip(names, combination, strict=True)) for combination in itertools.product(*map(range, lengths))
    ]
    assert [positions_of(index, names) for index in range(len(wanted))] == wanted
    with pytest.raises(IndexError):
        positions_of(len(wanted), names)


def test_an_instance_gets_its_own_arguments_and_those_of_all() -> None:
    with DAG("d", default_args={"pool": "p"}):
        mapped = Work.partial(task_id="w", retries=1, value="same").expand(other=["x", "y"])
    made = [instance_of(mapped, context_of(), index) for index in range(2)]
    assert [(one.value, one.other, one.pool, one.retries) for one in made if isinstance(one, Work)] == [
        ("same", "x", "p", 1), ("same", "y", "p", 1)
    ]  # fmt: skip
    assert {one.task_id for one in made} == {"w"}
    assert {one.dag for one in made} == {mapped.dag}
    assert mapped.dag.task_ids == ["w"]


def test_the_items_of_a_dict_are_pairs() -> None:
    with DAG("d"):
        mapped = Work.partial(task_id="w").expand(value={"a": 1, "b": 2})
    assert [instance_of(mapped, context_of(), index).value for index in range(2)] == [("a", 1), ("b", 2)]  # type: ignore[attr-defined]


def test_a_task_that_is_not_mapped_runs_as_a_copy() -> None:
    with DAG("d"):
        declared = Work(task_id="w", value=1)
    running = instance_of(declared, context_of(), -1)
    assert running is not declared
    assert running.task_id == "w"


def test_in_a_process_of_its_own_only_a_task_with_something_to_render_is_copied() -> None:
    with DAG("d"):
        plain, rendered = Work(task_id="plain", value=None), Work(task_id="rendered", value="{{ ds }}")
    assert instance_of(plain, context_of(), -1, may_change=True) is plain
    assert instance_of(rendered, context_of(), -1, may_change=True) is not rendered


class NoTruth:
    def __bool__(self) -> bool:
        raise ValueError("the truth value of a frame is ambiguous")


def test_a_field_without_a_truth_value_may_be_given() -> None:
    with DAG("d"):
        given = Work(task_id="given", value=NoTruth())
    assert instance_of(given, context_of(), -1, may_change=True) is not given


def test_values_of_other_tasks_are_data_and_literal_ones_are_templates() -> None:
    with DAG("d"):
        source = Work(task_id="source")
        mapped = Work.partial(task_id="w").expand(value=source.output, other=["{{ 1 + 1 }}"])
    running = instance_of(mapped, context_of({("source", "return_value"): ["{{ 3 + 3 }}"]}), 0)
    running.render_template_fields({"ti": None})
    assert (running.value, running.other) == ("{{ 3 + 3 }}", "2")  # type: ignore[attr-defined]


def test_kwargs_give_one_instance_for_each_dict() -> None:
    with DAG("d"):
        mapped = Work.partial(task_id="w").expand_kwargs([{"value": 1}, {"other": 2}])
    made: list[Any] = [instance_of(mapped, context_of(), index) for index in range(2)]
    assert [(one.value, one.other) for one in made] == [(1, None), (None, 2)]


def test_kwargs_may_come_from_another_task_and_are_checked_when_they_do() -> None:
    with DAG("d") as dag:
        source = Work(task_id="source")
        mapped = Work.partial(task_id="w").expand_kwargs(source.output)
    rows = [{"value": 1}, {"value": 2}, 3, {4: 5}]
    context = context_of({("source", "return_value"): rows})
    assert instance_of(mapped, context, 1).value == 2  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"not list\[int\]"):
        instance_of(mapped, context, 2)
    with pytest.raises(ValueError, match="must all be str"):
        instance_of(mapped, context, 3)
    assert edges(dag) == {("source", "w")}


@pytest.mark.parametrize(
    ("mapped", "error", "wanted"),
    [
        ({}, TypeError, "no arguments to expand against"),
        (
            {"value": "text"},
            ValueError,
            r"Work.expand\(\) got an unexpected type 'str' for keyword argument value",
        ),
        ({"value": {1, 2}}, ValueError, "unexpected type 'set'"),
        ({"values": [1]}, TypeError, "unexpected keyword argument 'values'(.|\n)*Did you mean `value`"),
        ({"retries": [1]}, TypeError, "unmappable or already specified argument: retries"),
        ({"other": [1]}, TypeError, "unmappable or already specified argument: other"),
    ],
)
def test_an_expansion_that_makes_no_sense_is_refused(
    mapped: dict[str, Any], error: type[Exception], wanted: str
) -> None:
    with DAG("d"), pytest.raises(error, match=wanted):
        Work.partial(task_id="w", other=0).expand(**mapped)


def test_partial_refuses_what_the_class_does_not_take() -> None:
    with pytest.raises(TypeError, match=r"Work.partial\(\) got an unexpected keyword argument 'val'"):
        Work.partial(task_id="w", val=1)


def test_a_partial_that_is_never_expanded_warns() -> None:
    with pytest.warns(UserWarning, match="never expanded"):
        Work.partial(task_id="lost").__del__()
    Work.partial(task_id="kept").expand(value=[1])


def test_required_arguments_of_a_class_may_be_mapped() -> None:
    with DAG("d"):
        mapped = Strict.partial(task_id="w").expand(conn_id=["a", "b"])
    assert instance_of(mapped, context_of(), 1).conn_id == "b"  # type: ignore[attr-defined]


def test_the_document_knows_lengths_and_never_values() -> None:
    with DAG("d") as dag:
        source, more = Work(task_id="source").output, Work(task_id="more").output
        Work.partial(task_id="literal").expand(value=[1, 2, 3], other={"k": 1})
        Work.partial(task_id="xcom").expand(value=source.map(str))
        Work.partial(task_id="zip").expand(value=source.zip(more, fillvalue=0))
        Work.partial(task_id="concat").expand(value=source.concat(more))
        Work.partial(task_id="kwargs").expand_kwargs(source)
    found = {one.task_id: one.expansion for one in document(dag).tasks if one.expansion}
    one, two = XComLength("source"), XComLength("more")
    assert found == {
        "literal": Expansion(
            style="product", arguments=(("value", LiteralLength(3)), ("other", LiteralLength(1)))
        ),
        "xcom": Expansion(style="product", arguments=(("value", one),)),
        "zip": Expansion(style="product", arguments=(("value", ZipLength((one, two), fill=True)),)),
        "concat": Expansion(style="product", arguments=(("value", ConcatLength((one, two))),)),
        "kwargs": Expansion(style="kwargs", arguments=(("", one),)),
    }
    assert edges(dag) == {
        ("source", "xcom"), ("source", "zip"), ("more", "zip"), ("source", "concat"), ("more", "concat"),
        ("source", "kwargs"),
    }  # fmt: skip


def test_a_mapped_task_has_the_arguments_that_the_scheduler_needs() -> None:
    with DAG("d", default_args={"retries": 2}) as dag:
        Work.partial(task_id="w", pool="p", max_active_tis_per_dag=3, start_date=datetime(2026, 1, 1)).expand(
            value=[1]
        )
    (found,) = document(dag).tasks
    assert (found.pool, found.retries, found.max_active_tis_per_dag) == ("p", 2, 3)
    assert found.start_date == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.template_fields == {"value": [1], "other": None}


@given(parts=st.lists(st.lists(st.integers(), max_size=5), min_size=2, max_size=3))
def test_map_zip_and_concat_mean_what_python_means_by_them(parts: list[list[int]]) -> None:
    names = [f"s{number}" for number in range(len(parts))]
    context = context_of({(name, "return_value"): part for name, part in zip(names, parts, strict=True)})
    with DAG("d"):
        references = [Work(task_id=name).output for name in names]
    first, others = references[0], references[1:]
    assert list(first.map(lambda x: x + 1).map(str).resolve(context)) == [str(x + 1) for x in parts[0]]
    assert list(first.zip(*others).resolve(context)) == list(zip(*parts, strict=False))
    assert list(first.zip(*others, fillvalue=-1).resolve(context)) == list(
        itertools.zip_longest(*parts, fillvalue=-1)
    )
    assert list(first.concat(*others).resolve(context)) == list(itertools.chain(*parts))
    assert (
        list(first.concat(*others).map(lambda x: -x).resolve(context))[-1:]
        == [-x for p in parts for x in p][-1:]
    )


def test_one_item_of_a_mapped_reference_runs_the_function_once() -> None:
    seen: list[int] = []

    def look(x: int) -> int:
        seen.append(x)
        return x

    with DAG("d"):
        mapped = Work.partial(task_id="w").expand(value=Work(task_id="s").output.map(look))
    assert instance_of(mapped, context_of({("s", "return_value"): [7, 8, 9]}), 1).value == 8  # type: ignore[attr-defined]
    assert seen == [8]


def test_only_what_a_task_returns_can_be_mapped_over() -> None:
    with DAG("d"):
        keyed = Work(task_id="s").output["key"]
        with pytest.raises(ValueError, match="cannot map over the XCom `key`"):
            Work.partial(task_id="w").expand(value=keyed)
        with pytest.raises(ValueError, match="cannot map over the XCom `key`"):
            keyed.map(str)
        with pytest.raises(TypeError, match="not iterable"):
            list(keyed)


def test_a_reference_reads_one_value_or_all_instances_or_the_own_one() -> None:
    @task
    def inner(x: int) -> int:
        return x

    @task_group
    def group(x: int) -> Any:
        return inner(inner(x))

    with DAG("d") as dag:
        plain = Work(task_id="plain").output
        mapped = inner.expand(x=[1, 2])
        grouped = group.expand(x=[1, 2])
    asked = context_of(task=dag.get_task("plain"))
    for reference in (plain, mapped, grouped):
        reference.resolve(asked)
    inside = context_of(task=dag.get_task("group.inner__1"), map_index=1)
    XComArg(dag.get_task("group.inner")).resolve(inside)
    assert [index for _, _, index in asked["ti"].asked] == [-1, None, None]
    assert inside["ti"].asked == [("group.inner", "return_value", 1)]


def test_a_value_nobody_pushed_is_none_or_an_error_that_names_key_and_task() -> None:
    with DAG("d"):
        source = Work(task_id="s")
        several = Work(task_id="m", multiple_outputs=True)
    assert source.output.resolve(context_of()) is None
    with pytest.raises(AirflowException, match="task `s` pushed no XCom `k`"):
        source.output["k"].resolve(context_of())
    with pytest.raises(XComNotFound, match="no XCom `k` of task `m`"):
        several.output["k"].resolve(context_of())


def test_a_reference_in_text_is_a_template_with_the_same_value() -> None:
    with DAG("d"):
        text = f"echo {Work(task_id='s').output['k']}"
    assert text == "echo {{ task_instance.xcom_pull(task_ids='s', dag_id='d', key='k') }}"


def test_tasks_of_a_mapped_group_get_the_arguments_of_their_own_instance() -> None:
    @task
    def show(x: Any, y: Any) -> None: ...

    @task_group
    def group(x: Any, y: Any) -> None:
        show(x, y)

    with DAG("d") as dag:
        source = Work(task_id="source")
        group.partial(y=5).expand(x=source.output)
    made = instance_of(dag.get_task("group.show"), context_of(), -1)
    made.render_template_fields(context_of({("source", "return_value"): ["a", "b"]}, map_index=1))
    assert made.op_args == ["b", 5]  # type: ignore[attr-defined]
    assert edges(dag) == {("source", "group.show")}


def test_a_mapped_group_is_a_group_with_a_length_whose_tasks_know_it() -> None:
    @task_group
    def group(x: Any) -> None:
        Work(task_id="a", value=x) >> Work(task_id="b")

    with DAG("d") as dag:
        group.expand(x=Work(task_id="up").output)
    written = document(dag)
    assert [(item.group_id, item.expansion) for item in written.groups if item.expansion] == [
        ("group", Expansion(style="product", arguments=(("x", XComLength("up")),)))
    ]
    assert {item.task_id: (item.mapped_group, item.upstream) for item in written.tasks} == {
        "up": (None, ()),
        "group.a": ("group", ("up",)),
        "group.b": ("group", ("group.a",)),
    }


def test_a_task_of_a_mapped_group_gets_the_argument_of_its_own_instance() -> None:
    @task_group
    def group(x: Any, y: Any) -> None:
        Work(task_id="w", value=x, other=["{{ ds }}", y])

    with DAG("d") as dag:
        group.partial(y="same").expand(x=["p", "q"])
    operator = instance_of(dag.get_task("group.w"), context_of(), 1)
    operator.render_template_fields({**context_of(map_index=1), "ds": "2026-01-01"})
    assert (operator.value, operator.other) == ("q", ["2026-01-01", "same"])  # type: ignore[attr-defined]


def test_mapping_inside_a_mapped_group_is_refused() -> None:
    @task_group
    def outer(x: Any) -> None:
        Work.partial(task_id="w").expand(value=[1])

    @task_group
    def around(x: Any) -> None:
        outer.expand(x=[1])

    with DAG("d"):
        with pytest.raises(NotImplementedError, match="operator expansion in an expanded task group"):
            outer.expand(x=[1])
        with pytest.raises(NotImplementedError, match="task group expansion in an expanded task group"):
            around.expand(x=[1])


def test_a_mapped_task_may_be_expanded_over_a_mapped_task() -> None:
    with DAG("d") as dag:
        first = Work.partial(task_id="a").expand(value=[1, 2])
        second = Work.partial(task_id="b").expand(value=first.output)
    assert isinstance(second, MappedOperator)
    assert edges(dag) == {("a", "b")}
    assert issubclass(second.operator_class, BaseOperator)


def test_a_literal_of_many_arguments_counts_all_combinations() -> None:
    arguments = check_expand({"a": [1, 2], "b": (3, 4, 5)}, what="expand()").expansion().arguments
    assert [length for _, length in arguments] == [LiteralLength(2), LiteralLength(3)]
