"""What running user code asks about runs: reads of any DAG's runs and task instances, by an index each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from windward.model.ids import TaskKey
from windward.model.records import RunParent, RunRecord, TaskRecord


class FindRun(Protocol):
    """How a single run is found."""

    def __call__(
        self, dag_id: str, *, run_id: str | None = None, logical_date: datetime | None = None
    ) -> RunRecord | None:
        """Return a run by run id or logical date."""


class RunLookups(Protocol):
    """Questions about runs. Nothing here writes."""

    def find_run(
        self, dag_id: str, *, run_id: str | None = None, logical_date: datetime | None = None
    ) -> RunRecord | None:
        """Return a run by run id or logical date; with neither, the newest by `run_after`."""

    def find_runs_at(self, dag_id: str, logical_dates: Sequence[datetime]) -> list[RunRecord]:
        """Return the runs of the DAG with these logical dates, by date."""

    def find_tasks(self, keys: Sequence[TaskKey]) -> list[TaskRecord]:
        """Return these task instances (missing ones are left out)."""

    def load_recoverable_runs(self, *, limit: int) -> list[RunRecord]:
        """Return failed runs that may be run again on their own, by `recover_at`."""

    def find_previous(self, dag_id: str, run_id: str, *, state: str | None = None) -> RunRecord | None:
        """Return the run before this one by logical date, the newest of a state when one is given."""

    def find_triggered(self, dag_id: str, parent: RunParent) -> RunRecord | None:
        """Return the newest run of a DAG that this wish of a task instance triggered, or None.

        A wish is the parent's instance with `since` and `place`.
        """

    def count_runs(
        self,
        dag_id: str,
        *,
        logical_dates: Sequence[datetime] | None,
        run_ids: Sequence[str] | None,
        states: Sequence[str] | None,
    ) -> int:
        """Count runs; None does not restrict."""

    def find_task_states(
        self,
        dag_id: str,
        *,
        task_ids: Sequence[str] | None,
        run_ids: Sequence[str] | None,
        logical_dates: Sequence[datetime] | None,
        states: Sequence[str] | None,
    ) -> list[tuple[str, str, int, str]]:
        """Return (run_id, task_id, map_index, state) of matching instances."""

    def tally_tasks(
        self,
        dag_id: str,
        *,
        task_ids: Sequence[str] | None,
        run_ids: Sequence[str] | None,
        logical_dates: Sequence[datetime] | None,
    ) -> list[tuple[str, datetime | None, str, str, int]]:
        """Return (run_id, logical_date, task_id, state, count) of matching instances, by run, task and state."""

    def find_runs(
        self,
        dag_ids: Sequence[str],
        *,
        run_ids: Sequence[str] | None,
        logical_dates: Sequence[datetime] | None,
        states: Sequence[str] | None,
        run_types: Sequence[str] | None,
        date_from: datetime | None,
        date_to: datetime | None,
        limit: int,
    ) -> list[RunRecord]:
        """Return runs by logical date, then by key, those without a date last; bounds are inclusive."""
