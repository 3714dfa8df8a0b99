"""Opening a SQL store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from windward.store.sql import archive, schema
from windward.store.sql.accounts import SqlAccounts
from windward.store.sql.assets import SqlAssets
from windward.store.sql.audit import SqlAudit
from windward.store.sql.backfills import SqlBackfills
from windward.store.sql.catalog import SqlCatalog
from windward.store.sql.cipher import Cipher
from windward.store.sql.connection_tests import SqlConnectionTests
from windward.store.sql.database import Database
from windward.store.sql.deferrals import SqlDeferrals
from windward.store.sql.deletion import BATCH_SIZE, CLEANABLE, Cleaned, Cleaner
from windward.store.sql.engines import PAGE_CACHE_MB, make_engine
from windward.store.sql.hosts import SqlHosts
from windward.store.sql.leases import SqlLeases
from windward.store.sql.listings import SqlListings
from windward.store.sql.moves import Texts
from windward.store.sql.reads import SqlReads
from windward.store.sql.remote import SqlRemote
from windward.store.sql.retention import SqlRetention
from windward.store.sql.runs import SqlRuns
from windward.store.sql.secrets import SqlSecrets
from windward.store.sql.states import SqlStates
from windward.store.sql.waits import SqlWaits
from windward.store.sql.xcoms import SqlXComs


class SqlStore:
    """All of a store, on a database. Safe to share between threads; not across a fork."""

    def __init__(self, engine: sa.Engine, cipher: Cipher) -> None:
        database = Database(engine)
        texts = Texts(database.dialect, cipher)
        self.engine = engine
        self.counters = database.counters
        self.leases = SqlLeases(database)
        self.runs = SqlRuns(database, texts)
        self.backfills = SqlBackfills(database)
        self.deferrals = SqlDeferrals(database, cipher)
        self.waits = SqlWaits(database)
        self.states = SqlStates(database)
        self.hosts = SqlHosts(database, texts)
        self.xcoms = SqlXComs(database, texts)
        self.secrets = SqlSecrets(database, texts, cipher)
        self.catalog = SqlCatalog(database, texts)
        self.assets = SqlAssets(database)
        self.reads = SqlReads(database)
        self.retention = SqlRetention(database)
        self.remote = SqlRemote(database, texts)
        self.listings = SqlListings(database, cipher)
        self.accounts = SqlAccounts(database)
        self.audit = SqlAudit(database)
        self.connection_tests = SqlConnectionTests(database, cipher)
        self._database = database
        self._cleaner = Cleaner(database)

    def clean(
        self,
        before: datetime,
        *,
        tables: Sequence[str] = CLEANABLE,
        dry_run: bool = False,
        batch_size: int = BATCH_SIZE,
        archive_at: datetime | None = None,
    ) -> Cleaned:
        """Delete what ended before a time; see `Cleaner.clean`."""
        return self._cleaner.clean(
            before, tables=tables, dry_run=dry_run, batch_size=batch_size, archive_at=archive_at
        )

    def archives(self, *, tables: Sequence[str] = ()) -> list[str]:
        """Return the archives that cleanings have left, of these tables or of all."""
        return archive.names(self._database, tables=tables)

    def read_archive(self, name: str) -> Iterator[list[Any]]:
        """Yield the names of an archive's columns, then its rows."""
        return archive.read(self._database, name)

    def drop_archives(self, names: Sequence[str]) -> None:
        """Drop archives."""
        archive.drop(self._database, names)

    def close(self) -> None:
        """Give back connections."""
        self._database.close()


def open_store(
    url: str,
    *,
    fernet_keys: Sequence[str],
    pool_size: int = 4,
    statement_timeout_s: float = 30.0,
    page_cache_mb: int = PAGE_CACHE_MB,
    create: bool = False,
) -> SqlStore:
    """Open the store at a URL. With `create`, an empty database gets its tables first.

    Raise `SettingsError` when the URL or a key cannot be used, `UnavailableError` when the database does not
    answer, `UserError` when its schema is missing, older or newer.
    """
    cipher = Cipher(fernet_keys)
    engine = make_engine(
        url, pool_size=pool_size, statement_timeout_s=statement_timeout_s, page_cache_mb=page_cache_mb
    )
    try:
        if create and schema.state_of(engine) is schema.SchemaState.EMPTY:
            schema.create_all_at_once(engine)
        schema.check(engine)
    except BaseException:
        engine.dispose()
        raise
    return SqlStore(engine, cipher)
