"""Pools over HTTP."""

from datetime import timedelta

import pytest

from tests.api.conftest import NOW, Client, FakeLedger, FakeWakeup
from tests.store.building import create, document_of, put_dags, run_of, step
from windward.core.transitions import TaskEvent
from windward.document import TaskDocument
from windward.model.ids import TaskKey
from windward.store.sql.open import SqlStore


def names(client: Client, query: str = "") -> list[str]:
    return [pool["name"] for pool in client.ask("GET", f"/api/v2/pools{query}", role="viewer").json["pools"]]


@pytest.fixture
def made(client: Client) -> Client:
    for number in range(1, 6):
        answer = client.ask("POST", "/api/v2/pools", {"name": f"p{number}", "slots": 10 - number}, role="op")
        assert answer.status == 201
    return client


def test_a_pool_that_was_made_is_shown_and_wakes_the_scheduler(client: Client, wakeup: FakeWakeup) -> None:
    answer = client.ask("POST", "/api/v2/pools", {"name": "a b/c", "slots": 3, "description": "x"}, role="op")
    assert answer.status == 201
    assert wakeup.count == 1
    shown = client.ask("GET", "/api/v2/pools/a b/c", role="viewer")
    assert shown.json == answer.json == {
        "name": "a b/c", "slots": 3, "description": "x", "include_deferred": False, "occupied_slots": 0,
        "running_slots": 0, "queued_slots": 0, "scheduled_slots": 0, "open_slots": 3, "deferred_slots": 0,
        "team_name": None,
    }  # fmt: skip


def test_a_pool_that_exists_is_not_made_again(made: Client) -> None:
    assert made.ask("POST", "/api/v2/pools", {"name": "p1", "slots": 1}, role="op").status == 409


@pytest.mark.parametrize(("query", "expected"), [
    ("?limit=2", ["default_pool", "p1"]),
    ("?limit=2&offset=4", ["p4", "p5"]),
    ("?order_by=-name&limit=1", ["p5"]),
    ("?order_by=slots&limit=2", ["p5", "p4"]),
    ("?pool_name_pattern=P1|p3", ["p1", "p3"]),
    ("?pool_name_pattern=p_", ["p1", "p2", "p3", "p4", "p5", "default_pool"]),
    ("?pool_name_prefix_pattern=p", ["p1", "p2", "p3", "p4", "p5"]),
    ("?pool_name_prefix_pattern=P", []),
])  # fmt: skip
def test_lists_are_filtered_ordered_and_cut(made: Client, query: str, expected: list[str]) -> None:
    assert sorted(names(made, query)) == sorted(expected)
    if "order_by" in query:
        assert names(made, query) == expected


def test_only_what_is_given_changes(made: Client) -> None:
    answer = made.ask("PATCH", "/api/v2/pools/p1", {"slots": -1}, role="op")
    assert (answer.json["slots"], answer.json["open_slots"], answer.json["name"]) == (-1, -1, "p1")
    body = {"slots": 5, "description": "new"}
    answer = made.ask("PATCH", "/api/v2/pools/p1?update_mask=description", body, role="op")
    assert (answer.json["slots"], answer.json["description"]) == (-1, "new")


@pytest.mark.parametrize(("body", "status"), [
    ({"slots": -2}, 400), ({"slots": "many"}, 422), ({"colour": "red"}, 422), ({"pool": "other"}, 400), (b"{", 422),
])  # fmt: skip
def test_what_a_pool_cannot_be_is_refused(made: Client, body: object, status: int) -> None:
    assert made.ask("PATCH", "/api/v2/pools/p1", body, role="op").status == status
    assert made.ask("GET", "/api/v2/pools/p1", role="op").json["slots"] == 9


def test_the_default_pool_stays(client: Client) -> None:
    answer = client.ask("DELETE", "/api/v2/pools/default_pool", role="op")
    assert answer.status == 400
    assert "hint" in answer.json


def test_a_pool_that_is_deleted_is_gone(made: Client, ledger: FakeLedger) -> None:
    assert made.ask("DELETE", "/api/v2/pools/p1", role="op").status == 204
    assert made.ask("DELETE", "/api/v2/pools/p1", role="op").status == 404
    assert made.ask("GET", "/api/v2/pools/p1", role="op").status == 404
    assert ledger.lines[-2:] == [("delete_pool", "op", 204), ("delete_pool", "op", 404)]


def test_a_fault_is_told_with_its_place(client: Client) -> None:
    answer = client.ask("POST", "/api/v2/pools", {"name": "x", "slots": "many"}, role="op")
    assert answer.status == 422
    [fault] = answer.json["detail"]
    assert fault["loc"] == ["body", "slots"]
    [fault] = client.ask("POST", "/api/v2/pools", {"name": "x"}, role="op").json["detail"]
    assert (fault["loc"], fault["type"]) == (["body", "slots"], "missing")
    [fault] = client.ask("GET", "/api/v2/pools?limit=x", role="op").json["detail"]
    assert fault["loc"] == ["query", "limit"]


def test_an_unknown_order_is_refused_with_those_there_are(client: Client) -> None:
    answer = client.ask("GET", "/api/v2/pools?order_by=password", role="op")
    assert answer.status == 400
    assert "slots" in answer.json["hint"]


def test_many_changes_go_in_one_request(made: Client) -> None:
    actions = [
        {"action": "create", "entities": [{"name": "p1", "slots": 1}, {"name": "new", "slots": 1}],
         "action_on_existence": "skip"},
        {"action": "update", "entities": [{"name": "p2", "slots": 2}], "update_mask": ["slots"]},
        {"action": "delete", "entities": ["p3", "nothing"], "action_on_non_existence": "skip"},
        {"action": "delete", "entities": ["p4", "nothing"]},
    ]  # fmt: skip
    answer = made.ask("PATCH", "/api/v2/pools", {"actions": actions}, role="op")
    assert answer.status == 200
    assert answer.json["create"] == {"success": ["new"], "errors": []}
    assert answer.json["update"] == {"success": ["p2"], "errors": []}
    assert answer.json["delete"]["success"] == ["p3"]
    assert answer.json["delete"]["errors"] == [{"error": "do not exist: nothing", "status_code": 404}]
    assert names(made) == ["default_pool", "new", "p1", "p2", "p4", "p5"]


def test_a_pool_has_no_team(made: Client) -> None:
    pool, said = (
        {"name": "p1", "slots": 7, "team_name": "blue"},
        "cannot be set: this installation has no teams",
    )
    actions = [
        {"action": "create", "entities": [{**pool, "name": "new"}]},
        {"action": "update", "entities": [pool]},
    ]
    before = made.ask("GET", "/api/v2/pools", role="op").json

    made_new = made.ask("POST", "/api/v2/pools", {**pool, "name": "new"}, role="op")
    changed = made.ask("PATCH", "/api/v2/pools/p1", {"slots": 7, "team_name": "blue"}, role="op")
    in_bulk = made.ask("PATCH", "/api/v2/pools", {"actions": actions}, role="op").json

    for answer in (made_new, changed):
        assert (answer.status, answer.json["detail"][0]["msg"]) == (422, said)
    told = [in_bulk[kind]["errors"][0]["error"] for kind in ("create", "update")]
    assert told == [f"new: team_name: {said}", f"p1: team_name: {said}"]
    assert made.ask("GET", "/api/v2/pools", role="op").json == before


@pytest.mark.parametrize("known", ["{}", "W/{}", '"another", {}', '"another", W/{}', "*"])
def test_a_list_that_did_not_change_is_not_sent_again(made: Client, known: str) -> None:
    first = made.ask("GET", "/api/v2/pools", role="viewer")
    headers = {"if-none-match": known.format(first.headers["etag"])}
    again = made.ask("GET", "/api/v2/pools", role="viewer", headers=headers)
    assert (again.status, again.body) == (304, b"")


def test_a_list_that_did_change_is_sent_again(made: Client) -> None:
    again = made.ask("GET", "/api/v2/pools", role="viewer", headers={"if-none-match": 'W/"another"'})
    assert again.status == 200


def test_a_body_that_is_too_large_is_not_read(client: Client) -> None:
    body = b'{"name": "' + b"x" * (1 << 20) + b'", "slots": 1}'
    assert client.ask("POST", "/api/v2/pools", body, role="op").status == 413


def test_use_of_pools_is_told_over_time(client: Client, store: SqlStore) -> None:
    tasks = (TaskDocument(task_id="load", operator="PythonOperator", pool="ovens", pool_slots=2),)
    put_dags(store, "sales", tasks=tasks)
    run = run_of(document_hash=document_of("sales", tasks=tasks)[0], start_date=NOW)
    store.runs.apply([[create(run, "load")]])
    key = TaskKey(run.run_pk, "load")
    step(store, key, TaskEvent.QUEUE, queued_at=NOW - timedelta(hours=1))
    step(store, key, TaskEvent.START, owner="h", start_date=NOW - timedelta(minutes=30))

    found = client.ask("GET", "/api/windward/v1/pools/use?hours=1", role="viewer").json

    [ovens] = found["pools"]
    assert ovens["name"] == "ovens"
    assert sum(ovens["queued"]) * found["step_s"] == pytest.approx(2 * 1800, rel=0.01)
    assert sum(ovens["running"]) * found["step_s"] == pytest.approx(2 * 1800, rel=0.01)
    assert found["is_whole"]


@pytest.mark.parametrize("hours", [0, 49])
def test_use_of_pools_is_told_of_two_days_at_most(client: Client, hours: int) -> None:
    assert client.ask("GET", f"/api/windward/v1/pools/use?hours={hours}", role="viewer").status == 422
