"""The contract of what people write beside decisions: marks, files to read again, runs to forget."""

import pytest

from tests.store.building import T0, AnyStore, create, put_dags, run_of
from windward.core.actions import MoveRun, move_run
from windward.core.transitions import RunEvent
from windward.model.states import RunState

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
