"""Backfills on a database: reads. The writes are in `backfill_moves`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from windward.model.records import BackfillRecord, BackfillSlot
from windward.model.states import SlotState
from windward.ports.reads import LIST_LIMIT_MAX
from windward.store.sql.backfill_moves import BACKFILL_COLUMNS, SLOT_COLUMNS, backfill_of, slot_of
from windward.store.sql.database import Database, chunks

_BACKFILLS = f"SELECT {', '.join(BACKFILL_COLUMNS)} FROM backfill"
_SLOTS = f"SELECT {', '.join(SLOT_COLUMNS)} FROM backfill_slot"


class SqlBackfills:
    """What the scheduler and people read of backfills."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load_open_backfills(self) -> list[BackfillRecord]:
        """Return the backfills that are running or paused, by number."""
        return self._backfills("WHERE open_dag_id IS NOT NULL ORDER BY backfill_pk")

    def load_backfills(self, backfill_pks: Sequence[int]) -> list[BackfillRecord]:
        """Return these backfills by number."""
        found: list[BackfillRecord] = []
        for part in chunks(sorted(set(backfill_pks))):
            marks = ", ".join("?" * len(part))
            found += self._backfills(f"WHERE backfill_pk IN ({marks}) ORDER BY backfill_pk", *part)
        return found

    def load_waiting_slots(self, backfill_pk: int, *, limit: int) -> list[BackfillSlot]:
        """Return the first dates that were not dealt with, in order."""
        where = "WHERE backfill_pk = ? AND state = ? ORDER BY ordinal LIMIT ?"
        return self._slots(where, backfill_pk, SlotState.WAITING.value, limit)

    def list_backfills(
        self, *, dag_id: str | None = None, open_only: bool = False, offset: int = 0, limit: int = 100
    ) -> list[BackfillRecord]:
        """Return backfills, the newest first."""
        wheres, values = ["1 = 1"], list[Any]()
        if dag_id is not None:
            wheres.append("dag_id = ?")
            values.append(dag_id)
        if open_only:
            wheres.append("open_dag_id IS NOT NULL")
        page = (min(limit, LIST_LIMIT_MAX), offset)
        where = f"WHERE {' AND '.join(wheres)} ORDER BY backfill_pk DESC LIMIT ? OFFSET ?"
        return self._backfills(where, *values, *page)

    def list_slots(self, backfill_pk: int, *, offset: int = 0, limit: int = 100) -> list[BackfillSlot]:
        """Return the dates of a backfill in order."""
        where = "WHERE backfill_pk = ? ORDER BY ordinal LIMIT ? OFFSET ?"
        return self._slots(where, backfill_pk, min(limit, LIST_LIMIT_MAX), offset)

    def count_slots(self, backfill_pk: int) -> dict[str, int]:
        """Return how many dates are in each state that occurs."""
        sql = "SELECT state, COUNT(*) FROM backfill_slot WHERE backfill_pk = ? GROUP BY state ORDER BY state"
        with self._database.reading() as transaction:
            rows = transaction.select(self._database.dialect.sql(sql), (backfill_pk,))
        return {state: int(count) for state, count in rows}

    def _backfills(self, where: str, *values: Any) -> list[BackfillRecord]:
        with self._database.reading() as transaction:
            rows = transaction.select(self._database.dialect.sql(f"{_BACKFILLS} {where}"), values)
        return [backfill_of(row) for row in rows]

    def _slots(self, where: str, *values: Any) -> list[BackfillSlot]:
        with self._database.reading() as transaction:
            rows = transaction.select(self._database.dialect.sql(f"{_SLOTS} {where}"), values)
        return [slot_of(row) for row in rows]
