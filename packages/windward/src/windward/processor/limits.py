"""What keeps a parse child in bounds: memory, time, descriptors, and its end with its parent's.

Linux knows all of it; where the kernel lacks something, that bound is left out.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

_PR_SET_PDEATHSIG = 1
_FIRST_FREE_FD = 3


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one parse: seconds and megabytes."""

    import_timeout_s: float
    file_timeout_s: float
    memory_mb_max: int


def _find_prctl() -> Callable[[int, int], int] | None:
    try:
        found = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    return cast("Callable[[int, int], int]", found)  # ctypes does not know what C declares


_prctl = _find_prctl()


def die_with_parent(parent_pid: int) -> None:
    """Make this process get SIGKILL when its parent dies; end at once when the parent is gone already."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent_pid:
        os._exit(1)


def close_descriptors(*, keep: Iterable[int]) -> None:
    """Close everything above the standard streams except `keep`: a child has no business with the rest."""
    start = _FIRST_FREE_FD
    for descriptor in sorted(keep):
        os.closerange(start, descriptor)
        start = max(start, descriptor + 1)
    os.closerange(start, os.sysconf("SC_OPEN_MAX"))


def default_signals() -> None:
    """Undo what the parent set: handlers, the wake-up descriptor, blocked signals."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def limit_memory(megabytes: int) -> None:
    """Bound private memory. Not the address space: libraries reserve much that they never touch."""
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    hard = resource.getrlimit(kind)[1]
    wanted = megabytes << 20
    resource.setrlimit(kind, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def lift_memory_limit() -> None:
    """Let the child say what happened."""
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (hard, hard))


def limit_time(seconds: float, *, trace_fd: int) -> None:
    """End the process by SIGALRM after `seconds`, writing where each thread stands, whatever user code does.

    (`faulthandler.dump_traceback_later` would block for ever in a fork of a process that has it armed.)
    """
    faulthandler.register(signal.SIGALRM, file=trace_fd, all_threads=True, chain=True)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.01))
