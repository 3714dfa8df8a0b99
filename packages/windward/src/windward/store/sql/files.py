"""What parsed files become on a database: rows of files, documents and DAGs.

Everything is read first, decided file by file upon what was read, and written last: twenty files take as many
statements as one. The outcome is that of one file after the other, also when they speak of the same DAG.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from windward.document import DagDocument
from windward.model.files import FileRecord
from windward.ports.store import SUPERSEDED_KEPT, ParsedFile
from windward.store.sql.asset_index import AssetIndexTexts, put_assets
from windward.store.sql.columns import json_text, storable, storable_or_none, to_us
from windward.store.sql.database import chunks
from windward.store.sql.dialect import Dialect
from windward.store.sql.file_grants import FileGrantTexts, put_file_grants
from windward.store.sql.transaction import Row, Transaction

FILE_COLUMNS = tuple(name for name in FileRecord.__struct_fields__ if name != "fileloc")
_SHOWN = ("display_name", "description", "owners", "tags", "schedule_text", "timezone")
_DOCUMENT = ("document_hash", "dag_id", "number", "body", "stored_at")
_NEW = ("dag_id", "is_paused", "failed_in_a_row", "first_seen_at")
_CHANGED = ("document_hash", "fileloc", "is_active", "last_changed_at", *_SHOWN)
_SUPERSEDED_US = SUPERSEDED_KEPT.days * 86_400_000_000 + SUPERSEDED_KEPT.seconds * 1_000_000


class FileTexts:
    """The statements of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.assets = AssetIndexTexts(dialect)
        self.grants = FileGrantTexts(dialect)
        self.put_file = dialect.upsert("dag_file", ("fileloc",), FILE_COLUMNS)
        self.insert_document = self._insert("dag_document", _DOCUMENT)
        self.insert_dag = self._insert("dag", (*_NEW, *_CHANGED))
        changes = ", ".join(f"{name} = ?" for name in _CHANGED)
        self.change_dag = dialect.sql(f"UPDATE dag SET {changes} WHERE dag_id = ?")
        self.deactivate_dag = dialect.sql(
            "UPDATE dag SET is_active = ?, last_changed_at = ? WHERE dag_id = ?"
        )

    def _insert(self, table: str, columns: Sequence[str]) -> str:
        marks = ", ".join("?" * len(columns))
        return self._dialect.sql(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})")

    def any_of(self, text: str, count: int, *, rest: str = "") -> str:
        """Return `text` with `count` marks in parentheses behind it, then `rest`."""
        return self._dialect.sql(f"{text} ({', '.join('?' * count)}){rest}")

    @property
    def locking(self) -> str:
        """Return the end of a query whose rows this transaction will write."""
        return self._dialect.update_lock


@dataclass
class _Dag:
    """A DAG's row as it is, and after what was decided so far. `document` is set once the row gets a new one."""

    document_hash: str
    fileloc: str
    is_active: bool
    changed_us: int
    is_new: bool = False
    is_paused: bool = False
    is_changed: bool = False
    document: DagDocument | None = None


class _Decided:
    """The files of one transaction, one after the other, on the rows that were read."""

    def __init__(self, dags: dict[str, _Dag], now_us: int, *, paused_at_creation: bool) -> None:
        self.dags = dags
        self.documents: dict[str, tuple[str, bytes]] = {}
        self.superseded: dict[str, set[str]] = {}
        """DAGs whose old documents go, with the hashes that stay."""
        self.now_us = now_us
        self._paused_at_creation = paused_at_creation

    def put(self, parsed: ParsedFile) -> tuple[str, ...]:
        """Decide upon one file; return the ids of DAGs that it changed, sorted."""
        fileloc = parsed.file.fileloc
        changed = {
            document.dag_id
            for name, body, document in parsed.documents
            if self._put_document(name, body, document, fileloc)
        }
        kept = {document.dag_id for _, _, document in parsed.documents} | set(parsed.file.dag_ids)
        for dag_id, dag in self.dags.items():
            if dag.is_active and dag.fileloc == fileloc and dag_id not in kept:
                dag.is_active, dag.is_changed, dag.changed_us = False, True, self.now_us
                changed.add(dag_id)
        return tuple(sorted(changed))

    def _put_document(self, name: str, body: bytes, document: DagDocument, fileloc: str) -> bool:
        dag_id = document.dag_id
        dag = self.dags.get(dag_id)
        if dag is not None and dag.is_active and (dag.fileloc != fileloc or dag.document_hash == name):
            return False  # Another file's, or known already.
        self.documents.setdefault(name, (dag_id, body))
        if dag is None:
            asked = document.is_paused_upon_creation
            is_paused = self._paused_at_creation if asked is None else asked
            dag = _Dag(name, fileloc, is_active=True, changed_us=0, is_new=True, is_paused=is_paused)
            self.dags[dag_id] = dag
        elif dag.changed_us <= self.now_us - _SUPERSEDED_US:
            self.superseded[dag_id] = {name, dag.document_hash}
        dag.document_hash, dag.fileloc, dag.document = name, fileloc, document
        dag.is_active, dag.is_changed, dag.changed_us = True, True, self.now_us
        return True


def put_files(
    transaction: Transaction, texts: FileTexts, files: Sequence[ParsedFile], *,
    paused_at_creation: bool, now: datetime,
) -> list[tuple[str, ...]]:  # fmt: skip
    """Store parsed files in their order; return for each the ids of DAGs that it changed, sorted."""
    rows = {parsed.file.fileloc: _file_row(parsed.file) for parsed in files}
    transaction.upsert(texts.put_file, list(rows.values()))
    decided = _Decided(
        _load_dags(transaction, texts, files), to_us(now) or 0, paused_at_creation=paused_at_creation
    )
    changed = [decided.put(parsed) for parsed in files]
    _write_documents(transaction, texts, decided)
    _write_dags(transaction, texts, decided.dags)
    documents = {dag_id: dag.document for dag_id, dag in decided.dags.items() if dag.document is not None}
    new = {dag_id for dag_id, dag in decided.dags.items() if dag.is_new}
    put_assets(transaction, texts.assets, documents, new=new, now_us=decided.now_us)
    put_file_grants(transaction, texts.grants, documents, new=new)
    return changed


def _load_dags(transaction: Transaction, texts: FileTexts, files: Sequence[ParsedFile]) -> dict[str, _Dag]:
    """Return, locked, all DAGs that the files declare or that are theirs so far."""
    ids = {document.dag_id for parsed in files for _, _, document in parsed.documents}
    owned = "SELECT dag_id FROM dag WHERE is_active AND fileloc IN"
    ids.update(
        dag_id
        for (dag_id,) in _select(transaction, texts, owned, sorted({parsed.file.fileloc for parsed in files}))
    )
    query = "SELECT dag_id, document_hash, fileloc, is_active, last_changed_at FROM dag WHERE dag_id IN"
    rows = _select(transaction, texts, query, sorted(ids), rest=f" ORDER BY dag_id{texts.locking}")
    return {
        dag_id: _Dag(document_hash, fileloc, bool(is_active), changed_us)
        for dag_id, document_hash, fileloc, is_active, changed_us in rows
    }


def _write_documents(transaction: Transaction, texts: FileTexts, decided: _Decided) -> None:
    new = decided.documents
    if not new:
        return
    query = "SELECT dag_id, max(number) FROM dag_document WHERE dag_id IN"
    ids = sorted({dag_id for dag_id, _ in new.values()})
    numbers = dict(_select(transaction, texts, query, ids, rest=" GROUP BY dag_id"))
    for dag_id, kept in decided.superseded.items():
        delete = texts.any_of(
            "DELETE FROM dag_document WHERE dag_id = ? AND NOT EXISTS"
            " (SELECT 1 FROM dag_run WHERE dag_run.document_hash = dag_document.document_hash)"
            " AND document_hash NOT IN",
            len(kept),
        )
        transaction.one(delete, (dag_id, *sorted(kept)))
    query = "SELECT document_hash FROM dag_document WHERE document_hash IN"
    stored = {name for (name,) in _select(transaction, texts, query, sorted(new))}
    rows: list[Row] = []
    for name, (dag_id, body) in new.items():
        if name not in stored:
            numbers[dag_id] = numbers.get(dag_id, 0) + 1
            rows.append((name, dag_id, numbers[dag_id], body, decided.now_us))
    if rows:
        transaction.many(texts.insert_document, rows)


def _write_dags(transaction: Transaction, texts: FileTexts, dags: dict[str, _Dag]) -> None:
    new: list[Row] = []
    changed: list[Row] = []
    gone: list[Row] = []
    for dag_id, dag in dags.items():
        if dag.document is None:
            if dag.is_changed:
                gone.append((False, dag.changed_us, dag_id))
            continue
        values = (dag.document_hash, dag.fileloc, dag.is_active, dag.changed_us, *_shown(dag.document))
        if dag.is_new:
            new.append((dag_id, dag.is_paused, 0, dag.changed_us, *values))
        else:
            changed.append((*values, dag_id))
    for text, rows in ((texts.insert_dag, new), (texts.change_dag, changed), (texts.deactivate_dag, gone)):
        if rows:
            transaction.many(text, rows)


def _select(
    transaction: Transaction, texts: FileTexts, text: str, values: Sequence[str], *, rest: str = ""
) -> Iterator[Any]:
    for part in chunks(values):
        yield from transaction.select(texts.any_of(text, len(part), rest=rest), tuple(part))


def _shown(document: DagDocument) -> Row:
    return (
        storable(document.display_name or document.dag_id),
        storable_or_none(document.description),
        json_text(sorted({storable(task.owner) for task in document.tasks})),
        json_text([storable(tag) for tag in document.tags]),
        storable_or_none(document.schedule_text),
        document.timezone,
    )


def _file_row(file: FileRecord) -> Row:
    return (
        file.fileloc,
        file.content_hash,
        json_text(file.imports),
        json_text(file.dag_ids),
        storable_or_none(file.error),
        json_text([storable(warning) for warning in file.warnings]),
        to_us(file.parsed_at),
        file.duration_s,
    )
