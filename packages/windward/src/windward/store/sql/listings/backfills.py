"""Backfills, as the API shows them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from windward.model.access import DagReach
from windward.ports.listings.backfills import BackfillRow
from windward.ports.listings.page import Page, PageRequest
from windward.store.sql.backfill_moves import BACKFILL_COLUMNS, backfill_of
from windward.store.sql.database import Database
from windward.store.sql.listings.filters import visible
from windward.store.sql.listings.paging import Paged, raw
from windward.store.sql.tables import BACKFILL, DAG

_COLUMNS = tuple(
    raw(BACKFILL.c[name]).label(f"backfill_{number}") for number, name in enumerate(BACKFILL_COLUMNS)
)
_QUERY = sa.select(*_COLUMNS, DAG.c.display_name).outerjoin(DAG, DAG.c.dag_id == BACKFILL.c.dag_id)
_PAGED = Paged({"id": BACKFILL.c.backfill_pk}, default=("id",), unique=("id",))


class SqlBackfillListings:
    """Read models of backfills."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, page: PageRequest, *, reach: DagReach, dag_id: str) -> Page[BackfillRow]:
        """Return the backfills of a DAG."""
        seen = visible(BACKFILL.c.dag_id, reach, self._database.dialect)
        return _PAGED.page(self._database, _QUERY.where(BACKFILL.c.dag_id == dag_id, *seen), page, _row)

    def one(self, backfill_pk: int, *, reach: DagReach) -> BackfillRow | None:
        """Return one backfill, or None."""
        seen = visible(BACKFILL.c.dag_id, reach, self._database.dialect)
        with self._database.reading() as transaction:
            query = _QUERY.where(BACKFILL.c.backfill_pk == backfill_pk, *seen)
            row = transaction.run(query).mappings().first()
        return None if row is None else _row(row)


def _row(row: Any) -> BackfillRow:
    backfill = backfill_of(tuple(row.values())[: len(BACKFILL_COLUMNS)])
    return BackfillRow(backfill=backfill, display_name=row["display_name"] or backfill.dag_id)
