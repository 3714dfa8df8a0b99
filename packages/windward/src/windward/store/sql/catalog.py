"""DAGs, documents and files on a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import exc

from windward.document import DagDocument, decode
from windward.model.files import FileRecord
from windward.model.records import DagRecord
from windward.ports.store import Note, ParsedFile, StoredFile
from windward.ports.windows import ASKED_KEPT, DatesAsked
from windward.store.sql.columns import json_text
from windward.store.sql.database import Database, chunks
from windward.store.sql.deletion import delete_backfills, delete_runs
from windward.store.sql.file_grants import KIND as FILE_GRANT
from windward.store.sql.files import FileTexts, put_files
from windward.store.sql.moves import Texts
from windward.store.sql.notes import write_notes
from windward.store.sql.tables import (
    ACCESS_GRANT,
    ASSET_LINK,
    ASSET_USE,
    BACKFILL,
    DAG,
    DAG_DOCUMENT,
    DAG_FILE,
    DAG_RUN,
    FAVORITE,
    TIMETABLE_DATES,
    TIMETABLE_WINDOW,
)
from windward.store.sql.transaction import Row, Transaction
from windward.store.sql.wishes import SqlWishes
from windward.timetable import Dates, Windows

_DAG_COLUMNS = tuple(DAG.c[name] for name in DagRecord.__struct_fields__)
_RUNS_DELETED_MAX = 1000


def _is_asked(asked: DatesAsked) -> sa.ColumnElement[bool]:
    columns = TIMETABLE_DATES.c
    return sa.and_(
        columns.dag_id == asked.dag_id,
        columns.range_start == asked.start,
        columns.range_end == asked.end,
    )


class SqlCatalog(SqlWishes):
    """What the processor writes and everyone reads."""

    def __init__(self, database: Database, texts: Texts) -> None:
        super().__init__(database, texts)
        self._file_texts = FileTexts(database.dialect)

    def load_dags(self, *, active_only: bool = True) -> list[DagRecord]:
        """Return DAG rows, by id."""
        query = sa.select(*_DAG_COLUMNS).order_by(DAG.c.dag_id)
        if active_only:
            query = query.where(DAG.c.is_active)
        with self._database.reading() as transaction:
            return [DagRecord(**row) for row in transaction.run(query).mappings()]

    def load_dag(self, dag_id: str) -> DagRecord | None:
        """Return one DAG row."""
        with self._database.reading() as transaction:
            row = transaction.run(sa.select(*_DAG_COLUMNS).where(DAG.c.dag_id == dag_id)).mappings().first()
        return None if row is None else DagRecord(**row)

    def load_documents(self, hashes: Iterable[str]) -> dict[str, DagDocument]:
        """Return decoded documents by hash."""
        found: dict[str, DagDocument] = {}
        columns = (DAG_DOCUMENT.c.document_hash, DAG_DOCUMENT.c.body)
        with self._database.reading() as transaction:
            for part in chunks(sorted(set(hashes))):
                rows = transaction.run(sa.select(*columns).where(DAG_DOCUMENT.c.document_hash.in_(part)))
                found.update((row.document_hash, decode(bytes(row.body))) for row in rows)
        return found

    def load_files(self) -> list[FileRecord]:
        """Return all known files, by path."""
        with self._database.reading() as transaction:
            rows = transaction.run(sa.select(DAG_FILE).order_by(DAG_FILE.c.fileloc)).mappings().fetchall()
        return [file_of(row) for row in rows]

    def put_file(
        self, file: FileRecord, documents: Sequence[tuple[str, bytes, DagDocument]], *,
        paused_at_creation: bool, now: datetime,
    ) -> tuple[str, ...]:  # fmt: skip
        """Store what parsing one file gave, in one transaction; return the ids of DAGs that changed, sorted."""
        parsed = ParsedFile(file=file, documents=tuple(documents))
        return self._put([parsed], paused_at_creation=paused_at_creation, now=now)[0]

    def put_files(
        self, files: Sequence[ParsedFile], *, paused_at_creation: bool, now: datetime
    ) -> tuple[StoredFile, ...]:
        """Store what parsing gave, in one transaction; in one per file when the database refuses one of them."""
        if not files:
            return ()
        try:
            changed = self._put(files, paused_at_creation=paused_at_creation, now=now)
        except (exc.DataError, exc.IntegrityError, UnicodeError) as error:
            if len(files) == 1:
                return (StoredFile(refused=str(getattr(error, "orig", None) or error)),)
            return tuple(
                stored
                for parsed in files
                for stored in self.put_files([parsed], paused_at_creation=paused_at_creation, now=now)
            )
        return tuple(StoredFile(changed=ids) for ids in changed)

    def _put(
        self, files: Sequence[ParsedFile], *, paused_at_creation: bool, now: datetime
    ) -> list[tuple[str, ...]]:
        def put(transaction: Transaction) -> list[tuple[str, ...]]:
            changed = put_files(
                transaction, self._file_texts, files, paused_at_creation=paused_at_creation, now=now
            )
            self._tell(transaction, [dag_id for ids in changed for dag_id in ids])
            return changed

        return self._database.write(put)

    def put_windows(self, windows: Mapping[str, Windows]) -> None:
        """Replace what the timetables of DAGs want."""

        def put(transaction: Transaction) -> None:
            rows: list[Row] = [(dag_id, json_text(windows[dag_id])) for dag_id in sorted(windows)]
            transaction.upsert(transaction.dialect.upsert("timetable_window", ("dag_id",), ("body",)), rows)
            self._tell(transaction, sorted(windows))

        self._database.write(put)

    def load_windows(self, dag_ids: Sequence[str] | None = None) -> dict[str, Windows]:
        """Return what the timetables of DAGs want."""
        query = sa.select(TIMETABLE_WINDOW.c.dag_id, TIMETABLE_WINDOW.c.body)
        parts = [query] if dag_ids is None else [
            query.where(TIMETABLE_WINDOW.c.dag_id.in_(part)) for part in chunks(sorted(dag_ids))
        ]  # fmt: skip
        with self._database.reading() as transaction:
            rows = [row for part in parts for row in transaction.run(part)]
        return {row[0]: msgspec.json.decode(row[1], type=Windows) for row in rows}

    def ask_dates(self, asked: DatesAsked, *, now: datetime) -> None:
        """Ask a timetable for its runs in a range."""

        def ask(transaction: Transaction) -> None:
            old = TIMETABLE_DATES.c.asked_at < now - ASKED_KEPT
            transaction.run(sa.delete(TIMETABLE_DATES).where(sa.or_(old, _is_asked(asked))))
            row = {"dag_id": asked.dag_id, "range_start": asked.start, "range_end": asked.end}
            transaction.run(sa.insert(TIMETABLE_DATES).values(**row, asked_at=now, answer=None))

        self._database.write(ask)

    def load_asked_dates(self) -> list[DatesAsked]:
        """Return the questions that nobody has answered, sorted."""
        columns = (TIMETABLE_DATES.c[name] for name in ("dag_id", "range_start", "range_end"))
        query = sa.select(*columns).where(TIMETABLE_DATES.c.answer.is_(None))
        with self._database.reading() as transaction:
            return sorted(DatesAsked(*row) for row in transaction.run(query))

    def answer_dates(self, answers: Iterable[tuple[DatesAsked, Dates]]) -> None:
        """Answer questions that are still asked."""
        given = list(answers)

        def answer(transaction: Transaction) -> None:
            for asked, dates in given:
                update = sa.update(TIMETABLE_DATES).where(_is_asked(asked))
                transaction.run(update.values(answer=json_text(dates)))

        self._database.write(answer)

    def load_dates(self, asked: DatesAsked) -> Dates | None:
        """Return the answer to a question, None when there is none yet."""
        with self._database.reading() as transaction:
            found = transaction.run(sa.select(TIMETABLE_DATES.c.answer).where(_is_asked(asked))).scalar()
        return None if found is None else msgspec.json.decode(found, type=Dates)

    def _tell(self, transaction: Transaction, ids: Sequence[str]) -> None:
        write_notes(transaction, self._texts, [Note(kind="dag", subject=dag_id) for dag_id in ids])

    def delete_file(self, fileloc: str, *, now: datetime) -> tuple[str, ...]:
        """Forget a file that is gone; return the ids of its DAGs."""

        def delete(transaction: Transaction) -> tuple[str, ...]:
            transaction.run(sa.delete(DAG_FILE).where(DAG_FILE.c.fileloc == fileloc))
            gone = _deactivate(transaction, fileloc, now=now)
            self._tell(transaction, gone)
            return gone

        return self._database.write(delete)

    def delete_dag(self, dag_id: str) -> int:
        """Delete a DAG with all that belongs to it; return the number of runs deleted."""
        runs = sa.select(DAG_RUN.c.run_pk).where(DAG_RUN.c.dag_id == dag_id).limit(_RUNS_DELETED_MAX)

        def delete_some(transaction: Transaction) -> int:
            return delete_runs(transaction, list(transaction.run(runs).scalars()))

        def delete_rest(transaction: Transaction) -> int:
            existed = transaction.run(sa.delete(DAG).where(DAG.c.dag_id == dag_id)).rowcount > 0
            deleted = delete_some(transaction)
            of_dag = sa.select(BACKFILL.c.backfill_pk).where(BACKFILL.c.dag_id == dag_id)
            delete_backfills(transaction, list(transaction.run(of_dag).scalars()))
            transaction.run(sa.delete(DAG_DOCUMENT).where(DAG_DOCUMENT.c.dag_id == dag_id))
            transaction.run(sa.delete(ASSET_LINK).where(ASSET_LINK.c.dag_id == dag_id))
            transaction.run(sa.delete(ASSET_USE).where(ASSET_USE.c.dag_id == dag_id))
            transaction.run(sa.delete(FAVORITE).where(FAVORITE.c.dag_id == dag_id))
            of_file = (ACCESS_GRANT.c.kind == FILE_GRANT) & (ACCESS_GRANT.c.dag_id == dag_id)
            transaction.run(sa.delete(ACCESS_GRANT).where(of_file))
            transaction.run(sa.delete(TIMETABLE_WINDOW).where(TIMETABLE_WINDOW.c.dag_id == dag_id))
            transaction.run(sa.delete(TIMETABLE_DATES).where(TIMETABLE_DATES.c.dag_id == dag_id))
            if existed or count or deleted:
                self._tell(transaction, [dag_id])
            return deleted

        # The bulk goes in small transactions, so that the scheduler is not held up; the DAG goes with the last.
        count = 0
        while (deleted := self._database.write(delete_some)) == _RUNS_DELETED_MAX:
            count += deleted
        return count + deleted + self._database.write(delete_rest)


def _deactivate(transaction: Transaction, fileloc: str, *, now: datetime) -> tuple[str, ...]:
    query = sa.select(DAG.c.dag_id).where(DAG.c.fileloc == fileloc, DAG.c.is_active)
    gone = sorted(transaction.run(query).scalars())
    for part in chunks(gone):
        statement = sa.update(DAG).where(DAG.c.dag_id.in_(part))
        transaction.run(statement.values(is_active=False, last_changed_at=now))
    return tuple(gone)


def file_of(row: Any) -> FileRecord:
    """Return the file of a row of `dag_file`."""
    lists = {name: tuple(row[name]) for name in ("imports", "dag_ids", "warnings")}
    return FileRecord(**{**row, **lists})
