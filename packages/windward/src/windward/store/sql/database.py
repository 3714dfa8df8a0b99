"""One database: its engine, transactions with bounded retries, and truthful counts.

Writers on SQLite stand in line: within a process by a lock, between processes by `BEGIN IMMEDIATE`, which
waits instead of failing later. Readers use the write-ahead log and wait for nobody.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from windward.errors import UnavailableError
from windward.ports.listings import WouldWait
from windward.ports.store import StoreCounters
from windward.store.sql.batches import Batch, batch_of
from windward.store.sql.dialect import Dialect

T = TypeVar("T")
Row = tuple[Any, ...]

WRITE_TRIES_MAX = 12
RETRY_PAUSE_S = 0.005
RETRY_PAUSE_S_MAX = 0.25
ROWS_PER_STATEMENT_MAX = 500

_RETRYABLE_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
_RETRYABLE_MYSQL = frozenset({1020, 1205, 1213})
_TAKEN_SQLSTATES = frozenset({"23503", "23505"})
_TAKEN_SQLITE = frozenset({"SQLITE_CONSTRAINT_" + kind for kind in ("UNIQUE", "PRIMARYKEY", "FOREIGNKEY")})
_TAKEN_MYSQL = frozenset({1062, 1452, 1216})


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


class _Shared(threading.local):
    """What reads of one thread share, while they are to share anything."""

    is_wanted = False
    is_brief = False
    transaction: Transaction | None = None
    opened: ExitStack
    readers = 0
    is_over = False
    """Whether the next read wants another: this thread wrote since, or a read failed."""


class _SharedRead:
    """One read of a thread whose reads share a transaction."""

    __slots__ = ("_database", "_shared")

    def __init__(self, database: Database, shared: _Shared) -> None:
        self._database = database
        self._shared = shared

    def __enter__(self) -> Transaction:
        shared = self._shared
        if shared.transaction is None:
            with translated():
                shared.opened = ExitStack()
                shared.transaction = shared.opened.enter_context(self._database.opened())
                shared.is_over = False
        shared.readers += 1
        return shared.transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shared = self._shared
        shared.readers -= 1
        if error is not None:
            shared.is_over = True
        if shared.is_over:
            with translated():
                self._database.end_shared()
                if error is not None:
                    raise error


class Database:
    """An engine with the rules of using it."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.reader = engine.execution_options(windward_has_begun=True)
        self.writer = engine.execution_options(windward_write=True)
        self.dialect = Dialect(engine.dialect.name)
        self.counters = StoreCounters()
        self._counting = threading.Lock()
        self._turn = threading.Lock() if self.dialect.is_sqlite else nullcontext()
        self._shared = _Shared()

    def reading(self) -> AbstractContextManager[Transaction]:
        """Give a transaction for reads, all of one snapshot on SQLite."""
        return _SharedRead(self, self._shared) if self._shared.is_wanted else self._read_alone()

    @contextmanager
    def _read_alone(self) -> Iterator[Transaction]:
        with translated(), self.opened() as transaction:
            yield transaction

    @contextmanager
    def briefly(self) -> Iterator[None]:
        """Let what this thread reads be read as in `together`, and nothing be written.

        Raises:
            WouldWait: at the first write.
        """
        shared = self._shared
        shared.is_brief = True
        try:
            with self.together():
                yield
        finally:
            shared.is_brief = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let what this thread reads inside be read in one transaction, until it writes: the next read sees that.

        To open and end one costs more than most statements. Not for what waits for anything but the database: it would
        keep a connection from others.
        """
        shared = self._shared
        assert not shared.is_wanted, "inside another"
        shared.is_wanted = True
        try:
            yield
        finally:
            shared.is_wanted = False
            with translated():
                self.end_shared()

    def end_shared(self) -> None:
        """End what reads of this thread share, unless one of them is under way."""
        shared = self._shared
        if shared.transaction is not None and not shared.readers:
            shared.transaction = None
            shared.opened.__exit__(*sys.exc_info())

    @contextmanager
    def opened(self) -> Iterator[Transaction]:
        """Give a transaction of its own."""
        if self.dialect.is_sqlite:
            with self._opened_plainly() as transaction:
                yield transaction
        else:
            with self.engine.connect() as connection, connection.begin():
                transaction = Transaction.of(connection, self.dialect)
                yield transaction
        self._count(transaction, commits=0)

    @contextmanager
    def _opened_plainly(self) -> Iterator[Transaction]:
        """Give a transaction that SQLAlchemy does not know of, unless somebody asks for its connection."""
        errors = self.engine.dialect.loaded_dbapi.Error
        try:
            pooled = self.engine.raw_connection()
        except errors as error:
            raise exc.DBAPIError.instance("", None, error, errors, dialect=self.engine.dialect) from error
        try:
            cursor = pooled.cursor()
            transaction = Transaction(self.dialect, cursor, lambda: self._around(pooled))
            transaction.say("BEGIN")
            yield transaction
            transaction.say("COMMIT")
        finally:
            pooled.close()  # rolls back what was not committed

    def _around(self, pooled: sa.PoolProxiedConnection) -> sa.Connection:
        """Return the connection of a transaction that has begun already."""
        connection = sa.Connection(self.reader, pooled)
        connection.begin()
        return connection

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction and commit; again, a bounded number of times, when others were in the way.

        `work` must be a function of the database only: it may run several times.
        """
        self._shared.is_over = True
        if self._shared.is_brief:
            raise WouldWait
        with translated():
            self.end_shared()
            for attempt in range(1, WRITE_TRIES_MAX + 1):
                try:
                    with self._turn, self.writer.connect() as connection:
                        transaction = Transaction.of(connection, self.dialect)
                        with connection.begin():
                            result = work(transaction)
                    self._count(transaction, commits=1)
                    return result
                except exc.DBAPIError as error:
                    if attempt == WRITE_TRIES_MAX or not _is_retryable(error):
                        raise
                pause_s = min(RETRY_PAUSE_S * 2**attempt, RETRY_PAUSE_S_MAX)
                time.sleep(pause_s * random.uniform(0.5, 1.0))
        raise AssertionError

    def _count(self, transaction: Transaction, *, commits: int) -> None:
        with self._counting:
            self.counters.queries += transaction.queries
            self.counters.commits += commits
            if commits:
                self.counters.rows_written += transaction.rows


def _is_retryable(error: exc.DBAPIError) -> bool:
    """Whether nothing is wrong but that another transaction was in the way."""
    cause = error.orig
    if getattr(cause, "sqlstate", None) in _RETRYABLE_SQLSTATES:
        return True
    if str(getattr(cause, "sqlite_errorname", "")).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return True
    return _mysql_number(cause) in _RETRYABLE_MYSQL


def _mysql_number(cause: object) -> int | None:
    """Return the number of a MySQL error; it is the first argument of the driver's exceptions."""
    match getattr(cause, "args", None):
        case [int() as number, *_]:
            return number
    return None


def is_taken(error: exc.IntegrityError) -> bool:
    """Whether a row exists already, or the row that it belongs to does not: an expectation that did not hold."""
    cause = error.orig
    return (
        getattr(cause, "sqlstate", None) in _TAKEN_SQLSTATES
        or getattr(cause, "sqlite_errorname", None) in _TAKEN_SQLITE
        or _mysql_number(cause) in _TAKEN_MYSQL
    )


@contextmanager
def translated() -> Iterator[None]:
    """Turn what a driver says of an unreachable or overloaded database into `UnavailableError`."""
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        cause = getattr(error, "orig", None) or error
        raise UnavailableError(f"the database does not answer: {str(cause).strip()}") from error
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise UnavailableError(f"the connection to the database broke: {error.orig}") from error
        raise


def chunks(values: Sequence[T], size: int = ROWS_PER_STATEMENT_MAX) -> Iterator[Sequence[T]]:
    """Yield `values` in pieces that fit into one statement."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
