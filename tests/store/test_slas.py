"""Missed SLAs, over every store: written once, told with a callback, deleted with their run."""

import msgspec

from tests.store.building import AnyStore, at, create, put_dags, run_of
from windward.core.slas import MissSla
from windward.model.ids import TaskKey
from windward.model.slas import SlaMissRecord


def miss(run_pk: int, *task_ids: str, seconds: float = 60, callback: str | None = None) -> MissSla:
    misses = tuple(
        SlaMissRecord(
            run_pk=run_pk,
            task_id=task_id,
            dag_id="sales",
            run_id=f"manual__{run_pk}",
            logical_date=at(run_pk),
            due_at=at(50),
            missed_at=at(seconds),
        )
        for task_id in task_ids
    )
    return MissSla(run_pk=run_pk, misses=misses, at=at(seconds), reason="late", callback=callback)


def test_a_miss_is_written_once(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(day, logical_date=at(day)), "load", "sum")] for day in (1, 2)])
    first = miss(1, "load", "sum")
    assert store.runs.apply([[first]]).all
    assert store.runs.apply([[miss(1, "sum", seconds=70)], [miss(2, "load", seconds=70)]]).results == (
        False,
        True,
    )
    assert store.waits.load_sla_misses([1]) == list(first.misses)
    assert [(one.run_pk, one.task_id) for one in store.waits.list_sla_misses(limit=2)] == [
        (2, "load"),
        (1, "load"),
    ]
    assert store.waits.list_sla_misses(dag_id="costs", limit=9) == []


def test_a_miss_of_a_run_that_is_gone_is_refused(store: AnyStore) -> None:
    assert store.runs.apply([[miss(7, "load")]]).results == (False,)


def test_a_miss_comes_with_its_callback_or_not_at_all(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(1, logical_date=at(1)), "load")]])
    assert store.runs.apply([[miss(1, "load", callback="sla_miss")]]).all
    assert not store.runs.apply([[miss(1, "load", callback="sla_miss")]]).all
    (callback,) = store.runs.load_callbacks(limit=9)
    assert (callback.kind, callback.reason, callback.task) == ("sla_miss", "late", TaskKey(1, "load"))


def test_misses_go_with_their_run(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(1, logical_date=at(1)), "load")]])
    action = msgspec.structs.replace(miss(1, "load"), callback=None)
    assert store.runs.apply([[action]]).all
    store.catalog.delete_dag("sales")
    assert store.waits.list_sla_misses(limit=9) == []
