"""Sessions of browsers, and their cookies: one that scripts cannot read, and one with which a page proves itself.

The first holds 256 random bits, of which the database has a digest. The second holds the session's own token, made
from its id under the installation's key: what changes something must repeat it in the header `X-CSRF-Token`, which
no other site can do.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from windward.core.accounts import digest_of
from windward.engine.people.accounts import AccountDesk
from windward.model.access import Principal
from windward.model.accounts import Session
from windward.settings import AuthSettings

COOKIE = "windward_session"
CSRF_COOKIE = "windward_csrf"
CSRF_HEADER = "x-csrf-token"
SEEN_EVERY = timedelta(seconds=60)


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(self, desk: AccountDesk, secret_key: str, settings: AuthSettings) -> None:
        self._desk = desk
        self._accounts = desk.accounts
        self._key = hmac.digest(secret_key.encode(), b"windward csrf", hashlib.sha256)
        self._lifetime = timedelta(seconds=settings.session_lifetime_s)
        self._idle = timedelta(seconds=settings.session_idle_s)

    def begin(
        self, principal: Principal, *, address: str, user_agent: str, is_https: bool, now: datetime
    ) -> list[str]:
        """Begin a session; return the cookies to set. Its id is new, whatever the browser had before."""
        secret = self._desk.new_secret()
        session = Session(
            session_id=self._desk.new_id(),
            user_id=principal.user_id,
            version=principal.version,
            created_at=now,
            expires_at=now + self._lifetime,
            last_seen_at=now,
            address=address,
            user_agent=user_agent,
        )
        self._accounts.insert_session(session, digest_of(secret))
        age_s = int(self._lifetime.total_seconds())
        return [
            _cookie(COOKIE, secret, age_s=age_s, is_https=is_https, is_hidden=True),
            _cookie(CSRF_COOKIE, self.csrf_token(session.session_id), age_s=age_s, is_https=is_https),
        ]

    def find(self, secret: str, *, now: datetime) -> Session | None:
        """Return the session whose cookie this is, unless it is over."""
        session = self._accounts.session_by_digest(digest_of(secret))
        if session is None or now >= min(session.expires_at, session.last_seen_at + self._idle):
            return None
        if now - session.last_seen_at > SEEN_EVERY:
            self._accounts.see_session(session.session_id, now=now)
        return session

    def csrf_token(self, session_id: str) -> str:
        """Return the session's own token."""
        return hmac.digest(self._key, session_id.encode(), hashlib.sha256).hex()

    def is_csrf_token(self, session_id: str, given: str) -> bool:
        """Whether this is the session's own token."""
        return hmac.compare_digest(self.csrf_token(session_id).encode(), given.encode())


def ended_cookies(*, is_https: bool) -> list[str]:
    """Return the cookies that take a session's cookies away."""
    return [
        _cookie(name, "", age_s=0, is_https=is_https, is_hidden=name == COOKIE)
        for name in (COOKIE, CSRF_COOKIE)
    ]


def _cookie(name: str, value: str, *, age_s: int, is_https: bool, is_hidden: bool = False) -> str:
    parts = [f"{name}={value}", "Path=/", f"Max-Age={age_s}", "SameSite=Lax"]
    if is_hidden:
        parts.append("HttpOnly")
    if is_https:
        parts.append("Secure")
    return "; ".join(parts)
