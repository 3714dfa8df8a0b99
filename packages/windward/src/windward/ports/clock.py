"""Time, as an argument to everything that runs."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import Protocol


class Clock(Protocol):
    """Wall time for what people see and schedules mean, monotonic time for leases and waits."""

    def now(self) -> datetime:
        """Return the wall time, aware UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""


class SystemClock:
    """The machine's clock. (The one implementation kept beside its port: it has nothing to get wrong.)"""

    def now(self) -> datetime:
        """Return the wall time, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""
        return monotonic()


class Ids(Protocol):
    """Source of row ids for runs: 63 bits, growing with time, unique across processes."""

    def next_pk(self) -> int:
        """Return a new id."""
