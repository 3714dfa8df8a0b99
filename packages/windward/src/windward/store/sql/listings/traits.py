"""Conditions on tasks by what documents say of them: pool, queue, operator and the like are no columns.

What is asked of a task is answered for each version of each DAG that may be meant, from decoded documents, and becomes a
set of (document, task): no instance is loaded to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from windward.core.external import tasks_in_group
from windward.document import TaskDocument
from windward.errors import UserError
from windward.ports.listings.instances import ANY_TASK, TaskTraits
from windward.store.sql.listings.documents import KnownDocument
from windward.store.sql.listings.filters import Condition, fits
from windward.store.sql.tables import DAG_RUN, TASK_INSTANCE

PAIRS_MAX = 10_000
"""Tasks that one question may name, over all versions: a parameter each, of which SQLite takes 32,766."""
_PLACE: sa.ColumnElement[str] = DAG_RUN.c.document_hash + "/" + TASK_INSTANCE.c.task_id
"""A document and a task as one text: PostgreSQL looks a text up in a list by its hash, and a pair one by one."""


def has_traits(traits: TaskTraits, known: Mapping[str, KnownDocument]) -> Condition | None:
    """Return the condition that an instance's task is so, among these documents; None when it need not be anything."""
    if traits == ANY_TASK:
        return None
    chosen: dict[str, set[str]] = {}
    for name, document in known.items():
        group = None
        if traits.group_id is not None:
            group = set(tasks_in_group(document.document, traits.group_id) or ())
        chosen[name] = {
            task.task_id
            for task in document.tasks.values()
            if (group is None or task.task_id in group) and _agrees(task, traits)
        }
    return _among(chosen, known)


def operator_column(known: Mapping[str, KnownDocument]) -> sa.ColumnElement[Any]:
    """Return the name of an instance's operator as a column; null where no document tells."""
    by_name: dict[str, dict[str, set[str]]] = {}
    for name, document in known.items():
        for task in document.tasks.values():
            by_name.setdefault(task.operator, {}).setdefault(name, set()).add(task.task_id)
    _check(sum(len(document.tasks) for document in known.values()))
    if not by_name:
        return sa.null()
    whens = [(_among(chosen, known), sa.literal(operator)) for operator, chosen in sorted(by_name.items())]
    return sa.case(*whens, else_=None)


def _among(chosen: Mapping[str, set[str]], known: Mapping[str, KnownDocument]) -> Condition:
    whole = sorted(name for name, tasks in chosen.items() if tasks and len(tasks) == len(known[name].tasks))
    single = [
        f"{name}/{task_id}"
        for name, tasks in sorted(chosen.items())
        if len(tasks) < len(known[name].tasks)
        for task_id in sorted(tasks)
    ]
    _check(len(whole) + len(single))
    either: list[Condition] = []
    if whole:
        either.append(DAG_RUN.c.document_hash.in_(whole))
    if single:
        either.append(_PLACE.in_(single))
    return sa.or_(*either) if either else sa.false()


def _check(count: int) -> None:
    if count > PAIRS_MAX:
        raise UserError(
            "this filter or order leaves too many tasks of too many DAGs",
            hint="Name a DAG or a run in the path, or say more of what is meant.",
        )


_ONE_OF: tuple[tuple[str, Callable[[TaskDocument], str | None]], ...] = (
    ("pools", lambda task: task.pool),
    ("queues", lambda task: task.queue),
    ("executors", lambda task: task.executor),
    ("operators", lambda task: task.operator),
)
_LIKE: tuple[tuple[str, Callable[[TaskDocument], str]], ...] = (
    ("pool", lambda task: task.pool),
    ("queue", lambda task: task.queue),
    ("operator", lambda task: task.operator),
    ("display_name", lambda task: task.display_name or task.task_id),
)


def _agrees(task: TaskDocument, traits: TaskTraits) -> bool:
    wanted: Iterable[tuple[tuple[str, ...], str | None]] = (
        (getattr(traits, name), value_of(task)) for name, value_of in _ONE_OF
    )
    return all(not names or value in names for names, value in wanted) and all(
        fits(value_of(task), getattr(traits, name)) for name, value_of in _LIKE
    )
