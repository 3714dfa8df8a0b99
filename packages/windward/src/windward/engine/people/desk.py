"""The desk that takes wishes: a store, a clock, ids, and the way to wake the scheduler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from windward.core.actions import Action, ExpectRun, MoveTask, dropping_states
from windward.core.plan import compile_plan
from windward.core.view import RunView
from windward.document import DagDocument
from windward.errors import ConflictError, NotFoundError
from windward.model.records import RunRecord, TaskRecord
from windward.ports.clock import Clock
from windward.ports.reads import DagDetails
from windward.ports.store import Note, Store
from windward.ports.wakeup import Wakeup

TRIES_MAX = 5
"""A run that the scheduler changes at the same moment is decided again so many times."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Carries out wishes."""

    store: Store
    clock: Clock
    wakeup: Wakeup
    next_pk: Callable[[], int]
    drops_states: bool = False
    """Whether an instance that is marked as successful forgets the small values that it keeps."""

    def dag(self, dag_id: str) -> DagDetails:
        """Return a DAG with its newest document.

        Raises:
            NotFoundError: when there is none.
        """
        details = self.store.reads.dag_details(dag_id)
        if details is None:
            raise NotFoundError(f"there is no DAG `{dag_id}`")
        return details

    def run(self, dag_id: str, run_id: str) -> RunRecord:
        """Return a run by its id.

        Raises:
            NotFoundError: when there is none.
        """
        run = self.store.runs.find_run(dag_id, run_id=run_id)
        if run is None:
            raise NotFoundError(f"DAG `{dag_id}` has no run `{run_id}`")
        return run

    def document(self, run: RunRecord) -> DagDocument:
        """Return the document that a run is pinned to.

        Raises:
            NotFoundError: when it was deleted.
        """
        document = self.store.catalog.load_documents([run.document_hash]).get(run.document_hash)
        if document is None:
            raise NotFoundError(
                f"the version of DAG `{run.dag_id}` that run `{run.run_id}` began with is gone"
            )
        return document

    def instance(self, run: RunRecord, task_id: str, map_index: int) -> TaskRecord:
        """Return a task instance of a run.

        Raises:
            NotFoundError: when there is none.
        """
        for record in self.store.runs.load_tasks([run.run_pk]):
            if record.task_id == task_id and record.map_index == map_index:
                return record
        raise NotFoundError(
            f"The Task Instance with dag_id: `{run.dag_id}`, run_id: `{run.run_id}`, "
            f"task_id: `{task_id}` and map_index: `{map_index}` was not found"
        )

    def view(self, run: RunRecord) -> RunView:
        """Return a run with all of its task instances."""
        plan = compile_plan(self.document(run), run.document_hash)
        return RunView(run, plan, self.store.runs.load_tasks([run.run_pk]))

    def change(self, run: RunRecord, decide: Callable[[RunView, datetime], list[Action]]) -> list[Action]:
        """Apply a decision to one run in one transaction; decide again when the scheduler was faster.

        Return the actions that were written; none when the run is gone or nothing was decided. The scheduler is
        not woken: a caller may change several runs first.

        Raises:
            ConflictError: when the run does not hold still.
        """
        for _ in range(TRIES_MAX):
            runs = self.store.runs.load_runs([run.run_pk])
            if not runs:
                return []
            actions = decide(self.view(runs[0]), self.clock.now())
            if self.drops_states:
                actions = [dropping_states(one) if isinstance(one, MoveTask) else one for one in actions]
            if not actions:
                return []
            # The run was loaded before its tasks: whoever changed them in between has raised its revision.
            group = [ExpectRun(run_pk=run.run_pk, revision=runs[0].revision), *actions]
            if self.store.runs.apply([group], notes=[Note(kind="run", subject=str(run.run_pk))]).all:
                return actions
        raise ConflictError(f"run `{run.run_id}` changes too quickly")
