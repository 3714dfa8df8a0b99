"""One database: its engine, transactions with bounded retries, and truthful counts.

Writers on SQLite stand in line: within a process by a lock, between processes by `BEGIN IMMEDIATE`, which
waits instead of failing later. Readers use the write-ahead log and wait for nobody.
"""

from __future__ import annotations

import random
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from windward.errors import UnavailableError
from windward.ports.listings import WouldWait
from windward.ports.store import StoreCounters
from windward.store.sql.dialect import Dialect
from windward.store.sql.transaction import Transaction

T = TypeVar("T")

WRITE_TRIES_MAX = 12
RETRY_PAUSE_S = 0.005
RETRY_PAUSE_S_MAX = 0.25
ROWS_PER_STATEMENT_MAX = 500

_RETRYABLE_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
_RETRYABLE_MYSQL = frozenset({1020, 1205, 1213})
_TAKEN_SQLSTATES = frozenset({"23503", "23505"})
_TAKEN_SQLITE = frozenset({"SQLITE_CONSTRAINT_" + kind for kind in ("UNIQUE", "PRIMARYKEY", "FOREIGNKEY")})
_TAKEN_MYSQL = frozenset({1062, 1452, 1216})


class _Shared(threading.local):
    """What reads of one thread share, while they are to share anything."""

    is_wanted = False
    is_brief = False
    kept: sa.PoolProxiedConnection | None = None
    transaction: Transaction | None = None
    opened: AbstractContextManager[Transaction]
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
                shared.opened = self._database.opened()
                shared.transaction = shared.opened.__enter__()
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


class _Together:
    """What one thread reads in one transaction."""

    __slots__ = ("_database", "_is_brief", "_shared")

    def __init__(self, database: Database, shared: _Shared, *, is_brief: bool) -> None:
        self._database = database
        self._shared = shared
        self._is_brief = is_brief

    def __enter__(self) -> None:
        assert not self._shared.is_wanted, "inside another"
        self._shared.is_wanted = True
        self._shared.is_brief = self._is_brief

    def __exit__(self, *_: object) -> None:
        self._shared.is_wanted = self._shared.is_brief = False
        with translated():
            self._database.end_shared()


class _PlainRead:
    """A transaction on SQLite that SQLAlchemy does not know of, unless somebody asks for its connection."""

    __slots__ = ("_database", "_pooled", "_transaction")

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Transaction:
        self._pooled = self._connection()
        try:
            transaction = Transaction(self._database.dialect, self._pooled.cursor(), self._around)
            transaction.say("BEGIN")
        except BaseException:
            self._end(is_whole=False)
            raise
        self._transaction = transaction
        return transaction

    def _connection(self) -> sa.PoolProxiedConnection:
        engine = self._database.engine
        errors = engine.dialect.loaded_dbapi.Error
        try:
            return engine.raw_connection()
        except errors as error:
            raise exc.DBAPIError.instance("", None, error, errors, dialect=engine.dialect) from error

    def _around(self) -> sa.Connection:
        """Return the connection of a transaction that has begun already."""
        connection = sa.Connection(self._database.reader, self._pooled)
        connection.begin()
        return connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_whole = False
        try:
            if error is None:
                self._transaction.say("COMMIT")
                self._database.count(self._transaction, commits=0)
                is_whole = True
        finally:
            self._end(is_whole=is_whole)

    def _end(self, *, is_whole: bool) -> None:
        del is_whole
        self._pooled.close()  # rolls back what was not committed


class _KeptRead(_PlainRead):
    """One on the connection that this thread keeps: to take one from the pool and back costs more than a query."""

    __slots__ = ("_shared",)

    def __init__(self, database: Database, shared: _Shared) -> None:
        super().__init__(database)
        self._shared = shared

    def _connection(self) -> sa.PoolProxiedConnection:
        kept = self._shared.kept
        if kept is None or not kept.is_valid:
            kept = self._shared.kept = super()._connection()
            self._database.kept.add(kept)
        return kept

    def _end(self, *, is_whole: bool) -> None:
        if not is_whole:
            self._shared.kept = None
            self._database.kept.discard(self._pooled)
            super()._end(is_whole=is_whole)


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
        self.kept: weakref.WeakSet[sa.PoolProxiedConnection] = weakref.WeakSet()
        """Connections that threads keep which read briefly, and often."""

    def close(self) -> None:
        """Give back connections."""
        for connection in list(self.kept):
            connection.close()
        self.engine.dispose()

    def reading(self) -> AbstractContextManager[Transaction]:
        """Give a transaction for reads, all of one snapshot on SQLite."""
        return _SharedRead(self, self._shared) if self._shared.is_wanted else self._read_alone()

    @contextmanager
    def _read_alone(self) -> Iterator[Transaction]:
        with translated(), self.opened() as transaction:
            yield transaction

    def briefly(self) -> AbstractContextManager[None]:
        """Let what this thread reads be read as in `together`, and nothing be written.

        Raises:
            WouldWait: at the first write.
        """
        return _Together(self, self._shared, is_brief=True)

    def together(self) -> AbstractContextManager[None]:
        """Let what this thread reads inside be read in one transaction, until it writes: the next read sees that.

        To open and end one costs more than most statements. Not for what waits for anything but the database: it would
        keep a connection from others.
        """
        return _Together(self, self._shared, is_brief=False)

    def end_shared(self) -> None:
        """End what reads of this thread share, unless one of them is under way."""
        shared = self._shared
        if shared.transaction is not None and not shared.readers:
            shared.transaction = None
            shared.opened.__exit__(*sys.exc_info())

    def opened(self) -> AbstractContextManager[Transaction]:
        """Give a transaction of its own."""
        if not self.dialect.is_sqlite:
            return self._opened()
        return _KeptRead(self, self._shared) if self._shared.is_brief else _PlainRead(self)

    @contextmanager
    def _opened(self) -> Iterator[Transaction]:
        with self.engine.connect() as connection, connection.begin():
            transaction = Transaction.of(connection, self.dialect)
            yield transaction
        self.count(transaction, commits=0)

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
                    self.count(transaction, commits=1)
                    return result
                except exc.DBAPIError as error:
                    if attempt == WRITE_TRIES_MAX or not _is_retryable(error):
                        raise
                pause_s = min(RETRY_PAUSE_S * 2**attempt, RETRY_PAUSE_S_MAX)
                time.sleep(pause_s * random.uniform(0.5, 1.0))
        raise AssertionError

    def count(self, transaction: Transaction, *, commits: int) -> None:
        """Add what a transaction did that has ended."""
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


class translated:  # noqa: N801  # it is used as a function is, and made for each read: a generator takes longer
    """Turn what a driver says of an unreachable or overloaded database into `UnavailableError`."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError):
            cause = getattr(error, "orig", None) or error
            raise UnavailableError(f"the database does not answer: {str(cause).strip()}") from error
        if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
            raise UnavailableError(f"the connection to the database broke: {error.orig}") from error


def chunks(values: Sequence[T], size: int = ROWS_PER_STATEMENT_MAX) -> Iterator[Sequence[T]]:
    """Yield `values` in pieces that fit into one statement."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
