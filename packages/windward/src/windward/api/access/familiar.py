"""From where people have signed in: whoever guesses a name's password elsewhere does not keep its owner out."""

from __future__ import annotations

import threading
from collections import OrderedDict

PLACES_MAX = 4096


class Familiar:
    """Remembers names with the addresses from which they were let in, the latest ones. Safe to share between threads."""

    def __init__(self, places_max: int = PLACES_MAX) -> None:
        self._places_max = places_max
        self._places: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, name: str, address: str) -> None:
        """A name was let in from an address."""
        with self._lock:
            self._places[(name, address)] = None
            self._places.move_to_end((name, address))
            while len(self._places) > self._places_max:
                self._places.popitem(last=False)

    def knows(self, name: str, address: str) -> bool:
        """Whether that was so, as far as it is remembered."""
        with self._lock:
            return (name, address) in self._places
