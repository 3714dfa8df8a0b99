"""The entrance: every way to come in, and every way to be shown out, over whatever auth manager knows the people."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import msgspec
from starlette.requests import HTTPConnection

from windward.api.access.jwts import Jwts
from windward.api.access.manager import AccountManager
from windward.api.access.presented import SAFE, Proxies, cookie_of, is_from_elsewhere
from windward.api.access.sessions import COOKIE, CSRF_HEADER, Sessions
from windward.api.access.throttling import Throttle
from windward.api.contract.problem import Forged, Unauthenticated
from windward.core.accounts import TOKEN_PREFIX, digest_of, folded
from windward.engine.people.accounts import AccountDesk
from windward.model.access import Credential, Principal
from windward.ports.auth import AuthManager, Presented
from windward.settings import Settings

log = logging.getLogger("windward.api.access")
PASSWORD_MAX = 1024
SEEN_EVERY = timedelta(seconds=60)
REVOKED_LONGER = timedelta(minutes=5)
"""A revocation outlives its JWT by the leeway of clocks, and more."""
_WRONG = "Invalid credentials"


class Entrance:
    """Lets people in."""

    def __init__(
        self,
        settings: Settings,
        desk: AccountDesk,
        manager: AuthManager,
    ) -> None:
        self.settings = settings
        self.desk = desk
        self.accounts = desk.accounts
        self.manager = manager
        self.now = desk.now
        self.proxies = Proxies(settings.api.trusted_proxies)
        self.jwts = Jwts(settings.api.secret_key, settings.api_auth, new_id=desk.new_id)
        self.sessions = Sessions(desk, settings.api.secret_key, settings.api_auth)
        self._throttle = Throttle(settings.api_auth, desk.accounts, now=desk.now)

    def presented(self, request: HTTPConnection) -> Presented:
        """Return what a request shows of who sends it."""
        return self.proxies.presented(request)

    def is_https(self, presented: Presented) -> bool:
        """Whether the browser speaks HTTPS."""
        return self.proxies.is_https(presented, base_url=self.settings.api.base_url)

    def is_from_elsewhere(self, presented: Presented) -> bool:
        """Whether another site made a browser send this."""
        return is_from_elsewhere(presented, base_url=self.settings.api.base_url)

    def sign_in(self, username: str, password: str, *, address: str) -> Principal:
        """Return whose name and password these are.

        Raises:
            Unauthenticated: when they are nobody's.
            Throttled: when too many were tried.
        """
        is_too_long = len(password) > PASSWORD_MAX or len(username) > PASSWORD_MAX
        if isinstance(self.manager, AccountManager) and not is_too_long:
            known = self.manager.is_remembered(username, password)
            if known is not None:
                self._throttle.let_in(folded(username), address)
                return known
        # What is too long to be looked at is a try like any other: each is written down.
        with self.trying(username[:PASSWORD_MAX], address=address) as was_right:
            found = None if is_too_long else self.manager.check_password(username, password)
            if found is None:
                log.warning("sign-in refused", extra={"who": username[:100], "address": address})
                raise Unauthenticated(_WRONG)
            was_right()
        return msgspec.structs.replace(found, credential=Credential.PASSWORD)

    def trying(self, username: str, *, address: str) -> AbstractContextManager[Callable[[], None]]:
        """Let a name and an address try a password; unless what is given is called, one of their tries is gone."""
        return self._throttle.trying(folded(username), address)

    def begin_session(self, principal: Principal, presented: Presented) -> list[str]:
        """Begin a session and end the one that the browser had; return the cookies to set."""
        now = self.now()
        self.end_session_of(presented)
        self.accounts.note_login(principal.user_id, now=now)
        return self.sessions.begin(
            principal,
            address=presented.address,
            user_agent=presented.headers.get("user-agent", ""),
            is_https=self.is_https(presented),
            now=now,
        )

    def end_session_of(self, presented: Presented) -> None:
        """End the session whose cookie a request carries, if there is one."""
        if secret := cookie_of(presented, COOKIE):
            session = self.accounts.session_by_digest(digest_of(secret))
            if session is not None:
                self.accounts.delete_sessions(session.user_id, session.session_id)

    def issue_jwt(self, principal: Principal, *, is_cli: bool = False) -> str:
        """Return a JWT that stands for a person."""
        settings = self.settings.api_auth
        lifetime_s = settings.jwt_cli_expiration_s if is_cli else settings.jwt_expiration_s
        self.accounts.note_login(principal.user_id, now=self.now())
        return self.jwts.issue(principal, lifetime_s=lifetime_s, now=self.now())

    def revoke_jwt(self, presented: Presented) -> None:
        """Make the JWT that a request carries count no more."""
        text = presented.headers.get("authorization", "").partition(" ")[2].strip()
        claims = self.jwts.read(text, now=self.now())
        if claims is not None:
            self.accounts.revoke_jwt(claims.jti, expires_at=claims.expires_at + REVOKED_LONGER)

    def take_ticket(self, secret: str) -> Principal | None:
        """Return whose ticket this is, once."""
        user_id = self.accounts.take_ticket(digest_of(secret), now=self.now())
        return self.manager.principal(user_id) if user_id is not None else None

    def admit(self, presented: Presented) -> Principal | None:
        """Return who sends a request; None when it names nobody.

        Raises:
            Unauthenticated: when it names somebody who is not known, or is not who they say.
            Throttled: when too many passwords were tried.
            Forged: when another site may have sent it.
        """
        given = presented.headers.get("authorization")
        if given is not None:
            return self._by_header(given, presented)
        found = self.manager.identify(presented)
        if found is not None:
            # A proxy or single sign-on vouches for whatever the browser sends, also for what it was made to send.
            self._refuse_forged(presented)
            return found
        return self._by_session(presented)

    def _by_header(self, given: str, presented: Presented) -> Principal:
        scheme, _, value = given.partition(" ")
        match scheme.lower():
            case "basic":
                # A browser that was told a name and a password sends them along with what another site makes it send.
                self._refuse_forged(presented)
                name, password = _basic(value.strip())
                return self.sign_in(name, password, address=presented.address)
            case "bearer" if value.strip().startswith(TOKEN_PREFIX):
                return self._by_token(value.strip())
            case "bearer":
                return self._by_jwt(value.strip())
            case _:
                self._refuse_forged(presented)
                found = self.manager.identify(presented)
                if found is None:
                    raise Unauthenticated(_WRONG)
                return found

    def _refuse_forged(self, presented: Presented) -> None:
        if presented.method not in SAFE and self.is_from_elsewhere(presented):
            raise Forged("another site sent this request")

    def _by_token(self, secret: str) -> Principal:
        now, token = self.now(), self.accounts.token_by_digest(digest_of(secret))
        if token is None or now >= token.expires_at:
            raise Unauthenticated(_WRONG)
        found = self._current(token.user_id)
        if token.last_used_at is None or now - token.last_used_at > SEEN_EVERY:
            self.accounts.see_token(token.token_id, now=now)
        return msgspec.structs.replace(
            found, scopes=token.scopes, credential=Credential.API_TOKEN, credential_id=token.token_id
        )

    def _by_jwt(self, text: str) -> Principal:
        claims = self.jwts.read(text, now=self.now())
        if claims is None or self.accounts.is_jwt_revoked(claims.jti):
            raise Unauthenticated(_WRONG)
        found = self._current(claims.sub)
        if claims.ver != found.version:
            raise Unauthenticated(_WRONG)
        return msgspec.structs.replace(found, credential=Credential.JWT, credential_id=claims.jti)

    def _by_session(self, presented: Presented) -> Principal | None:
        secret = cookie_of(presented, COOKIE)
        session = self.sessions.find(secret, now=self.now()) if secret else None
        if session is None:
            return None
        found = self.manager.principal(session.user_id)
        if found is None or session.version != found.version:
            return None
        if presented.method not in SAFE:
            given = presented.headers.get(CSRF_HEADER, "")
            if not self.sessions.is_csrf_token(session.session_id, given) or self.is_from_elsewhere(
                presented
            ):
                raise Forged(
                    "this needs the header `X-CSRF-Token` with what the cookie `windward_csrf` holds, "
                    "as a page of this server sends it"
                )
        return msgspec.structs.replace(
            found, has_session=True, credential=Credential.SESSION, credential_id=session.session_id
        )

    def _current(self, user_id: str) -> Principal:
        found = self.manager.principal(user_id)
        if found is None:
            raise Unauthenticated(_WRONG)
        return found


class EntranceGate:
    """Implements the contract's `Gate`."""

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    def admit(self, request: HTTPConnection) -> Principal | None:
        """Return who sends a request."""
        return self._entrance.admit(self._entrance.presented(request))


def _basic(encoded: str) -> tuple[str, str]:
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = name = password = ""
    if not colon:
        raise Unauthenticated(_WRONG)
    return name, password
