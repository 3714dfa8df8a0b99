"""DAG files, as the API shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from windward.document.warnings import DagWarningType, warning_type
from windward.errors import UserError
from windward.model.access import DagReach
from windward.ports.listings.files import ErrorRow, WarningRow, error_id
from windward.ports.listings.page import Page, PageRequest, Pattern
from windward.store.sql.database import Database, chunks
from windward.store.sql.listings.documents import Documents
from windward.store.sql.listings.filters import matching, visible
from windward.store.sql.listings.paging import ORDERED_LETTERS_MAX
from windward.store.sql.listings.versions import VERSION_COLUMNS, version_of
from windward.store.sql.tables import DAG, DAG_DOCUMENT, DAG_FILE
from windward.store.sql.transaction import Transaction

_Orders = Mapping[str, Callable[[Any], Any]]
_ERROR_ORDERS: _Orders = {
    "id": lambda row: error_id(row.fileloc),
    "import_error_id": lambda row: error_id(row.fileloc),
    "filename": lambda row: row.fileloc,
    "bundle_name": lambda _row: "",
    "timestamp": lambda row: row.parsed_at,
    "stacktrace": lambda row: row.error,
}
"""An id is made of the path, which no database does: errors are put in order here. All files are of one bundle."""
_WARNING_ORDERS: _Orders = {
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
        begins = sa.func.substr(DAG_FILE.c.error, 1, ORDERED_LETTERS_MAX, type_=DAG_FILE.c.error.type)
        query = sa.select(DAG_FILE.c.fileloc, begins.label("error"), DAG_FILE.c.parsed_at)
        query = query.where(DAG_FILE.c.error.is_not(None), *matching(DAG_FILE.c.fileloc, path))
        if fileloc is not None:
            query = query.where(DAG_FILE.c.fileloc == fileloc)
        if not reach.is_all:
            seen = sa.select(DAG.c.fileloc).where(*visible(DAG.c.dag_id, reach, self._database.dialect))
            query = query.where(DAG_FILE.c.fileloc.in_(seen))
        with self._database.reading() as transaction:
            found = list(transaction.run(query))
            _put_in_order(found, ("filename",), _ERROR_ORDERS, what="import errors")
            _put_in_order(found, page.order_by, _ERROR_ORDERS, what="import errors")
            shown = [row.fileloc for row in found[page.offset : page.offset + page.limit]]
            whole = {row.fileloc: row for row in self._errors_of(transaction, shown)}
        hidden = self._with_hidden(shown, reach)
        rows = tuple(
            ErrorRow(
                fileloc=one,
                error=whole[one].error,
                parsed_at=whole[one].parsed_at,
                is_whole=one not in hidden,
            )
            for one in shown
            if one in whole
        )
        return Page(rows=rows, total=len(found))

    def _errors_of(self, transaction: Transaction, filelocs: Sequence[str]) -> Iterator[Any]:
        """Yield files with their errors as wholes."""
        columns = (DAG_FILE.c.fileloc, DAG_FILE.c.error, DAG_FILE.c.parsed_at)
        for some in chunks(filelocs):
            yield from transaction.run(sa.select(*columns).where(DAG_FILE.c.fileloc.in_(some)))

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
        _put_in_order(found, page.order_by or ("dag_id",), _WARNING_ORDERS, what="warnings")
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


def _put_in_order(rows: list[Any], order_by: Sequence[str], orders: _Orders, *, what: str) -> None:
    """Sort rows by these names in turn; what is not known comes last.

    Raises:
        UserError: when a name is none of `orders`.
    """
    for name in reversed(order_by):
        key = orders.get(name.removeprefix("-"))
        if key is None:
            raise UserError(
                f"{what} cannot be ordered by `{name}`", hint=f"Order them by one of: {', '.join(orders)}."
            )
        unknown = [row for row in rows if key(row) is None]
        known = [row for row in rows if key(row) is not None]
        rows[:] = [*sorted(known, key=key, reverse=name.startswith("-")), *unknown]
