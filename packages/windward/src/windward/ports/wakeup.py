"""Wake-ups: tell the leading scheduler that the change feed has something new. A hint, never the truth."""

from __future__ import annotations

from typing import Protocol


class Wakeup(Protocol):
    """Lost wake-ups cost time, not correctness: the feed is read every few seconds anyway."""

    def wake(self) -> None:
        """Tell the scheduler, if one listens; never raise, never block."""
