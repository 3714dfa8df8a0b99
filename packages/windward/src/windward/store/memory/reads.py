"""Reads for people, in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from windward.document import decode
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import RunParent, RunRecord, TaskRecord
from windward.model.states import RunState, TaskState
from windward.ports.reads import LIST_LIMIT_MAX, AttemptRecord, DagDetails, DagSummary
from windward.store.history import Line
from windward.store.memory.tables import Tables


class MemoryReads:
    """What the command line and the API show."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def list_dags(
        self,
        *,
        active_only: bool = True,
        tags: Sequence[str] = (),
        offset: int = 0,
        limit: int = LIST_LIMIT_MAX,
    ) -> list[DagSummary]:
        """Return DAGs by id."""
        with self._tables.lock:
            failing = {file.fileloc for file in self._tables.files.values() if file.error is not None}
            found = []
            for dag_id in sorted(self._tables.dags):
                dag = self._tables.dags[dag_id]
                document = decode(self._tables.documents[dag.document_hash].body)
                if (dag.is_active or not active_only) and (not tags or set(tags) & set(document.tags)):
                    summary = DagSummary(
                        dag_id=dag_id,
                        display_name=document.display_name or dag_id,
                        description=document.description,
                        is_paused=dag.is_paused,
                        is_active=dag.is_active,
                        fileloc=dag.fileloc,
                        owners=tuple(sorted({task.owner for task in document.tasks})),
                        tags=document.tags,
                        schedule_text=document.schedule_text,
                        timezone=document.timezone,
                        has_import_errors=dag.fileloc in failing,
                        document_hash=dag.document_hash,
                        last_run_after=dag.last_run_after,
                    )
                    found.append(summary)
            return found[offset : offset + min(limit, LIST_LIMIT_MAX)]

    def dag_details(self, dag_id: str) -> DagDetails | None:
        """Return one DAG with its newest document, or None."""
        with self._tables.lock:
            dag = self._tables.dags.get(dag_id)
            if dag is None:
                return None
            stored = self._tables.documents[dag.document_hash]
            dates = self._tables.dag_dates[dag_id]
            return DagDetails(
                record=dag, document=decode(stored.body), number=stored.number, **dates._asdict()
            )

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
        """Return runs, the newest first."""
        with self._tables.lock:
            found = [
                run
                for run in self._tables.runs.values()
                if dag_id in {None, run.dag_id}
                and (not states or run.state in states)
                and (run_after_from is None or run.run_after >= run_after_from)
                and (run_after_to is None or run.run_after <= run_after_to)
            ]
            found.sort(key=lambda run: (run.run_after, run.run_pk), reverse=True)
            return found[offset : offset + min(limit, LIST_LIMIT_MAX)]

    def run_parent(self, run_pk: int) -> RunParent | None:
        """Return the task instance that triggered a run, or None."""
        with self._tables.lock:
            return self._tables.links.get(run_pk)

    def task_states(self, run_pk: int) -> list[TaskRecord]:
        """Return the task instances of a run by task id and map index."""
        with self._tables.lock:
            tasks = self._tables.tasks.get(run_pk, {})
            return [tasks[place] for place in sorted(tasks)]

    def tasks_in(self, states: Collection[TaskState]) -> list[TaskRecord]:
        """Return task instances in these states of running runs."""
        with self._tables.lock:
            running = sorted(pk for pk, run in self._tables.runs.items() if run.state is RunState.RUNNING)
            return [task for pk in running for task in self.task_states(pk) if task.state in states]

    def attempts(self, key: TaskKey) -> list[AttemptRecord]:
        """Return archived attempts by try number."""
        with self._tables.lock:
            archived = self._tables.attempts.get(key, {})
            return [archived[number] for number in sorted(archived)]

    def rendered_fields(self, key: TaskKey) -> str | None:
        """Return the rendered template fields as JSON text."""
        with self._tables.lock:
            return self._tables.rendered.get(key)

    def run_trail(self, run_pk: int) -> list[Line]:
        """Return the run's history, oldest first."""
        with self._tables.lock:
            return list(self._tables.run_trails.get(run_pk, ()))

    def import_errors(self) -> list[FileRecord]:
        """Return the files whose last parse failed, by path."""
        with self._tables.lock:
            return [
                self._tables.files[path]
                for path in sorted(self._tables.files)
                if self._tables.files[path].error
            ]
