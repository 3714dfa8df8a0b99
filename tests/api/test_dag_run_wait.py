"""Waiting for a run, and the events that made it."""

import json
from typing import Any

import pytest

from tests.api.conftest import NOW, Client, FakeGate
from tests.store.building import create, put, put_dags, run_of, step
from windward.core.actions import AddAssetEvent, move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.model.access import Permission, Resource, Verb
from windward.model.ids import TaskKey
from windward.model.records import AssetEventRecord
from windward.model.states import RunState
from windward.store.sql.open import SqlStore
from windward.timetable import asset_key

URL = "/api/v2/dags/sales/dagRuns/manual__1"


@pytest.fixture
def ended(client: Client, store: SqlStore) -> Client:
    """Return a client of a store with a run that succeeded, whose task `load` returned something."""
    put_dags(store, "sales", "costs")
    store.runs.apply([[create(run_of(1), "load", "sum")]])
    store.runs.apply([[move_run(run_of(1), RunEvent.START, at=NOW)]])
    for task_id, text in (("load", '{"n": [1, 2]}'), ("sum", "3")):
        key = TaskKey(1, task_id)
        step(store, key, TaskEvent.QUEUE, try_number=1)
        step(store, key, TaskEvent.START)
        step(store, key, TaskEvent.SUCCEED, xcoms=(put("return_value", text),))
    return client


def lines(client: Client, query: str, role: str = "viewer") -> list[Any]:
    answer = client.ask("GET", f"{URL}/wait{query}", role=role)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.body.splitlines()]


def test_the_state_is_sent_until_the_run_has_ended(ended: Client, store: SqlStore) -> None:
    [run] = store.runs.load_runs([1])
    assert store.runs.apply([[move_run(run, RunEvent.SUCCEED, at=NOW, end_date=NOW)]]).all
    assert lines(ended, "?interval=0.1") == [{"state": "success"}]
    found = lines(ended, "?interval=0.1&result=load&result=sum&result=none")
    assert found == [{"state": "success", "results": {"load": {"n": [1, 2]}, "sum": 3}}]


def test_who_takes_one_document_gets_the_last_line_alone(ended: Client, store: SqlStore) -> None:
    [run] = store.runs.load_runs([1])
    path = f"{URL}/wait?interval=0.05"

    def end(message: Any) -> None:
        if message["type"] == "http.response.start":
            store.runs.apply([[move_run(run, RunEvent.SUCCEED, at=NOW, end_date=NOW)]])

    answer = ended.ask("GET", path, role="viewer", headers={"accept": "application/json"}, on_part=end)
    assert (answer.json, answer.headers["content-type"]) == ({"state": "success"}, "application/json")


def test_a_run_that_is_deleted_meanwhile_ends_the_wait(ended: Client, store: SqlStore) -> None:
    store.runs.apply([[create(run_of(2, run_id="other"), "load")]])
    path = "/api/v2/dags/sales/dagRuns/other/wait?interval=0.05"
    states: list[str] = []

    def delete_after_the_first_line(message: Any) -> None:
        if message.get("body"):
            states.append(json.loads(message["body"])["state"])
            store.catalog.delete_run(2, states=list(RunState))

    answer = ended.ask("GET", path, role="viewer", on_part=delete_after_the_first_line)
    assert (answer.status, states) == (200, ["queued"])


def test_results_are_for_those_who_may_read_xcoms(ended: Client, gate: FakeGate) -> None:
    gate.permissions["runs"] = frozenset({Permission(resource=Resource.RUN, verb=Verb.READ)})
    assert ended.ask("GET", f"{URL}/wait?interval=1&result=load", role="runs").status == 403


@pytest.mark.parametrize("query", ["", "?interval=0", "?interval=-1", "?interval=x"])
def test_how_often_to_look_must_be_said(ended: Client, query: str) -> None:
    assert ended.ask("GET", f"{URL}/wait{query}", role="viewer").status == 422


def test_the_events_that_made_a_run_are_shown(ended: Client, store: SqlStore, gate: FakeGate) -> None:
    key = asset_key("orders", "s3://o")
    event = AssetEventRecord(
        event_pk=5, asset_key=key, name="orders", uri="s3://o", at=NOW, extra={"rows": 3},
        source_dag_id="costs", source_run_id="r", source_task_id="t",
    )  # fmt: skip
    assert store.runs.apply([[AddAssetEvent(event=event, dag_ids=("sales", "costs"))]]).all
    made = [run_of(3, run_id="made"), run_of(4, run_id="theirs", dag_id="costs")]
    assert store.runs.apply([[create(run, "load", consumes=(5,))] for run in made]).all

    def shown(role: str) -> Any:
        [found] = ended.ask("GET", "/api/v2/dags/sales/dagRuns/made/upstreamAssetEvents", role=role).json[
            "asset_events"
        ]
        return found

    found = shown("viewer")
    assert [run["run_id"] for run in found.pop("created_dagruns")] == ["made", "theirs"]
    assert found == {
        "id": 5, "asset_id": int(key[:12], 16), "uri": "s3://o", "name": "orders", "group": None,
        "extra": {"rows": 3}, "source_task_id": "t", "source_dag_id": "costs", "source_run_id": "r",
        "source_map_index": -1, "timestamp": "2026-03-01T12:00:00Z", "partition_key": None,
    }  # fmt: skip
    gate.permissions["sales"] = frozenset(
        {
            Permission(resource=Resource.RUN, verb=Verb.READ, dag_id="sales"),
            Permission(resource=Resource.ASSET, verb=Verb.READ),
            Permission(resource=Resource.DAG, verb=Verb.READ, dag_id="costs"),
        }
    )
    assert [run["run_id"] for run in shown("sales")["created_dagruns"]] == ["made"]
    gate.permissions["sales"] = frozenset(
        one for one in gate.permissions["sales"] if one.resource is not Resource.DAG
    )
    unseen = ended.ask("GET", "/api/v2/dags/sales/dagRuns/made/upstreamAssetEvents", role="sales").json
    assert unseen == {"asset_events": [], "total_entries": 0}
    assert ended.ask("GET", f"{URL}/upstreamAssetEvents", role="viewer").json["total_entries"] == 0
