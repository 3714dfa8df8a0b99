"""Rows that come as one value, all of them, on SQLite: it locks its connection for every value that it hands out.

A page that is read again is mostly as it was, so that rows are compared far more often than they are taken apart. Two
texts are equal when all the columns of all rows in them are, for a JSON array of integers, texts and nulls says which
is which.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

_DECODER = msgspec.json.Decoder(list[tuple[Any, ...]])


def packed(columns: str, *, is_sqlite: bool) -> str:
    """Return what to select for these columns, none of which may be a float or bytes; `unpacked` takes its rows."""
    return f"json_group_array(json_array({columns}))" if is_sqlite else columns


def unpacked(rows: Iterable[tuple[Any, ...]], *, is_sqlite: bool) -> list[tuple[Any, ...]]:
    """Return rows of `packed` columns as if these had been selected themselves."""
    if not is_sqlite:
        return list(rows)
    return [row for (text,) in rows for row in _DECODER.decode(text)]
