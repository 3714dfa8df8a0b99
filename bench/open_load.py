"""Requests at a fixed rate from a process of its own: `python -m bench.open_load < plan.json > done.json`.

An open loop: each request has its moment, whether or not those before it were answered, and what it waited counts from
that moment. A server that falls behind cannot hide that by being asked less.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import deque
from typing import cast

import msgspec
import uvloop

CONNECTIONS = 16
BUFFER_BYTES = 1 << 18
DRAIN_S = 120.0
"""How long answers may take after the last request; what takes longer is no answer, and the load has failed."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of request, and how often it comes among the others."""

    name: str
    path: str
    weight: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask whom, how fast, and for how long."""

    host: str
    port: int
    authorization: str
    asks: list[Ask]
    per_s: float
    seconds: float
    seed: int = 13


class Look(msgspec.Struct, frozen=True, array_like=True):
    """One request: when it was due (by `time.time()`), how long it took from then, and what came of it."""

    name: str
    due_s: float
    took_ms: float
    status: int


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a plan, and what the asking cost: processor seconds, the start included."""

    looks: list[Look]
    cpu_s: float


class Load:
    """The requests of a plan over connections that are kept; more are opened only when all are busy."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._free: deque[_Connection] = deque()
        self._raw = {
            ask.name: (
                f"GET {ask.path} HTTP/1.1\r\nhost: {plan.host}:{plan.port}\r\n"
                f"authorization: {plan.authorization}\r\naccept: application/json\r\n\r\n"
            ).encode()
            for ask in plan.asks
        }
        self.looks: list[Look] = []

    async def run(self) -> None:
        """Send everything, and wait for the answers."""
        plan, dice = self._plan, random.Random(self._plan.seed)
        self._free.extend([await self._opened() for _ in range(CONNECTIONS)])
        names = [ask.name for ask in plan.asks]
        weights = [ask.weight for ask in plan.asks]
        loop, under_way = asyncio.get_running_loop(), set[asyncio.Task[None]]()
        began_s, began_at_s = loop.time(), time.time()
        for number in range(int(plan.per_s * plan.seconds)):
            offset_s = number / plan.per_s
            if (wait_s := began_s + offset_s - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            name = dice.choices(names, weights)[0]
            task = asyncio.create_task(self._ask(name, began_s + offset_s, began_at_s + offset_s))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        async with asyncio.timeout(DRAIN_S):
            await asyncio.gather(*under_way)

    async def _ask(self, name: str, due_s: float, due_at_s: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            connection = self._free.popleft() if self._free else await self._opened()
            status = await connection.ask(self._raw[name])
            self._free.append(connection)
        except (OSError, EOFError):
            status = 0
        self.looks.append(
            Look(name=name, due_s=due_at_s, took_ms=(loop.time() - due_s) * 1000, status=status)
        )

    async def _opened(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, opened = await loop.create_connection(_Connection, self._plan.host, self._plan.port)
        return opened


class _Connection(asyncio.BufferedProtocol):
    """One connection, one request at a time. Of a body it only counts the bytes: the load may not be what is slow."""

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._head = bytearray()
        self._left: int | None = None
        self._status = 0
        self._answered: asyncio.Future[int] | None = None

    def ask(self, raw: bytes) -> asyncio.Future[int]:
        """Send a request; return its status once all of the answer is here.

        Raises:
            EOFError: when the server hangs up first.
        """
        self._head.clear()
        self._left = None
        self._answered = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            self._answered.set_exception(EOFError())
        else:
            self._transport.write(raw)
        return self._answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # those of uvloop are none by their class

    def connection_lost(self, error: Exception | None) -> None:
        del error
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(EOFError())

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._left is None:
            self._head += self._buffer[:nbytes]
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            lines = bytes(self._head[:end]).split(b"\r\n")
            length = next(int(line[15:]) for line in lines if line.lower().startswith(b"content-length:"))
            self._status = int(lines[0].split(b" ", 2)[1])
            self._left = length - (len(self._head) - end - 4)
        else:
            self._left -= nbytes
        if self._left == 0 and self._answered is not None and not self._answered.done():
            self._answered.set_result(self._status)


def main() -> None:
    """Do what the plan on the standard input says."""
    load = Load(msgspec.json.decode(sys.stdin.buffer.read(), type=Plan))
    uvloop.run(load.run())  # half of the processor that asyncio's own loop takes from those who are measured
    done = Done(looks=load.looks, cpu_s=time.process_time())
    sys.stdout.buffer.write(msgspec.json.encode(done))


if __name__ == "__main__":
    main()
