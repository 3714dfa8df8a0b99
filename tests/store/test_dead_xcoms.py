"""What a backend keeps elsewhere of values that are gone is purged, whoever deleted them, over every store."""

from collections.abc import Callable

import msgspec
import pytest

from tests.store.building import T0, AnyStore, at, create, put_dags, run_of, step, xcom
from windward.core.actions import move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.model.ids import TaskKey
from windward.model.states import RUN_FINISHED, RunState
from windward.protocol.outcomes import DeadXCom, XComPut, XComValue
from windward.store.sql.open import SqlStore

LOAD = TaskKey(1, "load")
LATE = at(1000)


def kept(text: str, *, location: str | None = None) -> XComValue:
    """Return a value whose backend keeps something elsewhere."""
    return msgspec.structs.replace(xcom(text, location=location), backend="shelves.Shelf")


def end(store: AnyStore, run_pk: int = 1) -> None:
    (run,) = store.runs.load_runs([run_pk])
    assert store.runs.apply([[move_run(run, RunEvent.SUCCEED, at=T0, end_date=T0)]]).all


def dead_of(store: AnyStore) -> list[tuple[str, bytes | None]]:
    return [(dead.key, dead.value.data) for dead in store.xcoms.load_dead_xcoms(limit=99)]


@pytest.fixture
def filled(store: AnyStore) -> AnyStore:
    """Return a store with a run in which `load` has three values, of which `plain` is no backend's."""
    put_dags(store, "sales")
    assert store.runs.apply([[create(run_of(state=RunState.RUNNING), "load")]]).all
    step(store, LOAD, TaskEvent.QUEUE, try_number=1)
    puts = {"a": kept("1"), "b": kept("2"), "plain": xcom("3")}
    step(store, LOAD, TaskEvent.START, xcoms=tuple(XComPut(key=k, value=v) for k, v in puts.items()))
    return store


def test_a_value_is_read_with_its_backend(filled: AnyStore) -> None:
    value = filled.xcoms.get_xcom("sales", "manual__1", "a", task_id="load", map_index=-1)
    assert value is not None
    assert value.backend == "shelves.Shelf"


WAYS: dict[str, Callable[[AnyStore], object]] = {
    "by name": lambda store: [store.xcoms.delete_xcoms(LOAD, name) for name in ("a", "b", "plain")],
    "all of a task": lambda store: store.xcoms.delete_xcoms(LOAD, None),
    "with the values of old runs": lambda store: store.retention.delete_xcoms_of(
        [1], ended_before=LATE, limit=9, bytes_max=999
    ),
    "with old runs": lambda store: store.retention.delete_ended_runs(before=LATE, runs_max=9, tasks_max=9),
    "with its run": lambda store: store.catalog.delete_run(1, states=RUN_FINISHED),
    "with its instance": lambda store: store.catalog.delete_task(LOAD, states=RUN_FINISHED, except_in=()),
    "with its DAG": lambda store: store.catalog.delete_dag("sales"),
}


@pytest.mark.parametrize("way", WAYS)
def test_whoever_deletes_a_value_its_backend_has_to_purge_it(filled: AnyStore, way: str) -> None:
    end(filled)
    assert dead_of(filled) == []
    WAYS[way](filled)
    assert sorted(dead_of(filled)) == [("a", b"1"), ("b", b"2")]
    first = filled.xcoms.load_dead_xcoms(limit=1)[0]
    assert (first.dag_id, first.run_id, first.task_id, first.map_index) == ("sales", "manual__1", "load", -1)
    assert first.value.backend == "shelves.Shelf"


@pytest.mark.parametrize("table", ["dag_run", "xcom"])
def test_cleaning_leaves_values_to_their_backends(sql_store: SqlStore, table: str) -> None:
    put_dags(sql_store, "sales")
    sql_store.runs.apply([[create(run_of(state=RunState.RUNNING), "load")]])
    sql_store.xcoms.set_xcom(LOAD, "a", kept("1"), fence=0, now=T0)
    end(sql_store)
    sql_store.clean(LATE, tables=[table])
    assert dead_of(sql_store) == [("a", b"1")]


def test_a_try_that_starts_again_leaves_values_to_purge_first(filled: AnyStore) -> None:
    step(filled, LOAD, TaskEvent.RETRY, end_date=T0)
    step(filled, LOAD, TaskEvent.QUEUE, try_number=2, drop_xcoms=True)
    assert dead_of(filled) == [], "while the run is open nobody else purges"
    own = filled.xcoms.load_dead_xcoms(limit=9, of=LOAD)
    assert sorted(dead.key for dead in own) == ["a", "b"]
    assert filled.xcoms.load_dead_xcoms(limit=9, of=TaskKey(1, "other")) == []


def test_a_replaced_value_is_purged_and_one_that_names_the_same_thing_is_not(filled: AnyStore) -> None:
    filled.xcoms.set_xcom(LOAD, "a", kept("1"), fence=1, now=T0)
    filled.xcoms.set_xcom(LOAD, "b", kept("new"), fence=1, now=T0)
    end(filled)
    assert dead_of(filled) == [("b", b"2")]
    filled.xcoms.delete_xcoms(LOAD, "a")
    assert sorted(dead_of(filled)) == [("a", b"1"), ("a", b"1"), ("b", b"2")]


def test_a_move_that_is_refused_buries_nothing(filled: AnyStore) -> None:
    before = step(filled, LOAD, TaskEvent.RETRY, end_date=T0)
    retry = msgspec.structs.replace(before, drop_xcoms=True, expect_fence=before.expect_fence)
    assert not filled.runs.apply([[retry]]).all
    assert filled.xcoms.load_dead_xcoms(limit=9, of=LOAD) == []


def test_what_was_purged_by_whoever_deleted_it_is_not_purged_again(filled: AnyStore) -> None:
    end(filled)
    filled.xcoms.delete_xcoms(LOAD, "a", is_purged=True)
    assert dead_of(filled) == []


def test_an_object_of_a_backend_goes_after_it_was_purged(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(state=RunState.RUNNING), "load")]])
    store.xcoms.set_xcom(LOAD, "a", kept("1", location="file:///1"), fence=0, now=T0)
    end(store)
    store.xcoms.delete_xcoms(LOAD, None)
    assert store.xcoms.load_dead_objects(limit=9) == []
    assert store.retention.load_forsaken([(1, "file:///1")]) == [], "the sweep leaves it to the backend too"
    (dead,) = store.xcoms.load_dead_xcoms(limit=9)
    assert dead.value.location == "file:///1"
    store.xcoms.settle_dead_xcoms([dead.dead_pk])
    assert dead_of(store) == []
    assert store.xcoms.load_dead_objects(limit=9) == ["file:///1"]


def test_what_failed_comes_after_the_others(filled: AnyStore) -> None:
    end(filled)
    filled.xcoms.delete_xcoms(LOAD, None)
    first, second = filled.xcoms.load_dead_xcoms(limit=9)
    filled.xcoms.settle_dead_xcoms([], failed=[first.dead_pk])
    assert filled.xcoms.load_dead_xcoms(limit=9) == [second, msgspec.structs.replace(first, tries=1)]
    filled.xcoms.settle_dead_xcoms([second.dead_pk, first.dead_pk])
    assert dead_of(filled) == []
    assert isinstance(first, DeadXCom)
