"""What clearing would touch, counted before it is done."""

import pytest

from tests.api.conftest import Client, FakeGate
from tests.api.test_dag_run_changes import TASKS, ended, states
from tests.store.building import put_dags
from windward.api.own.clearing import RUNS_MAX
from windward.model.access import Permission, Resource, Verb
from windward.store.sql.open import SqlStore

URL = "/api/windward/v1/clearing/foreseen"
RUNS = [{"dag_id": "sales", "dag_run_id": "done"}, {"dag_id": "sales", "dag_run_id": "old"}]


@pytest.fixture
def dags(client: Client, store: SqlStore) -> Client:
    put_dags(store, "sales", tasks=TASKS)
    put_dags(store, "costs", fileloc="costs.py", tasks=TASKS)
    ended(store)
    ended(store, 2, run_id="old")
    ended(store, 3, dag_id="costs", run_id="other")
    return client


def test_instances_of_runs_are_counted_by_task_and_state(dags: Client, store: SqlStore) -> None:
    other = {"dag_id": "costs", "dag_run_id": "other"}
    answer = dags.ask("POST", URL, {"dag_runs": [*RUNS, other]}, role="user")
    assert answer.json == {
        "tasks": [
            {"dag_id": "sales", "task_id": "load", "runs": 2, "states": {"success": 2}},
            {"dag_id": "sales", "task_id": "sum", "runs": 2, "states": {"failed": 2}},
            {"dag_id": "costs", "task_id": "load", "runs": 1, "states": {"success": 1}},
            {"dag_id": "costs", "task_id": "sum", "runs": 1, "states": {"failed": 1}},
        ],
        "runs": 3,
        "total_entries": 6,
    }
    assert states(store, 1) == {"load": "success", "sum": "failed"}


def test_many_runs_take_as_many_queries_as_one(dags: Client, store: SqlStore) -> None:
    def queries(places: list[dict[str, str]]) -> int:
        before = store.runs.counters.queries
        assert dags.ask("POST", URL, {"dag_runs": places}, role="user").json["runs"] == len(places)
        return store.runs.counters.queries - before

    for number in range(10, 30):
        ended(store, number, run_id=f"r{number}")
    many = [{"dag_id": "sales", "dag_run_id": f"r{number}"} for number in range(10, 30)]
    assert queries(many) == queries(RUNS[:1])


def test_what_is_foreseen_is_what_a_clear_would_run_again(dags: Client) -> None:
    for more in ({}, {"only_failed": True}):
        foreseen = dags.ask("POST", URL, {"dag_runs": RUNS[:1], **more}, role="user").json
        clear = dags.ask("POST", "/api/v2/dags/sales/dagRuns/done/clear", more, role="user").json
        listed = [one["task_id"] for one in clear["task_instances"]]
        assert [one["task_id"] for one in foreseen["tasks"]] == listed
        assert foreseen["total_entries"] == clear["total_entries"]


def test_tasks_are_named_and_what_follows_comes_along_when_asked_for(dags: Client) -> None:
    answer = dags.ask("POST", URL, {"dag_runs": RUNS, "task_ids": ["load"]}, role="user").json
    assert [(one["task_id"], one["runs"]) for one in answer["tasks"]] == [("load", 2)]
    assert dags.ask("POST", URL, {"dag_runs": RUNS, "task_ids": []}, role="user").json["total_entries"] == 0


def test_a_run_that_is_named_twice_counts_once(dags: Client) -> None:
    answer = dags.ask("POST", URL, {"dag_runs": [RUNS[0], RUNS[0]]}, role="user").json
    assert (answer["runs"], answer["total_entries"]) == (1, 2)


def test_who_may_not_clear_a_run_is_not_told(dags: Client, gate: FakeGate) -> None:
    gate.permissions["sales"] = frozenset({Permission(resource=Resource.RUN, verb=Verb.EDIT, dag_id="sales")})
    other = {"dag_id": "costs", "dag_run_id": "other"}
    assert dags.ask("POST", URL, {"dag_runs": RUNS}, role="sales").status == 200
    assert dags.ask("POST", URL, {"dag_runs": [*RUNS, other]}, role="sales").status == 403
    assert dags.ask("POST", URL, {"dag_runs": RUNS}, role="viewer").status == 403


def test_unknown_runs_and_too_many_are_refused(dags: Client) -> None:
    unknown = {"dag_id": "sales", "dag_run_id": "x"}
    assert dags.ask("POST", URL, {"dag_runs": [unknown]}, role="user").status == 404
    many = [{"dag_id": "sales", "dag_run_id": str(number)} for number in range(RUNS_MAX + 1)]
    assert dags.ask("POST", URL, {"dag_runs": many}, role="user").status == 422
