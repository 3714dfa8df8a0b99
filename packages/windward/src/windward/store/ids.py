"""Row ids of runs: made by whoever creates the run, unique without asking the database, growing with time."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

EPOCH_MS = 1_704_067_200_000
"""2024-01-01 UTC: 41 bits of milliseconds last until 2093."""

PROCESS_BITS = 12
COUNTER_BITS = 10
COUNTER_MAX = 2**COUNTER_BITS - 1


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000


class SnowflakeIds:
    """63-bit ids: 41 bits of milliseconds since 2024, 12 random bits of this process, a 10-bit counter.

    Ids of one maker grow strictly, also when the clock is put back: it then goes on from the last
    millisecond that it used. After a fork the child needs a maker of its own.
    """

    def __init__(self, *, clock_ms: Callable[[], int] = _clock_ms, process: int | None = None) -> None:
        self._clock_ms = clock_ms
        self._process = secrets.randbits(PROCESS_BITS) if process is None else process % 2**PROCESS_BITS
        self._lock = threading.Lock()
        self._last_ms = 0
        self._counter = 0

    def __call__(self) -> int:
        """Return the next id."""
        with self._lock:
            now_ms = self._clock_ms() - EPOCH_MS
            if now_ms > self._last_ms:
                self._last_ms, self._counter = now_ms, 0
            elif self._counter < COUNTER_MAX:
                self._counter += 1
            else:
                # The millisecond is used up (or the clock went back): borrow from the next one.
                self._last_ms, self._counter = self._last_ms + 1, 0
            return (self._last_ms << PROCESS_BITS | self._process) << COUNTER_BITS | self._counter


class CountingIds:
    """1, 2, 3, …: the same ids in every run of a test or a simulation."""

    def __init__(self, start: int = 1) -> None:
        self._next = start

    def __call__(self) -> int:
        """Return the next id."""
        self._next += 1
        return self._next - 1
