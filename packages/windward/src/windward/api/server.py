"""Serving the application: uvicorn in this process, on a socket that is open already, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Protocol

import uvicorn
import uvloop
from anyio.to_thread import current_default_thread_limiter
from starlette.types import ASGIApp

from windward.api.access.entrance import EntranceGate
from windward.api.access.manager import AccountManager
from windward.api.access.oidc import Oidc
from windward.api.access.pages import LoginPages
from windward.api.app import TITLE, make_app
from windward.api.at_once import AtOnce
from windward.api.contract.threads import Threads
from windward.api.http import BoundedHttp
from windward.api.interface import built
from windward.api.ledger import StoreLedger
from windward.api.measuring import Requests
from windward.api.page import Page
from windward.api.services import Services
from windward.errors import UnavailableError
from windward.ports.clock import Clock
from windward.ports.metrics import Metrics
from windward.ports.store import Store

log = logging.getLogger("windward.api")
BEAT_S = 15.0
TOLD_EVERY_S = 5.0
"""Time between two times that requests are told to metrics."""
THREADS_BESIDE = 4
"""Threads for pages and streams, beside those in which operations run: one for each connection to the database."""
CONNECTIONS_MAX = 800
"""Connections that are open at once; for more, idle ones are closed. A process may have 1024 files open by default."""
SHUTDOWN_S = 2
"""How long open requests may take once the server stops."""


class Stop(Protocol):
    """A request to stop: something to ask, and a descriptor that is readable from then on."""

    def is_set(self) -> bool:
        """Whether to stop."""

    def fileno(self) -> int:
        """Return the descriptor."""


class _Server(uvicorn.Server):
    """A server that leaves signals to the process it runs in, and that sleeps while nothing happens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopped = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield

    async def main_loop(self) -> None:
        """Sleep until the stop. Uvicorn's own loop turns ten times a second, for a date that `BoundedHttp` makes."""
        await self.stopped.wait()


def serve(
    services: Services,
    listener: socket.socket,
    *,
    clock: Clock,
    name: str,
    hostname: str,
    stop: Stop,
    ready: Callable[[], None],
    metrics: Metrics | None = None,
) -> None:
    """Serve until `stop` is set; `ready` is called when requests are answered."""
    requests = Requests(metrics) if metrics is not None else None
    store, settings = services.store, services.settings
    entrance, title = services.entrance, settings.api.instance_name or TITLE
    gate = EntranceGate(entrance)
    oidc = Oidc(settings, services.account_desk) if settings.api_auth.oidc_issuer else None
    ledger = StoreLedger(
        store.audit,
        settings,
        now=services.now,
        address_of=lambda request: entrance.presented(request).address,
    )
    threads = Threads(2 * settings.database.pool_size)
    # Another manager than ours may ask others who somebody is, and a database elsewhere may be slow to answer.
    is_near = services.listings.is_near and isinstance(entrance.manager, AccountManager)
    config = config_of(
        make_app(
            services,
            gate=gate,
            ledger=ledger,
            page=Page(services, gate=gate, title=title),
            login=LoginPages(entrance, store.audit, title=title, oidc=oidc),
            requests=requests,
            threads=threads,
            interface=built(),
            at_once=AtOnce(threads, requests=requests) if is_near else None,
        ),
    )

    async def beat() -> None:
        while True:
            await asyncio.to_thread(_beat, store, clock, name, hostname)
            await asyncio.sleep(BEAT_S)

    async def tell(noted: Requests) -> None:
        while True:
            await asyncio.to_thread(noted.tell)
            await asyncio.sleep(TOLD_EVERY_S)

    beside = [beat()] if requests is None else [beat(), tell(requests)]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(config, listener, stop, beside, ready))
    threads.close()
    if requests is not None:
        requests.tell()


def config_of(app: ASGIApp, *, connections_max: int = CONNECTIONS_MAX) -> uvicorn.Config:
    """Return how uvicorn serves, with bounds on what it reads before the application is asked."""
    return uvicorn.Config(
        app,
        # Whom to believe about addresses, `[api] trusted_proxies` says; uvicorn would believe everybody here.
        proxy_headers=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
        ws="none",
        http=BoundedHttp,
        limit_concurrency=connections_max,
    )


async def _run(
    config: uvicorn.Config,
    listener: socket.socket,
    stop: Stop,
    beside: Sequence[Coroutine[None, None, None]],
    ready: Callable[[], None],
) -> None:
    current_default_thread_limiter().total_tokens = THREADS_BESIDE
    loop = asyncio.get_running_loop()
    server = _Server(config)

    def end() -> None:
        loop.remove_reader(stop.fileno())
        server.stopped.set()

    loop.add_reader(stop.fileno(), end)
    tasks = [asyncio.ensure_future(one) for one in beside]
    loop.call_soon(ready)
    try:
        await server.serve(sockets=[listener])
    finally:
        for task in tasks:
            task.cancel()


def _beat(store: Store, clock: Clock, name: str, hostname: str) -> None:
    try:
        store.hosts.beat_component("api-server", name, hostname=hostname, pid=os.getpid(), now=clock.now())
    except UnavailableError as error:
        log.warning("sign of life not written", extra={"error": str(error)})
