"""People write XComs in the name of a task: once where several would make one, and with what mapped tasks expand over."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.store.building import T0, AnyStore, create, run_of, task_in, xcom
from tests.store.conftest import SQL_PARAMS
from windward.errors import ConflictError, NotFoundError
from windward.model.ids import TaskKey
from windward.model.states import RunState
from windward.protocol.outcomes import XComValue
from windward.store.sql.open import SqlStore

LOAD = TaskKey(1, "load")


@pytest.fixture
def running(store: AnyStore) -> AnyStore:
    assert store.runs.apply([[create(run_of(state=RunState.RUNNING), "load")]]).all
    return store


def value_of(store: AnyStore, name: str = "k") -> XComValue | None:
    return store.xcoms.get_xcom("sales", "manual__1", name, task_id="load", map_index=-1)


def test_a_new_value_must_be_new_and_an_old_one_old(running: AnyStore) -> None:
    xcoms = running.xcoms
    with pytest.raises(NotFoundError):
        xcoms.edit_xcom(LOAD, "k", xcom("1"), is_new=False, now=T0)
    with pytest.raises(NotFoundError):
        xcoms.edit_xcom(LOAD, "k", None, is_new=False, now=T0)
    with pytest.raises(NotFoundError):
        xcoms.edit_xcom(TaskKey(1, "none"), "k", xcom("1"), is_new=True, now=T0)
    xcoms.edit_xcom(LOAD, "k", xcom("1", location="file:///1"), is_new=True, now=T0)
    with pytest.raises(ConflictError):
        xcoms.edit_xcom(LOAD, "k", xcom("2"), is_new=True, now=T0)
    assert value_of(running) == xcom("1", location="file:///1")
    xcoms.edit_xcom(LOAD, "k", xcom("3", location="file:///3"), is_new=False, now=T0)
    assert value_of(running) == xcom("3", location="file:///3")
    xcoms.edit_xcom(LOAD, "k", None, is_new=False, now=T0)
    assert value_of(running) is None
    assert xcoms.load_dead_objects(limit=9) == ["file:///1", "file:///3"]


@pytest.mark.parametrize("length", [3, -1, None])
def test_what_it_counts_as_stands_in_the_row_and_whoever_decides_looks_again(
    running: AnyStore, length: int | None
) -> None:
    (before,) = running.runs.load_runs([1])
    noted = len(running.runs.load_notes(after=0, limit=99))
    running.xcoms.edit_xcom(LOAD, "return_value", xcom("[1]"), is_new=True, now=T0, return_length=length)
    assert task_in(running, LOAD).return_length == length
    (after,) = running.runs.load_runs([1])
    assert after.revision == before.revision + 1
    (note,) = running.runs.load_notes(after=0, limit=99)[noted:]
    assert (note.kind, note.subject) == ("run", "1")


def test_another_value_changes_nothing_of_the_run(running: AnyStore) -> None:
    before = running.runs.load_runs([1]), running.runs.load_tasks([1])
    running.xcoms.edit_xcom(LOAD, "k", xcom("[1]"), is_new=True, now=T0)
    assert (running.runs.load_runs([1]), running.runs.load_tasks([1])) == before


@pytest.mark.parametrize("kind", SQL_PARAMS)
def test_of_several_who_make_one_value_at_once_one_does(
    open_sql: Callable[[str], SqlStore], kind: str
) -> None:
    stores = [open_sql(kind) for _ in range(3)]
    assert stores[0].runs.apply([[create(run_of(state=RunState.RUNNING), "load")]]).all
    for name in ("k1", "k2", "k3", "k4", "return_value"):
        came = make_at_once(stores, name)
        (made,) = [text for text in came if text != "conflict"]
        assert len(came) == len(stores)
        assert value_of(stores[0], name) == xcom(made)


def make_at_once(stores: list[SqlStore], name: str) -> list[str]:
    """Make a value by every store at once; return what each made, or that it met a conflict."""
    gate, came = threading.Barrier(len(stores)), list[str]()
    length: dict[str, Any] = {"return_length": 7} if name == "return_value" else {}

    def make(store: SqlStore, text: str) -> None:
        gate.wait(60)
        try:
            store.xcoms.edit_xcom(LOAD, name, xcom(text), is_new=True, now=T0, **length)
        except ConflictError:
            came.append("conflict")
        else:
            came.append(text)

    threads = [
        threading.Thread(target=make, args=(store, str(number))) for number, store in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return came
