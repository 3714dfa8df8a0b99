"""The routes. Each says who may come in; what is not said open is closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import windward
from windward.api.access import FirstUser
from windward.api.health import body_of, unavailable
from windward.api.page import render_page
from windward.errors import UnavailableError
from windward.ports.store import Store

RUNS_SHOWN = 50
DAGS_SHOWN = 500
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_CHALLENGE = "Sign in as `admin` with the password that the first start printed.\n"


class Routes:
    """Handlers over one store. Those that read the database run in a thread."""

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        host_lease_s: float,
        first_user: FirstUser,
        title: str,
    ) -> None:
        self._store = store
        self._now = now
        self._host_lease_s = host_lease_s
        self._first_user = first_user
        self._title = title

    async def health(self, _request: Request) -> Response:
        """Say how the components are. Open: load balancers have no password."""
        return _json(await run_in_threadpool(self._health))

    async def version(self, _request: Request) -> Response:
        """Say which version this is. Open, as in Airflow."""
        return _json({"version": windward.__version__, "git_version": None})

    async def page(self, request: Request) -> Response:
        """Show what runs. For the first user."""
        if not await run_in_threadpool(self._first_user.admits, request.headers.get("authorization")):
            challenge = {**_HEADERS, "www-authenticate": 'Basic realm="Windward", charset="UTF-8"'}
            return Response(_CHALLENGE, status_code=401, headers=challenge, media_type="text/plain")
        return await run_in_threadpool(self._page)

    def _health(self) -> dict[str, object]:
        try:
            return body_of(
                self._store.hosts.load_components(),
                self._store.hosts.load_hosts(),
                host_lease_s=self._host_lease_s,
                now=self._now(),
            )
        except UnavailableError:
            return unavailable()

    def _page(self) -> Response:
        health = self._health()
        try:
            text = render_page(
                title=self._title,
                version=windward.__version__,
                health=health,
                dags=self._store.reads.list_dags(limit=DAGS_SHOWN),
                runs=self._store.reads.list_runs(limit=RUNS_SHOWN),
                errors=self._store.reads.import_errors(),
                now=self._now(),
            )
        except UnavailableError as error:
            return Response(f"{error}\n", status_code=503, headers=_HEADERS, media_type="text/plain")
        return Response(text, headers=_HEADERS, media_type="text/html")


def make_app(routes: Routes) -> Starlette:
    """Return the application."""
    return Starlette(
        routes=[
            Route("/", routes.page),
            Route("/api/v2/monitor/health", routes.health),
            Route("/api/v2/version", routes.version),
        ]
    )


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), headers=_HEADERS, media_type="application/json")
