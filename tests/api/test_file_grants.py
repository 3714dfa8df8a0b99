"""What DAG files give to roles by `access_control`: to see and to run their own DAGs, as long as they say so."""

from typing import Any

import pytest

from tests.api.conftest import Client, FakeGate
from tests.api.signing_in import ME, basic
from tests.store.building import put_dags
from windward.core.access import BUILT_IN_ROLES
from windward.model.access import Permission, Resource, Verb
from windward.store.sql.open import SqlStore

PASSWORD = "correct horse battery"
ROLES, USERS = "/api/windward/v1/roles", "/api/windward/v1/users"
READ, RUN = {"DAGs": ("can_read",)}, {"DAGs": ("can_edit", "can_read")}


@pytest.fixture
def zoe(client: Client) -> dict[str, str]:
    """Somebody with a role that permits nothing by itself."""
    root = basic("admin", client.password)
    assert client.ask("POST", ROLES, {"name": "crew", "permissions": []}, headers=root).status == 201
    body = {"username": "zoe", "password": PASSWORD, "roles": ["crew"]}
    assert client.ask("POST", USERS, body, headers=root).status == 201
    return basic("zoe", PASSWORD)


def put(store: SqlStore, dag_id: str, access: Any) -> None:
    put_dags(store, dag_id, fileloc=f"{dag_id}.py", access_control=access)


def seen(client: Client, who: dict[str, str]) -> list[str]:
    answer = client.ask("GET", "/api/v2/dags", headers=who)
    return [one["dag_id"] for one in answer.json["dags"]] if answer.status == 200 else []


def test_a_role_sees_and_runs_what_files_give_to_it(
    client: Client, store: SqlStore, zoe: dict[str, str]
) -> None:
    put(store, "sales", {"crew": RUN})
    put(store, "costs", {"crew": READ})
    put(store, "wages", {"others": RUN})
    assert seen(client, zoe) == ["costs", "sales"]
    statuses = [
        client.ask("POST", f"/api/v2/dags/{name}/dagRuns", {"logical_date": None}, headers=zoe).status
        for name in ("sales", "costs", "wages")
    ]
    assert statuses == [200, 403, 403]
    assert client.ask("DELETE", "/api/v2/dags/sales", headers=zoe).status == 403
    assert client.ask("GET", "/api/v2/pools", headers=zoe).status == 403
    assert "run:create@dag:sales" in client.ask("GET", ME, headers=zoe).json["permissions"]


def test_what_a_file_says_no_more_is_gone_at_once(
    client: Client, store: SqlStore, zoe: dict[str, str]
) -> None:
    put(store, "sales", {"crew": READ})
    put(store, "costs", {"crew": READ})
    assert seen(client, zoe) == ["costs", "sales"]
    put(store, "sales", {"others": READ})
    assert seen(client, zoe) == ["costs"]
    put(store, "sales", {"crew": READ})
    store.catalog.delete_dag("sales")
    put(store, "sales", {})
    assert seen(client, zoe) == ["costs"]


def test_what_files_give_to_a_built_in_role_comes_on_top_of_it(client: Client, store: SqlStore) -> None:
    root = basic("admin", client.password)
    body = {"username": "vic", "password": PASSWORD, "roles": ["viewer"]}
    assert client.ask("POST", USERS, body, headers=root).status == 201
    put(store, "sales", {"Viewer": RUN})
    put(store, "costs", {})
    vic = basic("vic", PASSWORD)
    assert seen(client, vic) == ["costs", "sales"]
    for name, status in (("sales", 200), ("costs", 403)):
        answer = client.ask("PATCH", f"/api/v2/dags/{name}", {"is_paused": True}, headers=vic)
        assert answer.status == status, name


def test_nobody_gives_what_files_give_unless_they_hold_it(
    client: Client, store: SqlStore, gate: FakeGate
) -> None:
    people = {Permission(resource=one, verb=verb) for one in (Resource.USER, Resource.ROLE) for verb in Verb}
    gate.permissions["keeper"] = BUILT_IN_ROLES["viewer"] | people
    put(store, "sales", {"crew": RUN, "Viewer": RUN})
    assert client.ask("POST", ROLES, {"name": "crew", "permissions": []}, role="keeper").status == 201
    eve = {"username": "eve", "password": PASSWORD}
    for roles in (["crew"], ["viewer"]):
        assert client.ask("POST", USERS, {**eve, "roles": roles}, role="keeper").status == 400
    put(store, "sales", {})
    assert client.ask("POST", USERS, {**eve, "roles": ["crew"]}, role="keeper").status == 201


def test_what_files_give_to_who_holds_it_already_is_nothing_more(client: Client, store: SqlStore) -> None:
    root = basic("admin", client.password)
    body = {"username": "vic", "password": PASSWORD, "roles": ["viewer"]}
    assert client.ask("POST", USERS, body, headers=root).status == 201
    for number in range(20):
        put(store, f"dag{number}", {"Viewer": READ})
    shown = client.ask("GET", ME, headers=basic("vic", PASSWORD)).json["permissions"]
    assert len(shown) == len(BUILT_IN_ROLES["viewer"])


def test_roles_themselves_are_shown_without_what_files_give(
    client: Client, store: SqlStore, zoe: dict[str, str]
) -> None:
    put(store, "sales", {"crew": READ, "admin": READ})
    root = basic("admin", client.password)
    assert client.ask("GET", f"{ROLES}/crew", headers=root).json["permissions"] == []
    assert client.ask("PATCH", f"{ROLES}/crew", {"permissions": ["pool:read"]}, headers=root).status == 200
    assert (seen(client, zoe), client.ask("GET", "/api/v2/pools", headers=zoe).status) == (["sales"], 200)
    assert client.ask("DELETE", f"{ROLES}/crew", headers=root).status == 204
    assert seen(client, zoe) == []
