"""What lists have in common: how much of them, in which order."""

from __future__ import annotations

from typing import Annotated

import msgspec

from windward.model.numbers import NotNegative
from windward.ports.listings.page import PageRequest, Pattern

LIMIT_MAX = 100
"""Rows of one page at most; a larger `limit` is cut to it, as in Airflow."""

PATTERN_MAX = 10_000
"""Characters of a pattern: room for hundreds of texts between `|`. SQLite refuses one of 50,000 bytes."""
PatternText = Annotated[str, msgspec.Meta(max_length=PATTERN_MAX)]


class OffsetQuery(msgspec.Struct, kw_only=True):
    """A part of a list that has an order of its own."""

    limit: NotNegative = 50
    offset: NotNegative = 0


class PageQuery(OffsetQuery, kw_only=True):
    """A part of a list, in an order: names of fields, with a `-` before those that descend."""

    order_by: list[str] = []


def page_of(query: OffsetQuery) -> PageRequest:
    """Return the page that a query asks for.

    A list may have `order_by`, and a `cursor`: an empty one for the first page, then `next_cursor`. They are found by
    name, because a struct inherits from one other only.
    """
    return PageRequest(
        limit=min(query.limit, LIMIT_MAX),
        offset=query.offset,
        order_by=tuple(getattr(query, "order_by", ())),
        cursor=getattr(query, "cursor", None),
    )


def pattern_of(contains: str | None, prefix: str | None) -> Pattern:
    """Return what `…_pattern` and `…_prefix_pattern` ask for."""
    return Pattern(contains=contains, prefix=prefix)
