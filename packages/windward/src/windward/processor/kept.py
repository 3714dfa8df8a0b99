"""What secrets backends answered while files were parsed, for as long as it counts as fresh.

Backends are user code and run in the parse children; the values wait here, in memory, for the next file.
"""

from __future__ import annotations

from windward.ports.clock import Clock

VALUES_MAX = 10_000


class KeptValues:
    """Values by name, each with the time until which it is fresh."""

    def __init__(self, clock: Clock, *, ttl_s: float) -> None:
        self._clock = clock
        self._ttl_s = ttl_s
        self._values: dict[str, tuple[float, str | None]] = {}

    def put(self, name: str, text: str | None) -> None:
        """Remember what a backend has just said."""
        if len(self._values) < VALUES_MAX or name in self._values:
            self._values[name] = (self._clock.monotonic() + self._ttl_s, text)

    def fresh(self) -> dict[str, str | None]:
        """Return the values that are fresh, and forget the others."""
        now = self._clock.monotonic()
        self._values = {name: kept for name, kept in self._values.items() if kept[0] > now}
        return {name: text for name, (_, text) in self._values.items()}
