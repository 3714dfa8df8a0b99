"""Which events of a shared stream its producer may pass: bookkeeping without a clock, a task or a socket.

An event is given to the members of its moment. Each resolves it: it took it (moved past it, and all that it said of
it is in the database), failed at it, or rejected it. When all have, the event is resolved; the resolved events at the
head of a lane are a batch, to be passed together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from windward.protocol.work import AttemptRef
from windward.sdk.triggers.shared_stream import AdvanceItem, AdvanceOutcome

Resolution = Literal["acked", "failed", "rejected"]


@dataclass
class _Owed:
    """What one member still owes one event."""

    is_past: bool = False
    numbers: set[int] = field(default_factory=set)
    """Of what it said of the event, and the scheduler has not accepted."""


@dataclass
class _Event:
    payload: Any
    lane: Hashable
    given_s: float
    owed: dict[AttemptRef, _Owed]
    counts: dict[Resolution, int] = field(default_factory=lambda: {"acked": 0, "failed": 0, "rejected": 0})


class Acks:
    """The events of one stream that were given and not passed yet, by number."""

    def __init__(self) -> None:
        self._events: dict[int, _Event] = {}
        self._lanes: dict[Hashable, deque[int]] = {}
        self._ready: dict[Hashable, None] = {}
        """Lanes whose first event is resolved, in the order in which it was."""
        self._of_number: dict[tuple[AttemptRef, int], int] = {}
        self._last = 0

    def __len__(self) -> int:
        """Return how many events are not passed."""
        return len(self._events)

    def give(self, payload: Any, lane: Hashable, members: Iterable[AttemptRef], now_s: float) -> int:
        """Note an event that all `members` are given; return its number."""
        self._last += 1
        event = self._last
        self._events[event] = _Event(payload, lane, now_s, {member: _Owed() for member in members})
        self._lanes.setdefault(lane, deque()).append(event)
        self._settle(event)
        return event

    def said(self, event: int, member: AttemptRef, number: int) -> None:
        """Note that a member said something of an event it has before it; not of one that it resolved."""
        owed = self._owed(event, member)
        if owed is not None:
            owed.numbers.add(number)
            self._of_number[member, number] = event

    def accepted(self, member: AttemptRef, number: int) -> None:
        """Note that what a member said is in the database."""
        event = self._of_number.pop((member, number), None)
        if event is None:
            return
        owed = self._owed(event, member)
        if owed is not None:
            owed.numbers.discard(number)
            self._take(event, member, owed)

    def past(self, event: int, member: AttemptRef) -> None:
        """Note that a member says nothing more of an event."""
        owed = self._owed(event, member)
        if owed is not None:
            owed.is_past = True
            self._take(event, member, owed)

    def reject(self, event: int, member: AttemptRef) -> None:
        """Note that a member refuses an event for good."""
        self._resolve(event, member, "rejected")

    def fail(self, member: AttemptRef) -> None:
        """Note that a member will never be done with what it has not resolved."""
        for event in list(self._events):
            self._resolve(event, member, "failed")

    def leave(self, member: AttemptRef) -> None:
        """Note that a member has left: of what it was given it says nothing more."""
        for event in list(self._events):
            self.past(event, member)

    def overdue(self, given_before_s: float) -> set[AttemptRef]:
        """Return members that owe something to an event given before a moment."""
        late: set[AttemptRef] = set()
        for event in self._events.values():
            if event.given_s > given_before_s:
                break
            late.update(event.owed)
        return late

    def take_batch(self) -> list[AdvanceItem]:
        """Return the resolved events at the head of the lane that waits longest, and forget them; none: empty."""
        if not self._ready:
            return []
        lane = next(iter(self._ready))
        del self._ready[lane]
        queue = self._lanes[lane]
        batch: list[AdvanceItem] = []
        while queue and not self._events[queue[0]].owed:
            event = self._events.pop(queue.popleft())
            batch.append(AdvanceItem(event.payload, AdvanceOutcome(**event.counts)))
        if not queue:
            del self._lanes[lane]
        return batch

    def _owed(self, event: int, member: AttemptRef) -> _Owed | None:
        found = self._events.get(event)
        return found.owed.get(member) if found is not None else None

    def _take(self, event: int, member: AttemptRef, owed: _Owed) -> None:
        if owed.is_past and not owed.numbers:
            self._resolve(event, member, "acked")

    def _resolve(self, event: int, member: AttemptRef, resolution: Resolution) -> None:
        found = self._events.get(event)
        owed = found.owed.pop(member, None) if found is not None else None
        if found is None or owed is None:
            return
        for number in owed.numbers:
            self._of_number.pop((member, number), None)
        found.counts[resolution] += 1
        self._settle(event)

    def _settle(self, event: int) -> None:
        found = self._events[event]
        if not found.owed and self._lanes[found.lane][0] == event:
            self._ready[found.lane] = None
