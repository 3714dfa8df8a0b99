"""Backfills and recovery as statements: the part of `RunStore.apply` that is about ranges of runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from windward.core.actions import CreateBackfill, MoveBackfill, MoveSlot, PlanRecovery
from windward.model.records import BackfillRecord, BackfillSlot
from windward.model.states import BACKFILL_OPEN, BackfillState, Reprocess, SlotState
from windward.store.sql.columns import from_us, storable, storable_or_none, time_of, to_us
from windward.store.sql.dialect import Dialect
from windward.store.sql.transaction import Row, Transaction

BACKFILL_COLUMNS = BackfillRecord.__struct_fields__
SLOT_COLUMNS = BackfillSlot.__struct_fields__

Expect = Callable[[Transaction, str, list[Row]], None]
"""Run a statement for each row, and refuse the batch unless each wrote one."""


def backfill_row(backfill: BackfillRecord) -> Row:
    """Return the values of `BACKFILL_COLUMNS`."""
    return (
        backfill.backfill_pk,
        backfill.dag_id,
        to_us(backfill.from_date),
        to_us(backfill.to_date),
        backfill.state.value,
        backfill.run_backwards,
        backfill.max_active_runs,
        backfill.reprocess.value,
        storable(msgspec.json.encode(backfill.conf).decode()),
        backfill.is_latest_version,
        backfill.is_idle_class,
        storable_or_none(backfill.created_by),
        to_us(backfill.created_at),
        to_us(backfill.completed_at),
        storable(backfill.reason),
    )


def backfill_of(row: Any) -> BackfillRecord:
    """Return the backfill of a row of `BACKFILL_COLUMNS`."""
    return BackfillRecord(
        backfill_pk=row[0],
        dag_id=row[1],
        from_date=time_of(row[2]),
        to_date=time_of(row[3]),
        state=BackfillState(row[4]),
        run_backwards=bool(row[5]),
        max_active_runs=row[6],
        reprocess=Reprocess(row[7]),
        conf=msgspec.json.decode(row[8]),
        is_latest_version=bool(row[9]),
        is_idle_class=bool(row[10]),
        created_by=row[11],
        created_at=time_of(row[12]),
        completed_at=from_us(row[13]),
        reason=row[14],
    )


def slot_row(slot: BackfillSlot) -> Row:
    """Return the values of `SLOT_COLUMNS`."""
    return (
        slot.backfill_pk,
        slot.ordinal,
        to_us(slot.run_after),
        to_us(slot.logical_date),
        to_us(slot.interval_start),
        to_us(slot.interval_end),
        slot.state.value,
        slot.run_pk,
        storable(slot.reason),
    )


def slot_of(row: Any) -> BackfillSlot:
    """Return the date of a row of `SLOT_COLUMNS`."""
    return BackfillSlot(
        backfill_pk=row[0],
        ordinal=row[1],
        run_after=time_of(row[2]),
        logical_date=time_of(row[3]),
        interval_start=time_of(row[4]),
        interval_end=time_of(row[5]),
        state=SlotState(row[6]),
        run_pk=row[7],
        reason=row[8],
    )


class BackfillTexts:
    """The statements of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        sql = dialect.sql
        columns = (*BACKFILL_COLUMNS, "open_dag_id")
        self.insert_backfill = sql(_insert("backfill", columns))
        self.insert_slot = sql(_insert("backfill_slot", SLOT_COLUMNS))
        self.move_backfill = sql(
            "UPDATE backfill SET state = ?, reason = ? WHERE backfill_pk = ? AND state = ?"
        )
        self.close_backfill = sql(
            "UPDATE backfill SET state = ?, reason = ?, completed_at = ?, open_dag_id = NULL"
            " WHERE backfill_pk = ? AND state = ?"
        )
        self.move_slot = sql(
            "UPDATE backfill_slot SET state = ?, run_pk = ?, reason = ?"
            f" WHERE backfill_pk = ? AND ordinal = ? AND state = '{SlotState.WAITING}'"
        )
        self.plan_recovery = sql(
            "UPDATE dag_run SET recoveries = ?, recover_at = ?, is_recovery_stopped = ?"
            " WHERE run_pk = ? AND state = ?"
        )


class BackfillStage:
    """Actions about ranges of runs that touch no row twice."""

    def __init__(self) -> None:
        self._statements: dict[str, list[Row]] = {}
        self._created: list[Row] = []
        self._slots: list[Row] = []

    def add(self, action: PlanRecovery | CreateBackfill | MoveBackfill | MoveSlot) -> None:
        """Put the statements' values of an action."""
        match action:
            case PlanRecovery():
                values: Row = (
                    action.recoveries,
                    to_us(action.recover_at),
                    action.is_recovery_stopped,
                    action.run_pk,
                    action.expect_state.value,
                )
                self._put("plan_recovery", values)
            case CreateBackfill(backfill=backfill, slots=slots):
                is_open = backfill.state in BACKFILL_OPEN
                self._created.append((*backfill_row(backfill), backfill.dag_id if is_open else None))
                self._slots.extend(map(slot_row, slots))
            case MoveBackfill():
                said = (action.state.value, storable(action.reason))
                expected = (action.backfill_pk, action.expect_state.value)
                if action.state in BACKFILL_OPEN:
                    self._put("move_backfill", (*said, *expected))
                else:
                    self._put("close_backfill", (*said, to_us(action.at), *expected))
            case MoveSlot():
                now_is = (action.state.value, action.run_pk, storable(action.reason))
                self._put("move_slot", (*now_is, action.backfill_pk, action.ordinal))

    def _put(self, statement: str, values: Row) -> None:
        self._statements.setdefault(statement, []).append(values)

    def write(self, transaction: Transaction, texts: BackfillTexts, expect: Expect) -> None:
        """Write the stage."""
        for statement, values in self._statements.items():
            expect(transaction, getattr(texts, statement), values)
        if self._created:
            transaction.many(texts.insert_backfill, self._created)
        if self._slots:
            transaction.many(texts.insert_slot, self._slots)


def stage_of_backfill(action: CreateBackfill | MoveBackfill | MoveSlot, touched: dict[Any, int]) -> int:
    """Return the stage after the last one that touched the backfill or its date, and remember it."""
    place: tuple[str, Any]
    stage = 0
    match action:
        case CreateBackfill(backfill=backfill):
            place = ("backfill", backfill.backfill_pk)
        case MoveBackfill(backfill_pk=pk):
            place = ("backfill", pk)
            stage = touched.get(place, -1) + 1
        case MoveSlot(backfill_pk=pk, ordinal=ordinal):
            place = ("slot", (pk, ordinal))
            stage = max(touched.get(("backfill", pk), -1), touched.get(place, -1)) + 1
    touched[place] = stage
    return stage


def _insert(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
