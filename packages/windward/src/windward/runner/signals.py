"""Setting signal handlers without making enum members of them, which `signal.signal` does.

That costs each child forty pages of memory, more than a short task itself.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed has none
from collections.abc import Callable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | int


def set_handler(number: int, handler: Handler) -> Any:
    """Set the handler of a signal and return the one before; None when that was not set by Python.

    Not `signal.SIG_DFL` itself, which is an enum member, but its number.
    """
    return _signal.signal(number, handler)
