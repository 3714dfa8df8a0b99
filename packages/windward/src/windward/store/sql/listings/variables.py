"""Variables, decrypted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from windward.ports.listings.page import Page, PageRequest, Pattern
from windward.ports.listings.variables import VariableRow
from windward.store.sql.cipher import Cipher
from windward.store.sql.database import Database
from windward.store.sql.listings.filters import existing, matching
from windward.store.sql.listings.paging import ALIKE, Paged
from windward.store.sql.tables import VARIABLE

_PAGED = Paged(
    {
        "key": VARIABLE.c.name,
        "id": VARIABLE.c.name,
        "description": VARIABLE.c.description,
        "is_encrypted": ALIKE,
        "team_name": ALIKE,
    },
    default=("key",),
    unique=("key",),
)


class SqlVariableListings:
    """Read models of variables."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher

    def list(self, page: PageRequest, *, key: Pattern = Pattern()) -> Page[VariableRow]:  # noqa: B008 - frozen
        """Return variables."""
        query = sa.select(VARIABLE).where(*matching(VARIABLE.c.name, key))
        return _PAGED.page(self._database, query, page, self._row)

    def one(self, key: str) -> VariableRow | None:
        """Return one variable, or None."""
        with self._database.reading() as transaction:
            row = transaction.run(sa.select(VARIABLE).where(VARIABLE.c.name == key)).mappings().first()
        return None if row is None else self._row(row)

    def existing(self, keys: Iterable[str]) -> set[str]:
        """Return which of these keys there are."""
        with self._database.reading() as transaction:
            return existing(transaction, VARIABLE.c.name, keys)

    def _row(self, row: Any) -> VariableRow:
        return VariableRow(
            key=row["name"], value=str(self._cipher.open(row["value"])), description=row["description"]
        )
