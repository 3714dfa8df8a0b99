"""Task groups: ids, members, links, `@task_group`, and their part of the document."""

from __future__ import annotations

import pytest

from tests.sdk.declared import Work, document, edges
from windward import DAG, Label, TaskGroup, task, task_group
from windward.errors import InvalidIdError
from windward.sdk.exceptions import DuplicateTaskIdFound, TaskAlreadyInTaskGroup


def test_ids_get_the_prefix_of_every_group_that_gives_one() -> None:
    with DAG("d") as dag:
        with TaskGroup("o"):
            with TaskGroup("i", prefix_group_id=False) as inner:
                Work(task_id="x")
                with TaskGroup("j"):
                    Work(task_id="y")
            Work(task_id="z")
        Work(task_id="w")
    assert dag.task_ids == ["x", "j.y", "o.z", "w"]
    assert inner.group_id == "o.i"
    assert [dag.get_task(name).label for name in dag.task_ids] == ["x", "y", "z", "w"]


def test_group_and_task_ids_share_one_space() -> None:
    with DAG("d"):
        with TaskGroup("g"):
            pass
        Work(task_id="a")
        with pytest.raises(DuplicateTaskIdFound):
            TaskGroup("g")
        with pytest.raises(DuplicateTaskIdFound):
            Work(task_id="g")
        with pytest.raises(DuplicateTaskIdFound):
            TaskGroup("a")


def test_a_group_may_take_the_next_free_id() -> None:
    with DAG("d"):
        ids = [TaskGroup("g", add_suffix_on_collision=True).group_id for _ in range(3)]
    assert ids == ["g", "g__1", "g__2"]


def test_a_group_needs_a_dag_and_a_legal_id() -> None:
    with pytest.raises(RuntimeError, match="only be used inside a dag"):
        TaskGroup("g")
    with DAG("d"), pytest.raises(InvalidIdError):
        TaskGroup("a b")


def test_a_task_is_a_member_of_one_group() -> None:
    with DAG("d"):
        one, two = TaskGroup("one"), TaskGroup("two")
        made = Work(task_id="a", task_group=one)
        with pytest.raises(TaskAlreadyInTaskGroup):
            two.add(made)
    assert made.task_id == "one.a"


def test_a_teardown_does_not_hold_up_what_follows_its_group() -> None:
    with DAG("d") as dag:
        with TaskGroup("g") as group:
            first, work = Work(task_id="s").as_setup(), Work(task_id="w")
            first >> work >> Work(task_id="t").as_teardown(setups=first)
        group >> Work(task_id="after")
    assert ("g.w", "after") in edges(dag)
    assert ("g.t", "after") not in edges(dag)


def test_a_function_becomes_a_new_group_at_each_call_and_gives_its_value() -> None:
    @task_group
    def pair(value: int) -> object:
        """Two of a kind."""
        first = Work(task_id="a", value=value)
        return first >> Work(task_id="b")

    @task_group(group_id="named", tooltip="tip")
    def nothing() -> None:
        Work(task_id="x")

    with DAG("d") as dag:
        last = pair(1)
        pair(2)
        group = nothing()
        last >> group
    assert dag.task_ids == ["pair.a", "pair.b", "pair__1.a", "pair__1.b", "named.x"]
    assert isinstance(group, TaskGroup)
    assert ("pair.b", "named.x") in edges(dag)
    assert dag.task_group_dict["pair"].tooltip == "Two of a kind."


def test_groups_and_labels_are_in_the_document() -> None:
    with DAG("d") as dag:
        with TaskGroup("o", tooltip="outer", ui_color="#123456") as outer, TaskGroup("i"):
            Work(task_id="x")
        Work(task_id="s") >> Label("go") >> outer
    found = document(dag)
    assert [(group.group_id, group.parent, group.label) for group in found.groups] == [
        ("o", None, "o"), ("o.i", "o", "i"),
    ]  # fmt: skip
    assert (found.groups[0].tooltip, found.groups[0].ui_color) == ("outer", "#123456")
    assert [(edge.upstream, edge.downstream, edge.label) for edge in found.edges] == [("s", "o.i.x", "go")]
    assert [(task.task_id, task.label, task.group_id) for task in found.tasks] == [
        ("s", "s", None), ("o.i.x", "x", "o.i"),
    ]  # fmt: skip


def test_members_are_sorted_by_what_waits_for_what() -> None:
    with DAG("d") as dag:
        with TaskGroup("late"):
            last = Work(task_id="x")
        with TaskGroup("early"):
            first = Work(task_id="x")
        first >> last
    assert [node.node_id for node in dag.task_group.topological_sort()] == ["early", "late"]


def test_task_functions_in_groups_count_for_themselves() -> None:
    @task
    def f() -> None: ...

    with DAG("d") as dag:
        f()
        with TaskGroup("g"):
            f()
            f()
        f()
    assert dag.task_ids == ["f", "g.f", "g.f__1", "f__1"]
