"""Answers that go on while somebody listens, counted: in all, and for each user. What is over is refused with 429.

They cost little each, but each holds a connection and wakes up now and then; one program that opens them without end
would take them from everybody. And who listens is asked anew now and then: a right that was taken counts for them, too.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

from windward.api.contract.problem import Throttled

STREAMS_MAX = 400
"""In one API server."""
STREAMS_PER_USER_MAX = 100
RETRY_AFTER_S = 5.0
ASKED_EVERY_S = 15.0
"""How long a stream goes on before its next part waits for whether its listener may still have it."""


async def while_allowed(
    chunks: AsyncIterator[bytes], is_allowed: Callable[[], Awaitable[bool]], *, every_s: float
) -> AsyncIterator[bytes]:
    """Yield the parts of a stream for as long as its listener may have them."""
    asked_s = time.monotonic()
    async for chunk in chunks:
        if time.monotonic() - asked_s >= every_s:
            if not await is_allowed():
                return
            asked_s = time.monotonic()
        yield chunk


class Streams:
    """Counts open streams. Safe to share between threads."""

    def __init__(
        self,
        *,
        streams_max: int = STREAMS_MAX,
        per_user_max: int = STREAMS_PER_USER_MAX,
        asked_every_s: float = ASKED_EVERY_S,
    ) -> None:
        self.asked_every_s = asked_every_s
        self._streams_max = streams_max
        self._per_user_max = per_user_max
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many are open."""
        with self._lock:
            return self._open.total()

    def begin(self, user_id: str) -> None:
        """Count one more.

        Raises:
            Throttled: when the user has, or all together have, as many as may be.
        """
        with self._lock:
            if self._open[user_id] >= self._per_user_max:
                raise Throttled(
                    f"you have {self._per_user_max} streams open already; close one",
                    retry_after_s=RETRY_AFTER_S,
                )
            if self._open.total() >= self._streams_max:
                raise Throttled("too many streams are open; try again", retry_after_s=RETRY_AFTER_S)
            self._open[user_id] += 1

    def end(self, user_id: str) -> None:
        """Count one less."""
        with self._lock:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]

    @contextmanager
    def ending(self, user_id: str) -> Iterator[None]:
        """Count one less afterwards, however it goes."""
        try:
            yield
        finally:
            self.end(user_id)
