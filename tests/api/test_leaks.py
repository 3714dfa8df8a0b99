"""No operation shows anything of a DAG to somebody who holds rights for another DAG only: all of them are asked."""

import re

import pytest

from tests.api.conftest import NOW, Client, FakeGate
from tests.api.filling import ASSET_ID, entangle, fill
from windward.api.app import OPERATIONS
from windward.api.contract.operation import Needs, Operation
from windward.api.public.import_errors import REDACTED
from windward.api.services import Services
from windward.core.access import BUILT_IN_ROLES
from windward.model.access import Permission, Resource, Verb
from windward.ports.listings.files import error_id
from windward.store.sql.open import SqlStore

MINE, HIDDEN = "mine", "hidden"
TOKEN, TAGGED_TOKEN = "token", "tagged_token"
LIMITED = (MINE, TOKEN, TAGGED_TOKEN)
"""Who may see the one DAG: by a role; with a token of an administrator; with one of who may see both by their tags."""
NAMELESS = {Resource.ASSET, Resource.ASSET_STATE, Resource.CONFIG, Resource.CONNECTION, Resource.JOB, Resource.PLUGIN,
            Resource.POOL, Resource.PROVIDER, Resource.VARIABLE}  # fmt: skip
"""What belongs to no DAG, so that leave for it is leave for all of it."""
ENDLESS = {"stream_events", "stream_log"}
"""Answers that go on while somebody listens have tests of their own."""
READING_BY_POST = {"get_list_dag_runs_batch", "get_task_instances_batch"}
SHOWS_NOTHING = {
    "get_config", "get_config_value", "get_connection", "get_connection_test", "get_connection_types",
    "get_connections", "get_pool",
    "get_pools", "get_variable", "get_variables", "get_plugins", "import_errors", "get_providers", "get_jobs",
    "get_metrics", "get_components", "get_asset_alias", "get_asset_state_store", "list_asset_state_store",
    "get_pool_use", "get_settings", "get_roles", "get_role", "get_users", "get_user", "get_user_sessions", "get_user_tokens", "fetch_mail",
    "get_code_manifest", "get_code_file", "get_external_log_url", "get_asset_aliases", "wait_dag_run_until_finished",
    "get_task_instance_dependencies_by_map_index", "get_task_instance_dependencies", "get_calendar",
}  # fmt: skip
"""What shows nothing of these DAGs even to an administrator."""


def reading() -> list[Operation]:
    return [
        one
        for one in OPERATIONS
        if isinstance(one.access, Needs)
        and (one.method == "GET" or one.name in READING_BY_POST)
        and one.name not in ENDLESS
    ]


def paths(operation: Operation, name: str) -> list[str]:
    """Return addresses at which the operation shows what a DAG has."""
    values = {
        "dag_id": f"{name}_dag",
        "dag_run_id": f"{name}_run",
        "task_id": f"{name}_task",
        "map_index": "-1",
        "try_number": "1",
        "task_try_number": "1",
        "version_number": "1",
        "xcom_key": f"{name}_key",
        "key": f"{name}_state",
        "asset_id": str(ASSET_ID),
        "asset_alias_id": "1",
        "backfill_id": "2" if name == HIDDEN else "1",
        "import_error_id": str(error_id(f"{name}_h.py")),
        "event_log_id": "2" if name == HIDDEN else "1",
    }
    query = ""
    if operation.name in {"list_backfills", "get_recent"}:
        query = f"?dag_id={name}_dag"
    if operation.name == "get_failures":
        query = "?hours=168"
    if operation.name == "get_calendar":
        query = "?run_after_gte=2026-01-01T00:00:00Z&run_after_lt=2026-12-01T00:00:00Z"
    if "hitl" in operation.path or "hitlDetail" in operation.path:
        values["task_id"] = f"{name}_ask"
    if operation.name == "get_mapped_task_instances":
        values["task_id"] = f"{name}_group.many"
    if operation.name == "get_code_text":
        query = f"?path={name}.py"
    if operation.name == "get_asset_state_store":
        values["key"] = "mark"
    if operation.name == "get_upstream_asset_events":
        values["dag_run_id"] = f"{name}_ended"
    if operation.name == "wait_dag_run_until_finished":
        values["dag_run_id"], query = f"{name}_ended", "?interval=1"
    found = [fill_in(operation, values) + query]
    if name == MINE and operation.name != "wait_dag_run_until_finished":
        found.append(fill_in(operation, values | {"dag_run_id": f"{name}_entangled"}) + query)
        found.append(fill_in(operation, values | {"import_error_id": str(error_id("shared.py"))}) + query)
    return found


def fill_in(operation: Operation, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)(?::path)?\}", lambda match: values.get(match[1], "1"), operation.path)


def listing_paths(operation: Operation) -> list[str]:
    """Return addresses that name no DAG: lists, and `~` where an operation takes it."""
    if "dag_id" not in operation.parameters:
        return paths(operation, MINE)
    everything = dict.fromkeys(operation.parameters, "~") | {
        name: "1" for name in operation.parameters if name.endswith(("number", "index", "asset_id"))
    }
    return [fill_in(operation, everything)]


@pytest.fixture
def filled(client: Client, services: Services, store: SqlStore, gate: FakeGate) -> Client:
    fill(services, store, MINE, 1)
    fill(services, store, HIDDEN, 2)
    entangle(store, MINE, HIDDEN)
    store.hosts.beat_component("scheduler", "here", hostname="here", pid=1, now=NOW)
    gate.permissions[MINE] = frozenset(
        Permission(resource=resource, verb=verb, dag_id=None if resource in NAMELESS else dag_id)
        for resource in Resource
        for verb in Verb
        for dag_id in (f"{MINE}_dag", f"{MINE}_hourly", f"{MINE}_shared")
    )
    gate.permissions[TOKEN] = BUILT_IN_ROLES["admin"]
    gate.permissions[TAGGED_TOKEN] = frozenset(
        Permission(resource=resource, verb=verb, tag=None if resource in NAMELESS else tag)
        for resource in Resource
        for verb in Verb
        for tag in (f"{MINE}_tag", f"{HIDDEN}_tag")
    )
    gate.scopes = dict.fromkeys((TOKEN, TAGGED_TOKEN), gate.permissions[MINE])
    return client


def asked(client: Client, operation: Operation, path: str, role: str) -> tuple[int, bytes]:
    answer = client.ask(operation.method, path, {} if operation.changes else None, role=role)
    assert answer.status < 500, answer.body
    return answer.status, answer.body


@pytest.mark.parametrize("operation", reading(), ids=lambda one: one.name)
def test_nothing_of_a_dag_is_shown_to_who_may_see_another(filled: Client, operation: Operation) -> None:
    for path in (*listing_paths(operation), *paths(operation, MINE)):
        for role in LIMITED:
            assert HIDDEN.encode() not in asked(filled, operation, path, role)[1], (role, path)


@pytest.mark.parametrize("operation", reading(), ids=lambda one: one.name)
def test_naming_a_dag_that_one_may_not_see_shows_nothing_of_it(filled: Client, operation: Operation) -> None:
    for path in paths(operation, HIDDEN):
        for role in LIMITED:
            status, body = asked(filled, operation, path, role)
            # A refusal says again what was asked for; it says nothing that was not.
            told = body.replace(f"{HIDDEN}_dag".encode(), b"")
            assert HIDDEN.encode() not in told, (role, path)
            assert status in {403, 404} or "{dag_id}" not in operation.path


@pytest.mark.parametrize("operation", reading(), ids=lambda one: one.name)
def test_there_was_something_to_be_shown(filled: Client, operation: Operation) -> None:
    """An administrator sees what the others must not, so that the tests above can fail."""
    found = [
        asked(filled, operation, path, "admin")[1]
        for path in (*listing_paths(operation), *paths(operation, HIDDEN))
    ]
    assert any(HIDDEN.encode() in body for body in found) is (operation.name not in SHOWS_NOTHING), found


@pytest.mark.parametrize("operation", reading(), ids=lambda one: one.name)
def test_a_token_for_a_dag_shows_what_a_role_for_it_shows(filled: Client, operation: Operation) -> None:
    for path in (*listing_paths(operation), *paths(operation, MINE)):
        assert asked(filled, operation, path, TOKEN)[0] == asked(filled, operation, path, MINE)[0], path


ENTANGLED = f"/api/v2/dags/{MINE}_dag/dagRuns/{MINE}_entangled"


def test_the_events_behind_a_run_are_those_of_dags_that_one_may_see(filled: Client) -> None:
    path = f"{ENTANGLED}/upstreamAssetEvents"

    everything = filled.ask("GET", path, role="admin").json
    mine = filled.ask("GET", path, role=MINE).json

    (event,) = everything["asset_events"]
    assert event["source_dag_id"] == f"{HIDDEN}_dag"
    assert {run["dag_id"] for run in event["created_dagruns"]} == {f"{MINE}_dag", f"{HIDDEN}_dag"}
    assert everything["total_entries"] == 1
    assert mine == {"asset_events": [], "total_entries": 0}


def test_an_event_of_ones_own_names_no_run_that_another_dag_made_of_it(
    filled: Client, store: SqlStore
) -> None:
    event = store.assets.list_events(name="orders")[0]
    assert event.source_dag_id == f"{MINE}_dag"
    asked = f"/api/v2/assets/events?source_dag_id={MINE}_dag"

    found = filled.ask("GET", asked, role=MINE).json["asset_events"]

    assert found
    assert {run["dag_id"] for one in found for run in one["created_dagruns"]} <= {f"{MINE}_dag"}


def test_who_may_see_a_dag_but_not_its_runs_is_told_of_none(filled: Client, gate: FakeGate) -> None:
    gate.permissions["reader"] = frozenset(
        Permission(resource=resource, verb=Verb.READ) for resource in (Resource.ASSET, Resource.DAG)
    )

    found = filled.ask("GET", "/api/v2/assets/events", role="reader").json["asset_events"]
    known = filled.ask("GET", "/api/v2/assets/events", role="admin").json["asset_events"]

    assert any(one["created_dagruns"] for one in known)
    assert found
    assert not any(one["created_dagruns"] for one in found)


def test_the_newest_event_of_an_asset_is_one_that_may_be_seen(filled: Client) -> None:
    def newest(role: str) -> int:
        shown: int = filled.ask("GET", f"/api/v2/assets/{ASSET_ID}", role=role).json["last_asset_event"]["id"]
        return shown

    assert (newest("admin"), newest(MINE)) == (901, 101)


def test_what_triggered_a_run_is_told_to_who_may_see_it(filled: Client) -> None:
    path = f"{ENTANGLED}/explain".replace("/api/v2", "/api/windward/v1")

    assert f"DAG `{HIDDEN}_dag` triggered it" in filled.ask("GET", path, role="admin").body.decode()
    answer = filled.ask("GET", path, role=MINE)
    assert answer.status == 200
    assert HIDDEN not in answer.body.decode()


def test_the_error_of_a_file_with_dags_out_of_sight_is_not_told(filled: Client) -> None:
    path = f"/api/v2/importErrors/{error_id('shared.py')}"

    assert filled.ask("GET", path, role="admin").json["stack_trace"] == f"{HIDDEN} shared error"
    assert filled.ask("GET", path, role=MINE).json["stack_trace"] == REDACTED
