"""What has gone wrong elsewhere, by its class; the rules that no single resource can hold alone."""

import re
import typing
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from tests.api.conftest import Client
from tests.api.signing_in import ME, POOL, basic, headers_of, sign_in
from windward.api.access.entrance import Entrance
from windward.api.access.manager import AccountManager
from windward.api.app import OPERATIONS
from windward.api.contract.operation import Operation
from windward.api.contract.problem import Unauthenticated
from windward.api.services import Services
from windward.engine.people.accounts import AccountDesk

SECRET_NAMES = re.compile(r"passw|secret|private_key|digest|csrf|cookie", re.IGNORECASE)
GIVEN_ONCE = {"post_my_token", "create_token", "create_token_cli"}
"""What makes a secret says it, once."""
NAMES_A_TEST = {"enqueue_connection_test", "get_connection_test"}
"""Airflow calls the id of a connection's test its token."""


def fields_of(kind: Any, seen: set[Any]) -> set[str]:
    """Return the names of all fields that a type can have, at any depth."""
    if kind in seen:
        return set()
    seen.add(kind)
    found: set[str] = set()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for one in msgspec.structs.fields(kind):
            found |= {one.encode_name} | fields_of(one.type, seen)
    for part in typing.get_args(kind):
        found |= fields_of(part, seen)
    return found


def answering() -> list[Operation]:
    return [one for one in OPERATIONS if one.reply is not None]


@pytest.mark.parametrize("operation", answering(), ids=lambda one: one.name)
def test_no_answer_has_a_field_for_a_secret(operation: Operation) -> None:
    names = fields_of(operation.reply, set())
    telling = {name for name in names if SECRET_NAMES.search(name)}
    # That a field of a form is secret is no secret.
    telling -= {"is_secret"}
    # A connection says that it has a password, as Airflow's does, and never which.
    if operation.tag == "Connection":
        telling -= {"password"}
    if operation.name not in GIVEN_ONCE | NAMES_A_TEST:
        telling |= names & {"token", "access_token"}
    assert not telling


def test_the_check_for_secrets_sees_into_depths() -> None:
    class Inner(msgspec.Struct):
        password: str

    class Outer(msgspec.Struct):
        inner: list[Inner] | None

    assert fields_of(dict[str, Outer], set()) == {"inner", "password"}


@pytest.mark.parametrize("path", ["/api/v2/pools", "/", "/login", ME])
def test_no_other_site_may_read_or_ask_beforehand(client: Client, path: str) -> None:
    asked = {"origin": "https://evil.test", "access-control-request-method": "POST"}
    for method in ("OPTIONS", "GET", "POST"):
        answer = client.ask(method, path, headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.status != 500
    assert client.ask("OPTIONS", path, headers=asked).status in {401, 404, 405}


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v2/pools", "GET, HEAD, PATCH, POST"),
        ("/api/v2/dags/sales/dagRuns/mine", "DELETE, GET, HEAD, PATCH"),
        ("/api/v2/monitor/health", "GET, HEAD"),
    ],
)
def test_a_method_that_an_address_does_not_take_is_answered_with_all_that_it_takes(
    client: Client, path: str, methods: str
) -> None:
    answer = client.ask("PUT", path, headers=basic("admin", client.password))
    assert (answer.status, answer.headers["allow"]) == (405, methods)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/api/v2/dags/?limit=1&x=%ED", "/api/v2/dags?limit=1&x=%ED"),
        ("/login/", "/login"),
        ("/openapi.json//", "/openapi.json"),
        ("/api/v2/nothing/", None),
        ("/%2Fevil.test/api/v2/dags/", None),
    ],
)
def test_a_slash_at_the_end_leads_to_this_server_whatever_the_host_is_said_to_be(
    client: Client, path: str, place: str | None
) -> None:
    answer = client.ask("GET", path, headers={"host": "evil.test"})
    assert (answer.status, answer.headers.get("location")) == ((404, None) if place is None else (307, place))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.ask("POST", path, {}, headers={"host": "evil.test"}).status in {404, 405}


@pytest.mark.parametrize("path", ["/", "/login", "/api/v2/pools", "/openapi.json", "/nothing"])
def test_every_answer_may_run_nothing_and_stand_in_no_frame(client: Client, path: str) -> None:
    policy = client.ask("GET", path, headers=basic("admin", client.password)).headers[
        "content-security-policy"
    ]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_a_password_that_the_browser_keeps_is_not_used_by_other_sites(client: Client) -> None:
    me = basic("admin", client.password)
    elsewhere = {**me, "sec-fetch-site": "cross-site"}
    assert client.ask("POST", "/api/v2/pools", POOL, headers=elsewhere).status == 403
    assert client.ask("POST", "/api/v2/pools", POOL, headers=me).status == 201


def test_a_cookie_of_before_the_sign_in_is_no_session_afterwards(client: Client) -> None:
    planted = {"windward_session": "x" * 43, "windward_csrf": "y"}
    body = {"username": "admin", "password": client.password}
    answer = client.ask("POST", "/api/windward/v1/session", body, headers=headers_of(planted, csrf=False))
    assert answer.status == 201
    assert client.ask("GET", ME, headers=headers_of(planted)).status == 401


@pytest.mark.parametrize(
    "path", ["/login/../api/v2/pools", "/api/v2/pools/..%2f..", "/api/v2//pools", "/API/v2/pools"]
)
def test_no_spelling_of_a_path_goes_round_the_gate(client: Client, path: str) -> None:
    assert client.ask("GET", path).status in {401, 404}


@pytest.mark.parametrize(
    "cookie", ["windward_session", "windward_session=", 'windward_session="', "=;=", "a" * 9000]
)
def test_a_broken_cookie_is_nobodys(client: Client, cookie: str) -> None:
    assert client.ask("GET", ME, headers={"cookie": cookie}).status == 401


def test_another_cookie_beside_the_sessions_does_no_harm(client: Client) -> None:
    mine = headers_of(sign_in(client))
    mine["cookie"] = f'other="a; b"; {mine["cookie"]}; last=1'
    assert client.ask("GET", ME, headers=mine).status == 200


@dataclass
class CountingPasswords:
    """Counts how often the slow work is done."""

    checked: list[bool] = field(default_factory=list)

    def hash(self, password: str) -> str:
        return f"hash of {password}"

    def is_right(self, password_hash: str | None, password: str) -> bool:
        self.checked.append(password_hash is not None)
        return password_hash == f"hash of {password}"


def test_a_name_that_is_nobodys_costs_what_a_wrong_password_costs(services: Services) -> None:
    desk, passwords = services.account_desk, CountingPasswords()
    slow = AccountDesk(
        accounts=desk.accounts,
        passwords=passwords,
        now=desk.now,
        new_id=desk.new_id,
        new_secret=desk.new_secret,
    )
    manager = AccountManager(slow, services.settings)
    entrance = Entrance(services.settings, slow, manager)
    for name in ("admin", "nobody"):
        with pytest.raises(Unauthenticated):
            entrance.sign_in(name, "wrong", address="::1")
    assert len(passwords.checked) == 2
