"""The life of the schema: made at once, migrated in phases, checked, taken down.

Each release has two revisions in `migrations/versions`, also when they do nothing. `NNNN_before` is run while
the old code still runs: it only adds (tables, columns that may be null, indexes). `NNNN_after` is run when
the old code is gone: it takes away and tightens. The code of a release works with both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from windward.errors import UserError
from windward.store.pools import DEFAULT_POOL
from windward.store.sql.database import translated
from windward.store.sql.engines import LOCK_WAIT_S, make_engine
from windward.store.sql.tables import COUNTER, METADATA, POOL

RELEASE = "0011"
REVISION_BEFORE = f"{RELEASE}_before"
REVISION_AFTER = f"{RELEASE}_after"
VERSION_TABLE = "alembic_version"
MIGRATIONS = Path(__file__).parent / "migrations"

_VERSION = sa.Table(
    VERSION_TABLE,
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)
"""As Alembic makes it."""

STATEMENT_S_MAX = 6 * 3600.0
"""How long one statement may take here: an index of a table that has grown for years is made by one."""
_LOCK_NUMBER = 5_749_461
_LOCK_NAME = "windward_schema"


class Phase(StrEnum):
    """How far to migrate: what may run ahead of new code, or everything."""

    BEFORE = "before"
    AFTER = "after"


class SchemaState(StrEnum):
    """What a database holds, seen from this code."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


def state_of(engine: sa.Engine) -> SchemaState:
    """Return what the database holds."""
    with translated(), engine.connect() as connection:
        return _state(connection)


def _state(connection: sa.Connection) -> SchemaState:
    version = _version(connection)
    if version is None:
        return SchemaState.EMPTY
    if version in {REVISION_BEFORE, REVISION_AFTER}:
        return SchemaState.CURRENT
    # Revisions begin with the number of their release, so an unknown one tells its age.
    return SchemaState.OLDER if version < RELEASE else SchemaState.NEWER


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.execute(sa.select(_VERSION.c.version_num)).scalar()
    return version


def check(engine: sa.Engine) -> None:
    """Raise `UserError` when this code cannot work with the schema."""
    match state_of(engine):
        case SchemaState.CURRENT:
            return
        case SchemaState.EMPTY:
            raise UserError("the database is empty", hint="Run `windward db migrate` to make its tables.")
        case SchemaState.OLDER:
            raise UserError(
                "the database was made by an older version",
                hint="Make a backup, then run `windward db migrate`.",
            )
        case SchemaState.NEWER:
            raise UserError(
                "the database was migrated by a newer version",
                hint="Upgrade this component to the version that migrated it.",
            )


def create_all_at_once(engine: sa.Engine, *, default_pool_slots: int = DEFAULT_POOL.slots) -> bool:
    """Make the newest schema in an empty database, without Alembic; return whether it was empty.

    Several processes may try at once: one makes it, the others wait.
    """
    with translated(), _locked(engine) as connection:
        if _version(connection) is not None:
            return False
        METADATA.create_all(connection)
        _VERSION.create(connection)
        connection.execute(sa.insert(_VERSION).values(version_num=REVISION_AFTER))
        insert_first_rows(connection, default_pool_slots=default_pool_slots)
        return True


def insert_first_rows(connection: sa.Connection, *, default_pool_slots: int = DEFAULT_POOL.slots) -> None:
    """Insert the rows that always exist."""
    connection.execute(sa.insert(COUNTER).values(name="note", value=0))
    pool = DEFAULT_POOL
    connection.execute(
        sa.insert(POOL).values(
            name=pool.name,
            slots=default_pool_slots,
            description=pool.description,
            include_deferred=pool.include_deferred,
        )
    )


def migrate(url: str, *, phase: Phase = Phase.AFTER) -> None:
    """Bring the schema to this release's revision of `phase`; refuse a newer one (`UserError`)."""
    from alembic import command
    from alembic.config import Config

    engine = make_engine(url, pool_size=1, statement_timeout_s=STATEMENT_S_MAX)
    try:
        if state_of(engine) is SchemaState.NEWER:
            check(engine)
        with translated(), _locked(engine) as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            target = REVISION_BEFORE if phase is Phase.BEFORE else REVISION_AFTER
            if not (phase is Phase.BEFORE and _version(connection) == REVISION_AFTER):
                command.upgrade(config, target)
    finally:
        engine.dispose()


def reset(url: str, *, default_pool_slots: int = DEFAULT_POOL.slots) -> None:
    """Delete everything that is ours in the database, and make its schema anew."""
    engine = make_engine(url, pool_size=1, statement_timeout_s=STATEMENT_S_MAX)
    try:
        with translated(), _locked(engine) as connection:
            METADATA.drop_all(connection)
            _VERSION.drop(connection, checkfirst=True)
        create_all_at_once(engine, default_pool_slots=default_pool_slots)
    finally:
        engine.dispose()


@contextmanager
def _locked(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection in a transaction that no other one of these runs beside."""
    with engine.execution_options(windward_write=True).connect() as connection:
        if engine.dialect.name == "mysql":
            with _mysql_lock(connection), connection.begin():
                yield connection
            return
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")
            yield connection


@contextmanager
def _mysql_lock(connection: sa.Connection) -> Iterator[None]:
    """Hold a named lock: MySQL commits at each change of the schema, so that a transaction protects nothing."""
    names: Any = sa.text("SELECT GET_LOCK(:name, :wait_s)"), {"name": _LOCK_NAME, "wait_s": LOCK_WAIT_S * 6}
    with connection.begin():
        if connection.execute(*names).scalar() != 1:
            raise UserError(
                "someone else is changing the schema", hint="Wait until that has ended, then try again."
            )
    try:
        yield
    finally:
        with connection.begin():
            connection.execute(sa.text("SELECT RELEASE_LOCK(:name)"), {"name": _LOCK_NAME})
