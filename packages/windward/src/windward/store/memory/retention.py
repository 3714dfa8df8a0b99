"""What housekeeping reads and deletes, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from windward.core.retention import DocumentFacts, DocumentUse, EndedRun
from windward.model.ids import TaskKey
from windward.model.records import RunRecord
from windward.model.states import RUN_FINISHED
from windward.ports.retention import DeletedXComs
from windward.protocol.outcomes import XComValue
from windward.store.facts import facts_of
from windward.store.memory.catalog import forget_run
from windward.store.memory.tables import Tables


class MemoryRetention:
    """Reads and deletes for housekeeping."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def load_document_uses(self, *, after: str, limit: int) -> list[DocumentUse]:
        """Return a page of documents, by hash."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            names = sorted(name for name in self._tables.documents if name > after)[:limit]
            return [
                DocumentUse(document_hash=name, dag_id=dag_id, is_current=self._is_current(dag_id, name))
                for name in names
                for dag_id in [self._tables.documents[name].dag_id]
            ]

    def _is_current(self, dag_id: str, name: str) -> bool:
        dag = self._tables.dags.get(dag_id)
        return dag is not None and dag.document_hash == name

    def load_document_facts(self, hashes: Sequence[str]) -> dict[str, DocumentFacts]:
        """Return facts by hash."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            documents = self._tables.documents
            return {name: facts_of(documents[name].body) for name in hashes if name in documents}

    def load_needed_documents(self, hashes: Sequence[str], *, ended_since: datetime) -> set[str]:
        """Return the hashes that a DAG, an open run or a recent one refers to."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            used = {dag.document_hash for dag in self._tables.dags.values()}
            used |= {
                run.document_hash
                for run in self._tables.runs.values()
                if not _is_ended(run, before=ended_since)
            }
            return used.intersection(hashes, self._tables.documents)

    def load_ended_runs(
        self, *, before: datetime, after: tuple[datetime, int] | None, limit: int
    ) -> list[EndedRun]:
        """Return a page of finished runs, by end."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            ended = [
                EndedRun(run_pk=run.run_pk, dag_id=run.dag_id, end_date=run.end_date)
                for run in self._tables.runs.values()
                if run.end_date is not None and _is_ended(run, before=before)
            ]
            page = sorted(ended, key=lambda run: (run.end_date, run.run_pk))
            return [run for run in page if after is None or (run.end_date, run.run_pk) > after][:limit]

    def delete_xcoms_of(
        self, run_pks: Sequence[int], *, ended_before: datetime, limit: int, bytes_max: int
    ) -> DeletedXComs:
        """Delete a batch of XComs of runs that are over."""
        with self._tables.lock:
            tables, count, size = self._tables, 0, 0
            asked = sorted(set(run_pks))
            for number, run_pk in enumerate(asked):
                run = tables.runs.get(run_pk)
                if run is None or not _is_ended(run, before=ended_before):
                    continue
                values = tables.xcoms[run_pk]
                for place in sorted(values):
                    size += _size(values[place].value)
                    if count == limit or (count and size > bytes_max):
                        tables.wrote(count)
                        return DeletedXComs(count=count, left=tuple(asked[number:]))
                    tables.bury(TaskKey(run_pk, *place[:2]), place[2], values.pop(place).value)
                    count += 1
            tables.wrote(count)
            return DeletedXComs(count=count)

    def delete_ended_runs(self, *, before: datetime, runs_max: int, tasks_max: int) -> list[tuple[str, str]]:
        """Delete a batch of old runs."""
        with self._tables.lock:
            old = [run for run in self._tables.runs.values() if self._may_go(run, before=before)]
            old.sort(key=lambda run: (run.end_date or before, run.run_pk))
            chosen: list[RunRecord] = []
            tasks = 0
            for run in old[:runs_max]:
                tasks += len(self._tables.tasks[run.run_pk])
                if chosen and tasks > tasks_max:
                    break
                chosen.append(run)
            for run in chosen:
                forget_run(self._tables, run.run_pk)
            self._tables.wrote(len(chosen))
            return [(run.dag_id, run.run_id) for run in chosen]

    def load_forsaken(self, objects: Sequence[tuple[int, str]]) -> list[str]:
        """Return locations of runs that are over which no XCom names."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            return [location for run_pk, location in objects if self._is_forsaken(run_pk, location)]

    def _is_forsaken(self, run_pk: int, location: str) -> bool:
        run = self._tables.runs.get(run_pk)
        if run is None or run.state not in RUN_FINISHED:
            return False
        values = self._tables.xcoms.get(run_pk, {})
        unpurged = [dead.value.location for pk, dead in self._tables.dead_xcoms.values() if pk == run_pk]
        return location not in unpurged and all(
            stored.value.location != location for stored in values.values()
        )

    def delete_expired_logins(self, *, before: datetime, limit: int) -> int:
        """Nobody signs in to a store in memory."""
        del before, limit
        return 0

    def _may_go(self, run: RunRecord, *, before: datetime) -> bool:
        if not _is_ended(run, before=before):
            return False
        if run.logical_date is None:
            return True
        later = [
            (other.logical_date, other)
            for other in self._tables.runs.values()
            if other.dag_id == run.dag_id and other.logical_date is not None
            if other.logical_date > run.logical_date
        ]
        return bool(later) and min(later, key=lambda item: item[0])[1].state in RUN_FINISHED


def _size(value: XComValue) -> int:
    return 0 if value.location is not None else value.size_bytes


def _is_ended(run: RunRecord, *, before: datetime) -> bool:
    return run.state in RUN_FINISHED and run.end_date is not None and run.end_date < before
