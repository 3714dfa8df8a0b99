"""Asset events in every store: who they wait for, and that each is taken once."""

from datetime import timedelta
from typing import Any

import pytest

from tests.store.building import T0, AnyStore, at, create, put, put_dags, run_of, step
from windward.core.actions import Action, AddAssetEvent, CreateRun, ForgetAssetEvents, RouteAssetEvent
from windward.core.transitions import TaskEvent
from windward.model.ids import ASSET_NAME_LENGTH_MAX, XCOM_KEY_LENGTH_MAX, TaskKey
from windward.model.records import AssetEventRecord
from windward.timetable import asset_key


def event_of(pk: int, name: str = "orders", **fields: Any) -> AssetEventRecord:
    values: dict[str, Any] = {"uri": f"s3://b/{name}", "at": at(pk), **fields}
    return AssetEventRecord(event_pk=pk, name=name, asset_key=asset_key(name, values["uri"]), **values)


def add(pk: int, *dag_ids: str, **fields: Any) -> AddAssetEvent:
    return AddAssetEvent(event=event_of(pk, **fields), dag_ids=dag_ids)


def consuming(run_pk: int, dag_id: str, *event_pks: int) -> CreateRun:
    return create(run_of(run_pk, dag_id=dag_id), consumes=event_pks)


def waiting(store: AnyStore, *dag_ids: str) -> dict[str, list[int]]:
    found = store.assets.load_waiting(dag_ids or None)
    return {dag_id: [event.event_pk for event in events] for dag_id, events in found.items()}


def test_an_event_is_read_as_it_was_written(store: AnyStore) -> None:
    event = event_of(
        1,
        "Größe",
        extra={"rows": 3, "who": ["a", None]},
        aliases=("daily", "hourly"),
        source_dag_id="load",
        source_run_id="manual__1",
        source_task_id="write",
        source_map_index=2,
        source_interval_start=at(-60),
        source_interval_end=at(0),
        reported_by="ada",
    )

    assert store.runs.apply([[AddAssetEvent(event=event, dag_ids=("sales",))]]).all

    assert store.assets.list_events() == [event]
    assert store.assets.load_waiting() == {"sales": [event]}
    assert store.assets.load_members() == [("daily", event.asset_key), ("hourly", event.asset_key)]
    assert store.assets.load_unrouted(limit=10) == []


def test_each_store_holds_names_of_the_greatest_length(store: AnyStore) -> None:
    longest = "n" * ASSET_NAME_LENGTH_MAX
    event = event_of(1, name=longest, uri=longest, aliases=(longest,))
    assert store.runs.apply([[AddAssetEvent(event=event, dag_ids=("sales",))]]).all
    assert store.assets.list_events() == [event]

    store.runs.apply([[create(run_of(1), "load")]])
    key = "\N{SNOWMAN}" * XCOM_KEY_LENGTH_MAX
    step(store, TaskKey(1, "load"), TaskEvent.QUEUE, try_number=1)
    step(store, TaskKey(1, "load"), TaskEvent.START, xcoms=(put(key, "v"),))
    assert store.xcoms.get_xcom("sales", "manual__1", key, task_id="load", map_index=-1) is not None


def test_a_run_takes_the_events_that_it_names_and_leaves_the_others(store: AnyStore) -> None:
    store.runs.apply([[add(1, "sales", "costs"), add(2, "sales"), add(3, "sales")]])

    assert store.runs.apply([[consuming(9, "sales", 1, 2)]]).all

    assert waiting(store) == {"sales": [3], "costs": [1]}
    assert waiting(store, "costs", "none") == {"costs": [1]}
    assert [event.event_pk for event in store.assets.consumed_events(9)] == [1, 2]


@pytest.mark.parametrize(
    "late",
    [consuming(10, "sales", 1, 2), consuming(10, "costs", 1), consuming(10, "sales", 7)],
    ids=["one of them taken", "not for this DAG", "no such event"],
)
def test_a_run_of_events_that_do_not_wait_is_refused_whole(store: AnyStore, late: CreateRun) -> None:
    store.runs.apply([[add(1, "sales"), add(2, "sales")], [consuming(9, "sales", 1)]])

    assert store.runs.apply([[late]]).results == (False,)

    assert waiting(store) == {"sales": [2]}
    assert store.runs.load_runs([10]) == []
    assert store.assets.consumed_events(10) == []


def test_an_event_and_the_run_that_takes_it_may_be_written_at_once(store: AnyStore) -> None:
    groups: list[list[Action]] = [[add(1, "sales")], [consuming(9, "sales", 1)]]

    assert store.runs.apply(groups).results == (True, True)

    assert waiting(store) == {}
    assert [event.event_pk for event in store.assets.consumed_events(9)] == [1]


def test_a_refused_event_takes_the_run_with_it_that_counted_on_it(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(1), "load")]])
    groups: list[list[Action]] = [
        [add(1, "sales"), create(run_of(1), "load")],
        [consuming(9, "sales", 1)],
        [add(2, "sales")],
    ]

    assert store.runs.apply(groups).results == (False, False, True)

    assert waiting(store) == {"sales": [2]}


def test_an_event_is_routed_once(store: AnyStore) -> None:
    store.runs.apply([[AddAssetEvent(event=event_of(1))]])
    assert [event.event_pk for event in store.assets.load_unrouted(limit=10)] == [1]
    assert waiting(store) == {}

    route = RouteAssetEvent(event_pk=1, dag_ids=("sales", "costs"))
    assert store.runs.apply([[route], [route]]).results == (True, False)

    assert store.assets.load_unrouted(limit=10) == []
    assert waiting(store) == {"sales": [1], "costs": [1]}


def test_forgotten_events_wait_no_longer_and_a_taken_one_cannot_be_forgotten(store: AnyStore) -> None:
    store.runs.apply([[add(1, "sales"), add(2, "sales")], [consuming(9, "sales", 1)]])

    results = store.runs.apply(
        [
            [ForgetAssetEvents(dag_id="sales", event_pks=(1, 2))],
            [ForgetAssetEvents(dag_id="sales", event_pks=(2,))],
        ]
    ).results

    assert results == (False, True)
    assert waiting(store) == {}
    assert [event.event_pk for event in store.assets.consumed_events(9)] == [1]


def test_events_are_found_by_name_uri_alias_and_time(store: AnyStore) -> None:
    store.runs.apply(
        [
            [
                add(1, name="orders"),
                add(2, name="prices", aliases=("any",)),
                add(3, name="orders"),
                add(4, name="orders", uri="file:///x"),
            ]
        ]
    )

    def pks(**which: Any) -> list[int]:
        return [event.event_pk for event in store.assets.list_events(**which)]

    assert pks() == [1, 2, 3, 4]
    assert pks(name="orders") == [1, 3, 4]
    assert pks(name="orders", uri="s3://b/orders") == [1, 3]
    assert pks(uri="file:///x") == [4]
    assert pks(alias="any") == [2]
    assert pks(after=at(2), before=at(3)) == [2, 3]
    assert pks(newest_first=True, offset=1, limit=2) == [3, 2]


def test_old_events_are_deleted_in_batches_with_what_waits_for_them(store: AnyStore) -> None:
    store.runs.apply([[add(pk, "sales") for pk in range(1, 5)], [consuming(9, "sales", 1)]])

    assert store.assets.delete_events(before=T0 + timedelta(seconds=4), limit=2) == 2
    assert store.assets.delete_events(before=T0 + timedelta(seconds=4), limit=2) == 1
    assert store.assets.delete_events(before=T0 + timedelta(seconds=4), limit=2) == 0

    assert waiting(store) == {"sales": [4]}
    assert store.assets.consumed_events(9) == []


def test_events_do_not_wait_for_a_dag_that_was_deleted(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[add(1, "sales", "costs")]])

    store.catalog.delete_dag("sales")

    assert waiting(store) == {"costs": [1]}
