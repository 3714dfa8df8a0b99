"""Variables and connections for a run that is tested: its own first, then those of the installation, for reading only."""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path
from typing import Any

from windward.errors import WindwardError
from windward.ports.store import Store
from windward.settings import Settings
from windward.store.memory.secrets import MemorySecrets
from windward.store.memory.tables import Tables

log = logging.getLogger("windward.app.dag_test")
_SQLITE = "sqlite:///"


class KeptSecrets(MemorySecrets):
    """Memory, and behind it the database of the installation, if there is one. What is set stays in memory.

    It inherits, against the rule, because all but two methods of the port are the memory store's own.
    """

    def __init__(self, tables: Tables, settings: Settings) -> None:
        super().__init__(tables)
        self._settings = settings

    def get_variable(self, key: str) -> str | None:
        """Return the value, or None."""
        value = super().get_variable(key)
        if value is None and self._kept is not None:
            value = self._kept.secrets.get_variable(key)
        return value

    def get_connection(self, conn_id: str) -> dict[str, Any] | None:
        """Return the fields, or None."""
        fields = super().get_connection(conn_id)
        if fields is None and self._kept is not None:
            fields = self._kept.secrets.get_connection(conn_id)
        return fields

    @cached_property
    def _kept(self) -> Store | None:
        """The installation's store; None when there is none: a test needs no database."""
        url = self._settings.database.sql_alchemy_conn
        if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
            return None
        from windward.app.session import opened_store

        try:
            return opened_store(self._settings)
        except WindwardError as error:
            log.warning(
                "the installation's variables and connections are not used", extra={"error": str(error)}
            )
            return None
