"""Conditions that mean the same on every database: patterns, bounds, and what a caller may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from windward.errors import UserError
from windward.model.access import DagReach
from windward.ports.listings.page import Between, Pattern
from windward.store.sql.columns import json_text
from windward.store.sql.database import chunks
from windward.store.sql.dialect import Dialect
from windward.store.sql.tables import DAG
from windward.store.sql.transaction import Transaction

Column = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]
ALTERNATIVES_MAX = 500
"""Texts of one pattern: a condition of a few more is one that SQLite refuses to read."""
MATCHES_ALL = "~"
"""A pattern that stands for any text, as in Airflow."""


def matching(column: Column, pattern: Pattern) -> list[Condition]:
    """Return the conditions that a pattern puts on a text."""
    found: list[Condition] = []
    if (texts := _alternatives(pattern.contains)) is not None:
        found.append(sa.or_(*(like(column, text) for text in texts)))
    if (texts := _alternatives(pattern.prefix)) is not None:
        found.append(sa.or_(*(sa.func.substr(column, 1, len(text)) == text for text in texts)))
    return found


def _alternatives(text: str | None) -> list[str] | None:
    """Return the texts between `|`, or None where any text will do.

    Raises:
        UserError: when there are more than a condition may have.
    """
    if not text or text == MATCHES_ALL:
        return None
    found = [part for part in map(str.strip, text.split("|")) if part]
    if len(found) > ALTERNATIVES_MAX:
        raise UserError(
            f"a pattern has {ALTERNATIVES_MAX} texts at most between its `|`, and not {len(found)}",
            hint="Ask for fewer of them at a time.",
        )
    return found or None


def fits(text: str, pattern: Pattern) -> bool:
    """Whether a text is as a pattern wants it: `matching` for what no column holds."""
    contained, prefixes = _alternatives(pattern.contains), _alternatives(pattern.prefix)
    is_contained = contained is None or any(_is_like(text.lower(), part.lower()) for part in contained)
    return is_contained and (prefixes is None or text.startswith(tuple(prefixes)))


def _is_like(text: str, wanted: str) -> bool:
    """Whether `text` holds the parts of `wanted` between its `%` in order: the first place of each is the best."""
    at = 0
    for part in wanted.split("%"):
        places = range(at, len(text) - len(part) + 1)
        is_here = (
            place
            for place in places
            if all(letter in ("_", text[place + number]) for number, letter in enumerate(part))
        )
        place = next(is_here, None)
        if place is None:
            return False
        at = place + len(part)
    return True


def like(column: Column, text: str) -> Condition:
    """Return the condition that a text holds another, whatever their case; `%` and `_` are wildcards in it."""
    escaped = text.lower().replace("/", "//")
    return sa.func.lower(column).like(f"%{escaped}%", escape="/")


def containing(column: Column, text: str) -> Condition:
    """Return the condition that a text holds another, whatever their case; nothing in it is a wildcard."""
    escaped = text.lower().replace("/", "//").replace("%", "/%").replace("_", "/_")
    return sa.func.lower(column).like(f"%{escaped}%", escape="/")


def within(column: Column, bounds: Between[Any]) -> list[Condition]:
    """Return the conditions that bounds put on a moment, or on a length in seconds."""
    found: list[Condition] = []
    if bounds.gte is not None:
        found.append(column >= bounds.gte)
    if bounds.gt is not None:
        found.append(column > bounds.gt)
    if bounds.lte is not None:
        found.append(column <= bounds.lte)
    if bounds.lt is not None:
        found.append(column < bounds.lt)
    return found


def seconds_between(start: Column, end: Column) -> Column:
    """Return the length of time between two moments in seconds; null unless both are known."""
    length = sa.type_coerce(end, sa.BigInteger) - sa.type_coerce(start, sa.BigInteger)
    return sa.cast(length, sa.Double()) / 1e6


def visible(dag_id: Column, reach: DagReach, dialect: Dialect) -> list[Condition]:
    """Return the one condition that a row's DAG is within a caller's reach; none when all are."""
    if reach.is_all:
        return []
    either: list[Condition] = [dag_id.in_(sorted(reach.dag_ids))] if reach.dag_ids else []
    if reach.tags:
        tagged = sa.or_(*(has_tag(tag, dialect) for tag in sorted(reach.tags)))
        either.append(dag_id.in_(sa.select(DAG.c.dag_id).where(tagged)))
    found = sa.or_(*either) if either else sa.false()
    return [found if reach.within is None else sa.and_(found, *visible(dag_id, reach.within, dialect))]


def has_tag(tag: str, dialect: Dialect) -> Condition:
    """Return the condition that a DAG has a tag."""
    return holds(DAG.c.tags, json_text(tag), dialect)


def holds(column: Column, text: str, dialect: Dialect) -> Condition:
    """Return the condition that a column's stored text holds `text`, letter by letter.

    Of a column of JSON, `text` is JSON as well: a text in quotes occurs nowhere but as a whole.
    """
    stored = sa.type_coerce(column, sa.Text())
    find = sa.func.strpos if dialect.is_postgres else sa.func.instr
    return find(stored, text) > 0


def existing(transaction: Transaction, column: Column, keys: Iterable[str]) -> set[str]:
    """Return which of these keys a column holds."""
    found: set[str] = set()
    for part in chunks(sorted(set(keys))):
        found |= {row[0] for row in transaction.run(sa.select(column).where(column.in_(part)))}
    return found
