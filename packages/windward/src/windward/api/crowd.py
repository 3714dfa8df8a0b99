"""Who makes room where as many connections are open as may be: whoever holds the most of them, and is owed nothing. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple


class Place(NamedTuple):
    """A connection: whose it is, when it was last heard, and whether an answer is owed to it."""

    address: str
    heard_s: float
    is_busy: bool


def decide_who_leaves(places: Sequence[Place]) -> int | None:
    """Return the index of the connection that is closed: of the address with the most, the idle one not heard for longest.

    None where none is idle.
    """
    held = Counter(place.address for place in places)
    idle = [number for number, place in enumerate(places) if not place.is_busy]
    return max(idle, key=lambda number: (held[places[number].address], -places[number].heard_s), default=None)
