"""The only source of chance in a world, and its clock and ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

START = datetime(2026, 3, 8, 5, 0, tzinfo=UTC)
"""Two hours before the clocks change in New York."""


class FakeClock:
    """Time that passes only when the world says so."""

    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        """Return the wall time."""
        return self._now

    def monotonic(self) -> float:
        """Return the same as seconds."""
        return (self._now - START).total_seconds()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)


class CountingIds:
    """Ids in order."""

    def __init__(self) -> None:
        self._last = 0

    def next_pk(self) -> int:
        """Return a new id."""
        self._last += 1
        return self._last


Dice = Random
