"""File events of the kernel: they only shorten the time until the next stat scan, which is the truth.

Straight from inotify: no thread (the processor forks) and no wake-up while nothing happens. Where there is
no inotify, or it says nothing (network file systems), the scan alone finds what changed.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable

WATCHES_MAX = 8_192
_IN_NONBLOCK = 0o4000
_IN_CLOEXEC = 0o2000000
_IN_CLOSE_WRITE = 0x8
_IN_MOVED_FROM = 0x40
_IN_MOVED_TO = 0x80
_IN_CREATE = 0x100
_IN_DELETE = 0x200
_IN_DELETE_SELF = 0x400
_IN_MOVE_SELF = 0x800
_IN_ONLYDIR = 0x1000000
_MASK = (
    _IN_CLOSE_WRITE | _IN_MOVED_FROM | _IN_MOVED_TO | _IN_CREATE | _IN_DELETE | _IN_DELETE_SELF | _IN_MOVE_SELF
    | _IN_ONLYDIR
)  # fmt: skip
_READ_BYTES = 1 << 16


class FolderEvents:
    """Owns one inotify descriptor. `fileno` is None where the kernel has no such thing."""

    def __init__(self) -> None:
        self.fileno: int | None = None
        self._watched: dict[str, int] = {}
        if sys.platform == "linux":
            self._libc = ctypes.CDLL(None, use_errno=True)
            descriptor = self._libc.inotify_init1(_IN_NONBLOCK | _IN_CLOEXEC)
            self.fileno = descriptor if descriptor >= 0 else None

    def set_folders(self, folders: Iterable[str]) -> bool:
        """Watch exactly these folders; return whether some were not watched before (look into them once more)."""
        if self.fileno is None:
            return False
        wanted = set(folders)
        for folder in self._watched.keys() - wanted:
            self._libc.inotify_rm_watch(self.fileno, self._watched.pop(folder))
        new = 0
        for folder in sorted(wanted - self._watched.keys())[: WATCHES_MAX - len(self._watched)]:
            watch = self._libc.inotify_add_watch(self.fileno, os.fsencode(folder), _MASK)
            if watch >= 0:
                self._watched[folder] = watch
                new += 1
        return bool(new)

    def drain(self) -> bool:
        """Take all events that are there; return whether there were any."""
        any_read = False
        while self.fileno is not None:
            try:
                data = os.read(self.fileno, _READ_BYTES)
            except BlockingIOError:
                break
            any_read = True
            self._forget_dead(data)
        return any_read

    def close(self) -> None:
        """Give back the descriptor."""
        if self.fileno is not None:
            os.close(self.fileno)
            self.fileno = None

    def _forget_dead(self, data: bytes) -> None:
        """Drop watches of folders that were deleted or moved, so that a new one of that name is watched."""
        at = 0
        dead: set[int] = set()
        while at + 16 <= len(data):
            watch = int.from_bytes(data[at : at + 4], sys.byteorder, signed=True)
            mask = int.from_bytes(data[at + 4 : at + 8], sys.byteorder)
            if mask & (_IN_DELETE_SELF | _IN_MOVE_SELF):
                dead.add(watch)
            at += 16 + int.from_bytes(data[at + 12 : at + 16], sys.byteorder)
        for folder in [folder for folder, watch in self._watched.items() if watch in dead]:
            self._libc.inotify_rm_watch(self.fileno, self._watched.pop(folder))
