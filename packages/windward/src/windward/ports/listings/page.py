"""Pages of lists: what part is wanted and in which order, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

import msgspec

Row = TypeVar("Row")
Bound = TypeVar("Bound", datetime, float)
TOTAL_MAX = 10_000
"""With a cursor, a total is counted up to here only: what nobody reads to its end is not counted at each page."""
SIZE_PER_LETTER = 2
"""Bytes that a remembered question takes for each letter of what it says, about."""


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`order_by` are names of the row's fields, with a `-` before those that descend.

    With a `cursor`, `offset` does not count: an empty one asks for the first page, others come from `Page`.
    """

    limit: int = 50
    offset: int = 0
    order_by: tuple[str, ...] = ()
    cursor: str | None = None


class Page(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """Rows, and how many there are in all; None where they were not counted."""

    rows: tuple[Row, ...]
    total: int | None = None
    next_cursor: str | None = None
    previous_cursor: str | None = None


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """A text that must occur somewhere (`contains`), or at the start (`prefix`).

    In `contains`, `%` stands for any text, `_` for any character, `|` between two means either, and case does not
    count, as in Airflow's `…_pattern`. Of a prefix, letters are what they are, but for `|`. `~` alone stands for any text.
    """

    contains: str | None = None
    prefix: str | None = None


class Between(msgspec.Struct, Generic[Bound], frozen=True, kw_only=True):
    """Bounds of a moment, or of a length in seconds; each optional."""

    gte: Bound | None = None
    gt: Bound | None = None
    lte: Bound | None = None
    lt: Bound | None = None


def size_of(asked: object) -> int:
    """Return about how many bytes it takes to remember what was asked: a body may name thousands of things."""
    return SIZE_PER_LETTER * len(repr(asked))
