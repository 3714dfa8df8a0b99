"""The application: every operation as a route, the document that describes them, and the page at `/`."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

import windward
from windward.api.access.pages import LoginPages
from windward.api.at_once import AtOnce
from windward.api.contract.answers import HEADERS
from windward.api.contract.openapi import document_of
from windward.api.contract.operation import Operation
from windward.api.contract.problem import Problem
from windward.api.contract.serving import BODY_S_MAX, Gate, Ledger, Served
from windward.api.contract.threads import Threads
from windward.api.execution import OPERATIONS as EXECUTION
from windward.api.interface import Interface
from windward.api.measuring import Requests
from windward.api.own import OPERATIONS as OWN
from windward.api.page import Page
from windward.api.public import OPERATIONS as PUBLIC
from windward.api.routing import RoutesByLength
from windward.api.services import Services

OPERATIONS: tuple[Operation, ...] = (*PUBLIC, *OWN, *EXECUTION)
"""Everything that is served, except for the page at `/`, those to sign in on, and this list's own description."""
TITLE = "Windward"
NOT_FOUND, METHOD_NOT_ALLOWED = 404, 405


def make_app(
    services: Services,
    *,
    gate: Gate,
    ledger: Ledger,
    page: Page,
    login: LoginPages,
    operations: Sequence[Operation] = OPERATIONS,
    body_s_max: float = BODY_S_MAX,
    requests: Requests | None = None,
    threads: Threads | None = None,
    interface: Interface | None = None,
    at_once: AtOnce | None = None,
) -> Application:
    """Return the application; `requests` is told of each, where somebody wants metrics. Handlers run in `threads`, but
    for what `at_once` has learnt.

    Without an `interface` the plain page stands at `/`, with one at `/plain`.
    """
    pool = threads or Threads()
    described = Described(operations)
    app = Application(at_once)
    app.router = RoutesByLength(
        [
            Route("/" if interface is None else "/plain", page.answer),
            *login.routes(),
            Route("/openapi.json", described.answer),
            *(
                Served(
                    operation, services, gate, ledger, threads=pool, body_s_max=body_s_max, learner=at_once
                ).route([requests.middleware(operation)] if requests is not None else ())
                for operation in operations
            ),
            *(interface.routes() if interface is not None else ()),
        ]
    )
    return app


class Application(Starlette):
    """An application some of whose requests may be answered without asking it."""

    def __init__(self, at_once: AtOnce | None) -> None:
        super().__init__(exception_handlers={HTTPException: _refuse})
        self.at_once = at_once


class Described:
    """The OpenAPI document, made when it is asked for the first time. Open, as in Airflow: it names no secret."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._operations = operations
        self._text: bytes | None = None

    async def answer(self, _request: Request) -> Response:
        """Return the document."""
        if self._text is None:
            self._text = await run_in_threadpool(self._made)
        return Response(self._text, headers=HEADERS, media_type="application/json")

    def _made(self) -> bytes:
        return msgspec.json.encode(document_of(self._operations, title=TITLE, version=windward.__version__))


async def _refuse(request: Request, error: Exception) -> Response:
    """Answer what no route answers, in the shape of all refusals."""
    assert isinstance(error, HTTPException)
    headers = {**HEADERS, **(error.headers or {})}
    if error.status_code == NOT_FOUND and (place := _place_without_slash(request)):
        return Response(status_code=307, headers={**HEADERS, "location": place})
    if error.status_code == METHOD_NOT_ALLOWED:
        headers["allow"] = ", ".join(_methods_of(request))
    return Response(
        msgspec.json.encode(Problem(detail=error.detail)),
        status_code=error.status_code,
        headers=headers,
        media_type="application/json",
    )


def _place_without_slash(request: Request) -> str:
    """Return where somebody who only reads is sent on to: the address without the slash at its end, if there is one."""
    path = request.scope["path"].rstrip("/")
    if request.method not in {"GET", "HEAD"} or path in {"", request.scope["path"]} or path.startswith("//"):
        return ""
    scope = {**request.scope, "path": path}
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    if not any(route.matches(scope)[0] is Match.FULL for route in routes):
        return ""
    query = request.scope["query_string"].decode("ascii", "replace")
    return quote(path, safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")


def _methods_of(request: Request) -> list[str]:
    """Return the methods that some route takes at an address, sorted."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    near = [route for route in routes if route.matches(request.scope)[0] is Match.PARTIAL]
    return sorted({method for route in near for method in route.methods or ()})
