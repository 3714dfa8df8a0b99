"""What the runner asks of the kernel beyond the standard library: parent-death signals, memory, secrets, kill counters.

Every function does nothing, or answers 0, where the kernel has no such thing.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

IDLE_CLASS_NICE = 19
"""How little of a busy processor the idle class gets where the kernel has no such class itself."""
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_SIGKILL = int(signal.SIGKILL)
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _find_prctl() -> Callable[[int, int, int, int, int], int] | None:
    try:
        found = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):  # not Linux
        return None
    found.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)
    return cast("Callable[[int, int, int, int, int], int]", found)  # ctypes does not know what C declares


_prctl = _find_prctl()


def boot_clock() -> float:
    """Return seconds of a clock that never steps and goes on while the machine sleeps: what leases are held by."""
    return time.clock_gettime(_CLOCK)


def die_with_parent(parent_pid: int) -> None:
    """Make this process get SIGKILL when its parent dies; end at once when the parent is gone already."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(1)


def hide_memory() -> None:
    """Keep other processes of the same user out of this one's memory and of what `/proc` tells of it."""
    if _prctl is not None:
        _prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def wipe_variable(name: str) -> None:
    """Take a variable out of the environment for good.

    `/proc/PID/environ` shows what a process was started with, and those that it forks show it too, whatever was
    removed since: its text is written over.
    """
    find = ctypes.CDLL(None).getenv
    find.argtypes, find.restype = (ctypes.c_char_p,), ctypes.c_void_p
    place = find(os.fsencode(name))
    if place:
        ctypes.memset(place, 0, len(ctypes.string_at(place)))
    os.environ.pop(name, None)


def yield_processor() -> None:
    """Let this process, and all that it starts, run only while nothing else wants the processor; for good.

    The kernel's own idle class does not keep a processor for even one slice when other work wakes up, which a
    low priority does.
    """
    os.nice(IDLE_CLASS_NICE)
    if hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):  # some sandboxes forbid it; the low priority holds
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def is_computing(pid: int) -> bool:
    """Return whether a process runs, wants to, or waits for its disk; False when it sleeps, is gone or cannot be seen."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - often, while many tasks begin
            line = file.read()
    except OSError:
        return False
    return line[line.rindex(b")") + 2 :][:1] in b"RD"


def adopt_orphans() -> None:
    """Make orphans below this process its own children, so that it can reap them."""
    if _prctl is not None:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def threads_count() -> int:
    """Return how many threads this process has, those of C libraries included."""
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - names are all that is counted
    except OSError:
        import threading

        return threading.active_count()


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - once per warm attempt
            return int(file.read().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def private_bytes() -> int:
    """Return the memory that only this process holds; takes about a millisecond."""
    try:
        text = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return resident_bytes()
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Private_"))


class OomCounter:
    """The kernel's count of processes that it killed for want of memory, in the own control group."""

    def __init__(self, path: Path | None = None) -> None:
        self._descriptor = -1
        for candidate in [path] if path is not None else _oom_files():
            try:
                self._descriptor = os.open(candidate, os.O_RDONLY | os.O_CLOEXEC)
                break
            except OSError:
                continue

    def read(self) -> int:
        """Return the count so far."""
        if self._descriptor < 0:
            return 0
        try:
            data = os.pread(self._descriptor, 8192, 0)
        except OSError:
            return 0
        start = data.find(b"oom_kill ")
        return int(data[start:].split(None, 2)[1]) if start >= 0 else 0

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _oom_files() -> list[Path]:
    """Files that hold an `oom_kill` count, the most specific first: cgroup 2, cgroup 1, the whole machine."""
    files: list[Path] = []
    try:
        entries = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        entries = []
    root = Path("/sys/fs/cgroup")
    for entry in entries:
        _, controllers, path = entry.split(":", 2)
        inner = path.lstrip("/")
        if not controllers:
            files += [root / inner / "memory.events", root / "memory.events"]
        elif "memory" in controllers.split(","):
            files += [root / "memory" / inner / "memory.oom_control", root / "memory" / "memory.oom_control"]
    files.append(Path("/proc/vmstat"))
    return files
