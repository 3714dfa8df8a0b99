"""What tells the API server who people are: the built-in accounts, or an auth manager of somebody else.

An auth manager knows people and what they may do. The server does the rest with what it says: sessions, JWTs, API
tokens, throttling, protection against forged requests, the audit log. It is found by its entry point in the group
`windward.auth_managers`, is called in threads, and blocks at most a second or two.
What it raises is answered with 503, and written to the server's log now and then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from windward.model.access import Principal

BUILT_IN = "accounts"
"""The manager that is no entry point: the users of the database."""
ENTRY_POINTS = "windward.auth_managers"


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """What a request shows of who sends it. Names of headers are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    address: str
    """Of who sends it: what proxies that are trusted say, or else the connection's peer."""
    peer: str
    """The connection's peer."""


class AuthManager(Protocol):
    """Knows people. A principal's `user_id` names the same person for ever, and is at most 250 characters."""

    def identify(self, presented: Presented) -> Principal | None:
        """Return who sends a request, by a scheme of the manager's own (a header, say); None when nothing says so."""

    def check_password(self, username: str, password: str) -> Principal | None:
        """Return whose name and password these are; None when they are nobody's. Takes as long for unknown names."""

    def principal(self, user_id: str) -> Principal | None:
        """Return a person as of now; None when they may not come in any more. Asked at each request."""

    def login_url(self, next_path: str) -> str | None:
        """Return where a browser signs in, to come back to `next_path`; None for the server's own page."""

    def logout_url(self) -> str | None:
        """Return where a browser goes after it signed out; None for the server's own page."""
