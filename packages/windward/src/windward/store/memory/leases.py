"""Leases in memory."""

from __future__ import annotations

from datetime import datetime

from windward.errors import ConflictError
from windward.ports.store import Guard
from windward.store.memory.tables import Lease, Tables


class MemoryLeases:
    """Who leads, and until when."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def take_lease(self, name: str, holder: str, *, now: datetime, until: datetime) -> Guard | None:
        """Take a free, expired or own lease; None when someone else holds it."""
        with self._tables.lock:
            lease = self._tables.leases.get(name, Lease("", 0, None))
            if lease.holder not in {"", holder} and lease.until is not None and lease.until > now:
                return None
            epoch = lease.epoch if lease.holder == holder else lease.epoch + 1
            self._tables.leases[name] = Lease(holder, epoch, until)
            self._tables.wrote(1)
            return Guard(name=name, holder=holder, epoch=epoch)

    def release_lease(self, guard: Guard) -> None:
        """Give a lease back, if it is still held."""
        with self._tables.lock:
            if holds(self._tables, guard):
                self._tables.leases[guard.name] = Lease("", guard.epoch, None)
                self._tables.wrote(1)


def holds(tables: Tables, guard: Guard) -> bool:
    """Whether nobody has taken the lease since the guard was given."""
    lease = tables.leases.get(guard.name)
    return lease is not None and (lease.holder, lease.epoch) == (guard.holder, guard.epoch)


def check_guard(tables: Tables, guard: Guard | None) -> None:
    """Raise `ConflictError` when someone else has taken the guard's lease."""
    if guard is not None and not holds(tables, guard):
        raise ConflictError(
            f"lease `{guard.name}` is not held by `{guard.holder}` in epoch {guard.epoch} any more"
        )
