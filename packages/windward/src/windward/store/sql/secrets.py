"""Variables, connections and pools on a database; what is secret is encrypted before it gets there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from windward.model.records import PoolRecord
from windward.ports.store import Note
from windward.store.connections import CONNECTION_FIELDS, check_fields
from windward.store.pools import check_pool_deletion
from windward.store.sql.cipher import Cipher
from windward.store.sql.columns import storable_or_none
from windward.store.sql.database import Database
from windward.store.sql.deferrals import renew_deferrals
from windward.store.sql.moves import Texts
from windward.store.sql.notes import write_notes
from windward.store.sql.tables import CONNECTION, POOL, VARIABLE
from windward.store.sql.transaction import Transaction

_SECRET_FIELDS = ("password", "extra")
_COLUMN_OF = {field: "schema_name" if field == "schema" else field for field in CONNECTION_FIELDS}


class SqlSecrets:
    """What people keep."""

    def __init__(self, database: Database, texts: Texts, cipher: Cipher) -> None:
        self._database = database
        self._texts = texts
        self._cipher = cipher
        upsert = database.dialect.upsert
        self._set_variable = upsert("variable", ("name",), ("value", "description"))
        self._set_connection = upsert("connection", ("conn_id",), tuple(_COLUMN_OF.values()))
        self._set_pool = upsert("pool", ("name",), ("slots", "description", "include_deferred"))

    def get_variable(self, key: str) -> str | None:
        """Return the value, or None."""
        found = self.find_variable(key)
        return None if found is None else found[0]

    def find_variable(self, key: str) -> tuple[str, str | None] | None:
        """Return (value, description), or None."""
        with self._database.reading() as transaction:
            row = transaction.run(sa.select(VARIABLE).where(VARIABLE.c.name == key)).first()
        return None if row is None else (str(self._cipher.open(row.value)), row.description)

    def set_variable(self, key: str, value: str, *, description: str | None = None) -> None:
        """Insert or replace."""
        row = (key, self._cipher.seal(value), storable_or_none(description))
        self._database.write(lambda transaction: transaction.upsert(self._set_variable, [row]))

    def delete_variable(self, key: str) -> bool:
        """Delete; whether it existed."""
        statement = sa.delete(VARIABLE).where(VARIABLE.c.name == key)
        return self._database.write(lambda transaction: transaction.run(statement).rowcount > 0)

    def list_variables(self) -> list[tuple[str, str, str | None]]:
        """Return (key, value, description), by key."""
        with self._database.reading() as transaction:
            rows = transaction.run(sa.select(VARIABLE).order_by(VARIABLE.c.name)).fetchall()
        return [(row.name, str(self._cipher.open(row.value)), row.description) for row in rows]

    def get_connection(self, conn_id: str) -> dict[str, Any] | None:
        """Return all fields, or None."""
        with self._database.reading() as transaction:
            row = (
                transaction.run(sa.select(CONNECTION).where(CONNECTION.c.conn_id == conn_id))
                .mappings()
                .first()
            )
        return None if row is None else self._fields(row)

    def _fields(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        fields = {field: row[column] for field, column in _COLUMN_OF.items()}
        return {**fields, **{field: self._cipher.open(fields[field]) for field in _SECRET_FIELDS}}

    def set_connection(self, conn_id: str, fields: Mapping[str, Any]) -> None:
        """Insert or replace."""
        checked = check_fields(conn_id, fields)
        stored = {
            field: storable_or_none(value) if isinstance(value, str) else value
            for field, value in checked.items()
        }
        sealed = {**stored, **{field: self._cipher.seal(checked[field]) for field in _SECRET_FIELDS}}
        row = (conn_id, *(sealed[field] for field in _COLUMN_OF))
        self._database.write(lambda transaction: transaction.upsert(self._set_connection, [row]))

    def delete_connection(self, conn_id: str) -> bool:
        """Delete; whether it existed."""
        statement = sa.delete(CONNECTION).where(CONNECTION.c.conn_id == conn_id)
        return self._database.write(lambda transaction: transaction.run(statement).rowcount > 0)

    def list_connections(self) -> list[tuple[str, dict[str, Any]]]:
        """Return (conn_id, fields), by id."""
        with self._database.reading() as transaction:
            rows = transaction.run(sa.select(CONNECTION).order_by(CONNECTION.c.conn_id)).mappings().fetchall()
        return [(row["conn_id"], self._fields(row)) for row in rows]

    def renew_secrets(self) -> int:
        """Encrypt everything again with the first key; return how many values. Old keys are not needed after it."""

        def renew(transaction: Transaction) -> int:
            count = 0
            for table, key, fields in (
                (VARIABLE, VARIABLE.c.name, ("value",)),
                (CONNECTION, CONNECTION.c.conn_id, _SECRET_FIELDS),
            ):
                for row in transaction.run(sa.select(table).with_for_update()).mappings().fetchall():
                    tokens = {name: self._cipher.renew(row[name]) for name in fields if row[name] is not None}
                    if tokens:
                        transaction.run(sa.update(table).where(key == row[key]).values(tokens))
                    count += len(tokens)
            return count + renew_deferrals(transaction, self._cipher)

        return self._database.write(renew)

    def load_pools(self) -> list[PoolRecord]:
        """Return all pools, by name."""
        with self._database.reading() as transaction:
            rows = transaction.run(sa.select(POOL).order_by(POOL.c.name)).mappings().fetchall()
        return [PoolRecord(**row) for row in rows]

    def set_pool(self, pool: PoolRecord) -> None:
        """Insert or replace, and write a note."""
        row = (pool.name, pool.slots, storable_or_none(pool.description), pool.include_deferred)

        def set_and_tell(transaction: Transaction) -> None:
            transaction.upsert(self._set_pool, [row])
            write_notes(transaction, self._texts, [Note(kind="pool", subject=pool.name)])

        self._database.write(set_and_tell)

    def delete_pool(self, name: str) -> bool:
        """Delete and write a note; whether it existed."""
        check_pool_deletion(name)

        def delete_and_tell(transaction: Transaction) -> bool:
            existed = transaction.run(sa.delete(POOL).where(POOL.c.name == name)).rowcount > 0
            if existed:
                write_notes(transaction, self._texts, [Note(kind="pool", subject=name)])
            return existed

        return self._database.write(delete_and_tell)
