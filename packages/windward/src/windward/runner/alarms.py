"""A time limit on user code in this process: a signal, whose handler raises into the code."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def can_ring() -> bool:
    """Whether an alarm can be set here: only the main thread hears signals."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def alarm(seconds: float, ring: Callable[[], None]) -> Iterator[None]:
    """Call `ring`, which is to raise, in the block when it takes longer; 0 means no limit, as does `can_ring` False."""
    if seconds <= 0 or not can_ring():
        yield
        return
    before = signal.signal(signal.SIGALRM, lambda _number, _frame: ring())
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
