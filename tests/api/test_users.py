"""Users and roles over HTTP: nobody gives more than they hold, and what is permitted for one DAG stays there."""

from typing import Any

import pytest

from tests.api.conftest import NOW, Client, FakeGate
from tests.api.signing_in import ME, basic, headers_of, sign_in
from windward.core.access import BUILT_IN_ROLES
from windward.document import DagDocument
from windward.model.access import Permission, Resource, Verb
from windward.model.files import FileRecord
from windward.store.sql.open import SqlStore
from windward.timetable.schedule import NullSchedule

USERS = "/api/windward/v1/users"
ROLES = "/api/windward/v1/roles"
BOB = {
    "username": "bob",
    "password": "a long password",
    "roles": ["viewer"],
    "grants": ["run:create@dag:sales"],
}
PASSWORD = "a long password"


@pytest.fixture
def root(client: Client) -> dict[str, str]:
    return basic("admin", client.password)


@pytest.fixture
def bob(client: Client, root: dict[str, str]) -> dict[str, str]:
    assert client.ask("POST", USERS, BOB, headers=root).status == 201
    return basic("bob", PASSWORD)


def test_a_user_is_shown_without_any_password(
    client: Client, root: dict[str, str], bob: dict[str, str]
) -> None:
    answer = client.ask("GET", f"{USERS}/bob", headers=root)
    assert answer.json == {
        "username": "bob", "email": "", "first_name": "", "last_name": "", "roles": ["viewer"],
        "grants": ["run:create@dag:sales"], "is_active": True, "source": "password",
        "created_at": "2026-03-01T12:00:00Z", "last_login_at": None,
    }  # fmt: skip
    listed = client.ask("GET", f"{USERS}?limit=1&offset=1", headers=root).json
    assert ([one["username"] for one in listed["users"]], listed["total_entries"]) == (["bob"], 2)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 409), ({"username": "BOB"}, 409), ({"username": "a b"}, 400), ({"username": "eve", "password": "short"}, 400),
        ({"username": "eve", "roles": ["nothing"]}, 400), ({"username": "eve", "grants": ["run:eat"]}, 400),
        ({"username": "eve", "grants": ["pool:read@dag:x"]}, 400), ({"username": "eve", "email": "x\n"}, 400),
        ({"username": "eve", "colour": 1}, 422), ({"username": "eve", "roles": ["x"] * 999}, 422),
    ],
)  # fmt: skip
def test_what_no_user_can_be_is_refused(
    client: Client, root: dict[str, str], bob: dict[str, str], changed: dict[str, object], status: int
) -> None:
    assert client.ask("POST", USERS, {**BOB, **changed}, headers=root).status == status


def test_what_is_given_counts_at_once(client: Client, root: dict[str, str], bob: dict[str, str]) -> None:
    pool = {"name": "p", "slots": 1}
    assert client.ask("POST", "/api/v2/pools", pool, headers=bob).status == 403
    assert client.ask("PATCH", f"{USERS}/bob", {"roles": ["op"]}, headers=root).json["roles"] == ["op"]
    assert client.ask("POST", "/api/v2/pools", pool, headers=bob).status == 201
    assert client.ask("PATCH", f"{USERS}/bob", {"roles": []}, headers=root).status == 200
    assert client.ask("GET", "/api/v2/pools", headers=bob).status == 403


def test_who_is_deleted_comes_in_no_more(client: Client, root: dict[str, str], bob: dict[str, str]) -> None:
    cookies = sign_in(client, "bob", PASSWORD)
    assert client.ask("DELETE", f"{USERS}/bob", headers=root).status == 204
    assert client.ask("DELETE", f"{USERS}/bob", headers=root).status == 404
    assert client.ask("GET", ME, headers=bob).status == 401
    assert client.ask("GET", ME, headers=headers_of(cookies)).status == 401


def test_an_administrator_sees_and_ends_what_was_given_out(
    client: Client, root: dict[str, str], bob: dict[str, str]
) -> None:
    cookies = sign_in(client, "bob", PASSWORD)
    client.ask("POST", f"{ME}/tokens", {"name": "ci"}, headers=headers_of(cookies))
    (token,) = client.ask("GET", f"{USERS}/bob/tokens", headers=root).json["tokens"]
    assert client.ask("GET", f"{USERS}/bob/sessions", headers=root).json["total_entries"] == 1
    assert client.ask("DELETE", f"{USERS}/bob/tokens/{token['token_id']}", headers=root).status == 204
    assert client.ask("DELETE", f"{USERS}/bob/sessions", headers=root).status == 204
    assert client.ask("GET", ME, headers=headers_of(cookies)).status == 401
    assert client.ask("GET", f"{USERS}/bob/tokens", headers=root).json["total_entries"] == 0


def test_the_last_administrator_cannot_shut_everybody_out(client: Client, root: dict[str, str]) -> None:
    assert client.ask("DELETE", f"{USERS}/admin", headers=root).status == 400
    for change in ({"roles": ["op"]}, {"is_active": False}):
        assert client.ask("PATCH", f"{USERS}/admin", change, headers=root).status == 400


@pytest.fixture
def keeper(gate: FakeGate) -> str:
    """Return a role that may do all to users and roles, and look at what viewers look at."""
    people = frozenset(
        Permission(resource=one, verb=verb) for one in (Resource.USER, Resource.ROLE) for verb in Verb
    )
    gate.permissions["keeper"] = BUILT_IN_ROLES["viewer"] | people
    return "keeper"


def test_nobody_gives_more_than_they_hold(
    client: Client, keeper: str, root: dict[str, str], bob: dict[str, str]
) -> None:
    def ask(method: str, path: str, body: object = None) -> int:
        return client.ask(method, path, body, role=keeper).status

    eve = {"username": "eve", "roles": ["viewer"]}
    assert ask("POST", USERS, {**eve, "roles": ["admin"]}) == 400
    assert ask("POST", USERS, {**eve, "grants": ["connection:read"]}) == 400
    assert ask("POST", USERS, eve) == 201
    assert ask("PATCH", f"{USERS}/eve", {"roles": ["op"]}) == 400
    # Whoever resets a password is that person from then on.
    assert ask("PATCH", f"{USERS}/admin", {"password": "another long password"}) == 400
    assert ask("PATCH", f"{USERS}/bob", {"password": "another long password"}) == 400  # bob may create runs
    assert ask("DELETE", f"{USERS}/admin") == 400
    assert ask("DELETE", f"{USERS}/admin/sessions") == 400
    client.ask("POST", f"{ME}/tokens", {"name": "ci"}, headers=root)
    (token,) = client.ask("GET", f"{USERS}/admin/tokens", headers=root).json["tokens"]
    assert ask("DELETE", f"{USERS}/admin/tokens/{token['token_id']}") == 400
    assert ask("POST", ROLES, {"name": "more", "permissions": ["variable:read"]}) == 400
    assert ask("POST", ROLES, {"name": "less", "permissions": ["run:read"]}) == 201
    assert ask("PATCH", f"{ROLES}/less", {"permissions": ["run:read", "run:delete"]}) == 400
    client.ask("PATCH", f"{ROLES}/less", {"permissions": ["variable:read"]}, headers=root)
    assert ask("PATCH", f"{ROLES}/less", {"permissions": []}) == 400
    assert ask("DELETE", f"{ROLES}/less") == 400


def test_a_token_gives_no_more_than_its_scopes(client: Client, root: dict[str, str]) -> None:
    body = {"name": "hr", "scopes": ["user:create", "user:read", "run:read"]}
    token = client.ask("POST", f"{ME}/tokens", body, headers=root).json["token"]
    hr = {"authorization": f"Bearer {token}"}
    assert client.ask("POST", USERS, {"username": "eve", "roles": ["admin"]}, headers=hr).status == 400
    assert client.ask("POST", USERS, {"username": "eve", "grants": ["run:read"]}, headers=hr).status == 201


def test_a_role_of_ones_own_permits_until_it_goes(
    client: Client, root: dict[str, str], bob: dict[str, str]
) -> None:
    role = {"name": "plumber", "permissions": ["pool:read", "pool:create"]}
    assert client.ask("POST", ROLES, role, headers=root).status == 201
    assert client.ask("POST", ROLES, role, headers=root).status == 409
    client.ask("PATCH", f"{USERS}/bob", {"roles": ["plumber"]}, headers=root)
    assert client.ask("POST", "/api/v2/pools", {"name": "p", "slots": 1}, headers=bob).status == 201
    assert client.ask("PATCH", f"{ROLES}/plumber", {"permissions": ["pool:read"]}, headers=root).status == 200
    assert client.ask("POST", "/api/v2/pools", {"name": "q", "slots": 1}, headers=bob).status == 403
    assert client.ask("GET", f"{ROLES}/plumber", headers=root).json == {
        "name": "plumber", "permissions": ["pool:read"], "is_built_in": False,
    }  # fmt: skip
    assert client.ask("DELETE", f"{ROLES}/plumber", headers=root).status == 204
    assert client.ask("GET", "/api/v2/pools", headers=bob).status == 403
    assert client.ask("GET", f"{ROLES}/plumber", headers=root).status == 404


def test_no_two_roles_differ_in_the_case_of_letters_only(client: Client, root: dict[str, str]) -> None:
    role = {"name": "alphacrew", "permissions": ["run:read"]}
    assert client.ask("POST", ROLES, role, headers=root).status == 201
    for name in ("alphacrew", "ALPHACREW"):
        answer = client.ask("POST", ROLES, {**role, "name": name}, headers=root)
        assert (answer.status, answer.json["detail"]) == (409, "there is a role `alphacrew` already")


@pytest.mark.parametrize("name", ["admin", "Op", "a b", ""])
def test_built_in_roles_stay_as_they_are(client: Client, root: dict[str, str], name: str) -> None:
    assert client.ask("POST", ROLES, {"name": name, "permissions": []}, headers=root).status == 400
    if name == "admin":
        assert client.ask("PATCH", f"{ROLES}/admin", {"permissions": []}, headers=root).status == 400
        assert client.ask("DELETE", f"{ROLES}/admin", headers=root).status == 400
        names = [one["name"] for one in client.ask("GET", ROLES, headers=root).json["roles"]]
        assert names == ["viewer", "user", "op", "admin"]


def put_dag(store: SqlStore, dag_id: str, *tags: str) -> None:
    document = DagDocument(dag_id=dag_id, fileloc=f"{dag_id}.py", schedule=NullSchedule(), tags=tags)
    file = FileRecord(fileloc=document.fileloc, content_hash="0", dag_ids=(dag_id,))
    store.catalog.put_file(file, [(f"{dag_id:0<32}", b"", document)], paused_at_creation=False, now=NOW)


@pytest.mark.parametrize("grants", [["run:read@dag:sales"], ["run:read@tag:shop"]])
def test_a_grant_for_a_dag_or_a_tag_reaches_its_runs_and_no_others(
    client: Client, store: SqlStore, root: dict[str, str], grants: list[str]
) -> None:
    put_dag(store, "sales", "shop", "daily")
    put_dag(store, "wages", "shopping")
    client.ask("POST", USERS, {**BOB, "username": "eve", "roles": [], "grants": grants}, headers=root)
    eve = basic("eve", PASSWORD)

    def ask(dag_id: str) -> Any:
        return client.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns", headers=eve)

    assert (ask("sales").status, ask("wages").status) == (200, 403)
    assert ask("~").json["total_entries"] == 0
    assert client.ask("GET", "/api/v2/pools", headers=eve).status == 403
