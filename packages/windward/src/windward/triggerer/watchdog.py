"""Watches the event loop from outside: whether it turns, and whose code keeps it when it does not."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable

from windward.triggerer.options import TriggererOptions


class Watchdog(threading.Thread):
    """Asks the loop for a sign of life while there are triggers: every block of twice `blocked_warn_s` is seen.

    `was_blocked(task name, seconds, place in the code)` is called once for each time that the loop is kept for long;
    `is_lost(task name)` when it does not come back.
    """

    def __init__(
        self,
        options: TriggererOptions,
        loop: asyncio.AbstractEventLoop,
        was_blocked: Callable[[str, float, str], None],
        is_lost: Callable[[str], None],
    ) -> None:
        super().__init__(name="windward-watchdog", daemon=True)
        self._options = options
        self._loop = loop
        self._was_blocked = was_blocked
        self._is_lost = is_lost
        self._thread = threading.get_ident()
        self._work = threading.Event()
        self._stopped = threading.Event()

    def has_work(self, has: bool) -> None:  # noqa: FBT001 - one fact
        """Watch, or sleep until there is something to watch."""
        if has:
            self._work.set()
        else:
            self._work.clear()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()
        self._work.set()

    def run(self) -> None:
        """Look until stopped."""
        while not self._stopped.is_set():
            self._work.wait()
            if not self._look():
                return
            self._stopped.wait(self._options.blocked_warn_s)

    def _look(self) -> bool:
        """Wait for a sign of life; return False when the loop is lost or closed."""
        sign = threading.Event()
        try:
            self._loop.call_soon_threadsafe(sign.set)
        except RuntimeError:
            return False
        if sign.wait(self._options.blocked_warn_s):
            return True
        began = time.monotonic() - self._options.blocked_warn_s
        name = self._current()
        self._was_blocked(name, self._options.blocked_warn_s, self._place())
        while not sign.wait(0.2):
            if self._stopped.is_set():
                return False
            if time.monotonic() - began >= self._options.blocked_max_s:
                self._is_lost(self._current() or name)
                return False
        return True

    def _current(self) -> str:
        task = asyncio.current_task(self._loop)
        return task.get_name() if task is not None else ""

    def _place(self) -> str:
        """Return where the loop's thread is, as file and line of the innermost frame."""
        frame = sys._current_frames().get(self._thread)  # noqa: SLF001 - the one way to look at another thread
        if frame is None:
            return ""
        last = traceback.extract_stack(frame)[-1]
        return f"{last.filename}:{last.lineno} in {last.name}"
