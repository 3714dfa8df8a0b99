"""Decisions on who runs which trigger: where a new one goes, and who gives some away when another has come.

A triggerer's fair share is what its capacity is of all capacities. Shares are compared among triggerers that serve
the same queues, so that whatever one gives away any other of them may take. What may not live here: that a trigger
is not run by two at a time, which the handing over in `engine` sees to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

ANY = "default"
"""The queue of triggers of which nobody said otherwise."""
SLACK_PARTS = 5
"""A share that is exceeded by no more than a fifth is fair: what moves begins its wait anew elsewhere."""
HANDOVERS_MAX = 100
"""Triggers that are being moved at a time."""


class Place(NamedTuple):
    """A triggerer that is there. `leaving`: those of `held` that it has been asked to give back."""

    host_id: str
    held: int
    capacity: int
    queues: tuple[str, ...] = (ANY,)
    leaving: int = 0


def decide_place(places: Iterable[Place], queue: str) -> str | None:
    """Return the triggerer of the queue that will be least full; None when all are full or none serves it."""
    free = [place for place in places if queue in place.queues and place.held < place.capacity]
    return min(free, key=_load_then_name).host_id if free else None


def is_served(places: Iterable[Place], queue: str) -> bool:
    """Whether any triggerer takes triggers of the queue."""
    return any(queue in place.queues for place in places)


def decide_handovers(places: Sequence[Place]) -> dict[str, int]:
    """Return how many triggers each is to give back, so that others get their share; the fullest comes first."""
    room = HANDOVERS_MAX - sum(place.leaving for place in places)
    found: dict[str, int] = {}
    for place in sorted(places, key=_load_then_name, reverse=True):
        count = min(_excess(place, [other for other in places if _serve_alike(place, other)]), room)
        if count > 0:
            found[place.host_id] = count
            room -= count
    return found


def _excess(place: Place, alike: Sequence[Place]) -> int:
    held = sum(other.held for other in alike)
    capacity = sum(other.capacity for other in alike)
    share = -(-held * place.capacity // capacity)
    excess = place.held - place.leaving - share
    return excess if excess > share // SLACK_PARTS else 0


def _serve_alike(one: Place, other: Place) -> bool:
    return set(one.queues) == set(other.queues)


def _load_then_name(place: Place) -> tuple[float, str]:
    return ((place.held + 1) / place.capacity, place.host_id)
