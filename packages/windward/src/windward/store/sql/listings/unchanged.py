"""Pages that are read again and again: one whose rows are as they were is the one that it was."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from windward.ports.listings.page import Page, size_of

Row = TypeVar("Row")
ROWS_MAX = 4000
"""Rows of all pages that are remembered: each takes about a kilobyte."""
ROW_BYTES = 1000


class UnchangedPages(Generic[Row]):
    """Pages of one list by what was asked, with all that they were made of. Safe to share between threads."""

    def __init__(self, rows_max: int = ROWS_MAX) -> None:
        self._rows_max = rows_max
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, Page[Row], int]] = OrderedDict()
        self._rows = 0

    @property
    def remembered(self) -> int:
        """How many rows are remembered."""
        return self._rows

    def of(self, asked: Hashable, read: object, make: Callable[[], Page[Row]]) -> Page[Row]:
        """Return the page that was made of what was read: the same object while that is equal to what it was."""
        with self._lock:
            kept = self._kept.get(asked)
            if kept is not None:
                self._kept.move_to_end(asked)
        if kept is not None and kept[0] == read:
            return kept[1]
        made = make()
        # What is asked at length counts as the rows that would take as much; a question that is known was weighed before.
        extra = kept[2] if kept is not None else size_of(asked) // ROW_BYTES
        with self._lock:
            before = self._kept.pop(asked, None)
            self._rows += len(made.rows) + extra
            if before is not None:
                self._rows -= len(before[1].rows) + before[2]
            self._kept[asked] = (read, made, extra)
            while self._rows > self._rows_max or len(self._kept) > self._rows_max:
                _, (_, oldest, more) = self._kept.popitem(last=False)
                self._rows -= len(oldest.rows) + more
        return made
