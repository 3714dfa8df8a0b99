"""Failures put together by what went wrong: one line for the same task and the same reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A task instance that has failed."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    end_date: datetime | None
    reason: str


@dataclass(kw_only=True)
class Cause:
    """Failures of one task for one reason: the newest, and how many in how many runs."""

    newest: Failure
    count: int = 0
    runs: set[str] = field(default_factory=set)


def causes_of(failures: Iterable[Failure]) -> list[Cause]:
    """Return the causes of failures that are given the newest first, in the same order.

    Reasons that differ in their numbers only (a row, a port, a size) are one.
    """
    causes: dict[tuple[str, str, str], Cause] = {}
    for failure in failures:
        key = (failure.dag_id, failure.task_id, _NUMBER.sub("#", failure.reason))
        cause = causes.setdefault(key, Cause(newest=failure))
        cause.count += 1
        cause.runs.add(failure.run_id)
    return list(causes.values())
