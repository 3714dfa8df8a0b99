"""Signing in and out as the web interface does it."""

from __future__ import annotations

import msgspec

from windward.api.access.sessions import ended_cookies
from windward.api.contract.operation import Call, Nothing, Open, Operation, Reply, SignedIn, operation
from windward.api.contract.problem import Forged
from windward.api.public.login import LoginBody
from windward.errors import UserError
from windward.model.access import Credential

TAG = "Session"
PATH = "/api/windward/v1/session"


class SignedInResponse(msgspec.Struct, kw_only=True):
    """Who signed in."""

    username: str


def begin_session(call: Call[Nothing, LoginBody]) -> Reply:
    """Sign a browser in: the answer sets its cookies."""
    entrance, presented = call.services.entrance, call.presented
    assert presented is not None, "every request shows something"
    if entrance.is_from_elsewhere(presented):
        raise Forged("another site sent this request")
    principal = entrance.sign_in(call.body.username, call.body.password, address=presented.address)
    cookies = entrance.begin_session(principal, presented)
    return Reply(status=201, body=SignedInResponse(username=principal.name), cookies=cookies)


def end_session(call: Call[Nothing, Nothing]) -> Reply:
    """End the session or the JWT that this request carries."""
    entrance, presented, principal = call.services.entrance, call.presented, call.principal
    assert presented is not None, "every request shows something"
    match principal.credential:
        case Credential.SESSION:
            entrance.end_session_of(presented)
            return Reply(status=204, cookies=ended_cookies(is_https=entrance.is_https(presented)))
        case Credential.JWT:
            entrance.revoke_jwt(presented)
            return Reply(status=204)
        case Credential.PASSWORD | Credential.API_TOKEN | Credential.PROXY | Credential.OTHER:
            raise UserError(
                "this request carries neither a session nor a JWT",
                hint="An API token is deleted at `/api/windward/v1/me/tokens`.",
            )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "POST",
        PATH,
        name="begin_session",
        tag=TAG,
        summary="Sign a browser in.",
        access=Open("the body says who it is; tries are limited"),
        body=LoginBody,
        reply=SignedInResponse,
        status=201,
        handler=begin_session,
        errors=[401, 403, 429],
    ),
    operation(
        "DELETE",
        PATH,
        name="end_session",
        tag=TAG,
        summary="Sign out: end the session or the JWT that the request carries.",
        access=SignedIn("everybody may sign out"),
        status=204,
        handler=end_session,
        errors=[400],
    ),
)
