"""Which instances somebody means, with the setups and teardowns they need; and a run that takes another version."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import T0, fold, graphs, plan_of, record_of, run_of, task, view_of
from windward.core.actions import AddTasks, MoveRun, MoveTask
from windward.core.people import decide_clear
from windward.core.plan import compile_plan
from windward.core.selection import Selection, in_group, related, select
from windward.core.view import RunView
from windward.document import DagDocument, Expansion, TaskDocument
from windward.document.dag import GroupDocument
from windward.errors import UserError
from windward.model.states import FAILURES, RunState, TaskState

ENDED = [TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED, TaskState.UPSTREAM_FAILED]


def names(found: list[object]) -> list[str]:
    return [record.task_id for record in found]  # type: ignore[attr-defined]


def cluster() -> tuple[TaskDocument, ...]:
    """A setup, two tasks in its scope, its teardown, and one task outside."""
    return (
        task("make", is_setup=True),
        task("one", "make"),
        task("two", "one"),
        task("drop", "make", "two", is_teardown=True),
        task("outside"),
    )


@given(graphs(), st.data())
def test_a_selection_is_what_is_related_to_what_is_named(
    tasks: tuple[TaskDocument, ...], data: st.DataObject
) -> None:
    plan = plan_of(*tasks)
    states = {item.task_id: data.draw(st.sampled_from(ENDED)) for item in tasks}
    view = view_of(plan, states)
    named = tuple(data.draw(st.sets(st.sampled_from([item.task_id for item in tasks]))))
    up, down = data.draw(st.booleans()), data.draw(st.booleans())
    found = select(view, Selection(task_ids=named, upstream=up, downstream=down))
    assert set(names(list(found))) == related(view, named, upstream=up, downstream=down)
    only = select(view, Selection(task_ids=named, only_failed=True))
    assert set(names(list(only))) == {name for name in named if states[name] in FAILURES}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(task_ids=("one",)), ["make", "one", "drop"]),
        (Selection(task_ids=("two",)), ["make", "two", "drop"]),
        (Selection(task_ids=("outside",)), ["outside"]),
        (Selection(task_ids=("drop",)), ["drop"]),
        (Selection(task_ids=("make",)), ["make", "drop"]),
        (Selection(only_failed=True), ["make", "two", "drop"]),
        (Selection(only_failed=True, task_ids=("one",)), []),
        (Selection(only_running=True), []),
    ],
)
def test_who_runs_a_task_again_gets_its_setup_and_teardown(selection: Selection, expected: list[str]) -> None:
    plan = plan_of(*cluster())
    states = dict.fromkeys(("make", "one", "drop", "outside"), TaskState.SUCCESS)
    view = view_of(plan, {**states, "two": TaskState.FAILED})
    assert names(list(select(view, selection))) == expected


def test_a_setup_that_runs_again_brings_its_teardown_and_not_the_setup_around_it() -> None:
    plan = plan_of(
        task("outer", is_setup=True),
        task("inner", "outer", is_setup=True),
        task("work", "inner"),
        task("aside", "inner"),
        task("drop_inner", "inner", "work", is_teardown=True),
        task("drop_outer", "outer", "drop_inner", is_teardown=True),
    )
    view = view_of(plan, dict.fromkeys(plan.number_of, TaskState.SUCCESS))
    expected = {
        "inner": ["inner", "drop_inner"],
        "work": ["outer", "inner", "work", "drop_inner", "drop_outer"],
        "aside": ["aside"],
    }
    found = {name: set(names(list(select(view, Selection(task_ids=(name,)))))) for name in expected}
    assert found == {name: set(tasks) for name, tasks in expected.items()}


def test_single_instances_of_a_mapped_task_can_be_meant() -> None:
    from windward.document import Expansion, LiteralLength

    mapped = task("m", expansion=Expansion(style="product", arguments=(("x", LiteralLength(3)),)))
    plan = plan_of(mapped, task("after", "m"))
    records = [record_of("m", TaskState.SUCCESS, map_index=index) for index in range(3)]
    view = view_of(plan, {"after": TaskState.SUCCESS}, records=records)
    found = select(view, Selection(task_ids=("m",), map_indexes=(1,), downstream=True))
    assert [(record.task_id, record.map_index) for record in found] == [("m", 1), ("after", -1)]


def test_a_group_holds_the_tasks_of_its_groups() -> None:
    document = DagDocument(
        dag_id="d",
        fileloc="d.py",
        groups=(
            GroupDocument(group_id="g.h", parent="g"),
            GroupDocument(group_id="g"),
            GroupDocument(group_id="x"),
        ),
        tasks=(
            task("a"),
            task("g.b", group_id="g"),
            task("g.h.c", group_id="g.h"),
            task("x.d", group_id="x"),
        ),
    )
    plan = compile_plan(document, "h")
    assert in_group(plan, "g") == ["g.b", "g.h.c"]
    assert in_group(plan, "nothing") == []


def test_a_run_that_ended_can_go_on_as_the_newest_version() -> None:
    old = plan_of(task("a"), task("b", "a"), task("gone", "a"))
    new = compile_plan(plan_of(task("a", retries=3), task("b", "a"), task("new", "b")).document, "1" * 32)
    states = dict.fromkeys(("a", "b", "gone"), TaskState.FAILED)
    view = view_of(old, states, run=run_of(state=RunState.FAILED))
    keys = [record.key for record in view.all_instances()]
    actions = decide_clear(view, keys, by="ada", now=T0, newest=new)
    (moved,) = (action for action in actions if isinstance(action, MoveRun))
    (added,) = (action for action in actions if isinstance(action, AddTasks))
    assert moved.document_hash == "1" * 32
    assert [record.task_id for record in added.tasks] == ["new"]
    fold(view, [action for action in actions if isinstance(action, MoveTask)])
    found = {record.task_id: (record.state, record.max_tries) for record in view.all_instances()}
    assert found == {"a": (TaskState.NONE, 3), "b": (TaskState.NONE, 0), "gone": (TaskState.REMOVED, 0)}


def test_a_task_that_comes_back_is_part_of_the_run_again() -> None:
    old = plan_of(task("a"))
    new = compile_plan(plan_of(task("a"), task("b", "a")).document, "1" * 32)
    view = view_of(old, {"a": TaskState.SUCCESS}, run=run_of(state=RunState.SUCCESS))
    records = [*view.all_instances(), record_of("b", TaskState.REMOVED)]
    actions = decide_clear(view, [record_of("a").key], by="ada", now=T0, newest=new, records=records)
    restored = [action for action in actions if isinstance(action, MoveTask) and action.key.task_id == "b"]
    assert [action.state for action in restored] == [TaskState.NONE]
    assert not [action for action in actions if isinstance(action, AddTasks)]


def test_a_run_in_progress_keeps_its_version() -> None:
    view = view_of(plan_of(task("a")), {"a": TaskState.SUCCESS})
    new = compile_plan(plan_of(task("b")).document, "1" * 32)
    with pytest.raises(UserError, match="keeps its version"):
        decide_clear(view, [record_of("a").key], by="ada", now=T0, newest=new)


def test_what_follows_a_chosen_instance_in_its_group_is_of_the_same_map_index() -> None:
    group = GroupDocument(group_id="g", expansion=Expansion(style="product", arguments=()))
    inside = {"group_id": "g", "mapped_group": "g"}
    tasks = (task("a", **inside), task("b", "a", **inside), task("end", "b"))
    document = DagDocument(dag_id="sales", fileloc="sales.py", tasks=tasks, groups=(group,))
    records = [record_of(name, TaskState.SUCCESS, map_index=index) for name in "ab" for index in range(3)]
    plan = compile_plan(document, "0" * 32)
    view = RunView(run_of(), plan, [*records, record_of("end", TaskState.SUCCESS)])

    def chosen(**selection: Any) -> list[str]:
        found = select(view, Selection(downstream=True, **selection))
        return [record.task_id + (str(record.map_index) if record.map_index >= 0 else "") for record in found]

    assert chosen(task_ids=(), instances=(("a", 1),)) == ["a1", "b1", "end"]
    assert chosen(task_ids=(), instances=(("a", 1), ("b", 2))) == ["a1", "b2", "end"]
    assert chosen(task_ids=("b",), instances=(("a", 1),)) == ["a1", "b0", "b1", "b2", "end"]
    assert chosen(task_ids=("a",), instances=(("a", 1),))[:3] == ["a0", "a1", "a2"]
    assert chosen(task_ids=(), instances=(("a", 1),), states=FAILURES) == []


def grouped() -> RunView:
    """A task, a mapped group of three instances with a setup and a teardown, and a task after it."""
    group = GroupDocument(group_id="g", expansion=Expansion(style="product", arguments=()))
    inside = {"group_id": "g", "mapped_group": "g"}
    tasks = (
        task("src"),
        task("make", "src", is_setup=True, **inside),
        task("a", "make", **inside),
        task("b", "a", **inside),
        task("drop", "make", "b", is_teardown=True, **inside),
        task("end", "b"),
    )
    document = DagDocument(dag_id="sales", fileloc="sales.py", tasks=tasks, groups=(group,))
    failed = {("a", 1): TaskState.FAILED, ("b", 2): TaskState.FAILED}
    records = [
        record_of(name, failed.get((name, index), TaskState.SUCCESS), map_index=index)
        for name in ("make", "a", "b", "drop")
        for index in range(3)
    ]
    alone = [record_of(name, TaskState.SUCCESS) for name in ("src", "end")]
    return RunView(run_of(), compile_plan(document, "0" * 32), [*records, *alone])


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(task_ids=("a",), map_indexes=(1,)), "make1 a1 drop1"),
        (Selection(task_ids=("a",), map_indexes=(1,), downstream=True), "make1 a1 b1 drop1 end"),
        (Selection(task_ids=("b",), map_indexes=(1,), upstream=True), "src make1 a1 b1 drop1"),
        (Selection(task_ids=(), instances=(("b", 2),)), "make2 b2 drop2"),
        (Selection(only_failed=True), "make1 make2 a1 b2 drop1 drop2"),
        (Selection(only_failed=True, downstream=True), "make1 make2 a1 b1 b2 drop1 drop2 end"),
        (
            Selection(task_ids=("src",), instances=(("a", 1),), downstream=True),
            "src make0 make1 make2 a1 b0 b1 b2 drop0 drop1 drop2 end",
        ),
    ],
)
def test_one_instance_of_a_group_runs_again_with_what_belongs_to_its_map_index(
    selection: Selection, expected: str
) -> None:
    found = select(grouped(), selection)
    assert expected.split() == [
        record.task_id + (str(record.map_index) if record.map_index >= 0 else "") for record in found
    ]
