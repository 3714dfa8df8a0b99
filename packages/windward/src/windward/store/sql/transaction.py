"""One transaction, which counts what it does; begun and ended by others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import sqlalchemy as sa
from sqlalchemy import exc

from windward.store.sql.batches import Batch, batch_of
from windward.store.sql.dialect import Dialect

Row = tuple[Any, ...]


class Sent(NamedTuple):
    """A query as it was sent: its text and its values, both as the driver has them."""

    text: str
    values: Any


class Transaction:
    """An open transaction that counts what it does.

    Texts of our own go straight to the driver's cursor: SQLAlchemy's way costs several times what SQLite takes for
    a whole statement, and the scheduler's latency is made of a few dozen statements.
    """

    def __init__(self, dialect: Dialect, cursor: Any, connect: Callable[[], sa.Connection]) -> None:
        self.dialect = dialect
        self.rows = 0
        self.queries = 0
        self._cursor = cursor
        self._connect = connect
        self._connection: sa.Connection | None = None

    @classmethod
    def of(cls, connection: sa.Connection, dialect: Dialect) -> Self:
        """Return a transaction that SQLAlchemy began."""
        return cls(dialect, connection.connection.cursor(), lambda: connection)

    @property
    def connection(self) -> sa.Connection:
        """The connection as SQLAlchemy has it; to make one takes longer than a small query, and most reads need none."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def one(self, sql: str, values: Row) -> int:
        """Run one writing statement; return the rows it wrote."""
        self._execute(sql, values)
        rows: int = self._cursor.rowcount
        self.rows += rows
        return rows

    def many(self, sql: str, values: list[Row]) -> int:
        """Run a writing statement once per tuple, in no order; return the rows written in all.

        No two tuples may be about the same row.
        """
        if len(values) == 1:
            return self.one(sql, values[0])
        self._execute_many(sql, values)
        rows: int = self._cursor.rowcount
        self.rows += rows
        return rows

    def upsert(self, sql: str, values: list[Row]) -> None:
        """Run an upsert: it writes one row per tuple, whatever MySQL counts."""
        self._execute_many(sql, values)
        self.rows += len(values)

    def select(self, sql: str, values: Row = ()) -> list[Any]:
        """Return all rows of a query."""
        self._execute(sql, values)
        return list(self._cursor.fetchall())

    def send(self, query: sa.Select[Any]) -> tuple[list[Any], Sent]:
        """Return all rows of a query, and what to send again for the same. Its columns have the driver's types."""
        result = self.run(query)
        context = result.context
        return [tuple(row) for row in result], Sent(context.statement, context.parameters[0])

    def send_again(self, sent: Sent) -> list[Any]:
        """Return all rows of a query that was sent before."""
        return self.select(sent.text, sent.values)

    def say(self, sql: str) -> None:
        """Send what begins or ends a transaction, which counts as no query."""
        self._execute(sql, ())
        self.queries -= 1

    def _execute(self, sql: str, values: Row) -> None:
        self.queries += 1
        try:
            self._cursor.execute(sql, values)
        except self._errors as error:
            raise self._wrapped(error, sql) from error

    def _execute_many(self, sql: str, values: list[Row]) -> None:
        if self.dialect.is_postgres:
            batch = self._batch(sql)
            self._execute(batch.text, tuple(batch.arguments(values)))
            return
        self.queries += 1
        try:
            self._cursor.executemany(sql, values)
        except self._errors as error:
            raise self._wrapped(error, sql) from error

    def _batch(self, sql: str) -> Batch:
        if (batch := self.dialect.batches.get(sql)) is None:
            try:
                batch = batch_of(self.connection.connection.driver_connection, sql)
            except self._errors as error:
                raise self._wrapped(error, sql) from error
            self.dialect.batches[sql] = batch
        return batch

    @property
    def _errors(self) -> type[Exception]:
        found: type[Exception] = self.connection.dialect.loaded_dbapi.Error
        return found

    def _wrapped(self, error: Exception, sql: str) -> BaseException:
        """Return a driver's error as SQLAlchemy would raise it; a connection that broke is not used again."""
        connection = self.connection
        is_broken = connection.dialect.is_disconnect(error, connection.connection, self._cursor)  # type: ignore[arg-type]
        wrapped = exc.DBAPIError.instance(
            sql,
            None,  # the values are nobody's business but the database's
            error,
            self._errors,
            connection_invalidated=is_broken,
            dialect=connection.dialect,
        )
        if is_broken:
            connection.invalidate(error)
        return wrapped

    def run(self, statement: sa.Executable, values: Any = None) -> sa.CursorResult[*tuple[Any, ...]]:
        """Run a statement of SQLAlchemy Core; its rows are counted when it writes."""
        self.queries += 1
        result = self.connection.execute(statement, values)
        if not result.returns_rows and result.rowcount > 0:
            self.rows += result.rowcount
        return result
