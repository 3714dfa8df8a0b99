"""How full pools were: what attempts held of them and waited for, from when to when, as a line of averages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import accumulate

import msgspec


class PoolSpan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An attempt that was queued, began and ended; what did not happen yet is None."""

    pool: str
    slots: int
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None


class PoolUse(msgspec.Struct, frozen=True, kw_only=True):
    """Slots on average in each step of time: held by what ran, and waited for by what was queued."""

    running: list[float]
    queued: list[float]


def pool_use(spans: Iterable[PoolSpan], *, begin: datetime, now: datetime, steps: int) -> dict[str, PoolUse]:
    """Return the use of each pool that was used, from `begin` until `now`, in so many steps of the same length."""
    lines: dict[str, tuple[_Line, _Line]] = {}
    length_s = (now - begin).total_seconds()
    for span in spans:
        running, queued = lines.setdefault(span.pool, (_Line(steps, length_s), _Line(steps, length_s)))
        start = span.start_date
        end = span.end_date if span.end_date is not None else now
        if start is not None:
            running.add((start - begin).total_seconds(), (end - begin).total_seconds(), span.slots)
        if span.queued_at is not None:
            left = end if start is None else start
            queued.add((span.queued_at - begin).total_seconds(), (left - begin).total_seconds(), span.slots)
    return {
        pool: PoolUse(running=running.averages(), queued=queued.averages())
        for pool, (running, queued) in sorted(lines.items())
    }


class _Line:
    """Sums spans: what fills steps whole is kept as where it begins and ends, so a span costs the same however long."""

    def __init__(self, steps: int, length_s: float) -> None:
        self._step_s = length_s / steps
        self._length_s = length_s
        self._parts = [0.0] * steps
        self._changes = [0] * (steps + 1)

    def add(self, begin_s: float, end_s: float, slots: int) -> None:
        begin_s, end_s = max(0.0, begin_s), min(self._length_s, end_s)
        if end_s <= begin_s:
            return
        last = len(self._parts) - 1
        first, final = min(last, int(begin_s / self._step_s)), min(last, int(end_s / self._step_s))
        if first == final:
            self._parts[first] += slots * (end_s - begin_s)
            return
        self._parts[first] += slots * ((first + 1) * self._step_s - begin_s)
        self._parts[final] += slots * (end_s - final * self._step_s)
        self._changes[first + 1] += slots
        self._changes[final] -= slots

    def averages(self) -> list[float]:
        whole = accumulate(self._changes)
        return [round(part / self._step_s + full, 3) for part, full in zip(self._parts, whole, strict=False)]
