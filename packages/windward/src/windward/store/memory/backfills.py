"""Backfills in memory: reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from windward.model.records import BackfillRecord, BackfillSlot
from windward.model.states import BACKFILL_OPEN, SlotState
from windward.ports.reads import LIST_LIMIT_MAX
from windward.store.memory.tables import Tables


class MemoryBackfills:
    """What the scheduler and people read of backfills."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def load_open_backfills(self) -> list[BackfillRecord]:
        """Return the backfills that are running or paused, by number."""
        return self.list_backfills(open_only=True, limit=LIST_LIMIT_MAX)[::-1]

    def load_backfills(self, backfill_pks: Sequence[int]) -> list[BackfillRecord]:
        """Return these backfills by number."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            backfills = self._tables.backfills
            return [backfills[pk] for pk in sorted(set(backfill_pks)) if pk in backfills]

    def load_waiting_slots(self, backfill_pk: int, *, limit: int) -> list[BackfillSlot]:
        """Return the first dates that were not dealt with, in order."""
        return [slot for slot in self._slots(backfill_pk) if slot.state is SlotState.WAITING][:limit]

    def list_backfills(
        self, *, dag_id: str | None = None, open_only: bool = False, offset: int = 0, limit: int = 100
    ) -> list[BackfillRecord]:
        """Return backfills, the newest first."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            found = [
                backfill
                for _, backfill in sorted(self._tables.backfills.items(), reverse=True)
                if dag_id in {None, backfill.dag_id} and (not open_only or backfill.state in BACKFILL_OPEN)
            ]
            return found[offset : offset + min(limit, LIST_LIMIT_MAX)]

    def list_slots(self, backfill_pk: int, *, offset: int = 0, limit: int = 100) -> list[BackfillSlot]:
        """Return the dates of a backfill in order."""
        return self._slots(backfill_pk)[offset : offset + min(limit, LIST_LIMIT_MAX)]

    def count_slots(self, backfill_pk: int) -> dict[str, int]:
        """Return how many dates are in each state that occurs."""
        return dict(sorted(Counter(str(slot.state) for slot in self._slots(backfill_pk)).items()))

    def _slots(self, backfill_pk: int) -> list[BackfillSlot]:
        with self._tables.lock:
            self._tables.counters.queries += 1
            slots = self._tables.slots.get(backfill_pk, {})
            return [slots[ordinal] for ordinal in sorted(slots)]
