"""Who I am, what I may do, and what was given out to me."""

from __future__ import annotations

from typing import Any

import msgspec

from windward.api.contract.operation import Call, Nothing, Operation, Reply, SignedIn, operation
from windward.api.contract.problem import Forged
from windward.api.own.shapes import (
    SessionCollectionResponse,
    TokenCollectionResponse,
    TokenResponse,
    sessions_response,
    token_response,
    tokens_response,
)
from windward.core.accounts import scopes_of, shown_permission, shown_scopes
from windward.engine.people import accounts as people
from windward.engine.people import tokens as people_tokens
from windward.errors import NotFoundError
from windward.model.access import Credential

TAG = "Me"
BASE = "/api/windward/v1/me"
COME_AS_A_PERSON = (
    "Come with a session or a JWT: `POST /auth/token` with a name and a password answers with one, "
    "and the command line takes it as `WINDWARD_TOKEN`."
)
OWN = SignedIn("everybody may see and end what is theirs")


class MeResponse(msgspec.Struct, kw_only=True):
    """Who asks, by what, and what they may do. `scopes` null is no limit beyond the permissions."""

    username: str
    roles: list[str]
    permissions: list[str]
    scopes: list[str] | None
    credential: str


class PasswordBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The password as it is, and as it shall be."""

    current_password: str
    new_password: str


class TokenBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A token to make. Without `scopes` it may do all that its owner may."""

    name: str
    days: float = 90.0
    scopes: list[str] | None = None


class NewTokenResponse(msgspec.Struct, kw_only=True):
    """A token that was made. `token` is what a program sends; it is shown here once."""

    token: str
    made: TokenResponse


def get_me(call: Call[Nothing, Nothing]) -> MeResponse:
    """Say who asks."""
    one = call.principal
    return MeResponse(
        username=one.name,
        roles=list(one.roles),
        permissions=sorted(map(shown_permission, one.permissions)),
        scopes=shown_scopes(one.scopes),
        credential=one.credential,
    )


def change_password(call: Call[Nothing, PasswordBody]) -> Reply:
    """Change the password; every session and JWT ends, and a browser gets a new session."""
    _only_people(call)
    services, presented, principal = call.services, call.presented, call.principal
    assert presented is not None, "every request shows something"
    body = call.body
    with services.entrance.trying(principal.name, address=presented.address) as was_right:
        people.change_password(
            services.account_desk, principal.name, current=body.current_password, new=body.new_password
        )
        was_right()
    if not principal.has_session:
        return Reply(status=204)
    again = services.entrance.manager.principal(principal.user_id)
    assert again is not None, "whose password was changed a moment ago is there"
    return Reply(status=204, cookies=services.entrance.begin_session(again, presented))


def get_my_sessions(call: Call[Nothing, Nothing]) -> SessionCollectionResponse:
    """List the browsers that are signed in."""
    principal = call.principal
    return sessions_response(
        call.services.entrance.accounts.list_sessions(principal.user_id), current=principal.credential_id
    )


def delete_my_session(call: Call[Nothing, Nothing]) -> None:
    """End a session."""
    _only_people(call)
    session_id = call.text("session_id")
    if not call.services.entrance.accounts.delete_sessions(call.principal.user_id, session_id):
        raise NotFoundError(f"you have no session `{session_id}`")


def get_my_tokens(call: Call[Nothing, Nothing]) -> TokenCollectionResponse:
    """List one's API tokens."""
    return tokens_response(call.services.entrance.accounts.list_tokens(call.principal.user_id))


def post_my_token(call: Call[Nothing, TokenBody]) -> NewTokenResponse:
    """Make an API token."""
    _only_people(call)
    token, secret = people_tokens.create_token(
        call.services.account_desk,
        call.principal.user_id,
        call.body.name,
        scopes=scopes_of(call.body.scopes),
        days=call.body.days,
        days_max=call.services.settings.api_auth.token_lifetime_days_max,
    )
    return NewTokenResponse(token=secret, made=token_response(token))


def delete_my_token(call: Call[Nothing, Nothing]) -> None:
    """Delete an API token."""
    _only_people(call)
    people_tokens.delete_token(call.services.account_desk, call.principal.user_id, call.text("token_id"))


def _only_people(call: Call[Any, Any]) -> None:
    """Refuse API tokens, which could make themselves one that may do more or lasts longer.

    Raises:
        Forged: when an API token asks.
    """
    if call.principal.credential is Credential.API_TOKEN:
        raise Forged("an API token may not do this; sign in", hint=COME_AS_A_PERSON)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        BASE,
        name="get_me",
        tag=TAG,
        summary="Say who asks, and what they may do.",
        access=SignedIn("who has no right at all may know that"),
        reply=MeResponse,
        handler=get_me,
    ),
    operation(
        "POST",
        f"{BASE}/password",
        name="change_my_password",
        tag=TAG,
        summary="Change one's password, and end all sessions and JWTs.",
        access=OWN,
        body=PasswordBody,
        status=204,
        handler=change_password,
        errors=[400, 429],
    ),
    operation(
        "GET",
        f"{BASE}/sessions",
        name="get_my_sessions",
        tag=TAG,
        summary="List the browsers in which one is signed in.",
        access=OWN,
        reply=SessionCollectionResponse,
        handler=get_my_sessions,
    ),
    operation(
        "DELETE",
        f"{BASE}/sessions/{{session_id}}",
        name="delete_my_session",
        tag=TAG,
        summary="End one of one's sessions.",
        access=OWN,
        status=204,
        handler=delete_my_session,
    ),
    operation(
        "GET",
        f"{BASE}/tokens",
        name="get_my_tokens",
        tag=TAG,
        summary="List one's API tokens.",
        access=OWN,
        reply=TokenCollectionResponse,
        handler=get_my_tokens,
    ),
    operation(
        "POST",
        f"{BASE}/tokens",
        name="post_my_token",
        tag=TAG,
        summary="Make an API token; what a program sends is shown once.",
        access=OWN,
        body=TokenBody,
        reply=NewTokenResponse,
        status=201,
        handler=post_my_token,
        errors=[400, 409],
    ),
    operation(
        "DELETE",
        f"{BASE}/tokens/{{token_id}}",
        name="delete_my_token",
        tag=TAG,
        summary="Delete one of one's API tokens.",
        access=OWN,
        status=204,
        handler=delete_my_token,
    ),
)
