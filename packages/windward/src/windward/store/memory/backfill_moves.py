"""What actions say of backfills and recoveries, in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from windward.core.actions import CreateBackfill, MoveBackfill, MoveSlot, PlanRecovery
from windward.model.states import BACKFILL_OPEN, SlotState
from windward.store.memory.tables import Tables

Put = Callable[..., Any]


def plan_recovery(tables: Tables, action: PlanRecovery, put: Put) -> bool:
    """Write when a run is run again on its own, if it is in the state that was expected."""
    run = tables.runs.get(action.run_pk)
    if run is None or run.state is not action.expect_state:
        return False
    planned = msgspec.structs.replace(
        run,
        recoveries=action.recoveries,
        recover_at=action.recover_at,
        is_recovery_stopped=action.is_recovery_stopped,
    )
    put(tables.runs, run.run_pk, planned)
    return True


def create_backfill(tables: Tables, action: CreateBackfill, put: Put) -> bool:
    """Insert a backfill with its dates, unless its number is taken or its DAG has an open one."""
    backfill = action.backfill
    is_busy = any(
        other.dag_id == backfill.dag_id and other.state in BACKFILL_OPEN
        for other in tables.backfills.values()
    )
    if backfill.backfill_pk in tables.backfills or (is_busy and backfill.state in BACKFILL_OPEN):
        return False
    put(tables.backfills, backfill.backfill_pk, backfill)
    slots = {slot.ordinal: slot for slot in action.slots}
    put(tables.slots, backfill.backfill_pk, slots, rows=len(slots))
    return True


def move_backfill(tables: Tables, action: MoveBackfill, put: Put) -> bool:
    """Move a backfill, if it is in the state that was expected."""
    backfill = tables.backfills.get(action.backfill_pk)
    if backfill is None or backfill.state is not action.expect_state:
        return False
    end = backfill.completed_at if action.state in BACKFILL_OPEN else action.at
    moved = msgspec.structs.replace(backfill, state=action.state, reason=action.reason, completed_at=end)
    put(tables.backfills, action.backfill_pk, moved)
    return True


def move_slot(tables: Tables, action: MoveSlot, put: Put) -> bool:
    """Write what became of a date of a backfill, if it still waits."""
    slots = tables.slots.get(action.backfill_pk, {})
    slot = slots.get(action.ordinal)
    if slot is None or slot.state is not SlotState.WAITING:
        return False
    moved = msgspec.structs.replace(slot, state=action.state, run_pk=action.run_pk, reason=action.reason)
    put(slots, action.ordinal, moved)
    return True
