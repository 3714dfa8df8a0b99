"""Bodies that several operations about accounts share. None has a field for a secret, but for those that make one."""

from __future__ import annotations

from datetime import datetime

import msgspec

from windward.core.accounts import shown_permission, shown_scopes
from windward.model.accounts import ApiToken, Role, Session, User


class UserResponse(msgspec.Struct, kw_only=True):
    """A user. `grants` are permissions beyond the roles."""

    username: str
    email: str
    first_name: str
    last_name: str
    roles: list[str]
    grants: list[str]
    is_active: bool
    source: str
    created_at: datetime
    last_login_at: datetime | None


class SessionResponse(msgspec.Struct, kw_only=True):
    """A browser that is signed in."""

    session_id: str
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str
    is_current: bool = False


class SessionCollectionResponse(msgspec.Struct, kw_only=True):
    """Sessions."""

    sessions: list[SessionResponse]
    total_entries: int


class TokenResponse(msgspec.Struct, kw_only=True):
    """An API token, without what a program sends. `scopes` null is no limit; `hint` are its last characters."""

    token_id: str
    name: str
    hint: str
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class TokenCollectionResponse(msgspec.Struct, kw_only=True):
    """API tokens."""

    tokens: list[TokenResponse]
    total_entries: int


class RoleResponse(msgspec.Struct, kw_only=True):
    """A role, and what it permits: `run:create`, `run:create@dag:sales`, `run:create@tag:shop`."""

    name: str
    permissions: list[str]
    is_built_in: bool


def user_response(user: User) -> UserResponse:
    """Return what is shown of a user."""
    return UserResponse(
        username=user.username,
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        roles=list(user.roles),
        grants=sorted(map(shown_permission, user.grants)),
        is_active=user.is_active,
        source=user.source,
        created_at=user.created_at,
        last_login_at=user.last_login_at,
    )


def sessions_response(sessions: list[Session], *, current: str = "") -> SessionCollectionResponse:
    """Return what is shown of sessions."""
    shown = [
        SessionResponse(
            session_id=one.session_id,
            created_at=one.created_at,
            expires_at=one.expires_at,
            last_seen_at=one.last_seen_at,
            address=one.address,
            user_agent=one.user_agent,
            is_current=one.session_id == current,
        )
        for one in sessions
    ]
    return SessionCollectionResponse(sessions=shown, total_entries=len(shown))


def token_response(token: ApiToken) -> TokenResponse:
    """Return what is shown of a token."""
    return TokenResponse(
        token_id=token.token_id,
        name=token.name,
        hint=token.hint,
        scopes=shown_scopes(token.scopes),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )


def tokens_response(tokens: list[ApiToken]) -> TokenCollectionResponse:
    """Return what is shown of tokens."""
    return TokenCollectionResponse(tokens=[token_response(one) for one in tokens], total_entries=len(tokens))


def role_response(role: Role) -> RoleResponse:
    """Return what is shown of a role."""
    return RoleResponse(
        name=role.name,
        permissions=sorted(map(shown_permission, role.permissions)),
        is_built_in=role.is_built_in,
    )
