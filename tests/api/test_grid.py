"""The grid, the timeline, reasons and recovery over HTTP."""

from typing import Any

import pytest

from tests.api.conftest import NOW, Client
from tests.store.building import create, expand, run_of, step
from windward.core.actions import move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.document import DagDocument, EdgeDocument, GroupDocument, TaskDocument, content_hash, encode
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import RunRecord
from windward.store.sql.open import SqlStore

GRID = "/api/windward/v1/dags/sales/grid"
RUN = "/api/windward/v1/dags/sales/dagRuns/r1"


@pytest.fixture
def sales(store: SqlStore) -> str:
    document = DagDocument(
        dag_id="sales",
        fileloc="sales.py",
        groups=(GroupDocument(group_id="g", label="g"),),
        edges=(EdgeDocument(upstream="load", downstream="g.many", label="whole"),),
        tasks=(
            TaskDocument(task_id="load", operator="PythonOperator"),
            TaskDocument(task_id="g.many", operator="PythonOperator", group_id="g", upstream=("load",)),
        ),
    )
    body = encode(document)
    name = content_hash(body)
    file = FileRecord(fileloc="sales.py", content_hash="x", dag_ids=("sales",))
    store.catalog.put_file(file, [(name, body, document)], paused_at_creation=False, now=NOW)
    return name


def begin(store: SqlStore, run_pk: int, document_hash: str) -> RunRecord:
    run = run_of(run_pk, run_id=f"r{run_pk}", document_hash=document_hash)
    store.runs.apply([[create(run, "load", "g.many")]])
    store.runs.apply([[move_run(run, RunEvent.START, at=NOW, start_date=NOW)]])
    [begun] = store.runs.load_runs([run_pk])
    return begun


def grid(client: Client, query: str = "") -> Any:
    answer = client.ask("GET", GRID + query, role="viewer")
    assert answer.status == 200, answer.body
    return answer.json


def states(found: Any) -> dict[str, list[str]]:
    names = found["state_names"]
    return {run["dag_run_id"]: [names[n] if n >= 0 else "-" for n in run["states"]] for run in found["runs"]}


def test_a_grid_has_runs_with_the_states_of_their_tasks(client: Client, store: SqlStore, sales: str) -> None:
    begin(store, 1, sales)
    begin(store, 2, sales)
    step(store, TaskKey(1, "load"), TaskEvent.QUEUE, try_number=1)
    found = grid(client)
    assert [task["task_id"] for task in found["tasks"]] == ["load", "g.many"]
    assert found["tasks"][1]["upstream"] == ["load"]
    assert [task["labels"] for task in found["tasks"]] == [{}, {"load": "whole"}]
    assert [group["group_id"] for group in found["groups"]] == ["g"]
    assert states(found) == {"r2": ["none", "none"], "r1": ["queued", "none"]}


def test_instances_of_a_mapped_task_are_counted_and_the_worst_is_shown(
    client: Client, store: SqlStore, sales: str
) -> None:
    begin(store, 1, sales)
    store.runs.apply([[expand(1, "g.many", 3)]])
    step(store, TaskKey(1, "g.many", 1), TaskEvent.QUEUE, try_number=1)
    step(store, TaskKey(1, "g.many", 1), TaskEvent.START, owner="h")
    found = grid(client)
    assert states(found) == {"r1": ["none", "running"]}
    assert found["runs"][0]["mapped"] == {"g.many": {"none": 2, "running": 1}}


def test_with_a_cursor_only_what_differs_is_sent(client: Client, store: SqlStore, sales: str) -> None:
    first, second = begin(store, 1, sales), begin(store, 2, sales)
    store.runs.apply([[move_run(first, RunEvent.SUCCEED, at=NOW, end_date=NOW)]])
    cursor = grid(client)["cursor"]
    again = grid(client, f"?cursor={cursor}")
    assert (again["runs"], again["tasks"], again["gone"]) == ([], None, [])
    step(store, TaskKey(2, "load"), TaskEvent.QUEUE, try_number=1)
    later = grid(client, f"?cursor={again['cursor']}")
    assert states(later) == {"r2": ["queued", "none"]}
    store.runs.apply([[move_run(second, RunEvent.SUCCEED, at=NOW, end_date=NOW)]])
    assert list(states(grid(client, f"?cursor={later['cursor']}"))) == ["r2"]
    assert grid(client, f"?cursor={later['cursor']}&limit=1")["gone"] == ["r1"]


def test_a_run_that_is_cleared_after_its_end_is_sent_again(
    client: Client, store: SqlStore, sales: str
) -> None:
    run = begin(store, 1, sales)
    step(store, TaskKey(1, "load"), TaskEvent.QUEUE, try_number=1)
    step(store, TaskKey(1, "load"), TaskEvent.START, owner="h")
    step(store, TaskKey(1, "load"), TaskEvent.SUCCEED)
    store.runs.apply([[move_run(run, RunEvent.SUCCEED, at=NOW, end_date=NOW)]])
    cursor = grid(client)["cursor"]
    [ended] = store.runs.load_runs([1])
    step(store, TaskKey(1, "load"), TaskEvent.CLEAR)
    store.runs.apply([[move_run(ended, RunEvent.CLEAR, at=NOW, end_date=None, clear_number=1)]])
    assert states(grid(client, f"?cursor={cursor}")) == {"r1": ["none", "none"]}


@pytest.mark.parametrize("query", ["?cursor=x", "?cursor=eJwDAAAAAAE=", "?limit=0", "?limit=366"])
def test_a_grid_that_cannot_be_is_refused(client: Client, sales: str, query: str) -> None:
    assert client.ask("GET", GRID + query, role="viewer").status == 422


def test_a_timeline_has_every_try(client: Client, store: SqlStore, sales: str) -> None:
    begin(store, 1, sales)
    for number in (1, 2):
        step(store, TaskKey(1, "load"), TaskEvent.QUEUE, try_number=number)
        step(store, TaskKey(1, "load"), TaskEvent.START, owner="h", start_date=NOW)
        if number == 1:
            step(store, TaskKey(1, "load"), TaskEvent.RETRY, end_date=NOW, due_at=NOW)
    found = client.ask("GET", f"{RUN}/timeline", role="viewer").json
    tries = [(row["try_number"], row["state"]) for row in found["tries"] if row["task_id"] == "load"]
    assert tries == [(1, "failed"), (2, "running")]
    assert found["is_whole"]
    cut = client.ask("GET", f"{RUN}/timeline?limit=1", role="viewer").json
    assert len(cut["tries"]) == 1


def test_reasons_are_those_of_the_deciding_functions(client: Client, store: SqlStore, sales: str) -> None:
    begin(store, 1, sales)
    store.hosts.beat_component("scheduler", "here", hostname="here", pid=1, now=NOW)
    dag = client.ask("GET", "/api/windward/v1/dags/sales/explain", role="viewer").json
    assert "`sales`" in dag["reason"]
    run = client.ask("GET", f"{RUN}/explain", role="viewer").json
    assert run["reason"] == "run `r1` of DAG `sales` is running"
    task = client.ask("GET", f"{RUN}/taskInstances/g.many/-1/explain", role="viewer").json
    assert "load" in str(task)
    assert client.ask("GET", f"{RUN}/taskInstances/nothing/-1/explain", role="viewer").status == 404


def test_recovery_is_listed_with_what_forbids_it_and_steered_per_run(
    client: Client, store: SqlStore, sales: str
) -> None:
    run = begin(store, 1, sales)
    assert client.ask("GET", f"{RUN}/recovery", role="viewer").status == 404
    store.runs.apply([[move_run(run, RunEvent.FAIL, at=NOW, end_date=NOW)]])
    [listed] = client.ask("GET", "/api/windward/v1/recovery", role="viewer").json["runs"]
    assert (listed["dag_run_id"], listed["is_stopped"]) == ("r1", False)
    assert "catchup" in listed["why_not"]
    assert client.ask("GET", f"{RUN}/recovery", role="viewer").json == listed
    refused = client.ask("POST", f"{RUN}/recovery", {"action": "start"}, role="user")
    assert refused.status == 409
    stopped = client.ask("POST", f"{RUN}/recovery", {"action": "stop"}, role="user").json
    assert stopped["is_stopped"]
    assert client.ask("POST", f"{RUN}/recovery", {"action": "explode"}, role="user").status == 422
