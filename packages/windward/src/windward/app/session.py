"""What a command or a component works with: settings, clock, and a store that is opened when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from windward.settings import Settings, load, prepare_home

if TYPE_CHECKING:
    from windward.app.wakeup import LocalWakeup, PostgresWakeup
    from windward.engine.people.accounts import AccountDesk
    from windward.engine.people.desk import Desk
    from windward.ports.clock import Clock
    from windward.ports.store import Store
    from windward.ports.wakeup import Wakeup
    from windward.store.sql.open import SqlStore

OpenStore = Callable[[Settings], "Store"]
OpenWakeup = Callable[[Settings, "Store"], "Wakeup"]


class Session:
    """One command's view of the installation. Everything is made at first use; `close` gives it back."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        clock: Clock | None = None,
        open_store: OpenStore | None = None,
        open_wakeup: OpenWakeup | None = None,
        home: Path | None = None,
    ) -> None:
        self.environ = environ
        self._clock = clock
        self._open_store = open_store or opened_store
        self._open_wakeup = open_wakeup or opened_wakeup
        self._home = home
        self._store: Store | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings, as files and environment give them; nothing is written."""
        return load(self.environ, home=self._home)

    @cached_property
    def prepared(self) -> Settings:
        """The settings with the keys that the first start makes; makes the home when it is missing."""
        return prepare_home(self.settings)

    @cached_property
    def clock(self) -> Clock:
        """The clock."""
        from windward.ports.clock import SystemClock

        return self._clock or SystemClock()

    @cached_property
    def next_pk(self) -> Callable[[], int]:
        """The source of row ids of runs."""
        from windward.store.ids import SnowflakeIds

        return SnowflakeIds()

    @property
    def store(self) -> Store:
        """The store, with a schema of this version.

        Raises:
            UserError: when the database has no schema yet, or another version's.
            UnavailableError: when the database does not answer.
        """
        if self._store is None:
            self._store = self._open_store(self.prepared)
        return self._store

    @cached_property
    def account_desk(self) -> AccountDesk:
        """Who takes wishes about users and roles.

        Raises:
            UserError: when the store keeps no accounts, or its database cannot be used.
        """
        from windward.app.entrance import account_desk
        from windward.errors import UserError
        from windward.store.sql.open import SqlStore

        store = self.store
        if not isinstance(store, SqlStore):
            raise UserError("this store keeps no accounts", hint="Use a database.")
        return account_desk(store.accounts, self.clock)

    @cached_property
    def wakeup(self) -> Wakeup:
        """The way to tell the scheduler that something changed."""
        return self._open_wakeup(self.prepared, self.store)

    @cached_property
    def desk(self) -> Desk:
        """The desk that carries out what people wish."""
        from windward.engine.people.desk import Desk

        return Desk(
            store=self.store,
            clock=self.clock,
            wakeup=self.wakeup,
            next_pk=self.next_pk,
            drops_states=self.settings.state_store.clear_on_success,
        )

    def override(self, variables: Mapping[str, str]) -> None:
        """Let flags of the command line win over the environment; before the settings are read."""
        assert "settings" not in self.__dict__, "settings that were read cannot be overridden"
        self.environ = {**self.environ, **variables}

    def aware(self, moment: datetime) -> datetime:
        """Return `moment` in UTC; without a zone it is taken in `[core] default_timezone`."""
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(self.settings.core.default_timezone))
        return moment.astimezone(UTC)

    def close(self) -> None:
        """Give back what was opened."""
        close = getattr(self.__dict__.pop("wakeup", None), "close", None)
        if close is not None:
            close()
        if self._store is not None:
            self._store.close()
            self._store = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def fernet_keys(settings: Settings) -> tuple[str, ...]:
    """Return the keys for secrets at rest, the newest first."""
    return tuple(key.strip() for key in settings.core.fernet_key.split(",") if key.strip())


def opened_store(settings: Settings, *, page_cache_mb: int | None = None) -> SqlStore:
    """Open the store of the settings and check its schema."""
    from windward.store.sql.engines import PAGE_CACHE_MB
    from windward.store.sql.open import open_store

    return open_store(
        settings.database.sql_alchemy_conn,
        fernet_keys=fernet_keys(settings),
        pool_size=settings.database.pool_size,
        statement_timeout_s=settings.database.statement_timeout_s,
        page_cache_mb=PAGE_CACHE_MB if page_cache_mb is None else page_cache_mb,
    )


def opened_wakeup(settings: Settings, store: Store) -> LocalWakeup | PostgresWakeup:
    """Return the wake-up for components of this home."""
    from windward.app.wakeup import open_wakeup

    return open_wakeup(settings, store)
