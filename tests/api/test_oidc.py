"""Signing in at an OIDC provider on loopback: the whole way there and back, and every word that must not count."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.api.conftest import NOW, Answer, Client, FakeGate, FixedClock
from tests.api.signing_in import ME, cookies_of, headers_of
from windward.api.access.oidc import Oidc
from windward.api.access.pages import LoginPages
from windward.api.access.words import LANGUAGES, Word
from windward.api.app import make_app
from windward.api.page import Page
from windward.api.services import Services
from windward.errors import SettingsError
from windward.settings import load

KEY, OTHER_KEY = (RSAKey.generate_key(2048, {"kid": name}) for name in ("a", "b"))
SECRET = "client-secret-of-tests"
HOST = {"host": "windward.test:8080"}


@dataclass
class FakeProvider:
    """Gives out codes, and an ID token for each code and its verifier, once."""

    issuer: str = ""
    keys: list[Any] = field(default_factory=lambda: [KEY])
    key_set: Any = None
    """What it says of its keys instead of these."""
    answer: Any = None
    """What it answers to a code instead of a token."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)
    """Claims that the ID token has instead of the usual ones; None leaves one out."""
    signer: Any = field(default_factory=lambda: KEY)
    alg: str = "RS256"

    def authorize(self, url: str) -> str:
        """Do what a person does at the provider; return where the browser is sent with its code."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = f"code{len(self.codes)}"
        self.codes[code] = asked
        return f"/login/oidc/callback?code={code}&state={asked['state']}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        asked = self.codes.pop(form["code"], None)
        secret = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if asked is None or secret != f"windward:{SECRET}" or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        if challenge.rstrip(b"=").decode() != asked["code_challenge"]:
            return None
        now = int(NOW.timestamp())
        claims = {
            "iss": self.issuer, "aud": "windward", "sub": "77", "iat": now, "exp": now + 60, "nonce": asked["nonce"],
            "preferred_username": "nora", "email": "nora@id.test", "given_name": "Nora", "groups": ["staff"],
            **self.said,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.alg, "kid": getattr(self.signer, "kid", None) or "a"}
        if self.alg == "HS256":
            return {"access_token": "x", "token_type": "Bearer", "id_token": by_hand(header, claims)}
        signed = jwt.encode(header, claims, self.signer, algorithms=[self.alg])
        return {"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": signed}


def by_hand(header: dict[str, str], claims: dict[str, Any]) -> str:
    """Sign with the public key as if it were a secret: no library would."""
    packed = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in (header, claims)]
    seal = hmac.digest(KEY.as_pem(private=False), b".".join(packed), hashlib.sha256)
    return b".".join([*packed, base64.urlsafe_b64encode(seal).rstrip(b"=")]).decode()


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[HTTPServer, list[FakeProvider]]]:
    current: list[FakeProvider] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider = current[-1]
            if self.path.endswith("openid-configuration"):
                issuer = provider.issuer
                self._send({"issuer": issuer, "authorization_endpoint": f"{issuer}/authorize",
                            "token_endpoint": f"{issuer}/token", "jwks_uri": f"{issuer}/keys"})  # fmt: skip
            else:
                self._send(provider.key_set or KeySet(provider.keys).as_dict(private=False))

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"])).decode()
            answer = current[-1].token(dict(parse_qsl(raw)), self.headers.get("authorization", ""))
            self._send(current[-1].answer or answer or {"error": "invalid_grant"}, 200 if answer else 400)

        def _send(self, body: object, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found, current
        found.shutdown()
        thread.join()


@pytest.fixture
def provider(server: tuple[HTTPServer, list[FakeProvider]]) -> FakeProvider:
    # By this name, because Authlib speaks to no other machine without TLS.
    made = FakeProvider(issuer=f"http://localhost:{server[0].server_port}")
    server[1].append(made)
    return made


@pytest.fixture
def more() -> dict[str, str]:
    """Return settings beside the usual ones; a test may have its own."""
    return {"NEW_USER_ROLE": "viewer"}


@pytest.fixture
def variables(provider: FakeProvider, more: dict[str, str]) -> dict[str, str]:
    given = {
        "OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": "windward", "OIDC_CLIENT_SECRET": SECRET, **more,
    }  # fmt: skip
    return {f"WINDWARD__API_AUTH__{name}": value for name, value in given.items()}


@pytest.fixture
def client(client: Client, services: Services, gate: FakeGate) -> Client:
    oidc = Oidc(services.settings, services.account_desk)
    login = LoginPages(services.entrance, services.store.audit, title="T", oidc=oidc)
    page = Page(services, gate=gate, title="T")
    return Client(make_app(services, gate=gate, ledger=FakeLedger(), page=page, login=login), client.password)


class FakeLedger:
    """Forgets."""

    def record(self, *args: object, **more: object) -> None:
        pass


def begin(client: Client, query: str = "") -> tuple[str, dict[str, str]]:
    answer = client.ask("GET", f"/login/oidc{query}", headers=HOST)
    assert answer.status == 303, answer.body
    assert "HttpOnly" in answer.cookies[0]
    return answer.headers["location"], cookies_of(answer)


def come_back(client: Client, back: str, cookies: dict[str, str]) -> Answer:
    return client.ask("GET", back, headers={**HOST, **headers_of(cookies, csrf=False)})


def sign_in(client: Client, provider: FakeProvider, query: str = "") -> Answer:
    url, cookies = begin(client, query)
    return come_back(client, provider.authorize(url), cookies)


def me(client: Client, answer: Answer) -> Any:
    assert answer.status == 303, answer.body
    return client.ask("GET", ME, headers=headers_of(cookies_of(answer), csrf=False)).json


def test_a_new_person_comes_in_with_the_role_that_is_set_and_goes_where_they_wanted(
    client: Client, provider: FakeProvider, services: Services
) -> None:
    answer = sign_in(client, provider, "?next=/openapi.json")
    assert answer.headers["location"] == "/openapi.json"
    shown = me(client, answer)
    assert (shown["username"], shown["roles"], shown["credential"]) == ("nora", ["viewer"], "session")
    found = services.account_desk.accounts.known_by_name("nora")
    assert found is not None
    assert (found[0].user.email, found[0].user.first_name, found[1]) == ("nora@id.test", "Nora", None)
    assert b"/login/oidc" in client.ask("GET", "/login").body


def test_a_person_is_known_by_subject_whatever_they_are_called_by_then(
    client: Client, provider: FakeProvider
) -> None:
    sign_in(client, provider)
    provider.said = {"preferred_username": "nora.new"}
    assert me(client, sign_in(client, provider))["username"] == "nora"


def test_a_name_that_somebody_has_here_is_not_taken_over(client: Client, provider: FakeProvider) -> None:
    provider.said = {"preferred_username": "admin"}
    assert sign_in(client, provider).status == 401
    provider.said = {"sub": "78", "preferred_username": "Admin"}
    assert sign_in(client, provider).status == 401


@pytest.mark.parametrize("more", [{"OIDC_ROLES": "staff=op,boss=admin"}])
def test_groups_give_roles_at_each_login_and_take_them(client: Client, provider: FakeProvider) -> None:
    assert me(client, sign_in(client, provider))["roles"] == ["op"]
    provider.said = {"groups": ["boss", "staff"]}
    assert me(client, sign_in(client, provider))["roles"] == ["admin", "op"]
    provider.said = {"groups": []}
    assert me(client, sign_in(client, provider))["roles"] == []
    provider.said = {"sub": "79", "preferred_username": "nobody", "groups": "staff"}
    assert sign_in(client, provider).status == 401


@pytest.mark.parametrize("more", [{}])
def test_unknown_people_stay_outside_unless_a_role_is_set_for_them(
    client: Client, provider: FakeProvider
) -> None:
    assert sign_in(client, provider).status == 401


def test_who_is_disabled_here_stays_outside(
    client: Client, provider: FakeProvider, services: Services
) -> None:
    from windward.engine.people.accounts import OPERATOR, edit_user

    sign_in(client, provider)
    edit_user(services.account_desk, "nora", {"is_active": False}, by=OPERATOR)
    assert sign_in(client, provider).status == 401


@pytest.mark.parametrize(
    "said",
    [
        {"aud": "another"}, {"aud": ["windward", "another"]}, {"aud": ["windward", "x"], "azp": "x"}, {"iss": "https://x.test"},
        {"nonce": "x"}, {"nonce": None}, {"exp": int(NOW.timestamp()) - 60}, {"exp": None}, {"sub": None}, {"iat": None},
        {"sub": "x" * 256}, {"sub": ""}, {"aud": None}, {"preferred_username": None}, {"preferred_username": ["x"]}, {"preferred_username": "no <such> name"},
    ],
)  # fmt: skip
def test_a_word_that_is_not_for_here_and_now_lets_nobody_in(
    client: Client, provider: FakeProvider, said: dict[str, Any]
) -> None:
    provider.said = said
    answer = sign_in(client, provider)
    assert answer.status == 401
    assert not any(cookie.startswith("windward_session") for cookie in answer.cookies)


def test_a_refusal_is_said_in_the_language_of_the_browser(client: Client) -> None:
    refused = "/login/oidc/callback?state=x&code=y"
    assert b"was not begun here" in client.ask("GET", refused).body
    answer = client.ask("GET", refused, headers={"accept-language": "ko"})
    assert (answer.status, Word.NOT_BEGUN_HERE.value.encode() in answer.body) == (401, False)
    assert LANGUAGES["ko"][Word.NOT_BEGUN_HERE].encode() in answer.body


def test_a_word_with_another_signature_lets_nobody_in(client: Client, provider: FakeProvider) -> None:
    provider.signer = OTHER_KEY
    assert sign_in(client, provider).status == 401
    # What everybody knows of the provider is no key to sign with.
    provider.signer, provider.alg = KEY, "HS256"
    assert sign_in(client, provider).status == 401


def test_a_new_key_of_the_provider_is_found(client: Client, provider: FakeProvider) -> None:
    sign_in(client, provider)
    provider.keys, provider.signer = [OTHER_KEY], OTHER_KEY
    assert sign_in(client, provider).status == 303


def test_a_sign_in_ends_in_the_browser_that_began_it(
    client: Client, provider: FakeProvider, clock: FixedClock
) -> None:
    url, mine = begin(client)
    _, other = begin(client)
    assert come_back(client, provider.authorize(url), other).status == 401
    assert come_back(client, provider.authorize(url), {}).status == 401
    forged = {"windward_oidc": mine["windward_oidc"][:-2] + "AA"}
    assert come_back(client, provider.authorize(url), forged).status == 401
    assert come_back(client, provider.authorize(url).replace("state=", "state=x"), mine).status == 401
    back = provider.authorize(url)
    assert come_back(client, back, mine).status == 303
    assert come_back(client, back, mine).status == 401  # a code counts once
    clock.at += timedelta(minutes=11)
    assert come_back(client, provider.authorize(url), mine).status == 401


def test_nobody_is_sent_elsewhere_after_signing_in(client: Client, provider: FakeProvider) -> None:
    assert sign_in(client, provider, "?next=//evil.test").headers["location"] == "/"


def test_the_way_back_is_the_address_that_the_browser_used(client: Client) -> None:
    url, _ = begin(client)
    assert parse_qs(urlsplit(url).query)["redirect_uri"] == ["http://windward.test:8080/login/oidc/callback"]


@pytest.mark.parametrize("more", [{"OIDC_ISSUER": "http://localhost:1"}])
def test_a_provider_that_does_not_answer_is_said_so(client: Client) -> None:
    answer = client.ask("GET", "/login/oidc", headers=HOST)
    assert (answer.status, b"does not answer" in answer.body) == (503, True)


@pytest.mark.parametrize(
    "key_set",
    [
        {"error": "away"}, ["x"], "x", {"keys": {}}, {"keys": ["x"]}, {"keys": [None]}, {"keys": []}, {"keys": [{}]},
        {"keys": [{"kty": "RSA"}]}, {"keys": [{"kty": "RSA", "n": 1, "e": []}]}, {"keys": [{"kty": ["RSA"]}]},
        {"keys": [{"kty": "EC", "crv": "x", "x": "?", "y": "?"}]},
    ],
)  # fmt: skip
def test_a_provider_that_describes_its_keys_wrongly_is_said_so(
    client: Client, provider: FakeProvider, key_set: Any
) -> None:
    provider.key_set = key_set
    assert sign_in(client, provider).status == 503
    provider.key_set = None
    assert sign_in(client, provider).status == 303


@pytest.mark.parametrize(
    "answer", [["x"], 7, "x", {"access_token": "x"}, {"id_token": [7]}, {"expires_in": "x"}]
)
def test_an_answer_that_is_no_token_lets_nobody_in(
    client: Client, provider: FakeProvider, answer: Any
) -> None:
    provider.answer = answer
    assert sign_in(client, provider).status == 401


def test_the_longest_subject_that_may_be_is_let_in(client: Client, provider: FakeProvider) -> None:
    provider.said = {"sub": "x" * 255}
    assert sign_in(client, provider).status == 303


def test_a_provider_without_a_client_is_a_mistake_of_settings(services: Services) -> None:
    settings = load({"WINDWARD__API_AUTH__OIDC_ISSUER": "https://id.test"}, home=services.settings.home)
    with pytest.raises(SettingsError, match="oidc_client_id"):
        Oidc(settings, services.account_desk)
