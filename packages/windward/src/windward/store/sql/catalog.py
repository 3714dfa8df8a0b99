"""DAGs, documents and files on a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from windward.document import DagDocument, decode
from windward.model.records import DagRecord
from windward.ports.store import SUPERSEDED_KEPT, FileRecord, Note
from windward.store.sql.apply import write_notes
from windward.store.sql.columns import json_text, storable, storable_or_none, to_us
from windward.store.sql.database import Database, Transaction, chunks
from windward.store.sql.deletion import delete_runs
from windward.store.sql.moves import Texts
from windward.store.sql.tables import DAG, DAG_DOCUMENT, DAG_FILE, DAG_RUN

_DAG_COLUMNS = tuple(DAG.c[name] for name in DagRecord.__struct_fields__)
_FILE_COLUMNS = tuple(name for name in FileRecord.__struct_fields__ if name != "fileloc")
_RUNS_DELETED_MAX = 1000


class SqlCatalog:
    """What the processor writes and everyone reads."""

    def __init__(self, database: Database, texts: Texts) -> None:
        self._database = database
        self._texts = texts
        self._put_file = database.dialect.upsert("dag_file", ("fileloc",), _FILE_COLUMNS)

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

        def put(transaction: Transaction) -> tuple[str, ...]:
            transaction.upsert(self._put_file, [_file_row(file)])
            ids = sorted({document.dag_id for _, _, document in documents})
            known = {
                row["dag_id"]: row
                for part in chunks(ids)
                for row in transaction.run(
                    sa.select(DAG).where(DAG.c.dag_id.in_(part)).order_by(DAG.c.dag_id).with_for_update()
                ).mappings()
            }
            changed = set()
            for name, body, document in documents:
                asked = document.is_paused_upon_creation
                put_one = _Document(name, body, document, file.fileloc, now)
                is_paused = paused_at_creation if asked is None else asked
                if put_one.put(transaction, known.get(document.dag_id), is_paused=is_paused):
                    changed.add(document.dag_id)
            changed |= _deactivate(transaction, file.fileloc, kept={*ids, *file.dag_ids}, now=now)
            return self._tell(transaction, changed)

        return self._database.write(put)

    def _tell(self, transaction: Transaction, changed: set[str]) -> tuple[str, ...]:
        ids = tuple(sorted(changed))
        write_notes(transaction, self._texts, [Note(kind="dag", subject=dag_id) for dag_id in ids])
        return ids

    def delete_file(self, fileloc: str, *, now: datetime) -> tuple[str, ...]:
        """Forget a file that is gone; return the ids of its DAGs."""

        def delete(transaction: Transaction) -> tuple[str, ...]:
            transaction.run(sa.delete(DAG_FILE).where(DAG_FILE.c.fileloc == fileloc))
            return self._tell(transaction, _deactivate(transaction, fileloc, kept=set(), now=now))

        return self._database.write(delete)

    def delete_dag(self, dag_id: str) -> int:
        """Delete a DAG with all that belongs to it; return the number of runs deleted."""
        runs = sa.select(DAG_RUN.c.run_pk).where(DAG_RUN.c.dag_id == dag_id).limit(_RUNS_DELETED_MAX)

        def delete_some(transaction: Transaction) -> int:
            return delete_runs(transaction, list(transaction.run(runs).scalars()))

        def delete_rest(transaction: Transaction) -> int:
            existed = transaction.run(sa.delete(DAG).where(DAG.c.dag_id == dag_id)).rowcount > 0
            deleted = delete_some(transaction)
            transaction.run(sa.delete(DAG_DOCUMENT).where(DAG_DOCUMENT.c.dag_id == dag_id))
            if existed or count or deleted:
                self._tell(transaction, {dag_id})
            return deleted

        # The bulk goes in small transactions, so that the scheduler is not held up; the DAG goes with the last.
        count = 0
        while (deleted := self._database.write(delete_some)) == _RUNS_DELETED_MAX:
            count += deleted
        return count + deleted + self._database.write(delete_rest)


class _Document:
    """One parsed DAG on its way into the catalogue."""

    def __init__(self, name: str, body: bytes, document: DagDocument, fileloc: str, now: datetime) -> None:
        self.name = name
        self.body = body
        self.document = document
        self.fileloc = fileloc
        self.now = now

    def put(self, transaction: Transaction, dag: Any, *, is_paused: bool) -> bool:
        """Store the document and the DAG's row; return whether anything changed."""
        if dag is not None and dag["is_active"] and dag["fileloc"] != self.fileloc:
            return False
        current = None if dag is None else (dag["document_hash"], dag["fileloc"], dag["is_active"])
        if current == (self.name, self.fileloc, True):
            return False
        self._put_document(transaction)
        columns = self._columns()
        if dag is None:
            first = {"dag_id": self.document.dag_id, "is_paused": is_paused, "failed_in_a_row": 0}
            transaction.run(sa.insert(DAG).values(**first, first_seen_at=self.now, **columns))
            return True
        transaction.run(sa.update(DAG).where(DAG.c.dag_id == dag["dag_id"]).values(**columns))
        if dag["last_changed_at"] <= self.now - SUPERSEDED_KEPT:
            kept = DAG_DOCUMENT.c.document_hash.in_([self.name, dag["document_hash"]])
            is_run = sa.exists().where(DAG_RUN.c.document_hash == DAG_DOCUMENT.c.document_hash)
            of_dag = DAG_DOCUMENT.c.dag_id == dag["dag_id"]
            transaction.run(sa.delete(DAG_DOCUMENT).where(of_dag, ~kept, ~is_run))
        return True

    def _put_document(self, transaction: Transaction) -> None:
        table = DAG_DOCUMENT
        if transaction.run(sa.select(table.c.number).where(table.c.document_hash == self.name)).first():
            return
        numbers = sa.select(sa.func.max(table.c.number)).where(table.c.dag_id == self.document.dag_id)
        number = (transaction.run(numbers).scalar() or 0) + 1
        transaction.run(
            sa.insert(table).values(
                document_hash=self.name, dag_id=self.document.dag_id, number=number, body=self.body
            )
        )

    def _columns(self) -> dict[str, Any]:
        document = self.document
        return {
            "document_hash": self.name,
            "fileloc": self.fileloc,
            "is_active": True,
            "last_changed_at": self.now,
            "display_name": storable(document.display_name or document.dag_id),
            "description": storable_or_none(document.description),
            "owners": sorted({storable(task.owner) for task in document.tasks}),
            "tags": [storable(tag) for tag in document.tags],
            "schedule_text": storable_or_none(document.schedule_text),
            "timezone": document.timezone,
        }


def _deactivate(transaction: Transaction, fileloc: str, *, kept: set[str], now: datetime) -> set[str]:
    query = sa.select(DAG.c.dag_id).where(DAG.c.fileloc == fileloc, DAG.c.is_active)
    gone = sorted(set(transaction.run(query).scalars()) - kept)
    for part in chunks(gone):
        statement = sa.update(DAG).where(DAG.c.dag_id.in_(part))
        transaction.run(statement.values(is_active=False, last_changed_at=now))
    return set(gone)


def _file_row(file: FileRecord) -> tuple[Any, ...]:
    texts = [storable(warning) for warning in file.warnings]
    return (
        file.fileloc,
        file.content_hash,
        json_text(file.imports),
        json_text(file.dag_ids),
        storable_or_none(file.error),
        json_text(texts),
        to_us(file.parsed_at),
        file.duration_s,
    )


def file_of(row: Any) -> FileRecord:
    """Return the file of a row of `dag_file`."""
    lists = {name: tuple(row[name]) for name in ("imports", "dag_ids", "warnings")}
    return FileRecord(**{**row, **lists})
