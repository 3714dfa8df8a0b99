"""Coming in as a program: JWTs and API tokens, and all that ends them."""

import base64
import json
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.api.conftest import Client, FixedClock
from tests.api.signing_in import ME, POOL, SESSION, basic, bearer, headers_of, jwt_of, sign_in
from tests.store.building import put_dags
from windward.api.services import Services
from windward.engine.people.accounts import OPERATOR, reset_password
from windward.model.access import Principal
from windward.model.accounts import User
from windward.store.sql.open import SqlStore

# -- JWTs


def test_a_jwt_stands_for_its_user_until_it_ends(client: Client, clock: FixedClock) -> None:
    long, short = jwt_of(client), jwt_of(client, path="/auth/token/cli")
    assert client.ask("GET", ME, headers=bearer(long)).json["credential"] == "jwt"
    clock.at += timedelta(hours=1, seconds=30)
    assert client.ask("GET", ME, headers=bearer(short)).status == 401
    assert client.ask("GET", ME, headers=bearer(long)).status == 200
    clock.at += timedelta(days=1)
    assert client.ask("GET", ME, headers=bearer(long)).status == 401


def test_a_jwt_is_taken_back(client: Client) -> None:
    token, other = jwt_of(client), jwt_of(client)
    assert client.ask("DELETE", SESSION, headers=bearer(token)).status == 204
    assert client.ask("GET", ME, headers=bearer(token)).status == 401
    assert client.ask("GET", ME, headers=bearer(other)).status == 200


def forged(
    services: Services, *, key: object = None, header: dict[str, str] | None = None, **changed: object
) -> str:
    made = jwt.decode(services.entrance.jwts.issue(admin(services), lifetime_s=99, now=services.now()),
                      OctKey.import_key(services.entrance.jwts._key), algorithms=["HS256"]).claims  # fmt: skip
    claims = {name: value for name, value in {**made, **changed}.items() if value is not None}
    head = header or {"alg": "HS256"}
    if head["alg"] == "none":
        parts = [
            base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in (head, claims)
        ]
        return f"{parts[0]}.{parts[1]}."
    raw = key if isinstance(key, bytes) else services.entrance.jwts._key
    return jwt.encode(head, claims, OctKey.import_key(raw), algorithms=[head["alg"]])


def admin(services: Services) -> Principal:
    found = services.account_desk.accounts.known_by_name("admin")
    assert found is not None
    principal = services.entrance.manager.principal(found[0].user.user_id)
    assert principal is not None
    return principal


def test_a_jwt_that_was_not_given_out_here_is_refused(client: Client, services: Services) -> None:
    assert client.ask("GET", ME, headers=bearer(forged(services))).status == 200
    bad = [
        forged(services, key=b"x" * 32),
        forged(services, header={"alg": "HS512"}),
        forged(services, header={"alg": "none"}),
        forged(services, aud="another"),
        forged(services, iss="another"),
        *(forged(services, **{claim: None}) for claim in ("aud", "iss", "exp", "nbf", "jti", "sub", "ver")),
        forged(services, ver=7),
        forged(services, sub="nobody"),
        forged(services) + "x",
        "x.y.z",
        "x" * 5000,
        "",
    ]
    for token in bad:
        assert client.ask("GET", ME, headers=bearer(token)).status == 401, token


# -- API tokens


def make_token(client: Client, headers: dict[str, str], **body: object) -> str:
    answer = client.ask("POST", f"{ME}/tokens", {"name": "ci", **body}, headers=headers)
    assert answer.status == 201, answer.body
    token: str = answer.json["token"]
    return token


def test_a_token_does_what_its_scopes_say_until_it_ends(
    client: Client, clock: FixedClock, services: Services
) -> None:
    token = make_token(client, basic("admin", client.password), scopes=["pool:read"], days=2)
    assert token.startswith("wnd_")
    assert client.ask("GET", "/api/v2/pools", headers=bearer(token)).status == 200
    assert client.ask("POST", "/api/v2/pools", POOL, headers=bearer(token)).status == 403
    assert client.ask("GET", "/api/windward/v1/users", headers=bearer(token)).status == 403
    clock.at += timedelta(days=2)
    assert client.ask("GET", "/api/v2/pools", headers=bearer(token)).status == 401


def test_a_token_is_for_one_dag_or_for_those_with_a_tag(client: Client, store: SqlStore) -> None:
    put_dags(store, "sales", "costs", tags=("money",))
    put_dags(store, "weather", fileloc="weather.py")
    scopes = ["dag:read@tag:money", "run:create@dag:sales", "run:read@dag:sales"]
    token = make_token(client, basic("admin", client.password), scopes=scopes)

    def status(method: str, path: str) -> int:
        body = {"logical_date": None} if method == "POST" else None
        return client.ask(method, f"/api/v2/dags{path}", body, headers=bearer(token)).status

    listed = client.ask("GET", "/api/v2/dags", headers=bearer(token)).json["dags"]
    assert [one["dag_id"] for one in listed] == ["costs", "sales"]
    assert (status("GET", "/costs"), status("GET", "/weather")) == (200, 403)
    assert (status("POST", "/sales/dagRuns"), status("POST", "/costs/dagRuns")) == (200, 403)
    assert len(client.ask("GET", "/api/v2/dags/~/dagRuns", headers=bearer(token)).json["dag_runs"]) == 1
    assert client.ask("GET", ME, headers=bearer(token)).json["scopes"] == scopes


def test_a_token_makes_no_other_and_changes_no_password(client: Client) -> None:
    token = make_token(client, basic("admin", client.password), scopes=["pool:read"])
    body = {"current_password": client.password, "new_password": "another long password"}
    assert client.ask("POST", f"{ME}/tokens", {"name": "more"}, headers=bearer(token)).status == 403
    assert client.ask("POST", f"{ME}/password", body, headers=bearer(token)).status == 403


def test_a_token_that_may_do_all_changes_nothing_by_which_its_owner_comes_in(client: Client) -> None:
    root = basic("admin", client.password)
    token = make_token(client, root)
    admin = "/api/windward/v1/users/admin"
    body = {"password": "another long password"}
    assert client.ask("PATCH", admin, body, headers=bearer(token)).status == 403
    client.ask("POST", f"{ME}/tokens", {"name": "other"}, headers=root)
    listed = client.ask("GET", f"{admin}/tokens", headers=root).json["tokens"]
    ids = {one["name"]: one["token_id"] for one in listed}
    assert client.ask("DELETE", f"{admin}/tokens/{ids['other']}", headers=bearer(token)).status == 403
    assert client.ask("DELETE", f"{admin}/tokens/{ids['ci']}", headers=bearer(token)).status == 204
    assert client.ask("DELETE", f"{admin}/tokens/{ids['other']}", headers=root).status == 204


def test_a_token_is_shown_once_kept_as_a_digest_and_deleted(client: Client, services: Services) -> None:
    me = basic("admin", client.password)
    token = make_token(client, me)
    (shown,) = client.ask("GET", f"{ME}/tokens", headers=me).json["tokens"]
    assert token not in json.dumps(shown)
    assert shown["hint"] == token[-4:]
    assert shown["scopes"] is None
    assert client.ask("POST", f"{ME}/tokens", {"name": "ci"}, headers=me).status == 409
    assert client.ask("DELETE", f"{ME}/tokens/{shown['token_id']}", headers=me).status == 204
    assert client.ask("GET", ME, headers=bearer(token)).status == 401


@pytest.mark.parametrize(
    "body",
    [
        {"days": 0},
        {"days": 400},
        {"scopes": []},
        {"scopes": ["pool:eat"]},
        {"scopes": ["pool:read@dag:a"]},
        {"scopes": [f"run:read@dag:{n}" for n in range(501)]},
        {"name": " "},
    ],
)
def test_some_tokens_cannot_be_made(client: Client, body: dict[str, object]) -> None:
    answer = client.ask(
        "POST", f"{ME}/tokens", {"name": "ci", **body}, headers=basic("admin", client.password)
    )
    assert answer.status == 400


def test_who_may_not_come_in_any_more_comes_in_by_nothing(
    client: Client, viewer: User, services: Services
) -> None:
    mine = sign_in(client, "vera", "a long password")
    token = jwt_of(client, "vera", "a long password")
    program = make_token(client, bearer(token))
    root = basic("admin", client.password)
    answer = client.ask("PATCH", "/api/windward/v1/users/vera", {"is_active": False}, headers=root)
    assert answer.status == 200
    ways = (headers_of(mine), bearer(token), bearer(program), basic("vera", "a long password"))
    assert {client.ask("GET", ME, headers=way).status for way in ways} == {401}
    client.ask("PATCH", "/api/windward/v1/users/vera", {"is_active": True}, headers=root)
    assert [client.ask("GET", ME, headers=way).status for way in ways] == [401, 401, 200, 200]


def test_a_reset_by_somebody_else_ends_sessions_too(client: Client, viewer: User, services: Services) -> None:
    mine = sign_in(client, "vera", "a long password")
    reset_password(services.account_desk, "vera", "another long password", by=OPERATOR)
    assert client.ask("GET", ME, headers=headers_of(mine)).status == 401
