"""Signal handlers and masks, without making enum members of signals, which module `signal` does.

That costs each child forty pages of memory, more than a short task itself.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed has none
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | int


def set_handler(number: int, handler: Handler) -> Any:
    """Set the handler of a signal and return the one before; None when that was not set by Python.

    Not `signal.SIG_DFL` itself, which is an enum member, but its number.
    """
    return _signal.signal(number, handler)


def hold_back(numbers: Iterable[int]) -> set[int]:
    """Have signals wait for this thread; return those that waited before, for `let_through`."""
    before: set[int] = _signal.pthread_sigmask(_signal.SIG_BLOCK, ())
    try:
        _signal.pthread_sigmask(_signal.SIG_BLOCK, numbers)
    except BaseException:  # of one that came before, and is handled now
        let_through(before)
        raise
    return before


def let_through(before: set[int]) -> None:
    """Have only these signals wait; raises what the handler of one that came meanwhile raises."""
    _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
