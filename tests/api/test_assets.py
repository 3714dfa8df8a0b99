"""Assets over HTTP: what there is, who names it, what was written, and what waits."""

from typing import Any

import pytest

from tests.api.conftest import NOW, Client, FakeGate, FakeWakeup
from tests.store.building import at, create, put_dags, run_of
from windward.core.actions import AddAssetEvent
from windward.core.asset_index import alias_id, asset_id
from windward.document import AliasDocument, AssetDocument, TaskDocument, WatcherDocument
from windward.model.access import Permission, Resource, Verb
from windward.model.records import AssetEventRecord
from windward.model.states import RunType
from windward.store.sql.open import SqlStore
from windward.timetable import AliasLeaf, AllOf, AssetLeaf, AssetSchedule, asset_key

ORDERS = AssetDocument(
    name="orders", uri="s3://b/orders", group="shop", extra={"owner": "ada", "api_token": "hidden"},
    watchers=(WatcherDocument(name="inbox", trigger_class="x.Y"),),
)  # fmt: skip
PRICES = AssetDocument(name="prices", uri="s3://b/prices")
KEY = asset_key(ORDERS.name, ORDERS.uri)
ID, PRICES_ID = asset_id(KEY), asset_id(asset_key(PRICES.name, PRICES.uri))
FULL = AssetLeaf(name="orders", uri="s3://b/orders")


def task(task_id: str, **fields: Any) -> TaskDocument:
    return TaskDocument(task_id=task_id, operator="PythonOperator", owner="ada", **fields)


@pytest.fixture
def filled(client: Client, store: SqlStore) -> Client:
    put_dags(
        store, "load", fileloc="load.py", tags=("t",), assets=(ORDERS,),
        tasks=(task("write", outlets=(FULL, AliasLeaf(name="daily"))),), aliases=(AliasDocument(name="daily"),),
    )  # fmt: skip
    put_dags(
        store, "report", fileloc="report.py", assets=(PRICES,), tasks=(task("read", inlets=(FULL,)),),
        schedule=AssetSchedule(condition=AllOf(parts=(
            AssetLeaf(name="orders"), AssetLeaf(name="prices", uri="s3://b/prices"),
        ))),
    )  # fmt: skip
    actions = [
        event(1, "orders", ("report",), source_dag_id="load", source_task_id="write", source_run_id="r"),
        event(2, "orders", ("report",), extra={"rows": 3, "password": "hidden"}),
        event(3, "prices", ("report",), source_dag_id="secret"),
        event(4, "late", ("report",), aliases=("daily",)),
    ]
    assert store.runs.apply([actions]).all
    return client


def event(pk: int, name: str, dag_ids: tuple[str, ...], **fields: Any) -> AddAssetEvent:
    uri = f"s3://b/{name}"
    record = AssetEventRecord(
        event_pk=pk, asset_key=asset_key(name, uri), name=name, uri=uri, at=at(pk), **{"extra": {}, **fields}
    )
    return AddAssetEvent(event=record, dag_ids=dag_ids)


def names(client: Client, query: str = "", role: str = "viewer") -> str:
    answer = client.ask("GET", f"/api/v2/assets{query}", role=role)
    assert answer.status == 200, answer.body
    assert answer.json["total_entries"] >= len(answer.json["assets"])
    return " ".join(one["name"] for one in answer.json["assets"])


def only(gate: FakeGate, *dag_ids: str) -> None:
    """Let the role `some` read and use assets, and these DAGs."""
    gate.permissions["some"] = frozenset(
        {Permission(resource=Resource.ASSET, verb=verb) for verb in Verb}
        | {
            Permission(resource=resource, verb=verb, dag_id=dag_id)
            for dag_id in dag_ids
            for verb in Verb
            for resource in (Resource.DAG, Resource.RUN)
        }
    )


def test_an_asset_is_shown_as_airflow_shows_it(filled: Client) -> None:
    first = {"created_at": "2026-03-29T00:30:00.123456Z", "updated_at": "2026-03-29T00:30:00.123456Z"}
    shown = filled.ask("GET", f"/api/v2/assets/{ID}", role="viewer").json
    [watcher] = shown.pop("watchers")
    assert watcher["name"] == "inbox"
    assert shown == {
        "id": ID, "name": "orders", "uri": "s3://b/orders", "group": "shop",
        "extra": {"owner": "ada", "api_token": "***"}, **first,
        "scheduled_dags": [{"dag_id": "report", **first}],
        "producing_tasks": [{"dag_id": "load", "task_id": "write", **first}],
        "consuming_tasks": [{"dag_id": "report", "task_id": "read", **first}],
        "aliases": [], "last_asset_event": {"id": 2, "timestamp": "2026-03-29T00:30:02.123456Z"},
    }  # fmt: skip
    assert filled.ask("GET", "/api/v2/assets/1", role="viewer").status == 404
    assert filled.ask("GET", "/api/v2/assets/-1", role="viewer").status == 404
    for number in (2**63, 10**30):
        assert filled.ask("GET", f"/api/v2/assets/{number}", role="viewer").status == 422


@pytest.mark.parametrize(("query", "expected"), [
    ("?order_by=name", "orders prices"),
    ("?order_by=-uri", "prices orders"),
    ("?order_by=name&only_active=false", "late orders prices"),
    ("?order_by=name&limit=1&offset=1", "prices"),
    ("?name_pattern=ORD", "orders"),
    ("?name_prefix_pattern=pri", "prices"),
    ("?uri_pattern=b/pri", "prices"),
    ("?uri_prefix_pattern=gs", ""),
    ("?dag_ids=load", "orders"),
    ("?dag_ids=report&order_by=name", "orders prices"),
    ("?dag_ids=load,report&order_by=name", "orders prices"),
    ("?dag_ids=other", ""),
])  # fmt: skip
def test_lists_are_filtered_ordered_and_cut(filled: Client, query: str, expected: str) -> None:
    assert names(filled, query) == expected


def test_an_asset_that_no_dag_names_any_more_is_no_longer_active(filled: Client, store: SqlStore) -> None:
    put_dags(store, "report", fileloc="report.py", now=at(60))
    assert names(filled) == "orders"
    shown = filled.ask("GET", f"/api/v2/assets/{ID}", role="viewer").json
    assert (shown["scheduled_dags"], shown["consuming_tasks"]) == ([], [])
    store.catalog.delete_file("load.py", now=at(70))
    assert names(filled) == ""
    assert names(filled, "?only_active=false&order_by=name") == "late orders prices"


def test_dags_out_of_reach_are_not_named_beside_assets(filled: Client, gate: FakeGate) -> None:
    only(gate, "load")
    shown = filled.ask("GET", f"/api/v2/assets/{ID}", role="some").json
    assert (shown["scheduled_dags"], shown["consuming_tasks"]) == ([], [])
    assert [one["dag_id"] for one in shown["producing_tasks"]] == ["load"]
    assert names(filled, "?dag_ids=report", role="some") == ""
    assert names(filled, "?order_by=name", role="some") == "orders prices"


def test_aliases_are_listed_and_shown_beside_what_was_written_through_them(filled: Client) -> None:
    daily = {"id": alias_id("daily"), "name": "daily", "group": "asset"}
    listed = filled.ask("GET", "/api/v2/assets/aliases?name_pattern=DAI", role="viewer").json
    assert listed == {"asset_aliases": [daily], "total_entries": 1}
    assert filled.ask("GET", f"/api/v2/assets/aliases/{daily['id']}", role="viewer").json == daily
    assert filled.ask("GET", "/api/v2/assets/aliases/7", role="viewer").status == 404
    assert (
        filled.ask("GET", "/api/v2/assets/aliases?name_prefix_pattern=x", role="viewer").json["total_entries"]
        == 0
    )
    [late] = filled.ask("GET", "/api/v2/assets?name_pattern=late&only_active=false", role="viewer").json[
        "assets"
    ]
    assert (late["aliases"], late["producing_tasks"]) == ([daily], [])


def events(client: Client, query: str = "", role: str = "viewer") -> list[int]:
    answer = client.ask("GET", f"/api/v2/assets/events{query}", role=role)
    assert answer.status == 200, answer.body
    assert answer.json["total_entries"] >= len(answer.json["asset_events"])
    return [one["id"] for one in answer.json["asset_events"]]


@pytest.mark.parametrize(("query", "expected"), [
    ("", [1, 2, 3, 4]),
    ("?order_by=-timestamp&limit=2", [4, 3]),
    ("?order_by=source_dag_id", [1, 3, 2, 4]),
    (f"?asset_id={ID}", [1, 2]),
    ("?asset_id=-5", []),
    ("?source_dag_id=load&source_task_id=write&source_run_id=r&source_map_index=-1", [1]),
    ("?source_map_index=3", []),
    ("?name_pattern=PRICE|late", [3, 4]),
    ("?timestamp_gt=2026-03-29T00:30:02.123456Z&timestamp_lt=2026-03-29T00:30:04Z", [3]),
])  # fmt: skip
def test_events_are_filtered_ordered_and_cut(filled: Client, query: str, expected: list[int]) -> None:
    assert events(filled, query) == expected


def test_events_that_dags_out_of_reach_made_are_not_shown(filled: Client, gate: FakeGate) -> None:
    only(gate, "load")
    assert events(filled, role="some") == [1, 2, 4]
    assert events(filled, "?source_dag_id=secret", role="some") == []


def test_an_event_shows_the_runs_that_it_made(filled: Client, store: SqlStore, gate: FakeGate) -> None:
    run = run_of(9, dag_id="report", run_id="made", run_type=RunType.ASSET_TRIGGERED, run_after=at(2))
    assert store.runs.apply([[create(run, "read", consumes=(1, 2))]]).all
    shown = filled.ask("GET", f"/api/v2/assets/events?asset_id={ID}", role="viewer").json["asset_events"]
    assert [[run["run_id"] for run in one["created_dagruns"]] for one in shown] == [["made"], ["made"]]
    assert [one["created_dagruns"][0]["triggering"] for one in shown] == [False, True]
    assert shown[1]["extra"] == {"rows": 3, "password": "***"}
    assert [one["group"] for one in shown] == ["shop", "shop"]
    only(gate, "load")
    shown = filled.ask("GET", f"/api/v2/assets/events?asset_id={ID}", role="some").json["asset_events"]
    assert [one["created_dagruns"] for one in shown] == [[], []]


def test_an_event_that_is_reported_is_stored_and_wakes_the_scheduler(
    filled: Client, store: SqlStore, wakeup: FakeWakeup
) -> None:
    body = {"asset_id": ID, "extra": {"rows": 7}}
    answer = filled.ask("POST", "/api/v2/assets/events", body, role="user")
    assert answer.status == 200, answer.body
    assert answer.json["extra"] == {"rows": 7, "from_rest_api": True}
    assert (answer.json["asset_id"], answer.json["source_map_index"], answer.json["created_dagruns"]) == (
        ID,
        -1,
        [],
    )
    [unrouted] = store.assets.load_unrouted(limit=10)
    assert (unrouted.event_pk, unrouted.reported_by, unrouted.at) == (answer.json["id"], "user", NOW)
    assert wakeup.count == 1


@pytest.mark.parametrize(("body", "status"), [
    ({"asset_id": 5}, 404), ({"asset_id": ID, "partition_key": "x"}, 400), ({"asset_id": ID, "colour": 1}, 422),
    ({"asset_id": ID, "extra": []}, 422), ({}, 422), ({"asset_id": 10**30}, 422),
])  # fmt: skip
def test_what_cannot_be_reported_is_refused(filled: Client, body: object, status: int) -> None:
    assert filled.ask("POST", "/api/v2/assets/events", body, role="user").status == status


def test_an_asset_is_materialised_by_the_dag_that_writes_it(filled: Client, wakeup: FakeWakeup) -> None:
    path = f"/api/v2/assets/{ID}/materialize"
    answer = filled.ask("POST", path, role="user")
    assert answer.status == 200, answer.body
    shown = answer.json
    assert (shown["dag_id"], shown["run_type"], shown["state"]) == ("load", "asset_materialization", "queued")
    assert shown["dag_run_id"].startswith("asset_materialization__")
    assert (shown["logical_date"], shown["triggered_by"], shown["triggering_user_name"]) == (
        None,
        "rest_api",
        "user",
    )
    assert wakeup.count == 1
    answer = filled.ask(
        "POST", path, {"dag_run_id": "mine", "conf": {"a": 1}, "note": "because"}, role="user"
    )
    assert (answer.json["dag_run_id"], answer.json["conf"], answer.json["note"]) == (
        "mine",
        {"a": 1},
        "because",
    )
    assert filled.ask("POST", path, {"dag_run_id": "mine"}, role="user").status == 409
    assert filled.ask("POST", path, {"partition_key": "x"}, role="user").status == 400


def test_materialising_needs_one_dag_that_writes_the_asset(filled: Client, store: SqlStore) -> None:
    assert filled.ask("POST", f"/api/v2/assets/{PRICES_ID}/materialize", role="user").status == 404
    put_dags(store, "also", fileloc="also.py", assets=(ORDERS,), tasks=(task("write", outlets=(FULL,)),))
    answer = filled.ask("POST", f"/api/v2/assets/{ID}/materialize", role="user")
    assert answer.status == 409
    assert b"also" not in answer.body


def test_materialising_needs_leave_to_make_a_run_of_that_dag(filled: Client, gate: FakeGate) -> None:
    only(gate, "report")
    answer = filled.ask("POST", f"/api/v2/assets/{ID}/materialize", role="some")
    assert answer.status == 403
    assert b"load" not in answer.body
    only(gate, "load")
    assert filled.ask("POST", f"/api/v2/assets/{ID}/materialize", role="some").status == 200


OF_ASSET = f"/api/v2/assets/{ID}/queuedEvents"
OF_DAG = "/api/v2/dags/report/assets/queuedEvents"
OF_BOTH = f"/api/v2/dags/report/assets/{ID}/queuedEvents"


def queued(client: Client, path: str, role: str = "viewer") -> list[int]:
    answer = client.ask("GET", path, role=role)
    assert answer.status == 200, answer.body
    assert answer.json["total_entries"] == len(answer.json["queued_events"])
    return [one["asset_id"] for one in answer.json["queued_events"]]


def test_what_waits_is_shown_by_asset_and_by_dag(filled: Client) -> None:
    one = {
        "dag_id": "report", "asset_id": ID, "created_at": "2026-03-29T00:30:01.123456Z", "dag_display_name": "report",
    }  # fmt: skip
    assert filled.ask("GET", OF_BOTH, role="viewer").json == one
    assert filled.ask("GET", OF_ASSET, role="viewer").json == {"queued_events": [one], "total_entries": 1}
    late = asset_id(asset_key("late", "s3://b/late"))
    assert sorted(queued(filled, OF_DAG)) == sorted([ID, PRICES_ID, late])
    assert queued(filled, f"{OF_DAG}?before=2026-03-29T00:30:03Z") == [ID]
    assert queued(filled, OF_DAG.replace("report", "load")) == []
    assert filled.ask("GET", f"{OF_BOTH}?before=2026-03-29T00:30:01Z", role="viewer").status == 404
    assert filled.ask("GET", f"{OF_DAG}?before=soon", role="viewer").status == 422


def test_what_waits_for_dags_out_of_reach_is_not_shown_nor_let_go(filled: Client, gate: FakeGate) -> None:
    only(gate, "load")
    assert queued(filled, OF_ASSET, role="some") == []
    assert filled.ask("DELETE", OF_ASSET, role="some").status == 404
    assert filled.ask("DELETE", OF_DAG, role="some").status == 403
    assert queued(filled, OF_ASSET) == [ID]


def test_reading_what_waits_needs_leave_for_the_assets_too(filled: Client, gate: FakeGate) -> None:
    gate.permissions["dags"] = frozenset(
        Permission(resource=Resource.DAG, verb=verb, dag_id="report") for verb in Verb
    )
    for path in (OF_DAG, OF_BOTH):
        assert filled.ask("GET", path, role="dags").status == 403
        assert filled.ask("DELETE", path, role="dags").status == 403


def waiting(store: SqlStore) -> list[int]:
    return [one.event_pk for one in store.assets.load_waiting().get("report", [])]


@pytest.mark.parametrize(("path", "left"), [
    (OF_ASSET, [3, 4]), (OF_DAG, []), (OF_BOTH, [3, 4]), (f"{OF_BOTH}?before=2026-03-29T00:30:02Z", [2, 3, 4]),
    (f"{OF_DAG}?before=2026-03-29T00:30:03Z", [3, 4]),
])  # fmt: skip
def test_what_waits_can_be_let_go(
    filled: Client, store: SqlStore, wakeup: FakeWakeup, path: str, left: list[int]
) -> None:
    assert filled.ask("DELETE", path, role="user").status == 204
    assert waiting(store) == left
    assert [note.subject for note in store.runs.load_notes(after=0, limit=100) if note.kind == "dag"][
        -1
    ] == "report"
    assert wakeup.count == 1


def test_letting_go_what_does_not_wait_is_told(filled: Client, store: SqlStore) -> None:
    for path in (OF_ASSET, OF_DAG, OF_BOTH):
        assert filled.ask("DELETE", f"{path}?before=2026-03-29T00:30:00Z", role="user").status == 404
    assert waiting(store) == [1, 2, 3, 4]


def test_a_page_takes_few_queries_however_many_assets_it_has(filled: Client, store: SqlStore) -> None:
    assets = tuple(AssetDocument(name=f"a{number}", uri=f"s3://b/a{number}") for number in range(60))
    leaves = tuple(AssetLeaf(name=one.name, uri=one.uri) for one in assets)
    put_dags(store, "many", fileloc="many.py", assets=assets, tasks=(task("w", outlets=leaves),))
    before = store.runs.counters.queries
    assert len(names(filled, "?limit=100").split()) == 62
    assert store.runs.counters.queries - before <= 6
