"""`windward tasks clear --recursive`: markers lead to other DAGs, and from there on."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cli.conftest import NOW, Installation
from windward.core.actions import move, move_run
from windward.core.runs import decide_manual_run
from windward.core.slas import MissSla
from windward.core.transitions import RunEvent, TaskEvent
from windward.document import DagDocument, content_hash, encode
from windward.document.dag import ExternalMark, TaskDocument
from windward.model.files import FileRecord
from windward.model.slas import SlaMissRecord
from windward.model.states import TaskState
from windward.ports.store import Store

DATE = datetime(2026, 2, 28, tzinfo=UTC)


def mark(dag_id: str, task_id: str = "wait", *, depth: int = 10) -> ExternalMark:
    return ExternalMark(
        dag_id=dag_id, task_id=task_id, logical_date="{{ logical_date.isoformat() }}", recursion_depth=depth
    )


def put_run(store: Store, dag_id: str, number: int, *tasks: TaskDocument) -> None:
    """Store a DAG and a run of it in which every task succeeded."""
    document = DagDocument(dag_id=dag_id, fileloc=f"{dag_id}.py", tasks=tasks)
    body = encode(document)
    name = content_hash(body)
    file = FileRecord(fileloc=f"{dag_id}.py", content_hash=name, dag_ids=(dag_id,))
    store.catalog.put_file(file, [(name, body, document)], paused_at_creation=False, now=NOW)
    made = decide_manual_run(
        document, document_hash=name, run_pk=number, now=NOW, run_id="r", logical_date=DATE
    )
    start = move_run(made.run, RunEvent.START, at=NOW, start_date=NOW)
    ends = [move(task, TaskEvent.PASS, at=NOW, end_date=NOW) for task in made.tasks]
    assert store.runs.apply([[made, start, *ends]]).all


def states(store: Store, number: int) -> dict[str, TaskState]:
    return {task.task_id: task.state for task in store.runs.load_tasks([number])}


def task(task_id: str, *upstream: str, **fields: Any) -> TaskDocument:
    return TaskDocument(task_id=task_id, operator="EmptyOperator", upstream=upstream, **fields)


@pytest.fixture
def store(installation: Installation) -> Store:
    """`mother.m` marks `child.wait`, whose `child.n` marks `grandchild.wait`."""
    found = installation.store
    put_run(found, "mother", 1, task("a"), task("m", "a", marks=mark("child")))
    put_run(found, "child", 2, task("x"), task("wait", "x"), task("n", "wait", marks=mark("grandchild")))
    put_run(found, "grandchild", 3, task("wait"), task("y", "wait"), task("z"))
    return found


def test_only_recursive_clears_leave_the_dag(installation: Installation, store: Store) -> None:
    said = installation.run("tasks", "clear", "mother", "-r", "r", "-y")
    assert (said.code, said.err) == (0, "cleared 2 task instances in 1 run\n")
    assert TaskState.NONE not in states(store, 2).values()


def test_a_marked_task_is_cleared_with_what_depends_on_it_and_so_on(
    installation: Installation, store: Store
) -> None:
    said = installation.run("tasks", "clear", "mother", "-r", "r", "-t", "^m$", "--recursive", "-y")
    assert (said.code, said.err) == (0, "cleared 5 task instances in 3 runs\n")
    done, none = TaskState.SUCCESS, TaskState.NONE
    assert states(store, 1) == {"a": done, "m": none}
    assert states(store, 2) == {"x": done, "wait": none, "n": none}
    assert states(store, 3) == {"wait": none, "y": none, "z": done}


def test_a_chain_may_be_as_long_as_its_first_marker_says(installation: Installation, store: Store) -> None:
    put_run(store, "short", 4, task("m", marks=mark("child", depth=1)))
    said = installation.run("tasks", "clear", "short", "-r", "r", "--recursive", "-y")
    assert said.code == 1
    assert "maximum recursion depth is reached at task `wait` of DAG `grandchild`" in said.err
    assert states(store, 4) == {"m": TaskState.SUCCESS}


def test_a_circle_of_markers_ends(installation: Installation, store: Store) -> None:
    put_run(store, "one", 5, task("wait"), task("m", "wait", marks=mark("two")))
    put_run(store, "two", 6, task("wait"), task("m", "wait", marks=mark("one")))
    said = installation.run("tasks", "clear", "one", "-r", "r", "--recursive", "-y")
    assert said.code == 0
    assert set(states(store, 5).values()) == set(states(store, 6).values()) == {TaskState.NONE}


def test_a_run_that_does_not_exist_is_told(installation: Installation, store: Store) -> None:
    put_run(store, "lonely", 7, task("m", marks=mark("hourly")))
    said = installation.run("tasks", "clear", "lonely", "-r", "r", "--recursive", "-y")
    assert said.code == 0
    assert "DAG `hourly` has no run of 2026-02-28T00:00:00+00:00, which `m` names" in said.err


def test_missed_slas_are_listed(installation: Installation, store: Store) -> None:
    miss = SlaMissRecord(
        run_pk=1, task_id="a", dag_id="mother", run_id="r", logical_date=DATE, due_at=DATE, missed_at=NOW
    )
    assert store.runs.apply([[MissSla(run_pk=1, misses=(miss,), at=NOW, reason="late")]]).all
    said = installation.run("dags", "list-sla-misses", "mother", "-o", "plain")
    assert said.out == (
        "dag_id  task_id  run_id  logical_date  due_at  missed_at\n"
        "mother  a  r  2026-02-28T00:00:00+00:00  2026-02-28T00:00:00+00:00  2026-03-01T12:30:15+00:00\n"
    )
    assert installation.run("dags", "list-sla-misses", "child", "-o", "json").out.strip() == "[]"
