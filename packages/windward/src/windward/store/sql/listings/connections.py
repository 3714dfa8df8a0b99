"""Connections; their extras are decrypted, their passwords are not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from windward.ports.listings.connections import ConnectionRow
from windward.ports.listings.page import Page, PageRequest, Pattern
from windward.store.sql.cipher import Cipher
from windward.store.sql.database import Database
from windward.store.sql.listings.filters import existing, matching
from windward.store.sql.listings.paging import ALIKE, Paged
from windward.store.sql.tables import CONNECTION

_PAGED = Paged(
    {
        "connection_id": CONNECTION.c.conn_id,
        "conn_id": CONNECTION.c.conn_id,
        "id": CONNECTION.c.conn_id,
        "conn_type": CONNECTION.c.conn_type,
        "description": CONNECTION.c.description,
        "host": CONNECTION.c.host,
        "port": CONNECTION.c.port,
        "team_name": ALIKE,
    },
    default=("conn_id",),
    unique=("conn_id",),
)


class SqlConnectionListings:
    """Read models of connections."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher

    def list(
        self,
        page: PageRequest,
        *,
        conn_id: Pattern = Pattern(),  # noqa: B008 - frozen
    ) -> Page[ConnectionRow]:
        """Return connections."""
        query = sa.select(CONNECTION).where(*matching(CONNECTION.c.conn_id, conn_id))
        return _PAGED.page(self._database, query, page, self._row)

    def one(self, conn_id: str) -> ConnectionRow | None:
        """Return one connection, or None."""
        query = sa.select(CONNECTION).where(CONNECTION.c.conn_id == conn_id)
        with self._database.reading() as transaction:
            row = transaction.run(query).mappings().first()
        return None if row is None else self._row(row)

    def existing(self, conn_ids: Iterable[str]) -> set[str]:
        """Return which of these ids there are."""
        with self._database.reading() as transaction:
            return existing(transaction, CONNECTION.c.conn_id, conn_ids)

    def _row(self, row: Any) -> ConnectionRow:
        return ConnectionRow(
            conn_id=row["conn_id"],
            conn_type=row["conn_type"],
            description=row["description"],
            host=row["host"],
            login=row["login"],
            schema=row["schema_name"],
            port=row["port"],
            has_password=bool(row["password"]),
            extra=self._cipher.open(row["extra"]),
        )
