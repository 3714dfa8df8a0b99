"""Variables, connections and pools in memory. In the clear: nothing of it is at rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windward.model.records import PoolRecord
from windward.store.connections import check_fields
from windward.store.memory.tables import Tables
from windward.store.pools import check_pool_deletion


class MemorySecrets:
    """What people keep."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get_variable(self, key: str) -> str | None:
        """Return the value, or None."""
        found = self.find_variable(key)
        return None if found is None else found[0]

    def find_variable(self, key: str) -> tuple[str, str | None] | None:
        """Return (value, description), or None."""
        with self._tables.lock:
            return self._tables.variables.get(key)

    def set_variable(self, key: str, value: str, *, description: str | None = None) -> None:
        """Insert or replace."""
        with self._tables.lock:
            self._tables.variables[key] = (value, description)
            self._tables.wrote(1)

    def delete_variable(self, key: str) -> bool:
        """Delete; whether it existed."""
        with self._tables.lock:
            existed = self._tables.variables.pop(key, None) is not None
            self._tables.wrote(int(existed))
            return existed

    def list_variables(self) -> list[tuple[str, str, str | None]]:
        """Return (key, value, description), by key."""
        with self._tables.lock:
            return [(key, *self._tables.variables[key]) for key in sorted(self._tables.variables)]

    def get_connection(self, conn_id: str) -> dict[str, Any] | None:
        """Return all fields, or None."""
        with self._tables.lock:
            found = self._tables.connections.get(conn_id)
            return None if found is None else dict(found)

    def set_connection(self, conn_id: str, fields: Mapping[str, Any]) -> None:
        """Insert or replace."""
        with self._tables.lock:
            self._tables.connections[conn_id] = check_fields(conn_id, fields)
            self._tables.wrote(1)

    def delete_connection(self, conn_id: str) -> bool:
        """Delete; whether it existed."""
        with self._tables.lock:
            existed = self._tables.connections.pop(conn_id, None) is not None
            self._tables.wrote(int(existed))
            return existed

    def list_connections(self) -> list[tuple[str, dict[str, Any]]]:
        """Return (conn_id, fields), by id."""
        with self._tables.lock:
            return [
                (conn_id, dict(self._tables.connections[conn_id]))
                for conn_id in sorted(self._tables.connections)
            ]

    def load_pools(self) -> list[PoolRecord]:
        """Return all pools, by name."""
        with self._tables.lock:
            return [self._tables.pools[name] for name in sorted(self._tables.pools)]

    def set_pool(self, pool: PoolRecord) -> None:
        """Insert or replace, and write a note."""
        with self._tables.lock:
            self._tables.pools[pool.name] = pool
            self._tables.add_note("pool", pool.name)
            self._tables.wrote(2)

    def delete_pool(self, name: str) -> bool:
        """Delete and write a note; whether it existed."""
        check_pool_deletion(name)
        with self._tables.lock:
            existed = self._tables.pools.pop(name, None) is not None
            if existed:
                self._tables.add_note("pool", name)
            self._tables.wrote(2 * existed)
            return existed
