"""XComs over HTTP: what is shown of them, and writing them in the name of a task."""

import pickle
from typing import Any

import pytest

from tests.api.conftest import NOW, Client, FakeGate
from tests.store.building import create, document_of, put_dags, run_of, xcom
from windward.document import TaskDocument
from windward.model.access import Permission, Resource, Verb
from windward.model.ids import TaskKey
from windward.protocol.outcomes import XComValue
from windward.store.sql.open import SqlStore

TASKS = (TaskDocument(task_id="load", operator="PythonOperator", display_name="Load it"),)
HASH = document_of("sales", tasks=TASKS)[0]
ROOT = "/api/v2/dags/sales/dagRuns/a/taskInstances/load/xcomEntries"
ALL = "/api/v2/dags/~/dagRuns/~/taskInstances/~/xcomEntries"


class Bomb:
    """Goes off when somebody unpickles it."""

    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('unpickled')",)


@pytest.fixture
def filled(client: Client, store: SqlStore) -> Client:
    put_dags(store, "sales", tasks=TASKS)
    put_dags(store, "costs", fileloc="costs.py")
    runs = [
        run_of(1, run_id="a", document_hash=HASH, logical_date=NOW),
        run_of(2, run_id="b", document_hash=HASH),
        run_of(3, dag_id="costs", run_id="a"),
    ]
    assert store.runs.apply([[create(run, "load")] for run in runs]).all
    values = [(1, "x", '{"n":[1,2]}'), (1, "y/z", "7"), (2, "x", '"text"'), (3, "x", "null")]
    for pk, key, text in values:
        store.xcoms.set_xcom(TaskKey(pk, "load"), key, xcom(text), fence=0, now=NOW)
    return client


def put(store: SqlStore, key: str, value: XComValue) -> None:
    store.xcoms.set_xcom(TaskKey(1, "load"), key, value, fence=0, now=NOW)


def keys(client: Client, path: str, role: str = "viewer") -> str:
    answer = client.ask("GET", path, role=role)
    assert answer.status == 200, answer.body
    return " ".join(f"{one['dag_id'][0]}{one['run_id']}{one['key']}" for one in answer.json["xcom_entries"])


def test_values_are_told_by_size_and_large_ones_by_where_they_are(filled: Client, store: SqlStore) -> None:
    put(store, "big", xcom("x" * 999, location="s3://me:secret@shelf/a/b?sign=secret"))
    answer = filled.ask(
        "GET", "/api/windward/v1/dags/sales/dagRuns/a/taskInstances/load/-1/xcoms", role="viewer"
    )
    assert answer.status == 200, answer.body
    assert [(one["key"], one["size_bytes"], one["location"]) for one in answer.json["xcoms"]] == [
        ("big", 999, "s3://shelf/a/b"),
        ("x", 11, None),
        ("y/z", 1, None),
    ]
    assert answer.json["total_entries"] == 3


def test_a_value_is_shown_as_airflow_shows_it(filled: Client) -> None:
    assert filled.ask("GET", f"{ROOT}/x", role="viewer").json == {
        "key": "x", "timestamp": "2026-03-01T12:00:00Z", "logical_date": "2026-03-01T12:00:00Z", "map_index": -1,
        "task_id": "load", "dag_id": "sales", "run_id": "a", "dag_display_name": "sales",
        "task_display_name": "Load it", "run_after": "2026-03-29T00:30:01.123456Z", "value": {"n": [1, 2]},
    }  # fmt: skip
    assert filled.ask("GET", f"{ROOT}/x?stringify=true", role="viewer").json["value"] == "{'n': [1, 2]}"
    assert filled.ask("GET", f"{ROOT}/y/z?deserialize=true", role="viewer").json["value"] == 7
    assert filled.ask("GET", f"{ROOT}/x?map_index=3", role="viewer").status == 404
    assert filled.ask("GET", f"{ROOT}/x?map_index=-2", role="viewer").status == 422


def test_a_pickle_is_shown_by_its_text_and_never_opened(filled: Client, store: SqlStore) -> None:
    put(store, "p", XComValue(encoding="pickle", data=pickle.dumps(Bomb()), preview="<a bomb>"))
    for query in ("", "?deserialize=true", "?stringify=true", "?deserialize=true&stringify=true"):
        assert filled.ask("GET", f"{ROOT}/p{query}", role="admin").json["value"] == "<a bomb>"


def test_a_value_with_tags_is_shown_as_stored_or_for_people(filled: Client, store: SqlStore) -> None:
    data = b'{"__type__":"set","value":[1]}'
    put(store, "t", XComValue(encoding="tagged", data=data, preview="{1}"))
    stored = {"__type__": "set", "value": [1]}
    assert filled.ask("GET", f"{ROOT}/t", role="viewer").json["value"] == stored
    assert filled.ask("GET", f"{ROOT}/t?deserialize=true", role="viewer").json["value"] == "{1}"


@pytest.mark.parametrize("data", [b"{nope", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("preview", ["", "shown"])
def test_of_a_value_that_is_not_the_json_it_should_be_the_text_is_shown(
    filled: Client, store: SqlStore, data: bytes, preview: str
) -> None:
    put(store, "bad", XComValue(encoding="json", data=data, size_bytes=len(data), preview=preview))
    answer = filled.ask("GET", f"{ROOT}/bad", role="viewer")
    assert (answer.status, answer.json["value"]) == (200, preview or data.decode(errors="replace"))


def test_a_large_value_is_fetched_unless_it_is_gone(filled: Client) -> None:
    value = ["long"] * 1000
    answer = filled.ask("POST", ROOT, {"key": "large", "value": value}, role="op")
    assert (answer.status, answer.json["value"]) == (201, value)
    assert filled.ask("GET", f"{ROOT}/large", role="viewer").json["value"] == value


def test_of_a_large_value_that_is_gone_the_preview_is_shown(filled: Client, store: SqlStore) -> None:
    put(
        store, "gone", XComValue(encoding="json", location="memory://nothing", size_bytes=2000, preview="[1…")
    )
    assert filled.ask("GET", f"{ROOT}/gone", role="viewer").json["value"] == "[1…"


@pytest.mark.parametrize(("query", "expected"), [
    ("", "cax sax say/z sbx"),
    ("?limit=1&offset=1", "sax"),
    ("?order_by=-run_after&order_by=-key", "cax sbx say/z sax"),
    ("?xcom_key=x", "cax sax sbx"),
    ("?xcom_key_pattern=Y", "say/z"),
    ("?xcom_key_prefix_pattern=y/", "say/z"),
    ("?run_id_pattern=b", "sbx"),
    ("?task_id_pattern=extract", ""),
    ("?dag_display_name_pattern=COST", "cax"),
    ("?map_index=-1&map_index_filter=0", ""),
    ("?map_index_filter=-1", "cax sax say/z sbx"),
    ("?logical_date_gte=2026-03-01T12:00:00Z", "sax say/z"),
    ("?run_after_lt=2026-03-29T00:30:02Z", "sax say/z"),
])  # fmt: skip
def test_lists_are_filtered_ordered_and_cut(filled: Client, query: str, expected: str) -> None:
    assert keys(filled, ALL + query) == expected


def test_a_path_names_dag_run_and_task_or_all_of_them(filled: Client) -> None:
    assert keys(filled, ROOT) == "sax say/z"
    assert keys(filled, ROOT.replace("/a/", "/~/").replace("/load/", "/~/")) == "sax say/z sbx"
    assert keys(filled, ROOT.replace("/sales/", "/~/")) == "cax sax say/z"
    assert filled.ask("GET", f"{ALL}?order_by=value", role="viewer").status == 400


def test_values_of_other_dags_are_not_shown(filled: Client, gate: FakeGate) -> None:
    gate.permissions["sales"] = frozenset(
        {Permission(resource=Resource.XCOM, verb=Verb.READ, dag_id="sales")}
    )
    assert keys(filled, ALL, role="sales") == "sax say/z sbx"
    assert filled.ask("GET", f"{ROOT.replace('sales', 'costs')}/x", role="sales").status == 403


def test_a_value_is_made_once_then_replaced_then_deleted(filled: Client, store: SqlStore) -> None:
    body = {"key": "new", "value": {"a": None}}
    answer = filled.ask("POST", ROOT, body, role="op")
    assert (answer.status, answer.json["value"], answer.json["map_index"]) == (201, {"a": None}, -1)
    assert filled.ask("POST", ROOT, body, role="op").status == 409
    answer = filled.ask("PATCH", f"{ROOT}/new", {"value": [1]}, role="op")
    assert (answer.status, answer.json["value"]) == (200, [1])
    found = store.xcoms.get_xcom("sales", "a", "new", task_id="load", map_index=-1)
    assert found == XComValue(encoding="json", data=b"[1]", size_bytes=3, preview="[1]", length=1)
    assert filled.ask("DELETE", f"{ROOT}/new", role="op").status == 204
    assert filled.ask("DELETE", f"{ROOT}/new", role="op").status == 404
    assert filled.ask("PATCH", f"{ROOT}/new", {"value": 1}, role="op").status == 404


@pytest.mark.parametrize(("path", "body", "status"), [
    (ROOT, {"key": "", "value": 1}, 400),
    (ROOT, {"key": "k" * 501, "value": 1}, 400),
    (ROOT, {"key": "k"}, 422),
    (ROOT, {"key": "k", "value": 1, "map_index": 0}, 404),
    (ROOT.replace("load", "extract"), {"key": "k", "value": 1}, 404),
    (ROOT.replace("/a/", "/z/"), {"key": "k", "value": 1}, 404),
])  # fmt: skip
def test_what_cannot_be_written_is_refused(filled: Client, path: str, body: object, status: int) -> None:
    assert filled.ask("POST", path, body, role="op").status == status
    assert keys(filled, ALL) == "cax sax say/z sbx"


def test_those_of_all_dags_are_listed_with_how_their_values_begin(
    filled: Client, store: SqlStore, gate: FakeGate
) -> None:
    put(store, "p", XComValue(encoding="pickle", data=pickle.dumps(Bomb()), preview="<a bomb>"))
    put(store, "far", xcom("x" * 999, location="s3://me:secret@shelf/a/b?sign=secret"))

    def listed(query: str = "", role: str = "viewer") -> str:
        answer = filled.ask("GET", f"/api/windward/v1/xcoms{query}", role=role)
        assert answer.status == 200, answer.body
        assert answer.json["total_entries"] == len(answer.json["xcoms"])
        return " ".join(f"{one['dag_id'][0]}{one['dag_run_id']}{one['key']}" for one in answer.json["xcoms"])

    assert listed() == "cax sbx safar sap sax say/z"
    assert listed("?dag_id_pattern=SAL&run_id_pattern=a&task_id_pattern=oa&xcom_key_pattern=y") == "say/z"
    assert listed("?run_id_pattern=b") == "sbx"
    gate.permissions["one"] = frozenset({Permission(resource=Resource.XCOM, verb=Verb.READ, dag_id="costs")})
    assert listed(role="one") == "cax"
    shown = {
        one["key"]: one for one in filled.ask("GET", "/api/windward/v1/xcoms?run_id_pattern=a&dag_id_pattern=sales",
                                              role="viewer").json["xcoms"]
    }  # fmt: skip
    assert shown["p"]["preview"] == "<a bomb>"
    assert shown["far"]["location"] == "s3://shelf/a/b"
    assert (shown["x"]["task_display_name"], shown["x"]["map_index"], shown["x"]["size_bytes"]) == (
        "Load it", -1, 11,
    )  # fmt: skip
