"""Rows of the table: what was measured, what it ought to be, and whether it is."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number. `values` are repeats in `unit`; the median is compared with `at_most` (None: only shown)."""

    name: str
    what: str
    unit: str
    values: Sequence[float]
    at_most: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        """The median of the repeats."""
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or nothing for a number that is only shown."""
        if self.at_most is None:
            return ""
        return "met" if self.median <= self.at_most else "MISSED"


HEAD = ("row", "what", "target", "median", "min", "max", "", "note")


def cells(row: Row) -> tuple[str, ...]:
    """Return a row as text."""
    target = "" if row.at_most is None else f"<= {_number(row.at_most)} {row.unit}"
    return (
        row.name,
        row.what,
        target,
        f"{_number(row.median)} {row.unit}",
        _number(min(row.values)),
        _number(max(row.values)),
        row.verdict,
        row.note,
    )


def line(texts: Sequence[str], widths: Sequence[int]) -> str:
    """Return one line of the table."""
    return "  ".join(text.ljust(width) for text, width in zip(texts, widths, strict=True)).rstrip()


def table(rows: Sequence[Row]) -> str:
    """Return the whole table."""
    texts = [HEAD, *map(cells, rows)]
    widths = [max(len(text[column]) for text in texts) for column in range(len(HEAD))]
    return "\n".join(line(text, widths) for text in texts)


def _number(value: float) -> str:
    """Three digits are enough for anybody."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
