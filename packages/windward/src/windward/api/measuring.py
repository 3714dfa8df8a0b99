"""What the API server measures: its requests, by operation. Noted in the event loop, and told from a thread.

A request costs a line in a list; what becomes of it costs no request anything, for metrics may write to a database.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from windward.api.contract.operation import Operation
from windward.ports.metrics import Metrics
from windward.telemetry import names

NOTED_MAX = 100_000
"""Requests between two times of telling; of more, the oldest are not told."""
UNANSWERED = "none"
"""In place of the class of a status: the client went away, or the server stopped, before there was an answer."""


class _Ended(NamedTuple):
    operation: str
    method: str
    status: str
    seconds: float


class Requests:
    """Requests of one server. An operation's name and method and the class of the status are their only labels."""

    def __init__(self, metrics: Metrics, *, monotonic: Callable[[], float] = monotonic) -> None:
        self._metrics = metrics
        self._monotonic = monotonic
        self._ended: deque[_Ended] = deque(maxlen=NOTED_MAX)
        self._in_flight = 0

    def middleware(self, operation: Operation) -> Middleware:
        """Return what notes the requests of one operation."""
        return Middleware(_Noting, self, operation)

    async def note(
        self, operation: Operation, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Let `app` answer a request, to the last byte, and note that."""
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began_s = self._monotonic()
        self._in_flight += 1
        try:
            await app(scope, receive, noting)
        finally:
            self._in_flight -= 1
            self.ended(operation, status, self._monotonic() - began_s)

    def ended(self, operation: Operation, status: int, seconds: float) -> None:
        """Note a request that has ended, with status 0 where it was not answered."""
        shown = f"{status // 100}xx" if status else UNANSWERED
        self._ended.append(_Ended(operation.name, operation.method, shown, seconds))

    def tell(self) -> None:
        """Tell what was noted. For one thread at a time, which need not be the event loop's."""
        metrics = self._metrics
        for _ in range(len(self._ended)):
            ended = self._ended.popleft()
            metrics.count(names.API_REQUESTS, ended.operation, ended.method, ended.status)
            metrics.time(names.API_DURATION, ended.seconds, ended.operation, ended.method)
        metrics.gauge(names.API_IN_FLIGHT, self._in_flight)
        metrics.flush()


class _Noting:
    """One operation's requests, as ASGI middleware."""

    def __init__(self, app: ASGIApp, requests: Requests, operation: Operation) -> None:
        self._app = app
        self._requests = requests
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._requests.note(self._operation, self._app, scope, receive, send)
