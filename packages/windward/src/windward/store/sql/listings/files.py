"""DAG files, as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from windward.document.warnings import DagWarningType, warning_type
from windward.errors import UserError
from windward.model.access import DagReach
from windward.ports.listings.files import ErrorRow, WarningRow
from windward.ports.listings.page import Page, PageRequest, Pattern
from windward.store.sql.database import Database, chunks
from windward.store.sql.listings.documents import Documents
from windward.store.sql.listings.filters import matching, visible
from windward.store.sql.listings.paging import Paged
from windward.store.sql.listings.versions import VERSION_COLUMNS, version_of
from windward.store.sql.tables import DAG, DAG_DOCUMENT, DAG_FILE

_ERRORS = Paged(
    {
        "id": DAG_FILE.c.fileloc,
        "import_error_id": DAG_FILE.c.fileloc,
        "filename": DAG_FILE.c.fileloc,
        "bundle_name": DAG_FILE.c.fileloc,
        "timestamp": DAG_FILE.c.parsed_at,
        "stacktrace": DAG_FILE.c.error,
    },
    default=("id",),
    unique=("filename",),
)
"""An id is made of the path, so that the order of ids is that of paths."""
_WARNING_ORDERS = {
    "dag_id": lambda row: row.dag_id,
    "warning_type": lambda row: row.kind,
    "message": lambda row: row.message,
    "timestamp": lambda row: row.at,
}


class SqlFileListings:
    """Read models of DAG files."""

    def __init__(self, database: Database, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    def errors(
        self,
        page: PageRequest,
        *,
        reach: DagReach,
        path: Pattern = Pattern(),  # noqa: B008 - frozen
        fileloc: str | None = None,
    ) -> Page[ErrorRow]:
        """Return files with errors."""
        query = sa.select(DAG_FILE.c.fileloc, DAG_FILE.c.error, DAG_FILE.c.parsed_at)
        query = query.where(DAG_FILE.c.error.is_not(None), *matching(DAG_FILE.c.fileloc, path))
        if fileloc is not None:
            query = query.where(DAG_FILE.c.fileloc == fileloc)
        if not reach.is_all:
            seen = sa.select(DAG.c.fileloc).where(*visible(DAG.c.dag_id, reach, self._database.dialect))
            query = query.where(DAG_FILE.c.fileloc.in_(seen))
        found = _ERRORS.page(self._database, query, page, dict)
        hidden = self._with_hidden([row["fileloc"] for row in found.rows], reach)
        rows = tuple(ErrorRow(**row, is_whole=row["fileloc"] not in hidden) for row in found.rows)
        return Page(rows=rows, total=found.total)

    def _with_hidden(self, filelocs: Sequence[str], reach: DagReach) -> set[str]:
        """Return which files have DAGs that are out of reach."""
        if reach.is_all:
            return set()
        is_visible = sa.and_(*visible(DAG.c.dag_id, reach, self._database.dialect))
        found: set[str] = set()
        with self._database.reading() as transaction:
            for some in chunks(filelocs):
                query = sa.select(DAG.c.fileloc).where(DAG.c.fileloc.in_(some), sa.not_(is_visible))
                found.update(transaction.run(query).scalars())
        return found

    def error_paths(self) -> Sequence[str]:
        """Return the paths of all files with errors."""
        query = sa.select(DAG_FILE.c.fileloc).where(DAG_FILE.c.error.is_not(None))
        with self._database.reading() as transaction:
            return transaction.run(query).scalars().all()

    def warnings(
        self,
        page: PageRequest,
        *,
        reach: DagReach,
        dag_id: str | None = None,
        kind: DagWarningType | None = None,
    ) -> Page[WarningRow]:
        """Return warnings of active DAGs."""
        found = [row for row in self._warnings(reach, dag_id) if kind in (None, row.kind)]
        for name in reversed(page.order_by or ("dag_id",)):
            key = _WARNING_ORDERS.get(name.removeprefix("-"))
            if key is None:
                raise UserError(
                    f"warnings cannot be ordered by `{name}`",
                    hint=f"Order them by one of: {', '.join(_WARNING_ORDERS)}.",
                )
            found.sort(key=key, reverse=name.startswith("-"))
        return Page(rows=tuple(found[page.offset : page.offset + page.limit]), total=len(found))

    def _warnings(self, reach: DagReach, dag_id: str | None) -> list[WarningRow]:
        query = (
            sa.select(DAG.c.dag_id, DAG.c.document_hash, *VERSION_COLUMNS)
            .join(DAG_DOCUMENT, DAG_DOCUMENT.c.document_hash == DAG.c.document_hash)
            .where(DAG.c.is_active, *visible(DAG.c.dag_id, reach, self._database.dialect))
            .order_by(DAG.c.dag_id)
        )
        if dag_id is not None:
            query = query.where(DAG.c.dag_id == dag_id)
        with self._database.reading() as transaction:
            rows: Sequence[Any] = transaction.run(query).mappings().all()
        known = self._documents.load(row["document_hash"] for row in rows)
        found = []
        for row in rows:
            document, version = known.get(row["document_hash"]), version_of(row)
            for text in document.document.warnings if document is not None else ():
                kind = warning_type(text)
                if kind is not None and version is not None:
                    found.append(
                        WarningRow(
                            dag_id=row["dag_id"],
                            display_name=version.display_name,
                            kind=kind,
                            message=text,
                            at=version.stored_at,
                        )
                    )
        return found

    def dags_of(self, fileloc: str) -> Sequence[str]:
        """Return the DAGs that a file has or had."""
        query = sa.select(DAG.c.dag_id).where(DAG.c.fileloc == fileloc).order_by(DAG.c.dag_id)
        with self._database.reading() as transaction:
            return transaction.run(query).scalars().all()
