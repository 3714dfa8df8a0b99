"""The contract of what people write beside decisions: marks, files to read again, runs to forget."""

import pytest

from tests.store.building import T0, AnyStore, create, put, put_dags, run_of, step
from windward.core.actions import MoveRun, move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.model.ids import TaskKey
from windward.model.states import IN_FLIGHT, RunState

DELETABLE = frozenset({RunState.QUEUED, RunState.SUCCESS, RunState.FAILED})


def start(run_pk: int) -> MoveRun:
    return move_run(run_of(run_pk), RunEvent.START, at=T0)


@pytest.mark.parametrize("is_running", [False, True])
def test_a_run_is_deleted_unless_it_is_running(store: AnyStore, *, is_running: bool) -> None:
    store.runs.apply([[create(run_of(1), "load")], [create(run_of(2), "load")]])
    if is_running:
        store.runs.apply([[start(1)]])

    assert store.catalog.delete_run(1, states=DELETABLE) is not is_running

    assert [run.run_pk for run in store.runs.load_runs([1, 2])] == ([1, 2] if is_running else [2])
    assert len(store.runs.load_tasks([1])) == int(is_running)
    told = [(note.kind, note.subject) for note in store.runs.load_notes(after=0, limit=9)]
    assert told == ([] if is_running else [("run", "1")])
    assert not store.catalog.delete_run(7, states=DELETABLE)


def test_marks_belong_to_a_user_and_go_with_the_dag(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.catalog.add_favorite("ada", "sales", now=T0)
    store.catalog.add_favorite("ada", "sales", now=T0)

    assert not store.catalog.remove_favorite("bob", "sales")
    assert store.catalog.remove_favorite("ada", "sales")
    assert not store.catalog.remove_favorite("ada", "sales")

    store.catalog.add_favorite("ada", "sales", now=T0)
    store.catalog.delete_dag("sales")
    assert not store.catalog.remove_favorite("ada", "sales")


def test_a_file_that_is_to_be_read_again_is_given_out_once(store: AnyStore) -> None:
    for fileloc in ("b.py", "a.py", "b.py"):
        store.catalog.ask_parse(fileloc, now=T0)

    assert store.catalog.take_parse_requests() == ["a.py", "b.py"]
    assert store.catalog.take_parse_requests() == []


def test_an_instance_is_deleted_with_what_it_stored_unless_its_run_or_itself_goes_on(store: AnyStore) -> None:
    key, other = TaskKey(1, "load"), TaskKey(1, "sum")
    store.runs.apply([[create(run_of(1, state=RunState.RUNNING), "load", "sum")]])
    step(store, key, TaskEvent.QUEUE, try_number=1)
    step(store, key, TaskEvent.START)
    step(store, key, TaskEvent.RETRY, xcoms=(put("k", "x", location="there"),))
    step(store, other, TaskEvent.QUEUE, try_number=1)

    def delete(which: TaskKey) -> bool:
        return store.catalog.delete_task(which, states=DELETABLE, except_in=IN_FLIGHT)

    assert not delete(key)
    [run] = store.runs.load_runs([1])
    store.runs.apply([[move_run(run, RunEvent.FAIL, at=T0)]])
    assert not delete(other)
    assert not delete(TaskKey(1, "nothing"))
    assert delete(key)

    assert [task.key for task in store.runs.load_tasks([1])] == [other]
    # Greater than the fence that the instance had.
    assert (run.revision, store.runs.load_runs([1])[0].revision) == (0, 2)
    assert store.reads.attempts(key) == []
    assert store.xcoms.load_dead_objects(limit=9) == ["there"]
    assert ("run", "1") in [(note.kind, note.subject) for note in store.runs.load_notes(after=0, limit=9)]
    assert not delete(key)
