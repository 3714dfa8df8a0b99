"""How a processor is told to stop: something to ask, and a descriptor to wait on beside all others."""

from __future__ import annotations

import contextlib
import os
from typing import Protocol


class Stop(Protocol):
    """A request that stays once it was made."""

    def is_set(self) -> bool:
        """Whether to stop."""

    def fileno(self) -> int:
        """Return a descriptor that is readable from then on."""


class StopPipe:
    """A `Stop` that may be set by a signal handler or another thread."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._is_set = False

    def set(self) -> None:
        """Ask to stop; doing it again changes nothing."""
        if not self._is_set:
            self._is_set = True
            with contextlib.suppress(OSError):
                os.write(self._write, b"!")

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._is_set

    def fileno(self) -> int:
        """Return a descriptor that is readable once it is set."""
        return self._read

    def close(self) -> None:
        """Give back the descriptors."""
        os.close(self._read)
        os.close(self._write)
