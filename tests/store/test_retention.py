"""Housekeeping's reads and deletes: bounded batches of what is over, never of what goes on."""

from datetime import datetime
from typing import Any

import pytest

from tests.store.building import T0, AnyStore, at, create, document_of, put, put_dags, run_of, step
from windward.core.actions import move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.states import RunState
from windward.store.sql.open import SqlStore

LATE = at(1_000_000)
BYTES = 1_000_000


def finish(store: AnyStore, run_pk: int, end: datetime, event: RunEvent = RunEvent.SUCCEED) -> None:
    (run,) = store.runs.load_runs([run_pk])
    assert store.runs.apply([[move_run(run, event, at=end, end_date=end)]]).all


def add_run(store: AnyStore, run_pk: int, *task_ids: str, keys: tuple[str, ...] = (), **changes: Any) -> None:
    """Add a running run; each of its tasks runs and has one large value per key."""
    run = run_of(run_pk, **{"state": RunState.RUNNING, **changes})
    assert store.runs.apply([[create(run, *task_ids)]]).all
    for task_id in task_ids if keys else ():
        key = TaskKey(run_pk, task_id)
        step(store, key, TaskEvent.QUEUE, try_number=1)
        values = tuple(put(name, "v", location=f"file:///{run_pk}/{task_id}/{name}") for name in keys)
        step(store, key, TaskEvent.START, xcoms=values)


def left_of(store: AnyStore, run_pks: range, *task_ids: str) -> list[tuple[int, str, str]]:
    return [
        (pk, task_id, name)
        for pk in run_pks
        for task_id in task_ids
        for name in ("a", "b")
        if store.xcoms.get_xcom("sales", f"manual__{pk}", name, task_id=task_id, map_index=-1) is not None
    ]


def test_ended_runs_come_in_pages_by_their_end_whatever_their_state(store: AnyStore) -> None:
    for pk, end in ((1, 5), (2, 3), (3, 3), (4, 1), (5, 9)):
        add_run(store, pk)
        finish(store, pk, at(end), RunEvent.FAIL if pk % 2 else RunEvent.SUCCEED)
    add_run(store, 6)

    pages = []
    after = None
    while page := store.retention.load_ended_runs(before=at(9), after=after, limit=2):
        pages.append([run.run_pk for run in page])
        after = (page[-1].end_date, page[-1].run_pk)

    assert pages == [[4, 2], [3, 1]]
    (run,) = store.retention.load_ended_runs(before=at(2), after=None, limit=9)
    assert (run.run_pk, run.dag_id, run.end_date) == (4, "sales", at(1))


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_values_go_in_batches_until_none_is_left(store: AnyStore, limit: int) -> None:
    for pk in range(1, 5):
        add_run(store, pk, "load", "sum", keys=("a", "b"))
        if pk != 3:
            finish(store, pk, at(pk))

    left: tuple[int, ...] = (1, 2, 3)
    counts = []
    while left:
        deleted = store.retention.delete_xcoms_of(left, ended_before=at(3), limit=limit, bytes_max=BYTES)
        counts.append(deleted.count)
        assert deleted.left != left or deleted.count
        left = deleted.left

    assert sum(counts) == 8
    assert max(counts) <= limit
    assert {pk for pk, _, _ in left_of(store, range(1, 5), "load", "sum")} == {3, 4}
    assert len(left_of(store, range(1, 5), "load", "sum")) == 8
    dead = store.xcoms.load_dead_objects(limit=99)
    assert sorted(dead) == sorted(
        f"file:///{pk}/{t}/{k}" for pk in (1, 2) for t in ("load", "sum") for k in "ab"
    )


@pytest.mark.parametrize(("bytes_max", "wanted"), [(1, [1, 1, 1, 1]), (6, [2, 2]), (7, [2, 2]), (99, [4])])
def test_a_batch_holds_few_bytes_and_large_values_count_nothing(
    store: AnyStore, bytes_max: int, wanted: list[int]
) -> None:
    add_run(store, 1, "load", "sum")
    for task_id in ("load", "sum"):
        key = TaskKey(1, task_id)
        step(store, key, TaskEvent.QUEUE, try_number=1)
        location = "file:///x" if bytes_max == 99 else None
        step(
            store,
            key,
            TaskEvent.START,
            xcoms=(put("a", "9 " * 50 if location else "abc", location=location), put("b", "abc")),
        )
    finish(store, 1, at(1))

    left: tuple[int, ...] = (1,)
    counts = []
    while left:
        deleted = store.retention.delete_xcoms_of(left, ended_before=LATE, limit=9, bytes_max=bytes_max)
        counts.append(deleted.count)
        left = deleted.left

    assert counts == wanted


def test_a_run_that_was_cleared_since_it_was_chosen_keeps_its_values(store: AnyStore) -> None:
    add_run(store, 1, "load", keys=("a", "b"))
    finish(store, 1, at(1))
    chosen = [run.run_pk for run in store.retention.load_ended_runs(before=at(5), after=None, limit=9)]
    (run,) = store.runs.load_runs([1])
    assert store.runs.apply([[move_run(run, RunEvent.CLEAR, at=at(6), end_date=None)]]).all

    deleted = store.retention.delete_xcoms_of(chosen, ended_before=at(5), limit=1, bytes_max=BYTES)

    assert (deleted.count, deleted.left) == (0, ())
    assert len(left_of(store, range(1, 2), "load")) == 2


def test_old_runs_go_oldest_first_and_few_at_a_time(store: AnyStore) -> None:
    for pk in range(1, 6):
        add_run(store, pk, "load", "sum", keys=("a",))
        finish(store, pk, at(10 - pk))
    add_run(store, 6, "load")

    def delete(runs_max: int, tasks_max: int) -> list[str]:
        gone = store.retention.delete_ended_runs(before=at(9), runs_max=runs_max, tasks_max=tasks_max)
        assert all(dag_id == "sales" for dag_id, _ in gone)
        return [run_id for _, run_id in gone]

    assert delete(1, 99) == ["manual__5"]
    assert delete(9, 5) == ["manual__4", "manual__3"]
    assert delete(9, 1) == ["manual__2"]
    assert delete(9, 99) == []
    assert sorted(run.run_pk for run in store.reads.list_runs()) == [1, 6]
    assert left_of(store, range(1, 7), "load") == [(1, "load", "a")]
    assert len(store.xcoms.load_dead_objects(limit=99)) == 8


def test_a_run_stays_while_the_next_one_of_its_dag_is_not_over(store: AnyStore) -> None:
    for pk, dag_id in ((1, "sales"), (2, "sales"), (3, "sales"), (4, "sales"), (5, "costs")):
        add_run(store, pk, dag_id=dag_id, logical_date=at(pk))
        if pk != 3:
            finish(store, pk, at(pk))

    gone = store.retention.delete_ended_runs(before=LATE, runs_max=9, tasks_max=99)

    # 2 is what run 3 may depend on, 4 and 5 are the newest of their DAGs.
    assert gone == [("sales", "manual__1")]
    finish(store, 3, at(9))
    gone = store.retention.delete_ended_runs(before=LATE, runs_max=9, tasks_max=99)
    assert gone == [("sales", "manual__2"), ("sales", "manual__3")]
    assert store.retention.delete_ended_runs(before=LATE, runs_max=9, tasks_max=99) == []


def test_documents_say_whose_they_are_and_what_retention_must_know(store: AnyStore) -> None:
    put_dags(store, "sales", code_hash="one", xcom_retention_days=2.5)
    old = document_of("sales", code_hash="one", xcom_retention_days=2.5)[0]
    put_dags(store, "sales", code_hash="two", now=at(1))
    new = document_of("sales", code_hash="two")[0]

    pages, after = [], ""
    while page := store.retention.load_document_uses(after=after, limit=1):
        pages += [(use.document_hash, use.dag_id, use.is_current) for use in page]
        after = page[-1].document_hash
    facts = store.retention.load_document_facts([old, new, "f" * 32])

    assert pages == sorted([(old, "sales", False), (new, "sales", True)])
    assert {name: (one.code_hash, one.xcom_retention_days) for name, one in facts.items()} == {
        old: ("one", 2.5),
        new: ("two", None),
    }


def test_documents_are_needed_by_dags_by_open_runs_and_by_recent_ones(store: AnyStore) -> None:
    names = {}
    for number, code in enumerate(("open", "recent", "old", "unused", "newest")):
        name, body, document = document_of("sales", code_hash=code)
        names[code] = name
        store.catalog.put_file(
            FileRecord(fileloc="sales.py", content_hash=code, dag_ids=("sales",)),
            [(name, body, document)],
            paused_at_creation=False,
            now=at(number),
        )
    for pk, code in ((1, "open"), (2, "recent"), (3, "old")):
        add_run(store, pk, document_hash=names[code])
    finish(store, 2, at(100))
    finish(store, 3, at(99))

    needed = store.retention.load_needed_documents([*names.values(), "f" * 32], ended_since=at(100))

    assert needed == {names["open"], names["recent"], names["newest"]}
    assert store.retention.load_needed_documents([names["old"]], ended_since=at(99)) == {names["old"]}
    assert store.retention.load_needed_documents([], ended_since=T0) == set()


def test_a_batch_costs_few_queries(sql_store: SqlStore) -> None:
    for pk in range(1, 4):
        add_run(sql_store, pk, "load", "sum", keys=("a", "b"))
        finish(sql_store, pk, at(pk))
    before = sql_store.counters.queries

    assert (
        sql_store.retention.delete_xcoms_of([1, 2, 3], ended_before=LATE, limit=50, bytes_max=BYTES).count
        == 12
    )

    assert sql_store.counters.queries - before <= 4


def test_the_logs_of_a_deleted_run_wait_to_be_deleted_whoever_deleted_it(store: AnyStore) -> None:
    put_dags(store, "sales")
    for pk in (1, 2, 3):
        add_run(store, pk, "load", keys=("a",))
        finish(store, pk, at(pk))
    store.retention.delete_ended_runs(before=at(2), runs_max=9, tasks_max=99)
    assert store.xcoms.load_dead_objects(limit=9, of_logs=True) == ["logs:dag_id=sales/run_id=manual__1"]

    store.catalog.delete_dag("sales")

    folders = [f"logs:dag_id=sales/run_id=manual__{pk}" for pk in (1, 2, 3)]
    assert sorted(store.xcoms.load_dead_objects(limit=9, of_logs=True)) == folders
    assert len(store.xcoms.load_dead_objects(limit=9)) == 3, "the values have a list of their own"
    store.xcoms.forget_dead_objects(folders)
    assert store.xcoms.load_dead_objects(limit=9, of_logs=True) == []


def test_an_object_is_forsaken_when_its_run_is_over_and_no_value_names_it(store: AnyStore) -> None:
    for pk in (1, 2):
        add_run(store, pk, "load", keys=("a",))
    finish(store, 1, at(1))
    named = [(pk, f"file:///{pk}/load/a") for pk in (1, 2)]
    others = [(pk, f"file:///{pk}/load/lost") for pk in (1, 2, 99)]

    assert store.retention.load_forsaken([*named, *others]) == ["file:///1/load/lost"]

    finish(store, 2, at(2))
    assert store.retention.load_forsaken([*named, *others]) == ["file:///1/load/lost", "file:///2/load/lost"]
    assert store.retention.load_forsaken([]) == []
