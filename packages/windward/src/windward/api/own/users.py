"""Users, with the sessions and tokens that were given out to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.contract.paging import LIMIT_MAX, OffsetQuery
from windward.api.contract.problem import Forged
from windward.api.own.me import COME_AS_A_PERSON
from windward.api.own.shapes import (
    SessionCollectionResponse,
    TokenCollectionResponse,
    UserResponse,
    sessions_response,
    tokens_response,
    user_response,
)
from windward.core.accounts import read_permission
from windward.engine.people import accounts as people
from windward.engine.people import tokens as people_tokens
from windward.errors import NotFoundError
from windward.model.access import Credential, Resource, Verb
from windward.model.accounts import User

TAG = "User"
BASE = "/api/windward/v1/users"
ONE = f"{BASE}/{{username}}"
LIST_MAX = 200
_READ = Needs(verb=Verb.READ, resource=Resource.USER)
_CREATE = Needs(verb=Verb.CREATE, resource=Resource.USER)
_EDIT = Needs(verb=Verb.EDIT, resource=Resource.USER)
_DELETE = Needs(verb=Verb.DELETE, resource=Resource.USER)
Names = Annotated[list[str], msgspec.Meta(max_length=LIST_MAX)]


class UserBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A user to make. Without a password it comes in by a proxy only. `grants`: `run:create@dag:sales` and such."""

    username: str
    password: str | None = None
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    roles: Names = []
    grants: Names = []


class UserPatchBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change of a user. A new password ends its sessions and JWTs."""

    password: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    roles: Names | UnsetType = UNSET
    grants: Names | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class UserCollectionResponse(msgspec.Struct, kw_only=True):
    """Users."""

    users: list[UserResponse]
    total_entries: int


def get_users(call: Call[OffsetQuery, Nothing]) -> UserCollectionResponse:
    """List users, by name."""
    users, query = call.services.account_desk.accounts.list_users(), call.query
    shown = users[query.offset : query.offset + min(query.limit, LIMIT_MAX)]
    return UserCollectionResponse(users=[user_response(one) for one in shown], total_entries=len(users))


def get_user(call: Call[Nothing, Nothing]) -> UserResponse:
    """Show one user."""
    return user_response(_user(call))


def post_user(call: Call[Nothing, UserBody]) -> UserResponse:
    """Make a user."""
    body = call.body
    user = User(
        user_id="",
        username=body.username,
        email=body.email,
        first_name=body.first_name,
        last_name=body.last_name,
        roles=tuple(body.roles),
        grants=frozenset(map(read_permission, body.grants)),
        created_at=datetime.fromtimestamp(0, tz=UTC),
    )
    return user_response(
        people.create_user(call.services.account_desk, user, body.password, by=call.principal)
    )


def patch_user(call: Call[Nothing, UserPatchBody]) -> UserResponse:
    """Change a user."""
    body, desk, name = call.body, call.services.account_desk, call.text("username")
    if not isinstance(body.password, UnsetType):
        _not_by_its_own_token(call)
    changes: dict[str, Any] = {
        field: value
        for field in ("email", "first_name", "last_name", "is_active")
        if (value := getattr(body, field)) is not UNSET
    }
    if not isinstance(body.roles, UnsetType):
        changes["roles"] = tuple(body.roles)
    if not isinstance(body.grants, UnsetType):
        changes["grants"] = frozenset(map(read_permission, body.grants))
    if changes:
        people.edit_user(desk, name, changes, by=call.principal)
    if not isinstance(body.password, UnsetType):
        people.reset_password(desk, name, body.password, by=call.principal)
    return user_response(_user(call))


def remove_user(call: Call[Nothing, Nothing]) -> None:
    """Delete a user."""
    people.delete_user(call.services.account_desk, call.text("username"), by=call.principal)


def get_user_sessions(call: Call[Nothing, Nothing]) -> SessionCollectionResponse:
    """List the browsers in which a user is signed in."""
    return sessions_response(call.services.account_desk.accounts.list_sessions(_user(call).user_id))


def delete_user_sessions(call: Call[Nothing, Nothing]) -> None:
    """End all sessions and JWTs of a user."""
    people.end_sessions(call.services.account_desk, call.text("username"), by=call.principal)


def get_user_tokens(call: Call[Nothing, Nothing]) -> TokenCollectionResponse:
    """List a user's API tokens."""
    return tokens_response(call.services.account_desk.accounts.list_tokens(_user(call).user_id))


def delete_user_token(call: Call[Nothing, Nothing]) -> None:
    """Delete a user's API token; a token may end itself, and no other of its owner's."""
    if call.text("token_id") != call.principal.credential_id:
        _not_by_its_own_token(call)
    desk = call.services.account_desk
    user = people.find_mine(desk, call.text("username"), by=call.principal)
    people_tokens.delete_token(desk, user.user_id, call.text("token_id"))


def _not_by_its_own_token(call: Call[Any, Any]) -> None:
    """Refuse API tokens that would change by what their owner comes in.

    Raises:
        Forged: when one asks.
    """
    if call.principal.credential is Credential.API_TOKEN and _user(call).user_id == call.principal.user_id:
        raise Forged("an API token may not do this; sign in", hint=COME_AS_A_PERSON)


def _user(call: Call[Any, Any]) -> User:
    name = call.text("username")
    found = call.services.account_desk.accounts.known_by_name(name)
    if found is None:
        raise NotFoundError(f"there is no user `{name}`")
    return found[0].user


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET", BASE, name="get_users", tag=TAG, summary="List users.", access=_READ,
        query=OffsetQuery, reply=UserCollectionResponse, handler=get_users,
    ),
    operation(
        "POST", BASE, name="post_user", tag=TAG, summary="Make a user.", access=_CREATE,
        body=UserBody, reply=UserResponse, status=201, handler=post_user, errors=[400, 409],
    ),
    operation(
        "GET", ONE, name="get_user", tag=TAG, summary="Show a user.", access=_READ,
        reply=UserResponse, handler=get_user,
    ),
    operation(
        "PATCH", ONE, name="patch_user", tag=TAG, summary="Change a user.", access=_EDIT,
        body=UserPatchBody, reply=UserResponse, handler=patch_user, errors=[400, 409],
    ),
    operation(
        "DELETE", ONE, name="delete_user", tag=TAG, summary="Delete a user.", access=_DELETE,
        status=204, handler=remove_user, errors=[400],
    ),
    operation(
        "GET", f"{ONE}/sessions", name="get_user_sessions", tag=TAG,
        summary="List the browsers in which a user is signed in.", access=_READ,
        reply=SessionCollectionResponse, handler=get_user_sessions,
    ),
    operation(
        "DELETE", f"{ONE}/sessions", name="delete_user_sessions", tag=TAG,
        summary="End all sessions and JWTs of a user.", access=_EDIT,
        status=204, handler=delete_user_sessions, errors=[400, 409],
    ),
    operation(
        "GET", f"{ONE}/tokens", name="get_user_tokens", tag=TAG, summary="List a user's API tokens.",
        access=_READ, reply=TokenCollectionResponse, handler=get_user_tokens,
    ),
    operation(
        "DELETE", f"{ONE}/tokens/{{token_id}}", name="delete_user_token", tag=TAG,
        summary="Delete a user's API token.", access=_EDIT, status=204, handler=delete_user_token,
        errors=[400],
    ),
)  # fmt: skip
