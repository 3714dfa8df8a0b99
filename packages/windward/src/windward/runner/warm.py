"""The table of warm children: each runs attempts of one file in turn, until it is worn out.

A child is worn out after a number of attempts or above a memory limit. Idle children of other files make room.
"""

from __future__ import annotations

from windward.runner.held import Child
from windward.runner.linux import boot_clock
from windward.runner.options import HostOptions
from windward.runner.pool import FileKey


class WarmChildren:
    """Knows all warm children, and which of them are idle."""

    def __init__(self, options: HostOptions) -> None:
        self._options = options
        self._all: set[Child] = set()
        self._idle: dict[Child, float] = {}
        """Idle children and since when, longest idle first."""

    @property
    def is_full(self) -> bool:
        """Whether no more may be made."""
        return len(self._all) >= self._options.warm_children_max

    def add(self, child: Child) -> None:
        """Take a new child, which is given work at once."""
        self._all.add(child)

    def take(self, key: FileKey) -> Child | None:
        """Return an idle child of this file, the one that worked last."""
        for child in reversed(self._idle):
            if child.template.key == key:
                del self._idle[child]
                return child
        return None

    def spare(self) -> Child | None:
        """Return the child that has been idle longest."""
        return next(iter(self._idle), None)

    def keep(self, child: Child, *, rss_bytes: int) -> bool:
        """Make the child idle; False when it is worn out."""
        child.runs += 1
        if (
            child.is_worn
            or child.runs >= self._options.warm_attempts_max
            or rss_bytes > self._options.warm_memory_bytes_max
        ):
            return False
        if child in self._all:
            child.reported_at = 0.0
            self._idle[child] = boot_clock()
        return True

    def unused(self, seconds: float) -> list[Child]:
        """Return the children that have been idle for so long."""
        now = boot_clock()
        return [child for child, since in self._idle.items() if now - since >= seconds]

    def forget(self, child: Child) -> None:
        """The child is gone or on its way."""
        self._all.discard(child)
        self._idle.pop(child, None)
