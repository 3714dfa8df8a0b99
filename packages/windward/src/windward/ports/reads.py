"""What people ask of a store: the reads of the command line and the API, and the shapes of their answers.

Nothing here is read by the scheduler, and nothing here writes. Lists have a limit; pages go by `offset`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from windward.document import DagDocument
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import DagRecord, RunParent, RunRecord, TaskRecord
from windward.model.states import RunState, TaskState

LIST_LIMIT_MAX = 10_000
"""Most rows that one list gives."""


class DagSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A DAG as a line of a list. The next run is not here: it follows from the document and the clock."""

    dag_id: str
    display_name: str
    description: str | None
    is_paused: bool
    is_active: bool
    fileloc: str
    owners: tuple[str, ...]
    """Owners of the tasks, sorted."""
    tags: tuple[str, ...]
    schedule_text: str | None
    timezone: str
    has_import_errors: bool
    document_hash: str
    last_run_after: datetime | None
    """`run_after` of the last run that the schedule made."""


class DagDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A DAG with its newest document. `number` counts its documents, from 1."""

    record: DagRecord
    document: DagDocument
    number: int
    first_seen_at: datetime
    last_changed_at: datetime
    paused_at: datetime | None
    paused_reason: str | None


class AttemptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that ended while its instance went on, as it was when it was archived.

    `state` is the state that the instance was in, `event` what ended the attempt.
    """

    run_pk: int
    task_id: str
    map_index: int
    try_number: int
    fence: int
    state: TaskState
    event: str
    reason: str
    owner: str | None = None
    queued_at: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    exit_fact: str | None = None
    rendered: str | None = None
    map_label: str | None = None


class ReadStore(Protocol):
    """Reads for people. They never wait for a writer."""

    def list_dags(
        self,
        *,
        active_only: bool = True,
        tags: Sequence[str] = (),
        offset: int = 0,
        limit: int = LIST_LIMIT_MAX,
    ) -> list[DagSummary]:
        """Return DAGs by id; with `tags`, those that have at least one of them."""

    def dag_details(self, dag_id: str) -> DagDetails | None:
        """Return one DAG with its newest document, or None."""

    def list_runs(
        self,
        *,
        dag_id: str | None = None,
        states: Sequence[RunState] = (),
        run_after_from: datetime | None = None,
        run_after_to: datetime | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> list[RunRecord]:
        """Return runs, the newest `run_after` first; bounds are inclusive, no `states` means all."""

    def run_parent(self, run_pk: int) -> RunParent | None:
        """Return the task instance that triggered a run, or None."""

    def task_states(self, run_pk: int) -> list[TaskRecord]:
        """Return the task instances of a run by task id and map index."""

    def tasks_in(self, states: Collection[TaskState]) -> list[TaskRecord]:
        """Return the task instances in these states of all runs that are running, by run, task id and map index."""

    def attempts(self, key: TaskKey) -> list[AttemptRecord]:
        """Return archived attempts by try number; the current attempt is the task instance itself."""

    def rendered_fields(self, key: TaskKey) -> str | None:
        """Return the rendered template fields of the current attempt as JSON text, masked."""

    def run_trail(self, run_pk: int) -> list[tuple[datetime, str, str]]:
        """Return the run's history as (time, event, reason), oldest first."""

    def import_errors(self) -> list[FileRecord]:
        """Return the files whose last parse failed, by path."""
