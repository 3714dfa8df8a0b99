"""Conditions that mean the same on every database: patterns, bounds, and what a caller may see."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from windward.model.access import DagReach
from windward.ports.listings.page import Between, Pattern
from windward.store.sql.columns import json_text
from windward.store.sql.database import Dialect
from windward.store.sql.tables import DAG

Column = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]


def matching(column: Column, pattern: Pattern) -> list[Condition]:
    """Return the conditions that a pattern puts on a text."""
    found: list[Condition] = []
    if pattern.contains:
        texts = [text.strip().lower() for text in pattern.contains.split("|")]
        found.append(sa.or_(*(sa.func.lower(column).like(f"%{text}%") for text in texts if text)))
    if pattern.prefix:
        found.append(sa.func.substr(column, 1, len(pattern.prefix)) == pattern.prefix)
    return found


def within(column: Column, bounds: Between) -> list[Condition]:
    """Return the conditions that bounds put on a moment."""
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


def visible(dag_id: Column, reach: DagReach, dialect: Dialect) -> list[Condition]:
    """Return the condition that a row's DAG is within a caller's reach; none when all are."""
    if reach.is_all:
        return []
    either: list[Condition] = [dag_id.in_(sorted(reach.dag_ids))] if reach.dag_ids else []
    if reach.tags:
        tagged = sa.or_(*(has_tag(tag, dialect) for tag in sorted(reach.tags)))
        either.append(dag_id.in_(sa.select(DAG.c.dag_id).where(tagged)))
    return [sa.or_(*either)] if either else [sa.false()]


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
