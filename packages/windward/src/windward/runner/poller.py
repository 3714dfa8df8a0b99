"""What the host's loop waits on: descriptors and whom to call when one is ready."""

from __future__ import annotations

import select
from collections.abc import Callable

READ = select.POLLIN
WRITE = select.POLLOUT
_GONE = select.POLLHUP | select.POLLERR

Ready = Callable[[int], None]
"""Called with `READ`, `WRITE` or both; the end of a stream counts as readable."""


class Poller:
    """A thin layer over epoll (poll where there is none): the selectors module costs more than the work here."""

    def __init__(self) -> None:
        self._ready: dict[int, Ready] = {}
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        self._poll = self._epoll or select.poll()

    def register(self, descriptor: int, ready: Ready, events: int = READ) -> None:
        """Call `ready` whenever the descriptor is ready for one of the events."""
        self._ready[descriptor] = ready
        self._poll.register(descriptor, events)

    def modify(self, descriptor: int, events: int) -> None:
        """Wait for other events from now on."""
        self._poll.modify(descriptor, events)

    def unregister(self, descriptor: int) -> None:
        """Forget a descriptor; to be called before it is closed."""
        if self._ready.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def turn(self, wait_s: float | None) -> None:
        """Wait until something is ready or the time is up, and call whom it concerns."""
        for descriptor, mask in self._wait(wait_s):
            ready = self._ready.get(descriptor)
            if ready is not None:  # an earlier call of this turn may have closed it
                events = mask & (READ | WRITE)
                ready(events | READ if mask & _GONE else events)

    def close(self) -> None:
        """Close the poller itself."""
        if self._epoll is not None:
            self._epoll.close()

    def _wait(self, wait_s: float | None) -> list[tuple[int, int]]:
        if self._epoll is not None:
            return self._epoll.poll(-1 if wait_s is None else wait_s)
        return self._poll.poll(None if wait_s is None else wait_s * 1000)
