"""Signing in and out, with Airflow's addresses: where a browser goes, and JWTs for programs."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from windward.api.access.sessions import ended_cookies
from windward.api.contract.operation import Call, Nothing, Open, Operation, Reply, operation
from windward.errors import UserError

TAG = "Login"
OWN_PAGE = "/login"
NEXT_MAX = 2_000
_AS_IT_IS = "/?#&=%:@!$'()*+,;~[]"


class LoginQuery(msgspec.Struct, kw_only=True):
    """Where to come back to."""

    next: str | None = None


class LoginBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who it is."""

    username: str
    password: str


class LoginResponse(msgspec.Struct, kw_only=True):
    """A JWT, to be sent as `Authorization: Bearer …`."""

    access_token: str


def login(call: Call[LoginQuery, Nothing]) -> Reply:
    """Send a browser to where it signs in."""
    target = checked_next(call.query.next)
    url = call.services.entrance.manager.login_url(target)
    return _sent_to(url or f"{OWN_PAGE}?next={quote(target, safe='')}")


def logout(call: Call[Nothing, Nothing]) -> Reply:
    """End the browser's session, and send it to where it signs in."""
    entrance, presented = call.services.entrance, call.presented
    assert presented is not None, "every request shows something"
    url = entrance.manager.logout_url() or OWN_PAGE
    is_meant = presented.headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
    if not is_meant or presented.method == "HEAD":
        return _sent_to(url)  # another site may not sign anybody out, nor does who only looks
    entrance.end_session_of(presented)
    return _sent_to(url, cookies=ended_cookies(is_https=entrance.is_https(presented)))


def create_token(call: Call[Nothing, LoginBody]) -> LoginResponse:
    """Give out a JWT."""
    return LoginResponse(access_token=_jwt(call, is_cli=False))


def create_token_cli(call: Call[Nothing, LoginBody]) -> LoginResponse:
    """Give out a JWT for a command line, which counts for less long."""
    return LoginResponse(access_token=_jwt(call, is_cli=True))


def checked_next(text: str | None) -> str:
    """Return a place of this server, as it is written in a header: what is not ASCII is percent-encoded.

    Raises:
        UserError: when it is one of another.
    """
    asked = text or "/"
    target = quote(asked, safe=_AS_IT_IS)
    is_own = asked.startswith("/") and not asked.startswith(("//", "/\\"))
    if not is_own or "\\" in asked or not asked.isprintable() or len(target) > NEXT_MAX:
        raise UserError("`next` is no place of this server", hint="Give a path such as `/`, or leave it out.")
    return target


def _jwt(call: Call[Nothing, LoginBody], *, is_cli: bool) -> str:
    entrance, presented = call.services.entrance, call.presented
    assert presented is not None, "every request shows something"
    principal = entrance.sign_in(call.body.username, call.body.password, address=presented.address)
    return entrance.issue_jwt(principal, is_cli=is_cli)


def _sent_to(url: str, *, cookies: list[str] | None = None) -> Reply:
    return Reply(status=307, headers={"location": url}, cookies=cookies or ())


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/auth/login",
        name="login",
        tag=TAG,
        summary="Go to where a browser signs in.",
        access=Open("nobody is signed in yet"),
        query=LoginQuery,
        status=307,
        handler=login,
        errors=[400],
    ),
    operation(
        "GET",
        "/api/v2/auth/logout",
        name="logout",
        tag=TAG,
        summary="End the browser's session.",
        access=Open("who is not signed in any more goes to the same place"),
        status=307,
        handler=logout,
    ),
    operation(
        "POST",
        "/auth/token",
        name="create_token",
        tag=TAG,
        summary="Get a JWT for a name and a password.",
        access=Open("the body says who it is; tries are limited"),
        body=LoginBody,
        reply=LoginResponse,
        status=201,
        handler=create_token,
        errors=[401, 429],
    ),
    operation(
        "POST",
        "/auth/token/cli",
        name="create_token_cli",
        tag=TAG,
        summary="Get a JWT of a shorter life for a name and a password.",
        access=Open("the body says who it is; tries are limited"),
        body=LoginBody,
        reply=LoginResponse,
        status=201,
        handler=create_token_cli,
        errors=[401, 429],
    ),
)
