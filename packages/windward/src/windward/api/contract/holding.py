"""How long work holds its thread: while it computes or waits for something, not while others have the processor.

On a machine whose processors are all busy, a read of a millisecond may end twenty later. It would in any thread.
"""

from __future__ import annotations

import resource
import time

_OF_THREAD: int | None = getattr(resource, "RUSAGE_THREAD", None)
"""Missing where a system does not count by threads: there, every moment counts as one of waiting."""


class Held:
    """Measures the thread that makes it, from then on."""

    __slots__ = ("_began_s", "_ran_s", "_waits")

    def __init__(self) -> None:
        self._waits = _waits()
        self._ran_s = time.thread_time()
        self._began_s = time.monotonic()

    @property
    def took_s(self) -> float:
        """Seconds by the clock."""
        return time.monotonic() - self._began_s

    @property
    def held_s(self) -> float:
        """Seconds by the clock if it waited for anything, a lock, a disk or another thread; else those it computed."""
        waits = _waits()
        if waits is None or waits != self._waits:
            return self.took_s
        return time.thread_time() - self._ran_s


def _waits() -> int | None:
    """Return how often this thread gave up its processor by itself."""
    return None if _OF_THREAD is None else resource.getrusage(_OF_THREAD).ru_nvcsw
