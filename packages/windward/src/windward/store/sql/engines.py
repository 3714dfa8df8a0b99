"""Engines: how each database is opened, and what has to be set on every connection.

Drivers are imported by SQLAlchemy when an engine is made, so that nobody needs one that is not used.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import URL, make_url

from windward.errors import SettingsError

BUSY_TIMEOUT_S = 10.0
"""How long a statement on SQLite waits for another process's transaction before it fails."""
CONNECT_TIMEOUT_S = 10
LOCK_WAIT_S = 10
IDLE_TRANSACTION_S = 5
"""A transaction never waits for anything but the database. One that does nothing for so long belongs to a process
that is frozen, or to a machine that is gone: the server ends it, so that its locks stop nobody else."""
POOL_WAIT_S = 30.0
PAGE_CACHE_MB = 16
FILE_MODE = 0o600
_BY_INDEX = "-c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c jit=off"
"""Every statement of ours finds its rows by an index. PostgreSQL must not think better of it while a table is young: a
plan that reads all of it is kept, and costs more with each row. A plan that is off is priced so high that PostgreSQL
would compile whatever cannot do without it, which takes longer than to do it."""

_DRIVERS = {
    "sqlite": ("sqlite3", "sqlite", ""),
    "postgresql": ("psycopg", "postgresql+psycopg", "postgres"),
    "mysql": ("pymysql", "mysql+pymysql", "mysql"),
    "mariadb": ("pymysql", "mysql+pymysql", "mysql"),
}
"""Database to (module of its driver, SQLAlchemy's name of both, our extra that installs it)."""


def parse_url(url: str) -> URL:
    """Return a URL with our driver in it; raise `SettingsError` when it cannot be used."""
    hint = (
        "Set `[database] sql_alchemy_conn` to `sqlite:////path/to/windward.db`, "
        "`postgresql://user@host/name` or `mysql://user@host/name`."
    )
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        raise SettingsError("the database URL cannot be read", hint=hint) from error
    name = {"postgres": "postgresql"}.get(parsed.drivername.split("+")[0], parsed.drivername.split("+")[0])
    if name not in _DRIVERS:
        raise SettingsError(f"`{name}` is not a database that can be used", hint=hint)
    module, drivername, extra = _DRIVERS[name]
    if name == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise SettingsError("an SQLite database needs a file", hint=hint)
    if name != "sqlite" and not parsed.database:
        raise SettingsError(f"the URL of `{name}` names no database", hint=hint)
    if importlib.util.find_spec(module) is None:
        raise SettingsError(
            f"`{name}` needs the package `{module}`, which is not installed",
            hint=f"Install the extra: `pip install 'windward[{extra}]'`.",
        )
    return parsed.set(drivername=drivername)


def make_engine(
    url: str, *, pool_size: int = 4, statement_timeout_s: float = 30.0, page_cache_mb: int = PAGE_CACHE_MB
) -> sa.Engine:
    """Return an engine; no connection is made yet. Raise `SettingsError` on a bad URL.

    `page_cache_mb` is what each connection to SQLite may keep of the file.
    """
    parsed = parse_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed, pool_size=pool_size, page_cache_mb=page_cache_mb)
        case "postgresql":
            return _postgres(parsed, pool_size=pool_size, statement_timeout_s=statement_timeout_s)
        case _:
            return _mysql(parsed, pool_size=pool_size, statement_timeout_s=statement_timeout_s)


def _sqlite(url: URL, *, pool_size: int, page_cache_mb: int) -> sa.Engine:
    assert url.database is not None
    path = Path(url.database).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url.set(database=str(path)),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_WAIT_S,
        pool_use_lifo=True,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False, "cached_statements": 256},
    )

    @event.listens_for(engine, "do_connect")
    def _make_file(*_: Any) -> None:
        # It holds hashes of passwords, and what runs passed on: for its owner, also in a folder that others may enter.
        with contextlib.suppress(OSError):  # it is there, or the database says why it cannot be
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        # The driver's own transactions begin too late (at the first write): ours begin by themselves below.
        connection.isolation_level = None
        for pragma in (
            # First: changing to the write-ahead log takes a lock that another process may hold for a moment.
            f"busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            f"cache_size = {-1000 * page_cache_mb}",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A transaction that reads first and writes later can fail at once, whatever the timeout.
        options = connection.get_execution_options()
        if options.get("windward_has_begun", False):
            return
        is_write = options.get("windward_write", False)
        text = "BEGIN IMMEDIATE" if is_write else "BEGIN"
        driver: Any = connection.connection.driver_connection
        errors = connection.dialect.loaded_dbapi.Error
        try:
            driver.execute(text)
        except errors as error:
            raise exc.DBAPIError.instance(text, None, error, errors, dialect=connection.dialect) from error

    return engine


def _postgres(url: URL, *, pool_size: int, statement_timeout_s: float) -> sa.Engine:
    options = (
        f"-c statement_timeout={int(statement_timeout_s * 1000)} -c lock_timeout={LOCK_WAIT_S * 1000}"
        f" -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_S * 1000} {_BY_INDEX}"
    )
    given = url.query.get("options", "")
    assert isinstance(given, str)
    return sa.create_engine(
        url.update_query_dict({"options": f"{options} {given}".strip()}),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_WAIT_S,
        pool_use_lifo=True,
        pool_recycle=1800,
        pool_pre_ping=False,
        isolation_level="READ COMMITTED",
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "windward"},
    )


def _mysql(url: URL, *, pool_size: int, statement_timeout_s: float) -> sa.Engine:
    modes = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO"
    return sa.create_engine(
        url.update_query_dict({"charset": "utf8mb4"}),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_WAIT_S,
        pool_use_lifo=True,
        pool_recycle=1800,
        # The default, REPEATABLE READ, would let a transaction decide upon a snapshot and write to the present.
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "read_timeout": int(statement_timeout_s) + LOCK_WAIT_S,
            "write_timeout": int(statement_timeout_s) + LOCK_WAIT_S,
            # What only MariaDB knows is in a comment that only MariaDB reads.
            "init_command": f"SET SESSION sql_mode = '{modes}', SESSION innodb_lock_wait_timeout = {LOCK_WAIT_S}"
            f"/*M!100303 , SESSION idle_transaction_timeout = {IDLE_TRANSACTION_S} */",
        },
    )
