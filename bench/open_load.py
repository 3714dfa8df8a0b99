"""Requests at a fixed rate from a process of its own: `python -m bench.open_load < plan.json > done.json`.

An open loop: each request has its moment, whether or not those before it were answered, and what it waited counts from
that moment. A server that falls behind cannot hide that by being asked less.
"""

from __future__ import annotations

import random
import select
import socket
import sys
import time
from contextlib import suppress

import msgspec

CONNECTIONS = 16
BUFFER_BYTES = 1 << 18
IDLE_S = 3.0
"""A connection that idled longer is not used again: after five seconds the server ends it."""
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
    """The requests of a plan over connections that are kept; more are opened only when all are busy.

    The one that was used last is used again, so that those of a busy moment idle afterwards, and the server ends them.

    One loop over `epoll`, with no event loop's machinery: what asking costs is taken from those who are measured.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._poll = select.epoll()
        self._connections: dict[int, _Connection] = {}
        self._free: list[_Connection] = []
        self._busy = 0
        self._raw = {
            ask.name: (
                f"GET {ask.path} HTTP/1.1\r\nhost: {plan.host}:{plan.port}\r\n"
                f"authorization: {plan.authorization}\r\naccept: application/json\r\n\r\n"
            ).encode()
            for ask in plan.asks
        }
        self.looks: list[Look] = []

    def run(self) -> None:
        """Send everything, and wait for the answers.

        Raises:
            TimeoutError: when answers are missing long after the last request.
        """
        plan, dice = self._plan, random.Random(self._plan.seed)
        for _ in range(CONNECTIONS):
            self._free.append(self._opened())
        names, weights = [ask.name for ask in plan.asks], [ask.weight for ask in plan.asks]
        began_s, began_at_s = time.monotonic(), time.time()
        for number in range(int(plan.per_s * plan.seconds)):
            offset_s = number / plan.per_s
            while (wait_s := began_s + offset_s - time.monotonic()) > 0:
                self._take_in(wait_s)
            name = dice.choices(names, weights)[0]
            self._ask(_Asked(name=name, due_s=began_s + offset_s, due_at_s=began_at_s + offset_s))
        until_s = time.monotonic() + DRAIN_S
        while self._busy:
            if (wait_s := until_s - time.monotonic()) <= 0:
                raise TimeoutError(f"{self._busy} requests have no answer")
            self._take_in(wait_s)

    def _opened(self) -> _Connection:
        connection = _Connection(self._plan.host, self._plan.port)
        self._connections[connection.fileno()] = connection
        self._poll.register(connection.fileno(), select.EPOLLIN)
        return connection

    def _ask(self, asked: _Asked) -> None:
        if self._free and time.monotonic() - self._free[-1].freed_s > IDLE_S:
            # All idle longer than the last: the server may be about to end them.
            for connection in self._free:
                self._close(connection)
            self._free.clear()
        try:
            connection = self._free.pop() if self._free else self._opened()
        except OSError:
            self._note(asked, status=0)
            return
        self._busy += 1
        connection.ask(asked, self._raw[asked.name])

    def _take_in(self, seconds: float) -> None:
        """Read what came, or wait so long for something."""
        for descriptor, _ in self._poll.poll(seconds):
            connection = self._connections.get(descriptor)
            if connection is None:
                continue
            status = connection.read()
            if status is None:
                continue
            asked, connection.asked = connection.asked, None
            if status:
                connection.freed_s = time.monotonic()
                self._free.append(connection)
            else:  # the server hung up
                with suppress(ValueError):
                    self._free.remove(connection)
                self._close(connection)
            if asked is not None:
                self._busy -= 1
                self._note(asked, status=status)

    def _close(self, connection: _Connection) -> None:
        self._poll.unregister(connection.fileno())
        del self._connections[connection.fileno()]
        connection.close()

    def _note(self, asked: _Asked, *, status: int) -> None:
        took_ms = (time.monotonic() - asked.due_s) * 1000
        self.looks.append(Look(name=asked.name, due_s=asked.due_at_s, took_ms=took_ms, status=status))


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request under way: when it was due, by both clocks."""

    name: str
    due_s: float
    due_at_s: float


class _Connection:
    """One connection, one request at a time. Of a body it only counts the bytes: the load may not be what is slow."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port))
        self._socket.setblocking(False)
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._head = b""
        self._left: int | None = None
        self._status = 0
        self.asked: _Asked | None = None
        self.freed_s = time.monotonic()

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def ask(self, asked: _Asked, raw: bytes) -> None:
        """Send a request, which always fits into an empty buffer of the kernel. What fails is seen when it is read."""
        self.asked, self._head, self._left = asked, b"", None
        with suppress(OSError):
            self._socket.send(raw)

    def read(self) -> int | None:
        """Read what is there. Return the status once all of the answer is here, None before, 0 when there is no more."""
        try:
            count = self._socket.recv_into(self._buffer)
        except BlockingIOError:
            return None
        except OSError:
            return 0
        if count == 0:
            return 0
        if self._left is None:
            self._head += self._buffer[:count]
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return None
            head = self._head[:end].lower()
            at = head.index(b"\r\ncontent-length:") + 17
            self._status = int(head[9:12])
            self._left = int(head[at:].split(b"\r\n", 1)[0]) - (len(self._head) - end - 4)
        else:
            self._left -= count
        return self._status if self._left == 0 else None


def main() -> None:
    """Do what the plan on the standard input says."""
    load = Load(msgspec.json.decode(sys.stdin.buffer.read(), type=Plan))
    load.run()
    done = Done(looks=load.looks, cpu_s=time.process_time())
    sys.stdout.buffer.write(msgspec.json.encode(done))


if __name__ == "__main__":
    main()
