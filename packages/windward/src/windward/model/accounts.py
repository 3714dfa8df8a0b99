"""Users, roles, sessions, tokens, and lines of the audit log: frozen records. No record holds a password or its hash."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from windward.model.access import Permission

Scopes = frozenset[Permission]


class Source(StrEnum):
    """Who vouches for a user."""

    PASSWORD = "password"
    OIDC = "oidc"
    PROXY = "proxy"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in."""

    user_id: str
    username: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    roles: tuple[str, ...] = ()
    grants: frozenset[Permission] = frozenset()
    """What this user may do beyond the roles."""
    is_active: bool = True
    source: Source = Source.PASSWORD
    subject: str = ""
    """Issuer and subject, as an OIDC provider names the user for ever; empty for others."""
    version: int = 0
    """Raised when sessions and JWTs that were given out before must not count any more."""
    created_at: datetime
    last_login_at: datetime | None = None


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A name for a set of permissions."""

    name: str
    permissions: frozenset[Permission] = frozenset()
    is_built_in: bool = False


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in. `session_id` names it to people and is not what the cookie holds."""

    session_id: str
    user_id: str
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    address: str = ""
    user_agent: str = ""
    version: int = 0
    """The user's version when it began."""


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token of a program. What the program sends is shown once and kept as a digest only."""

    token_id: str
    user_id: str
    name: str
    hint: str
    """Its last characters, to tell it from others."""
    scopes: Scopes | None = None
    """What it is limited to; None for all that its owner may do."""
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did, or tried to do."""

    at: datetime
    event: str
    """The operation's name; `cli_…` for the command line."""
    owner: str
    """The name of who did it."""
    status: int
    """The answer's HTTP status; for the command line 200 or 400."""
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    try_number: int | None = None
    logical_date: datetime | None = None
    address: str = ""
    extra: str = "{}"
    """A JSON object: what was asked, and what was before and after, without secrets."""
    event_pk: int = 0
