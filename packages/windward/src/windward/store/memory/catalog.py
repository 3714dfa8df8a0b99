"""DAGs, documents and files in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from windward.core.paths import LOGS_SCHEME, run_log_folder
from windward.document import DagDocument, decode
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import DagRecord
from windward.model.states import RunState, TaskState
from windward.ports.store import SUPERSEDED_KEPT, ParsedFile, StoredFile
from windward.ports.windows import ASKED_KEPT, DatesAsked
from windward.store.memory.tables import DagDates, StoredDocument, Tables
from windward.timetable import Dates, Windows


class MemoryCatalog:
    """What the processor writes and everyone reads."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def load_dags(self, *, active_only: bool = True) -> list[DagRecord]:
        """Return DAG rows, by id."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            dags = self._tables.dags
            return [dags[dag_id] for dag_id in sorted(dags) if dags[dag_id].is_active or not active_only]

    def load_dag(self, dag_id: str) -> DagRecord | None:
        """Return one DAG row."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            return self._tables.dags.get(dag_id)

    def load_documents(self, hashes: Iterable[str]) -> dict[str, DagDocument]:
        """Return decoded documents by hash."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            documents = self._tables.documents
            return {name: decode(documents[name].body) for name in sorted(set(hashes)) if name in documents}

    def load_files(self) -> list[FileRecord]:
        """Return all known files, by path."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            return [self._tables.files[fileloc] for fileloc in sorted(self._tables.files)]

    def put_file(
        self, file: FileRecord, documents: Sequence[tuple[str, bytes, DagDocument]], *,
        paused_at_creation: bool, now: datetime,
    ) -> tuple[str, ...]:  # fmt: skip
        """Store what parsing one file gave; return the ids of DAGs that changed, sorted."""
        with self._tables.lock:
            self._tables.files[file.fileloc] = file
            changed = {
                document.dag_id
                for name, body, document in documents
                if self._put_document(name, body, document, file, paused=paused_at_creation, now=now)
            }
            kept = {document.dag_id for _, _, document in documents} | set(file.dag_ids)
            changed |= self._deactivate(file.fileloc, kept=kept, now=now)
            self._tables.wrote(1 + len(changed))
            return self._tell(changed)

    def put_files(
        self, files: Sequence[ParsedFile], *, paused_at_creation: bool, now: datetime
    ) -> tuple[StoredFile, ...]:
        """Store what parsing gave; nothing is ever refused here."""
        with self._tables.lock:
            return tuple(
                StoredFile(
                    changed=self.put_file(
                        parsed.file, parsed.documents, paused_at_creation=paused_at_creation, now=now
                    )
                )
                for parsed in files
            )

    def _put_document(
        self, name: str, body: bytes, document: DagDocument, file: FileRecord, *, paused: bool, now: datetime
    ) -> bool:
        dag_id = document.dag_id
        dag = self._tables.dags.get(dag_id)
        if dag is not None and dag.is_active and dag.fileloc != file.fileloc:
            return False
        if dag is not None and (dag.document_hash, dag.fileloc, dag.is_active) == (name, file.fileloc, True):
            return False
        stored = self._tables.documents
        if name not in stored:
            number = 1 + max((other.number for other in stored.values() if other.dag_id == dag_id), default=0)
            stored[name] = StoredDocument(dag_id, number, body)
        if dag is None:
            asked = document.is_paused_upon_creation
            is_paused = paused if asked is None else asked
            self._tables.dags[dag_id] = DagRecord(
                dag_id=dag_id, document_hash=name, is_paused=is_paused, fileloc=file.fileloc
            )
            self._tables.dag_dates[dag_id] = DagDates(now, now)
            return True
        self._tables.dags[dag_id] = msgspec.structs.replace(
            dag, document_hash=name, fileloc=file.fileloc, is_active=True
        )
        dates = self._tables.dag_dates[dag_id]
        self._tables.dag_dates[dag_id] = dates._replace(last_changed_at=now)
        if dates.last_changed_at <= now - SUPERSEDED_KEPT:
            self._delete_superseded(dag_id, kept={name, dag.document_hash})
        return True

    def _delete_superseded(self, dag_id: str, *, kept: set[str]) -> None:
        kept = kept | {run.document_hash for run in self._tables.runs.values() if run.dag_id == dag_id}
        stored = self._tables.documents
        for name in [name for name, other in stored.items() if other.dag_id == dag_id and name not in kept]:
            del stored[name]

    def _deactivate(self, fileloc: str, *, kept: set[str], now: datetime) -> set[str]:
        gone = {
            dag.dag_id
            for dag in self._tables.dags.values()
            if dag.is_active and dag.fileloc == fileloc and dag.dag_id not in kept
        }
        for dag_id in gone:
            dag = self._tables.dags[dag_id]
            self._tables.dags[dag_id] = msgspec.structs.replace(dag, is_active=False)
            self._tables.dag_dates[dag_id] = self._tables.dag_dates[dag_id]._replace(last_changed_at=now)
        return gone

    def _tell(self, changed: set[str]) -> tuple[str, ...]:
        for dag_id in sorted(changed):
            self._tables.add_note("dag", dag_id)
        return tuple(sorted(changed))

    def put_windows(self, windows: Mapping[str, Windows]) -> None:
        """Replace what the timetables of DAGs want."""
        with self._tables.lock:
            self._tables.windows.update(windows)
            self._tables.wrote(len(windows))
            self._tell(set(windows))

    def load_windows(self, dag_ids: Sequence[str] | None = None) -> dict[str, Windows]:
        """Return what the timetables of DAGs want."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            stored = self._tables.windows
            return {dag_id: stored[dag_id] for dag_id in stored if dag_ids is None or dag_id in dag_ids}

    def ask_dates(self, asked: DatesAsked, *, now: datetime) -> None:
        """Ask a timetable for its runs in a range."""
        with self._tables.lock:
            dates = self._tables.dates
            for old in [key for key, (asked_at, _) in dates.items() if asked_at < now - ASKED_KEPT]:
                del dates[old]
            dates[asked] = (now, None)
            self._tables.wrote(1)

    def load_asked_dates(self) -> list[DatesAsked]:
        """Return the questions that nobody has answered, sorted."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            return sorted(key for key, (_, answer) in self._tables.dates.items() if answer is None)

    def answer_dates(self, answers: Iterable[tuple[DatesAsked, Dates]]) -> None:
        """Answer questions that are still asked."""
        with self._tables.lock:
            for asked, answer in answers:
                if asked in self._tables.dates:
                    self._tables.dates[asked] = (self._tables.dates[asked][0], answer)
                    self._tables.wrote(1)

    def load_dates(self, asked: DatesAsked) -> Dates | None:
        """Return the answer to a question, None when there is none yet."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            return self._tables.dates.get(asked, (None, None))[1]

    def delete_file(self, fileloc: str, *, now: datetime) -> tuple[str, ...]:
        """Forget a file that is gone; return the ids of its DAGs."""
        with self._tables.lock:
            existed = self._tables.files.pop(fileloc, None) is not None
            changed = self._deactivate(fileloc, kept=set(), now=now)
            self._tables.wrote(existed + len(changed))
            return self._tell(changed)

    def delete_dag(self, dag_id: str) -> int:
        """Delete a DAG with all that belongs to it; return the number of runs deleted."""
        with self._tables.lock:
            run_pks = [run.run_pk for run in self._tables.runs.values() if run.dag_id == dag_id]
            for run_pk in run_pks:
                forget_run(self._tables, run_pk)
            existed = self._tables.dags.pop(dag_id, None) is not None
            for use in [use for use in self._tables.asset_uses if use[0] == dag_id]:
                del self._tables.asset_uses[use]
            for mark in [mark for mark in self._tables.favorites if mark[1] == dag_id]:
                del self._tables.favorites[mark]
            self._tables.dag_dates.pop(dag_id, None)
            self._tables.windows.pop(dag_id, None)
            for asked in [asked for asked in self._tables.dates if asked.dag_id == dag_id]:
                del self._tables.dates[asked]
            for pk in [pk for pk, one in self._tables.backfills.items() if one.dag_id == dag_id]:
                del self._tables.backfills[pk]
                self._tables.slots.pop(pk, None)
            for name in [name for name, stored in self._tables.documents.items() if stored.dag_id == dag_id]:
                del self._tables.documents[name]
            if existed or run_pks:
                self._tables.add_note("dag", dag_id)
            self._tables.wrote(len(run_pks) + existed)
            return len(run_pks)

    def delete_run(self, run_pk: int, *, states: Collection[RunState]) -> bool:
        """Delete a run in one of these states."""
        with self._tables.lock:
            run = self._tables.runs.get(run_pk)
            if run is None or run.state not in states:
                return False
            forget_run(self._tables, run_pk)
            self._tables.add_note("run", str(run_pk))
            self._tables.wrote(1)
            return True

    def delete_task(
        self, key: TaskKey, *, states: Collection[RunState], except_in: Collection[TaskState]
    ) -> bool:
        """Delete a task instance of a run in one of these states."""
        with self._tables.lock:
            run = self._tables.runs.get(key.run_pk)
            task = self._tables.tasks.get(key.run_pk, {}).get((key.task_id, key.map_index))
            if run is None or run.state not in states or task is None or task.state in except_in:
                return False
            revision = max(run.revision, task.fence) + 1
            self._tables.runs[key.run_pk] = msgspec.structs.replace(run, revision=revision)
            forget_task(self._tables, key)
            self._tables.add_note("run", str(key.run_pk))
            self._tables.wrote(2)
            return True

    def add_favorite(self, user_id: str, dag_id: str, *, now: datetime) -> None:
        """Mark a DAG for a user."""
        with self._tables.lock:
            self._tables.favorites[user_id, dag_id] = now
            self._tables.wrote(1)

    def remove_favorite(self, user_id: str, dag_id: str) -> bool:
        """Take a user's mark away."""
        with self._tables.lock:
            existed = self._tables.favorites.pop((user_id, dag_id), None) is not None
            self._tables.wrote(int(existed))
            return existed

    def ask_parse(self, fileloc: str, *, now: datetime) -> None:
        """Ask that a file is read again."""
        with self._tables.lock:
            self._tables.parse_requests[fileloc] = now
            self._tables.wrote(1)

    def take_parse_requests(self) -> list[str]:
        """Return the files to be read again, and forget them."""
        with self._tables.lock:
            asked = sorted(self._tables.parse_requests)
            self._tables.parse_requests.clear()
            self._tables.wrote(len(asked))
            return asked


def forget_run(tables: Tables, run_pk: int) -> None:
    """Delete a run with all that belongs to it."""
    run = tables.runs[run_pk]
    for (task_id, index, name), stored in tables.xcoms.pop(run_pk, {}).items():
        tables.bury(TaskKey(run_pk, task_id, index), name, stored.value)
    del tables.runs[run_pk]
    del tables.run_by_id[run.dag_id, run.run_id]
    if run.logical_date is not None:
        del tables.run_by_date[run.dag_id, run.logical_date]
    del tables.run_trails[run_pk]
    for key in [key for key in tables.deferrals if key.run_pk == run_pk]:
        del tables.deferrals[key]
    del tables.tasks[run_pk]
    tables.links.pop(run_pk, None)
    for missed in [missed for missed in tables.sla_misses if missed[0] == run_pk]:
        del tables.sla_misses[missed]
    tables.bury_at(LOGS_SCHEME + run_log_folder(run.dag_id, run.run_id))
    for table in (tables.trails, tables.rendered, tables.attempts):
        for key in [key for key in table if key.run_pk == run_pk]:
            del table[key]
    for callback_pk in [pk for pk, callback in tables.callbacks.items() if callback.run_pk == run_pk]:
        del tables.callbacks[callback_pk]
    for asked in [asked for asked in tables.inputs if asked[0].run_pk == run_pk]:
        del tables.inputs[asked]
    for number in [number for number in tables.deadlines if number[0] == run_pk]:
        del tables.deadlines[number]
    for kept in [kept for kept in tables.task_states if kept[0].run_pk == run_pk]:
        del tables.task_states[kept]


def forget_task(tables: Tables, key: TaskKey) -> None:
    """Delete a task instance with its tries and what it stored."""
    del tables.tasks[key.run_pk][key.task_id, key.map_index]
    values = tables.xcoms.get(key.run_pk, {})
    for place in [place for place in values if place[:2] == (key.task_id, key.map_index)]:
        tables.bury(key, place[2], values.pop(place).value)
    for table in (tables.trails, tables.rendered, tables.attempts, tables.deferrals):
        table.pop(key, None)
    for asked in [asked for asked in tables.inputs if asked[0] == key]:
        del tables.inputs[asked]
    for kept in [kept for kept in tables.task_states if kept[0] == key]:
        del tables.task_states[kept]
