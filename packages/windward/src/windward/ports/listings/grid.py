"""The grid of a DAG: its newest runs beside each other, each with the states of its tasks, in as few bytes as can be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from windward.document import DagDocument
from windward.model.records import RunRecord


class TaskCell(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One task of one run: instances by state. Runs in which a task is in one state share its cell."""

    task_id: str
    counts: dict[str, int]


class GridRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run with its tasks. `mark` differs when anything of it may differ; runs of the same tasks share `task_ids`."""

    run: RunRecord
    mark: str
    cells: tuple[TaskCell, ...]
    task_ids: frozenset[str]


class GridRuns(msgspec.Struct, frozen=True, kw_only=True):
    """Runs beside each other. `token` is an object that stands for them: another one as soon as anything of them differs."""

    runs: tuple[GridRun, ...]
    token: object


class TimelineRow(msgspec.Struct, frozen=True, kw_only=True):
    """One try of a task instance, from when to when it was in which state."""

    task_id: str
    map_index: int
    try_number: int
    state: str
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None
    map_label: str | None
    owner: str | None
    exit_fact: str | None


class NewestVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of a DAG."""

    document_hash: str
    document: DagDocument


class GridListings(Protocol):
    """What the pages of a DAG and of a run show at a glance."""

    def newest(self, dag_id: str) -> NewestVersion | None:
        """Return the newest version of a DAG, or None."""

    def runs(self, dag_id: str, *, limit: int, before: datetime | None = None) -> Sequence[RunRecord]:
        """Return the newest runs, the newest first; with `before`, those that were due before then.

        Of one that has ended, what a grid shows is as it is now; the rest may be as it was at its end.
        """

    def cells(self, runs: Sequence[RunRecord]) -> GridRuns:
        """Return these runs with their tasks; what has ended is remembered, and the same as before while nothing differs."""

    def timeline(self, run_pk: int, *, limit: int, of: tuple[str, int] | None = None) -> list[TimelineRow]:
        """Return the tries of a run's tasks, earlier ones too, by when they began; `of` is a task and a map index."""
