"""What the scheduler and people read of backfills. They are written by `RunStore.apply`, as runs are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from windward.model.records import BackfillRecord, BackfillSlot


class BackfillStore(Protocol):
    """Backfills and their dates."""

    def load_open_backfills(self) -> list[BackfillRecord]:
        """Return the backfills that are running or paused, by number."""

    def load_backfills(self, backfill_pks: Sequence[int]) -> list[BackfillRecord]:
        """Return these backfills by number (missing ones are left out)."""

    def load_waiting_slots(self, backfill_pk: int, *, limit: int) -> list[BackfillSlot]:
        """Return the first dates of a backfill that were not dealt with, in order."""

    def list_backfills(
        self, *, dag_id: str | None = None, open_only: bool = False, offset: int = 0, limit: int = 100
    ) -> list[BackfillRecord]:
        """Return backfills, the newest first."""

    def list_slots(self, backfill_pk: int, *, offset: int = 0, limit: int = 100) -> list[BackfillSlot]:
        """Return the dates of a backfill in order."""

    def count_slots(self, backfill_pk: int) -> dict[str, int]:
        """Return how many dates are in each state that occurs."""
