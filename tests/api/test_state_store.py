"""Small values of tasks and assets over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import NOW, Client, FakeGate
from tests.store.building import create, expand, put_dags, run_of
from windward.core.asset_index import asset_id
from windward.document import AssetDocument
from windward.model.access import Permission, Resource, Verb
from windward.model.ids import TaskKey
from windward.model.writers import StateWriter, WriterKind, writer_text
from windward.store.sql.open import SqlStore
from windward.timetable import asset_key

ROOT = "/api/v2/dags/sales/dagRuns/a/taskInstances/load/state-store"
EACH = ROOT.replace("load", "each")
ASSET = f"/api/v2/assets/{asset_id(asset_key('orders', 's3://b/orders'))}/state-store"


@pytest.fixture
def filled(client: Client, store: SqlStore) -> Client:
    put_dags(store, "sales", assets=(AssetDocument(name="orders", uri="s3://b/orders"),))
    assert store.runs.apply([[create(run_of(1, run_id="a"), "load", "each")]]).all
    assert store.runs.apply([[expand(1, "each", 2)]]).all
    for key, name, text, keep_s in (
        (TaskKey(1, "load"), "job", '"j-1"', None), (TaskKey(1, "load"), "a/b", "[1]", 60),
        (TaskKey(1, "load"), "old", "1", -60), (TaskKey(1, "each", 1), "page", "3", None),
    ):  # fmt: skip
        expires_at = None if keep_s is None else NOW + timedelta(seconds=keep_s)
        store.states.set_task_state(key, name, text, fence=0, now=NOW, expires_at=expires_at)
    by = writer_text(
        StateWriter(kind=WriterKind.TASK, dag_id="sales", run_id="a", task_id="load", map_index=-1)
    )
    store.states.set_asset_state("orders", "mark", "7", by=by, now=NOW)
    return client


def keys(client: Client, path: str) -> list[str]:
    answer = client.ask("GET", path, role="viewer")
    assert answer.status == 200, answer.body
    (found,) = [value for value in answer.json.values() if isinstance(value, list)]
    return [one["key"] for one in found]


def test_values_are_shown_without_those_that_have_expired(filled: Client) -> None:
    assert filled.ask("GET", f"{ROOT}/job", role="viewer").json == {
        "key": "job", "value": "j-1", "updated_at": "2026-03-01T12:00:00Z", "expires_at": None,
    }  # fmt: skip
    assert filled.ask("GET", f"{ROOT}/a/b", role="viewer").json["expires_at"] == "2026-03-01T12:01:00Z"
    assert keys(filled, ROOT) == ["a/b", "job"]
    assert keys(filled, f"{ROOT}?limit=1&offset=1") == ["job"]
    assert keys(filled, f"{EACH}?map_index=1") == ["page"]
    assert keys(filled, EACH) == []
    assert filled.ask("GET", f"{ROOT}/old", role="viewer").status == 404
    assert filled.ask("GET", f"{ROOT}/job?map_index=4", role="viewer").status == 404


def test_an_end_beyond_the_calendar_is_refused_with_its_place(filled: Client) -> None:
    body = {"value": 1, "expires_at": "0001-01-01T00:00:00+14:00"}
    answer = filled.ask("PUT", f"{ROOT}/new", body, role="op")
    assert (answer.status, answer.json["detail"][0]["loc"]) == (422, ["body", "expires_at"])


@pytest.mark.parametrize(("expires_at", "shown"), [
    ({}, "2026-03-31T12:00:00Z"),
    ({"expires_at": "default"}, "2026-03-31T12:00:00Z"),
    ({"expires_at": None}, None),
    ({"expires_at": "2026-04-01T02:00:00+02:00"}, "2026-04-01T00:00:00Z"),
])  # fmt: skip
def test_a_value_is_kept_for_as_long_as_is_said(
    filled: Client, expires_at: dict[str, Any], shown: str | None
) -> None:
    answer = filled.ask("PUT", f"{ROOT}/new", {"value": {"a": [1, None]}, **expires_at}, role="op")
    assert (answer.status, answer.body) == (204, b"")
    found = filled.ask("GET", f"{ROOT}/new", role="viewer").json
    assert (found["value"], found["expires_at"]) == ({"a": [1, None]}, shown)


def test_a_new_value_is_kept_as_long_as_the_old_one(filled: Client) -> None:
    answer = filled.ask("PATCH", f"{ROOT}/a/b", {"value": 2}, role="op")
    assert (answer.status, answer.body) == (200, b"null")
    found = filled.ask("GET", f"{ROOT}/a/b", role="viewer").json
    assert (found["value"], found["expires_at"]) == (2, "2026-03-01T12:01:00Z")
    assert filled.ask("PATCH", f"{ROOT}/none", {"value": 2}, role="op").status == 404


@pytest.mark.parametrize(("path", "body", "status"), [
    (f"{ROOT}/k", {"value": None}, 422),
    (f"{ROOT}/k", {}, 422),
    (f"{ROOT}/k", {"value": "x" * 70_000}, 422),
    (f"{ROOT}/k", {"value": 1, "expires_at": "tomorrow"}, 422),
    (f"{ROOT}/k", {"value": 1, "expires_at": "2026-04-01T00:00:00"}, 422),
    (f"{ROOT}/k", {"value": 1, "expires_at": "9999-12-31T23:59:59-12:00"}, 422),
    (f"{ROOT}/k", {"value": 1, "colour": 2}, 422),
    (f"{ROOT}/{'k' * 251}", {"value": 1}, 400),
    (f"{ROOT}/k?map_index=3", {"value": 1}, 404),
    (f"{EACH}/k", {"value": 1}, 404),
    (f"{ASSET}/k", {"value": None}, 422),
    (f"{ASSET}/{'k' * 251}", {"value": 1}, 400),
    ("/api/v2/assets/5/state-store/k", {"value": 1}, 404),
])  # fmt: skip
def test_what_cannot_be_kept_is_refused(filled: Client, path: str, body: object, status: int) -> None:
    assert filled.ask("PUT", path, body, role="op").status == status


def test_one_value_or_all_are_forgotten(filled: Client) -> None:
    assert filled.ask("DELETE", f"{ROOT}/job", role="op").status == 204
    assert filled.ask("DELETE", f"{ROOT}/job", role="op").status == 204
    assert keys(filled, ROOT) == ["a/b"]
    assert filled.ask("DELETE", ROOT, role="op").status == 204
    assert keys(filled, ROOT) == []
    assert filled.ask("DELETE", EACH, role="op").status == 404
    assert filled.ask("DELETE", f"{EACH}?all_map_indices=true", role="op").status == 204
    assert keys(filled, f"{EACH}?map_index=1") == []
    for path in (ROOT.replace("load", "none"), ROOT.replace("/a/", "/z/")):
        assert filled.ask("DELETE", f"{path}?all_map_indices=true", role="op").status == 404


def test_values_of_an_asset_say_who_wrote_them(filled: Client, gate: FakeGate) -> None:
    by = {"kind": "task", "dag_id": "sales", "run_id": "a", "task_id": "load", "map_index": -1}
    mark = {"key": "mark", "value": 7, "updated_at": "2026-03-01T12:00:00Z", "last_updated_by": by}
    assert filled.ask("GET", f"{ASSET}/mark", role="viewer").json == mark
    assert filled.ask("GET", ASSET, role="viewer").json == {"asset_state_store": [mark], "total_entries": 1}
    gate.permissions["some"] = frozenset({Permission(resource=Resource.ASSET_STATE, verb=Verb.READ)})
    nobody = dict.fromkeys(("dag_id", "run_id", "task_id", "map_index"))
    for_some = filled.ask("GET", f"{ASSET}/mark", role="some").json
    assert for_some["last_updated_by"] == {"kind": "task", **nobody}


def test_values_of_an_asset_are_kept_and_forgotten(filled: Client, store: SqlStore) -> None:
    assert filled.ask("PUT", f"{ASSET}/new", {"value": [1]}, role="op").status == 204
    found = filled.ask("GET", f"{ASSET}/new", role="viewer").json
    assert (found["value"], found["last_updated_by"]["kind"]) == ([1], "api")
    assert store.states.get_asset_state("orders", "new") == "[1]"
    assert filled.ask("DELETE", f"{ASSET}/mark", role="op").status == 204
    assert keys(filled, ASSET) == ["new"]
    assert filled.ask("DELETE", ASSET, role="op").status == 204
    assert keys(filled, ASSET) == []
    assert filled.ask("GET", f"{ASSET}/new", role="viewer").status == 404
    assert filled.ask("GET", "/api/v2/assets/5/state-store", role="viewer").status == 404


def test_what_is_no_json_is_shown_as_the_text_that_it_is(filled: Client, store: SqlStore) -> None:
    store.states.set_asset_state("orders", "nan", "[NaN]", by="sales.load", now=NOW)
    found = filled.ask("GET", f"{ASSET}/nan", role="viewer").json
    assert (found["value"], found["last_updated_by"]["kind"]) == ("[NaN]", "task")
