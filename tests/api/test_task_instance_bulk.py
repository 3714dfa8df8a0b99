"""Task instances over HTTP: changed and deleted many at a time."""

from typing import Any

import pytest

from tests.api.conftest import Client, FakeGate
from tests.api.three_runs import FRESH, INSTANCES, fill, patch, states
from tests.store.building import task_in
from windward.model.access import Permission, Resource, Verb
from windward.model.ids import TaskKey
from windward.store.sql.open import SqlStore


@pytest.fixture
def filled(client: Client, store: SqlStore) -> Client:
    fill(store)
    return client


def bulk(client: Client, actions: Any, path: str = INSTANCES, role: str = "user") -> Any:
    answer = patch(client, path, {"actions": actions}, role)
    assert answer.status == 200, answer.body
    return answer.json


def test_many_are_changed_at_once(filled: Client, store: SqlStore) -> None:
    done = bulk(filled, [
        {"action": "update", "entities": [
            {"task_id": "m", "new_state": "failed", "note": "x"}, {"task_id": "a", "map_index": -1, "note": "y"}]},
        {"action": "delete", "entities": ["g.c", {"task_id": "m", "map_index": 0, "dag_run_id": "r1"}]},
        {"action": "create", "entities": [{"task_id": "z"}]},
    ])  # fmt: skip
    assert done["update"] == {
        "success": ["sales.r2.m[0]", "sales.r2.m[1]", "sales.r2.a[-1]"], "errors": [],
    }  # fmt: skip
    assert done["delete"] == {"success": ["sales.r2.g.c[-1]", "sales.r1.m[0]"], "errors": []}
    assert done["create"]["errors"][0]["status_code"] == 405
    assert (states(store)["m[0]"], task_in(store, TaskKey(2, "a")).note) == ("failed", "y")
    assert "m[0]" not in states(store, 1)


def test_many_are_changed_in_one_transaction_and_what_is_refused_keeps_nobody_else_from_it(
    filled: Client, store: SqlStore
) -> None:
    def costs(*names: str) -> tuple[int, int]:
        before = (store.runs.counters.commits, store.runs.counters.queries)
        entities = [
            {"dag_run_id": run, "task_id": name, "new_state": "skipped", "note": "x"}
            for run, name in (one.split(".", 1) for one in names)
        ]
        done = bulk(filled, [{"action": "update", "entities": entities}])["update"]
        assert done["success"] == [f"sales.{name}[-1]" for name in names if name != "r2.d"]
        assert [(one["status_code"], one["name"]) for one in done["errors"]] == [(409, "r2.d")] * (
            "r2.d" in names
        )
        return store.runs.counters.commits - before[0], store.runs.counters.queries - before[1]

    assert patch(filled, f"{INSTANCES}/d", {"new_state": "skipped"}).status == 200
    one = costs("r1.a")
    assert (one[0], costs("r1.g.b", "r1.g.c", "r2.a", "r2.d", "r3.a")[0]) == (1, 1)
    assert costs("r3.g.b", "r3.g.c", "r3.d") <= one
    assert task_in(store, TaskKey(2, "d")).note is None
    assert {task_in(store, TaskKey(pk, "a")).note for pk in (1, 2, 3)} == {"x"}


def test_what_is_not_there_stops_an_action_or_is_passed_over(filled: Client, store: SqlStore) -> None:
    entities = [{"task_id": "nothing", "new_state": "failed"}, {"task_id": "a", "new_state": "failed"}]
    stopped = bulk(filled, [{"action": "update", "entities": entities}])
    assert (stopped["update"]["success"], stopped["update"]["errors"][0]["status_code"]) == ([], 404)
    assert states(store) == FRESH
    passed = bulk(filled, [{"action": "update", "entities": entities, "action_on_non_existence": "skip"}])
    assert passed["update"] == {"success": ["sales.r2.a[-1]"], "errors": []}


def test_each_entry_is_asked_for_leave(filled: Client, store: SqlStore, gate: FakeGate) -> None:
    gate.permissions["sales"] = frozenset(
        Permission(resource=Resource.TASK_INSTANCE, verb=verb, dag_id="sales") for verb in Verb
    )
    entities = [
        {"task_id": "load", "dag_id": "costs", "dag_run_id": "other", "new_state": "failed"},
        {"task_id": "a", "dag_id": "sales", "dag_run_id": "r3", "new_state": "failed"},
        {"task_id": "a", "new_state": "failed"},
    ]
    done = bulk(
        filled,
        [{"action": "update", "entities": entities}],
        "/api/v2/dags/~/dagRuns/~/taskInstances",
        "sales",
    )
    assert done["update"]["success"] == ["sales.r3.a[-1]"]
    assert [(error["status_code"], error["name"]) for error in done["update"]["errors"]] == [
        (403, "costs.other.load"),
        (400, "a"),
    ]
    assert task_in(store, TaskKey(9, "load")).state == "none"
