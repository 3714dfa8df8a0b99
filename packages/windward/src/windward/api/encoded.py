"""JSON of rows that lists show again and again: a row that is the one that it was is not put into shape again.

The store gives the same object while a row is as it was, so nothing here is ever out of date.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import msgspec

Row = TypeVar("Row")
ENCODED_MAX = 4000
"""Rows whose JSON is remembered: each takes a few kilobytes."""


class Encoded(Generic[Row]):
    """JSON by key, as `shape` makes it of a row. Safe to share between threads."""

    def __init__(self, shape: Callable[[Row], object]) -> None:
        self._shape = shape
        self._kept: dict[Hashable, tuple[Row, msgspec.Raw]] = {}

    def of(self, key: Hashable, row: Row) -> msgspec.Raw:
        """Return a row's JSON."""
        kept = self._kept.get(key)
        if kept is None or kept[0] is not row:
            if len(self._kept) >= ENCODED_MAX:
                self._kept.clear()
            kept = self._kept[key] = (row, msgspec.Raw(msgspec.json.encode(self._shape(row))))
        return kept[1]
