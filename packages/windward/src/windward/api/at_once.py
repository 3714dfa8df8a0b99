"""Answering in the event loop what was quick before: to hand a read to a thread and back costs as much as the read.

Theory of operation: what is asked for the first time is answered in a thread. If that was quick, and waited for nothing
but a file of this machine, its target is remembered, and answered at once the next time: rows and rights are read as
ever. A target that was slow is forgotten, and goes back to a thread; what would wait for a lock goes there as well.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from windward.api.contract.holding import Held
from windward.api.contract.operation import Operation
from windward.api.contract.threads import Threads
from windward.api.measuring import Requests
from windward.ports.listings import WouldWait

TARGETS_MAX = 1000
TARGET_BYTES_MAX = 2000
"""Of a path and its query that are remembered."""
QUICK_S = 0.005
"""What held its thread no longer is answered at once the next time."""
SLOW_S = 0.02
"""What held it longer is not any more: everybody waits for what is answered at once."""
TURN_S = 0.05
"""After so much of a turn of the loop, the rest of it is left to threads: where all processors are busy, each thread gets
a part of them, and one is too few."""
STALLING_S = 0.2
"""What held it longer for anybody is left to threads for `STALLED_FOR_S`, however quick it is for others: they see less."""
STALLED_FOR_S, STALLED_FOR_S_MAX, STALLED_AGAIN = 5.0, 300.0, 4
"""Not for long, for what is asked first of all is slow: each time that it stalls again, so many times as long."""
_UNUSUAL = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
"""Headers of requests that have more to them than a head."""
_BEARER = b"bearer "
_Target = tuple[bytes, bytes]
_NEVER = 0.0, 0.0


class Reading(Protocol):
    """An operation that reads."""

    @property
    def operation(self) -> Operation:
        """Which one."""

    def answer_now(self, request: Request) -> Response:
        """Answer one request without waiting.

        Raises:
            WouldWait: when that cannot be.
        """


class _Turn:
    """How long the event loop goes through what was ready at once: so long does the last of it wait already."""

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._began_s: float | None = None

    def is_long(self, now_s: float) -> bool:
        """Whether this turn of the loop that runs takes too long by now."""
        if self._began_s is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return False
            self._began_s = now_s
            loop.call_soon(self._end)
        return now_s - self._began_s > self._length_s

    def _end(self) -> None:
        self._began_s = None


class AtOnce:
    """The targets of one server that are answered at once. Taught by threads, asked by the event loop."""

    def __init__(
        self,
        threads: Threads,
        *,
        requests: Requests | None = None,
        quick_s: float = QUICK_S,
        slow_s: float = SLOW_S,
        monotonic: Callable[[], float] = time.monotonic,
        measure: Callable[[], Held] = Held,
    ) -> None:
        self._threads = threads
        self._requests = requests
        self._quick_s = quick_s
        self._slow_s = slow_s
        self._monotonic = monotonic
        self._measure = measure
        self._turn = _Turn(TURN_S)
        self._known: dict[_Target, tuple[Reading, dict[str, str]]] = {}
        self._slow: dict[_Target, tuple[float, float]] = {}

    def learn(self, scope: Scope, reading: Reading, *, held_s: float) -> None:
        """Take in how long a read held the thread that did it."""
        target = scope.get("raw_path", b""), scope["query_string"]
        if len(target[0]) + len(target[1]) > TARGET_BYTES_MAX:
            return
        if held_s > STALLING_S:
            self._set_aside(target)
        until_s, _ = self._slow.get(target, _NEVER)
        if held_s > self._quick_s or until_s > self._monotonic():
            return
        if len(self._known) >= TARGETS_MAX:
            self._known.clear()
        self._known[target] = (reading, scope["path_params"])

    def answer(self, scope: Scope) -> Response | ASGIApp | None:
        """Answer a request; None for what a thread should do. What is no whole answer is still to be sent, by itself.

        Python works in one thread at a time: while others are at work, this one would wait for them, and they for it.
        """
        if self._turn.is_long(self._monotonic()):
            return None
        target = scope["raw_path"], scope["query_string"]
        known = self._known.get(target)
        if known is None or scope["method"] != "GET" or not _is_usual(scope["headers"]):
            return None
        if not self._threads.is_idle:
            return None
        reading, scope["path_params"] = known
        held = self._measure()
        try:
            response = reading.answer_now(Request(scope))
        except WouldWait:
            return None
        took_s = held.took_s
        if took_s > self._slow_s:
            held_s = held.held_s
            if held_s > STALLING_S:
                self._set_aside(target)
            elif held_s > self._slow_s:
                self._known.pop(target, None)
        if type(response) is not Response:
            return response if self._requests is None else self._noted(reading.operation, response)
        if self._requests is not None:
            self._requests.ended(reading.operation, response.status_code, took_s)
        return response

    def _set_aside(self, target: _Target) -> None:
        """Leave a target to threads for a while."""
        self._known.pop(target, None)
        until_s, before_s = self._slow.get(target, _NEVER)
        if until_s > self._monotonic():
            return  # of several that began together
        for_s = min(before_s * STALLED_AGAIN, STALLED_FOR_S_MAX) or STALLED_FOR_S
        if len(self._slow) >= TARGETS_MAX:
            self._slow.clear()
        self._slow[target] = (self._monotonic() + for_s, for_s)

    def _noted(self, operation: Operation, stream: Response) -> ASGIApp:
        """Return what sends a stream and notes that."""
        assert self._requests is not None
        return partial(self._requests.note, operation, stream)


def _is_usual(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request has no body, and no password: to look at one takes long on purpose."""
    for name, value in headers:
        if name in _UNUSUAL or (name == b"authorization" and value[: len(_BEARER)].lower() != _BEARER):
            return False
    return True
