"""Things to do later, in the host's own loop."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from windward.runner.linux import boot_clock


class Timer:
    """One thing to do at a time of the boot clock; `cancel` forgets it."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Do not do it."""
        self.action = None


class Timers:
    """A heap of timers."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()

    def after(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Do `action` once, `seconds` from now."""
        timer = Timer(action)
        heapq.heappush(self._heap, (boot_clock() + seconds, next(self._order), timer))
        return timer

    def wait_s(self) -> float | None:
        """Return the seconds until the next timer is due, None when there is none."""
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
        return max(0.0, self._heap[0][0] - boot_clock()) if self._heap else None

    def run_due(self) -> None:
        """Do all that is due."""
        now = boot_clock()
        while self._heap and self._heap[0][0] <= now:
            _, _, timer = heapq.heappop(self._heap)
            if (action := timer.action) is not None:
                timer.action = None
                action()
