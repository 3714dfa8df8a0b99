"""Runs over HTTP: lists, their filters and orders, and who sees them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import NOW, Client, FakeGate
from tests.store.building import create, document_of, put_dags, run_of
from windward.model.access import Permission, Resource, Verb
from windward.model.states import RunState, RunType
from windward.store.sql.open import SqlStore

HASH = document_of("sales")[0]
RUNS: list[dict[str, Any]] = [
    {"run_id": "a", "state": RunState.SUCCESS, "start_date": NOW, "end_date": NOW + timedelta(seconds=10),
     "logical_date": NOW, "document_hash": HASH, "conf": {"k": "v", "n": [1, 2]}, "triggering_user": "ada"},
    {"run_id": "b", "state": RunState.FAILED, "start_date": NOW + timedelta(hours=1),
     "end_date": NOW + timedelta(hours=1, seconds=2), "run_type": RunType.SCHEDULED},
    {"run_id": "c", "state": RunState.RUNNING, "start_date": NOW + timedelta(hours=2)},
    {"run_id": "d", "dag_id": "costs", "state": RunState.QUEUED, "queued_at": NOW, "run_type": RunType.BACKFILL},
]  # fmt: skip


@pytest.fixture
def filled(client: Client, store: SqlStore) -> Client:
    put_dags(store, "sales", "costs", tags=("t",))
    # The versions that `HASH` names are without tags.
    put_dags(store, "sales", fileloc="sales.py")
    groups = [[create(run_of(pk, **values), "load")] for pk, values in enumerate(RUNS, 1)]
    assert store.runs.apply(groups).all
    return client


def ids(client: Client, query: str = "", dag_id: str = "~", role: str = "viewer") -> list[str]:
    answer = client.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns{query}", role=role)
    assert answer.status == 200, answer.body
    assert answer.json["total_entries"] >= len(answer.json["dag_runs"])
    return [run["dag_run_id"] for run in answer.json["dag_runs"]]


def test_a_run_is_shown_as_airflow_shows_it(filled: Client) -> None:
    answer = filled.ask("GET", "/api/v2/dags/sales/dagRuns/a", role="viewer")
    shown = answer.json
    [version] = shown.pop("dag_versions")
    assert shown == {
        "dag_run_id": "a", "dag_id": "sales", "logical_date": "2026-03-01T12:00:00Z", "queued_at": None,
        "start_date": "2026-03-01T12:00:00Z", "end_date": "2026-03-01T12:00:10Z", "duration": 10.0,
        "data_interval_start": None, "data_interval_end": None, "run_after": "2026-03-29T00:30:01.123456Z",
        "last_scheduling_decision": "2026-03-01T12:00:10Z", "run_type": "manual", "state": "success",
        "triggered_by": "timetable",
        "triggering_user_name": "ada", "conf": {"k": "v", "n": [1, 2]}, "note": None, "bundle_version": None,
        "dag_display_name": "sales", "partition_key": None, "partition_date": None,
    }  # fmt: skip
    assert version["id"].replace("-", "") == HASH
    assert (version["dag_id"], version["bundle_name"]) == ("sales", "dags-folder")


@pytest.mark.parametrize(("query", "expected"), [
    ("", "abcd"),
    ("?limit=2", "ab"),
    ("?limit=2&offset=3", "d"),
    ("?order_by=-id", "dcba"),
    ("?order_by=-start_date", "cbad"),
    ("?order_by=duration", "bacd"),
    ("?order_by=-partition_date", "abcd"),
    ("?order_by=-updated_at", "cbad"),
    ("?state=failed&state=queued", "bd"),
    ("?run_type=scheduled", "b"),
    ("?start_date_gt=2026-03-01T12:00:00Z", "bc"),
    ("?start_date_gte=2026-03-01T12:00:00&start_date_lt=2026-03-01T13:00:00Z", "a"),
    ("?end_date_lte=2026-03-01T12:00:10Z", "a"),
    ("?duration_gt=2.5", "a"),
    ("?duration_lte=2", "b"),
    ("?updated_at_gte=2026-03-01T14:00:00Z", "c"),
    ("?logical_date_lte=2026-03-01T12:00:00Z", "a"),
    ('?conf_contains="k": "v"', "a"),
    ("?conf_contains=[1,2]", "a"),
    ("?conf_contains=nothing", ""),
    ("?run_id_pattern=A|c", "ac"),
    ("?run_id_pattern=~", "abcd"),
    ("?run_id_prefix_pattern=b", "b"),
    ("?run_id_pattern=\\", ""),
    ("?triggering_user_name_pattern=AD_", "a"),
    ("?dag_id_pattern=cost", "d"),
    ("?dag_version=1&order_by=id", ""),
    ("?bundle_version=x", ""),
    ("?partition_key_pattern=x", ""),
    ("?consuming_asset_pattern=x", ""),
])  # fmt: skip
def test_lists_are_filtered_ordered_and_cut(filled: Client, query: str, expected: str) -> None:
    assert "".join(ids(filled, query)) == expected


def test_a_dag_has_its_own_runs(filled: Client) -> None:
    assert ids(filled, dag_id="sales") == ["a", "b", "c"]
    assert filled.ask("GET", "/api/v2/dags/nothing/dagRuns", role="viewer").status == 404
    assert filled.ask("GET", "/api/v2/dags/costs/dagRuns/a", role="viewer").status == 404


@pytest.mark.parametrize(("query", "status"), [
    ("?state=tired", 422), ("?order_by=note", 400), ("?duration_gt=nan", 422), ("?limit=-1", 422),
    ("?start_date_gt=0001-01-01T00:00:00%2B23:00", 422), ("?partition_date_gte=2026-01-01", 400), ("?cursor=x", 400),
    ("?run_id_pattern=%00", 422),
])  # fmt: skip
def test_what_cannot_be_asked_is_refused(filled: Client, query: str, status: int) -> None:
    assert filled.ask("GET", f"/api/v2/dags/~/dagRuns{query}", role="viewer").status == status


def test_pages_by_cursor_hold_each_run_once(filled: Client) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    for _ in range(2):
        path = f"/api/v2/dags/~/dagRuns?limit=2&order_by=-start_date&cursor={cursor}"
        answer = filled.ask("GET", path, role="viewer").json
        assert (answer["total_entries"], answer["total_entries_limit"]) == (4, 10_000)
        seen += [run["dag_run_id"] for run in answer["dag_runs"]]
        cursor = answer["next_cursor"]
    assert (seen, cursor) == (["c", "b", "a", "d"], None)


def test_runs_of_other_dags_are_not_shown(filled: Client, gate: FakeGate) -> None:
    gate.permissions["sales"] = frozenset({Permission(resource=Resource.RUN, verb=Verb.READ, dag_id="sales")})
    gate.permissions["tagged"] = frozenset({Permission(resource=Resource.RUN, verb=Verb.READ, tag="t")})
    assert ids(filled, role="sales") == ["a", "b", "c"]
    assert ids(filled, role="tagged") == ["d"]
    assert filled.ask("GET", "/api/v2/dags/costs/dagRuns/d", role="sales").status == 403
    body = {"dag_ids": ["costs", "sales"]}
    answer = filled.ask("POST", "/api/v2/dags/~/dagRuns/list", body, role="sales")
    assert [run["dag_run_id"] for run in answer.json["dag_runs"]] == ["a", "b", "c"]


@pytest.mark.parametrize(("body", "expected"), [
    ({}, "abcd"),
    ({"dag_ids": ["costs"]}, "d"),
    ({"states": ["running", None]}, "c"),
    ({"states": [None]}, ""),
    ({"page_limit": 1, "page_offset": 1, "order_by": "-dag_run_id"}, "c"),
    ({"start_date_gte": "2026-03-01T13:00:00+00:00", "conf_contains": ""}, "bc"),
])  # fmt: skip
def test_runs_are_listed_by_a_body(filled: Client, body: dict[str, Any], expected: str) -> None:
    answer = filled.ask("POST", "/api/v2/dags/~/dagRuns/list", body, role="viewer")
    assert answer.status == 200, answer.body
    assert "".join(run["dag_run_id"] for run in answer.json["dag_runs"]) == expected


def test_a_body_lists_runs_of_all_dags_only(filled: Client) -> None:
    assert filled.ask("POST", "/api/v2/dags/sales/dagRuns/list", {}, role="viewer").status == 422


def test_a_page_takes_few_queries_however_many_runs_it_has(filled: Client, store: SqlStore) -> None:
    groups = [[create(run_of(pk), "load")] for pk in range(100, 200)]
    assert store.runs.apply(groups).all
    before = store.runs.counters.queries
    assert len(ids(filled, "?limit=100")) == 100
    assert store.runs.counters.queries - before <= 3


def test_versions_of_a_dag_are_counted_from_one(filled: Client) -> None:
    answer = filled.ask("GET", "/api/v2/dags/sales/dagVersions?order_by=-version_number", role="viewer")
    assert [one["version_number"] for one in answer.json["dag_versions"]] == [2, 1]
    assert answer.json["dag_versions"][0]["id"].replace("-", "") == HASH
    one = filled.ask("GET", "/api/v2/dags/sales/dagVersions/2", role="viewer")
    assert one.json == answer.json["dag_versions"][0]
    assert one.json["created_at"] == "2026-03-29T00:30:00.123456Z"
    assert filled.ask("GET", "/api/v2/dags/sales/dagVersions/3", role="viewer").status == 404
    assert filled.ask("GET", "/api/v2/dags/nothing/dagVersions", role="viewer").status == 404
    assert filled.ask("GET", "/api/v2/dags/~/dagVersions", role="viewer").json["total_entries"] == 3
    for query in ("bundle_name=other", "bundle_version=1", "version_number=7"):
        answer = filled.ask("GET", f"/api/v2/dags/~/dagVersions?{query}", role="viewer")
        assert answer.json == {"dag_versions": [], "total_entries": 0}
