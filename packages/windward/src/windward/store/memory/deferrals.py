"""Deferrals in memory."""

from __future__ import annotations

from collections.abc import Sequence

from windward.model.ids import TaskKey
from windward.model.records import TriggerRecord
from windward.store.memory.tables import Tables


class MemoryDeferrals:
    """Reads of deferrals."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def load_deferrals(self, keys: Sequence[TaskKey]) -> dict[TaskKey, TriggerRecord]:
        """Return the deferrals of these instances."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            deferrals = self._tables.deferrals
            return {key: deferrals[key] for key in keys if key in deferrals}
