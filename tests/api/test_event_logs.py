"""The audit log: who did what, what was before and after, without secrets; read by whom it concerns."""

import json
from typing import Any

import pytest

from tests.api.conftest import Client, FakeGate
from tests.api.signing_in import SESSION, basic, headers_of, sign_in
from tests.store.building import create, document_of, put_dags, run_of, step
from windward.api.access.pages import LoginPages
from windward.api.app import OPERATIONS, make_app
from windward.api.contract.operation import Needs, Scope, operation
from windward.api.ledger import StoreLedger
from windward.api.page import Page
from windward.api.services import Services
from windward.core.transitions import TaskEvent
from windward.document import TaskDocument
from windward.model.access import Permission, Resource, Verb
from windward.model.accounts import AuditEvent
from windward.model.ids import TaskKey
from windward.store.sql.open import SqlStore

LOGS = "/api/v2/eventLogs"
TASKS = (
    TaskDocument(task_id="load", operator="One"),
    TaskDocument(task_id="save", operator="One", upstream=("load",)),
)
ABOUT_A_TASK = operation(
    "DELETE",
    "/test/{dag_id}/{dag_run_id}/{task_id}/{map_index}",
    name="delete_task",
    tag="Test",
    summary="Change a task.",
    access=Needs(verb=Verb.DELETE, resource=Resource.TASK_INSTANCE, scope=Scope.PATH),
    handler=lambda _call: None,
)


@pytest.fixture
def client(client: Client, services: Services, gate: FakeGate) -> Client:
    entrance = services.entrance
    ledger = StoreLedger(
        services.store.audit,
        services.settings,
        now=services.now,
        address_of=lambda request: entrance.presented(request).address,
    )
    app = make_app(
        services,
        gate=gate,
        ledger=ledger,
        page=Page(services, gate=gate, title="T"),
        login=LoginPages(entrance, services.store.audit, title="T"),
        operations=[*OPERATIONS, ABOUT_A_TASK],
    )
    return Client(app, client.password)


def lines(client: Client, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.ask("GET", f"{LOGS}{query}", role="op").json["event_logs"]
    return found


def extra(line: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line["extra"])
    return found


def test_a_change_is_kept_with_what_was_before_and_after(client: Client) -> None:
    client.ask("POST", "/api/v2/pools", {"name": "p", "slots": 1}, role="op")
    client.ask("PATCH", "/api/v2/pools/p", {"slots": 5}, role="op")
    client.ask("DELETE", "/api/v2/pools/p", role="op")
    made, changed, deleted = lines(client)
    assert [(one["event"], one["owner"]) for one in (made, changed, deleted)] == [
        ("post_pool", "op"), ("patch_pool", "op"), ("delete_pool", "op"),
    ]  # fmt: skip
    assert extra(changed)["address"] == "127.0.0.1"
    (change,) = extra(changed)["changes"]
    assert (change["before"]["slots"], change["after"]["slots"]) == (1, 5)
    assert "after" not in extra(deleted)["changes"][0]
    assert "before" not in extra(made)["changes"][0]


def test_what_is_refused_is_kept_too_and_names_its_dag(client: Client) -> None:
    client.ask("DELETE", "/api/v2/pools/default_pool", role="viewer")
    client.ask("DELETE", "/test/sales/r1/load/7", role="viewer")
    pool, run = lines(client)
    assert (extra(pool)["status"], extra(run)["status"]) == (403, 403)
    assert (run["dag_id"], run["run_id"], run["task_id"], run["map_index"]) == ("sales", "r1", "load", 7)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_date_beyond_all_years_leaves_the_log_readable(
    client: Client, store: SqlStore, moment: str
) -> None:
    put_dags(store, "sales", tasks=TASKS)
    asked = {"logical_date": moment}
    assert client.ask("POST", "/api/v2/dags/sales/dagRuns", asked, role="user").status == 422
    (line,) = lines(client)
    assert (line["event"], line["dag_id"], line["logical_date"]) == ("trigger_dag_run", "sales", None)


@pytest.fixture
def failed(store: SqlStore) -> None:
    put_dags(store, "sales", tasks=TASKS)
    document_hash = document_of("sales", tasks=TASKS)[0]
    for pk in (1, 2):
        run = run_of(pk, run_id=f"r{pk}", document_hash=document_hash)
        assert store.runs.apply([[create(run, "load", "save")]]).all
        for task_id in ("load", "save"):
            step(store, TaskKey(pk, task_id), TaskEvent.QUEUE, try_number=1)
            step(store, TaskKey(pk, task_id), TaskEvent.START, owner="h")
            step(store, TaskKey(pk, task_id), TaskEvent.FAIL)


@pytest.mark.usefixtures("failed")
@pytest.mark.parametrize(("method", "path", "body", "ids"), [
    ("POST", "sales/clearTaskInstances",
     {"dry_run": False, "dag_run_id": "r1", "task_ids": ["load"], "include_downstream": True, "note": "again"},
     ("r1", "load", None)),
    ("POST", "sales/clearTaskInstances",
     {"dry_run": False, "dag_run_id": "r1", "task_ids": [["load", -1]], "note": "again"}, ("r1", "load", -1)),
    ("POST", "sales/clearTaskInstances", {"dry_run": False, "dag_run_id": "r1", "note": "again"}, ("r1", None, None)),
    ("PATCH", "~/dagRuns/~/taskInstances",
     {"actions": [{"action": "update", "entities": [
         {"dag_id": "sales", "dag_run_id": "r2", "task_id": "load", "new_state": "success", "note": "again"}]}]},
     ("r2", "load", None)),
    ("PATCH", "~/dagRuns/~/taskInstances",
     {"actions": [{"action": "update", "entities": [
         {"dag_id": "sales", "dag_run_id": run_id, "task_id": "save", "new_state": "success", "note": "again"}
         for run_id in ("r1", "r2")]}]},
     (None, None, None)),
    ("PATCH", "~/dagRuns", {"actions": [{"action": "update", "entities": [
        {"dag_id": "sales", "dag_run_id": "r1", "note": "again"}]}]}, ("r1", None, None)),
])  # fmt: skip
def test_a_line_is_about_the_task_that_was_named_and_has_the_note(
    client: Client, method: str, path: str, body: object, ids: tuple[object, ...]
) -> None:
    assert client.ask(method, f"/api/v2/dags/{path}", body, role="op").status == 200
    (line,) = lines(client)
    assert (line["dag_id"], line["run_id"], line["task_id"], line["map_index"]) == ("sales", *ids)
    notes = [one["after"]["note"] for one in extra(line)["changes"] if "note" in one["after"]]
    assert set(notes) == {"again"}
    assert "again" in json.dumps(extra(line)["body"])


@pytest.mark.usefixtures("failed")
@pytest.mark.parametrize(("method", "path", "body"), [
    ("POST", "v2/dags/sales/clearTaskInstances", {"dag_run_id": "r1"}),
    ("POST", "v2/dags/sales/dagRuns/r1/clear", {"dry_run": True}),
    ("PATCH", "v2/dags/sales/dagRuns/r1/taskInstances/load/dry_run", {"new_state": "success"}),
    ("POST", "windward/v1/clearing/foreseen", {"dag_runs": [{"dag_id": "sales", "dag_run_id": "r1"}]}),
])  # fmt: skip
def test_asking_what_would_happen_is_kept_only_where_it_was_refused(
    client: Client, method: str, path: str, body: object
) -> None:
    assert client.ask(method, f"/api/{path}", body, role="op").status == 200
    assert lines(client) == []
    assert client.ask(method, f"/api/{path}", body, role="viewer").status == 403
    assert [extra(one)["status"] for one in lines(client)] == [403]


def test_reading_is_not_kept(client: Client) -> None:
    client.ask("GET", "/api/v2/pools", role="op")
    assert lines(client) == []


def test_signing_in_and_failing_to_is_kept_without_the_password(client: Client) -> None:
    sign_in(client)
    client.ask("POST", SESSION, {"username": "admin", "password": "sesame open"})
    client.ask("POST", "/login", b"username=admin&password=sesame+open",
               headers={"content-type": "application/x-www-form-urlencoded"})  # fmt: skip
    found = lines(client)
    assert [(one["event"], one["owner"], extra(one)["status"]) for one in found] == [
        ("begin_session", "admin", 201), ("begin_session", "admin", 401), ("sign_in", "admin", 401),
    ]  # fmt: skip
    assert client.password not in json.dumps(found)
    assert "sesame" not in json.dumps(found)


def test_people_who_are_nobody_fill_no_disk(client: Client) -> None:
    client.ask("POST", "/api/v2/pools", {"name": "p", "slots": 1})
    client.ask("POST", "/api/v2/pools", {"name": "p"}, headers={"authorization": "Bearer x"})
    client.ask("POST", "/auth/token", {"username": ["x"]})
    for _ in range(20):
        client.ask("POST", SESSION, {"username": "admin", "password": "wrong"})
    assert len(lines(client)) == 10  # as many as there are tries


def test_secrets_of_accounts_are_masked(client: Client) -> None:
    root = basic("admin", client.password)
    client.ask(
        "POST", "/api/windward/v1/users", {"username": "bob", "password": "a long password"}, headers=root
    )
    client.ask("PATCH", "/api/windward/v1/users/bob", {"password": "another long one"}, headers=root)
    token = client.ask("POST", "/api/windward/v1/me/tokens", {"name": "ci"}, headers=root).json["token"]
    client.ask(
        "POST",
        "/api/windward/v1/me/password",
        {"current_password": client.password, "new_password": "quite another one"},
        headers=root,
    )
    said = json.dumps(lines(client))
    for secret in ("a long password", "another long one", token, client.password, "quite another one"):
        assert secret not in said
    assert len(lines(client)) == 4


def test_credentials_in_the_host_of_a_connection_are_masked(client: Client) -> None:
    root, place = basic("admin", client.password), "/api/v2/connections"
    body = {"connection_id": "c", "conn_type": "http", "host": "http://u:sesame@h/?token=sesame"}
    client.ask("POST", place, body, headers=root)
    client.ask("PATCH", f"{place}/c", {**body, "description": "d"}, headers=root)
    actions = [{"action": "create", "entities": [body], "action_on_existence": "overwrite"}]
    client.ask("PATCH", place, {"actions": actions}, headers=root)
    client.ask("POST", f"{place}/test", body, headers=root)
    client.ask("DELETE", f"{place}/c", headers=root)
    said = json.dumps(lines(client))
    assert "http://***@h/?token=***" in said
    assert "sesame" not in said


def test_a_line_is_about_the_session_or_token_that_was_used(client: Client) -> None:
    cookies = sign_in(client)
    client.ask("POST", "/api/v2/pools", {"name": "p", "slots": 1}, headers=headers_of(cookies))
    assert extra(lines(client)[-1])["credential"].startswith("session:")


@pytest.fixture
def written(services: Services) -> None:
    services.store.audit.write_events(
        [
            AuditEvent(at=services.now(), event=f"e{number}", owner="ada", status=200, dag_id=dag_id)
            for number, dag_id in enumerate(("sales", "wages", None))
        ]
    )


@pytest.mark.usefixtures("written")
def test_a_list_shows_lines_about_dags_within_reach_only(client: Client, gate: FakeGate) -> None:
    gate.permissions["one"] = frozenset(
        {Permission(resource=Resource.AUDIT_LOG, verb=Verb.READ, dag_id="sales")}
    )
    all_lines = lines(client, "?order_by=-event_log_id")
    assert [one["event"] for one in all_lines] == ["e2", "e1", "e0"]
    seen = client.ask("GET", LOGS, role="one").json
    assert ([one["dag_id"] for one in seen["event_logs"]], seen["total_entries"]) == (["sales"], 1)
    assert client.ask("GET", f"{LOGS}/{all_lines[2]['event_log_id']}", role="one").status == 200
    for hidden in all_lines[:2]:
        assert client.ask("GET", f"{LOGS}/{hidden['event_log_id']}", role="one").status == 404
    assert client.ask("GET", LOGS, role="user").status == 403


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(("query", "count"), [
    ("?dag_id=sales", 1), ("?owner=ada", 3), ("?event=e1", 1), ("?excluded_events=e0&excluded_events=e1", 1),
    ("?included_events=e0&included_events=e1", 2), ("?dag_id_pattern=SAL%25", 1), ("?event_prefix_pattern=e", 3),
    ("?before=2026-03-01T12:00:00Z", 0), ("?after=2026-03-01T11:59:59Z", 3), ("?limit=2", 2), ("?map_index=1", 0),
])  # fmt: skip
def test_lines_are_filtered(client: Client, query: str, count: int) -> None:
    assert len(lines(client, query)) == count
