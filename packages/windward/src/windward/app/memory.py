"""The memory of a process that answers requests from threads for weeks: where it comes from, and when it is looked through."""

from __future__ import annotations

import ctypes
import gc

COLLECT_EVERY = 20_000, 10, 10
"""How many objects more than before make Python look for garbage among the young ones, and how often among older ones."""
_ARENA_MAX = -8
"""`M_ARENA_MAX` of glibc's `mallopt`."""


def share_one_arena() -> bool:
    """Let all threads take memory from one place; return whether this system can. To be called before there are threads.

    Otherwise each takes a place of its own, keeps what its largest answer needed, and gives it to no other; one thread
    of Python runs at a time, so that they would not wait for each other.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library than glibc
        return False
    mallopt.argtypes = (ctypes.c_int, ctypes.c_int)
    return bool(mallopt(_ARENA_MAX, 1))


def look_for_garbage_seldom() -> None:
    """Look for none among what is there, for good: that takes a tenth of a second, in which nobody is answered.

    The rows of a list are a few thousand objects that live for one answer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_EVERY)
