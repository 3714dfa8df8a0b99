"""JSON of rows that lists show again and again, and of whole pages: what is as it was is not put into shape again.

The store gives the same object while a row is as it was, so nothing here is ever out of date.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from operator import is_
from typing import Any, Generic, TypeVar

import msgspec

from windward.api.contract.ready import Ready, etag_of
from windward.ports.listings.page import size_of

Row = TypeVar("Row")
ENCODED_MAX = 4000
"""Rows whose JSON is remembered: each takes a few kilobytes."""
PAGES_BYTES_MAX = 4 << 20
PAGE_BYTES = 2000
"""What a page takes beside its JSON."""


class Encoded(Generic[Row]):
    """JSON by key, as `shape` makes it of a row. Safe to share between threads."""

    def __init__(self, shape: Callable[..., object]) -> None:
        self._shape = shape
        self._kept: dict[Hashable, tuple[Row, tuple[Any, ...], msgspec.Raw]] = {}

    def of(self, key: Hashable, row: Row, *beside: Any) -> msgspec.Raw:
        """Return a row's JSON. It is made of what stands `beside` as well, which is compared."""
        kept = self._kept.get(key)
        if kept is None or kept[0] is not row or kept[1] != beside:
            if len(self._kept) >= ENCODED_MAX:
                self._kept.clear()
            kept = self._kept[key] = (
                row,
                beside,
                msgspec.Raw(msgspec.json.encode(self._shape(row, *beside))),
            )
        return kept[2]


class EncodedPages:
    """JSON of whole pages, by the objects that they are made of. Bounded by bytes, and shared by threads."""

    def __init__(self, bytes_max: int = PAGES_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[tuple[object, ...], Ready, int]] = OrderedDict()
        self._bytes = 0

    @property
    def remembered_bytes(self) -> int:
        """How much the bodies take that are remembered."""
        return self._bytes

    def of(self, asked: Hashable, parts: tuple[object, ...], shape: Callable[[], object]) -> Ready:
        """Return what `shape` makes of these parts: again, as long as what is asked has the same objects for parts."""
        with self._lock:
            kept = self._kept.get(asked)
            if kept is not None:
                self._kept.move_to_end(asked)
        if kept is not None and len(kept[0]) == len(parts) and all(map(is_, kept[0], parts)):
            return kept[1]
        raw = msgspec.json.encode(shape())
        made = Ready(raw, etag_of(raw))
        # A question that is known was weighed before.
        size = _size(made) + (kept[2] - _size(kept[1]) if kept is not None else size_of(asked))
        with self._lock:
            before = self._kept.pop(asked, None)
            self._bytes += size - (before[2] if before is not None else 0)
            self._kept[asked] = (parts, made, size)
            while self._bytes > self._bytes_max:
                _, (_, _, oldest_size) = self._kept.popitem(last=False)
                self._bytes -= oldest_size
        return made


def _size(ready: Ready) -> int:
    return len(ready.raw) + PAGE_BYTES
