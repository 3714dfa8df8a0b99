"""Signing in at an OpenID Connect provider: the way there, the way back, and what the provider's word must look like.

The code flow with PKCE. What must come back unchanged (state, nonce, the verifier) is in a short-lived cookie that only
this server can have made. An ID token counts if it is signed by a key of the provider with an asymmetric algorithm, for
this client, now, and for the sign-in that this browser began.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from windward.api.access.words import Word
from windward.engine.people.accounts import AccountDesk
from windward.engine.people.vouching import Vouched
from windward.errors import SettingsError, UnavailableError, WindwardError
from windward.model.accounts import Source
from windward.settings import Settings

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session
    from joserfc.jwk import KeySet

COOKIE = "windward_oidc"
CALLBACK = "/login/oidc/callback"
STATE_LIFETIME = timedelta(minutes=10)
TIMEOUT_S = 5.0
ANSWER_MAX = 1 << 20
LEEWAY_S = 30
SUBJECT_MAX = 255
"""Characters of a subject at most: OpenID Connect Core 1.0, 2."""
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Asymmetric ones only: nobody who knows a public key can sign with it."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What one sign-in must come back with."""

    state: str
    nonce: str
    verifier: str
    next: str
    expires_at: datetime


class Refused(WindwardError):
    """The provider's answer does not let anybody in; `word` is for the person."""

    def __init__(self, word: Word) -> None:
        super().__init__(word.value)
        self.word = word


class _Provider(msgspec.Struct, frozen=True, kw_only=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _Keys(msgspec.Struct, frozen=True, kw_only=True):
    keys: list[dict[str, Any]]


class Oidc:
    """One provider. Its description and keys are fetched when they are needed, and kept."""

    def __init__(self, settings: Settings, desk: AccountDesk) -> None:
        auth = settings.api_auth
        try:
            import authlib  # noqa: F401 - to say at the start that it is missing
        except ImportError as error:
            raise SettingsError(
                "`[api_auth] oidc_issuer` is set, and Authlib is not installed",
                hint="Install it with `pip install 'windward[oidc]'`.",
            ) from error
        if not auth.oidc_client_id:
            raise SettingsError(
                "`[api_auth] oidc_issuer` is set, and `oidc_client_id` is not",
                hint="Set `[api_auth] oidc_client_id` to the name of this installation at the provider.",
            )
        self._auth = auth
        self._desk = desk
        self._key = hmac.digest(settings.api.secret_key.encode(), b"windward oidc", hashlib.sha256)
        self._lock = threading.Lock()
        self._provider: _Provider | None = None
        self._keys: KeySet | None = None

    def begin(self, *, next_path: str, base_url: str) -> tuple[str, str]:
        """Return where the browser goes, and the cookie that it comes back with.

        Raises:
            UnavailableError: when the provider does not answer.
        """
        state = State(
            state=self._desk.new_secret(),
            nonce=self._desk.new_secret(),
            verifier=self._desk.new_secret(),
            next=next_path,
            expires_at=self._desk.now() + STATE_LIFETIME,
        )
        with self._session(base_url) as session:
            url, _ = session.create_authorization_url(
                self._described().authorization_endpoint,
                state=state.state,
                nonce=state.nonce,
                code_verifier=state.verifier,
            )
        return str(url), self._sealed(state)

    def finish(self, *, cookie: str, state: str, code: str, base_url: str) -> tuple[Vouched, str]:
        """Return whom the provider vouches for, and where they wanted to go.

        Raises:
            Refused: when this is not the end of a sign-in that this browser began, or the word is not the provider's.
            UnavailableError: when the provider does not answer.
        """
        kept = self._opened(cookie)
        if kept is None or not hmac.compare_digest(kept.state.encode(), state.encode()) or not code:
            raise Refused(Word.NOT_BEGUN_HERE)
        import requests
        from authlib.common.errors import AuthlibBaseError

        try:
            with self._session(base_url) as session:
                token = session.fetch_token(
                    self._described().token_endpoint,
                    code=code,
                    code_verifier=kept.verifier,
                    timeout=TIMEOUT_S,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            raise UnavailableError(f"the OIDC provider does not answer: {error}") from error
        except (AuthlibBaseError, ValueError) as error:
            raise Refused(Word.PROVIDER_REFUSED) from error
        claims = self._claims(str(token.get("id_token", "")), nonce=kept.nonce)
        return self._vouched(claims), kept.next

    def _vouched(self, claims: dict[str, Any]) -> Vouched:
        auth = self._auth
        username = claims.get(auth.oidc_username_claim)
        if not isinstance(username, str) or not username:
            raise Refused(Word.NAMELESS)
        groups = claims.get(auth.oidc_groups_claim)
        mine = {one for one in groups if isinstance(one, str)} if isinstance(groups, list) else set()
        pairs = [pair.partition("=") for pair in auth.oidc_roles]
        roles = tuple(dict.fromkeys(role for group, _, role in pairs if group in mine)) if pairs else None
        return Vouched(
            username=username,
            source=Source.OIDC,
            subject=f"{claims['iss']}|{claims['sub']}",
            email=_text(claims.get("email")),
            first_name=_text(claims.get("given_name")),
            last_name=_text(claims.get("family_name")),
            roles=roles,
        )

    def _claims(self, id_token: str, *, nonce: str) -> dict[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError

        client = self._auth.oidc_client_id
        registry = jwt.JWTClaimsRegistry(
            now=int(self._desk.now().timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._described().issuer},
            aud={"essential": True, "value": client},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            try:
                token = jwt.decode(id_token, self._signers(), algorithms=ALGORITHMS)
            except (JoseError, ValueError):  # the provider may have a new key
                token = jwt.decode(id_token, self._signers(is_renewed=True), algorithms=ALGORITHMS)
            registry.validate(token.claims)
        except (JoseError, ValueError, TypeError) as error:
            raise Refused(Word.NOT_BELIEVED) from error
        claims: dict[str, Any] = token.claims
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if claims.get("azp", client) != client or (len(audiences) > 1 and "azp" not in claims):
            raise Refused(Word.FOR_SOMEBODY_ELSE)
        if not 0 < len(str(claims["sub"])) <= SUBJECT_MAX:
            raise Refused(Word.NOT_BELIEVED)
        return claims

    def _described(self) -> _Provider:
        with self._lock:
            if self._provider is None:
                issuer = self._auth.oidc_issuer
                raw = _fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                try:
                    found = msgspec.json.decode(raw, type=_Provider)
                except msgspec.MsgspecError as error:
                    raise UnavailableError(f"the OIDC provider describes itself wrongly: {error}") from error
                if found.issuer != issuer:
                    raise UnavailableError(f"the OIDC provider says that it is `{found.issuer}`")
                self._provider = found
            return self._provider

    def _signers(self, *, is_renewed: bool = False) -> KeySet:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        url = self._described().jwks_uri
        with self._lock:
            if self._keys is None or is_renewed:
                raw = _fetched(url)
                try:
                    found = msgspec.json.decode(raw, type=_Keys)
                    self._keys = KeySet.import_key_set({"keys": found.keys})
                except (msgspec.MsgspecError, JoseError, ValueError, TypeError, KeyError) as error:
                    raise UnavailableError(
                        f"the OIDC provider describes its keys wrongly: {error}"
                    ) from error
            return self._keys

    def _session(self, base_url: str) -> OAuth2Session:
        from authlib.integrations.requests_client import OAuth2Session

        secret = self._auth.oidc_client_secret
        return OAuth2Session(
            self._auth.oidc_client_id,
            secret or None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=" ".join(self._auth.oidc_scopes),
            redirect_uri=f"{base_url}{CALLBACK}",
            code_challenge_method="S256",
        )

    def _sealed(self, state: State) -> str:
        raw = msgspec.json.encode(state)
        seal = hmac.digest(self._key, raw, hashlib.sha256)
        return base64.urlsafe_b64encode(seal + raw).rstrip(b"=").decode()

    def _opened(self, cookie: str) -> State | None:
        try:
            raw = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
        except (binascii.Error, ValueError):
            return None
        seal, raw = raw[:32], raw[32:]
        if not hmac.compare_digest(seal, hmac.digest(self._key, raw, hashlib.sha256)):
            return None
        state = msgspec.json.decode(raw, type=State)
        return state if self._desk.now() < state.expires_at else None


def _fetched(url: str) -> bytes:
    import requests

    try:
        with requests.get(url, timeout=TIMEOUT_S, allow_redirects=False, stream=True) as answer:
            raw = answer.raw.read(ANSWER_MAX, decode_content=True)
    except (requests.RequestException, OSError) as error:
        raise UnavailableError(f"the OIDC provider does not answer: {error}") from error
    if answer.status_code != 200:
        raise UnavailableError(f"the OIDC provider answers {answer.status_code} at `{url}`")
    return bytes(raw)


def _text(value: object) -> str:
    return value if isinstance(value, str) and value.isprintable() else ""
