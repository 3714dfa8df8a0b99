"""Records to rows and back, by hand: these run for every task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RunState, RunType, TaskState, TriggeredBy
from windward.protocol.outcomes import XComValue
from windward.store.history import Line
from windward.store.sql.columns import from_us, storable, storable_or_none, time_of, to_us

RUN_COLUMNS = RunRecord.__struct_fields__
TASK_COLUMNS = TaskRecord.__struct_fields__
XCOM_COLUMNS = ("encoding", "data", "location", "size_bytes", "preview", "length", "backend", "set_at")

Made = TypeVar("Made")
UNCHANGED_MAX = 4000
"""Rows that are remembered with what they mean: each takes a few kilobytes."""

_TASK_STATES = {str(state): state for state in TaskState}
_RUN_STATES = {str(state): state for state in RunState}
_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder().decode


def run_row(run: RunRecord) -> tuple[Any, ...]:
    """Return the values of `RUN_COLUMNS`."""
    return (
        run.run_pk,
        run.dag_id,
        run.run_id,
        run.run_type._value_,
        run.state._value_,
        run.document_hash,
        to_us(run.run_after),
        to_us(run.logical_date),
        to_us(run.data_interval_start),
        to_us(run.data_interval_end),
        to_us(run.queued_at),
        to_us(run.start_date),
        to_us(run.end_date),
        storable(_ENCODE(run.conf).decode()) if run.conf else "{}",
        run.triggered_by._value_,
        storable_or_none(run.triggering_user),
        storable_or_none(run.note),
        run.clear_number,
        run.is_idle_class,
        storable(run.reason),
        run.revision,
        run.backfill_pk,
        run.recoveries,
        to_us(run.recover_at),
        run.is_recovery_stopped,
    )


def run_of(row: Sequence[Any]) -> RunRecord:
    """Return the run of a row of `RUN_COLUMNS`."""
    return RunRecord(
        run_pk=row[0],
        dag_id=row[1],
        run_id=row[2],
        run_type=RunType(row[3]),
        state=_RUN_STATES[row[4]],
        document_hash=row[5],
        run_after=time_of(row[6]),
        logical_date=from_us(row[7]),
        data_interval_start=from_us(row[8]),
        data_interval_end=from_us(row[9]),
        queued_at=from_us(row[10]),
        start_date=from_us(row[11]),
        end_date=from_us(row[12]),
        conf={} if row[13] == "{}" else _DECODE(row[13]),
        triggered_by=TriggeredBy(row[14]),
        triggering_user=row[15],
        note=row[16],
        clear_number=row[17],
        is_idle_class=bool(row[18]),
        reason=row[19],
        revision=row[20],
        backfill_pk=row[21],
        recoveries=row[22],
        recover_at=from_us(row[23]),
        is_recovery_stopped=bool(row[24]),
    )


class Unchanged(Generic[Made]):
    """What rows mean that are read again and again: a row that is as it was means what it meant.

    Its first columns, so many as `key_columns`, are its key. Safe to share between threads.
    """

    def __init__(self, make: Callable[[tuple[Any, ...]], Made], *, key_columns: int = 1) -> None:
        self._make = make
        self._key_columns = key_columns
        self._kept: dict[Any, tuple[tuple[Any, ...], Made]] = {}

    def of(self, row: Sequence[Any]) -> Made:
        """Return what a row means: the same object while the row is the same."""
        read = tuple(row)
        key = read[: self._key_columns]
        kept = self._kept.get(key)
        if kept is None or kept[0] != read:
            if len(self._kept) >= UNCHANGED_MAX:
                self._kept.clear()
            kept = self._kept[key] = (read, self._make(read))
        return kept[1]


def task_row(task: TaskRecord) -> tuple[Any, ...]:
    """Return the values of `TASK_COLUMNS`."""
    return (
        task.run_pk,
        task.task_id,
        task.map_index,
        task.state._value_,
        task.fence,
        task.try_number,
        task.max_tries,
        task.owner,
        to_us(task.queued_at),
        to_us(task.start_date),
        to_us(task.end_date),
        to_us(task.due_at),
        to_us(task.first_start_date),
        task.return_length,
        task.lost_count,
        storable_or_none(task.map_label),
        task.skip_by,
        storable_or_none(task.note),
        storable(task.reason),
        storable_or_none(task.trigger_class),
        storable_or_none(task.exit_fact),
    )


def task_of(row: Sequence[Any]) -> TaskRecord:
    """Return the task instance of a row of `TASK_COLUMNS`."""
    return TaskRecord(
        run_pk=row[0],
        task_id=row[1],
        map_index=row[2],
        state=_TASK_STATES[row[3]],
        fence=row[4],
        try_number=row[5],
        max_tries=row[6],
        owner=row[7],
        queued_at=from_us(row[8]),
        start_date=from_us(row[9]),
        end_date=from_us(row[10]),
        due_at=from_us(row[11]),
        first_start_date=from_us(row[12]),
        return_length=row[13],
        lost_count=row[14],
        map_label=row[15],
        skip_by=row[16],
        note=row[17],
        reason=row[18],
        trigger_class=row[19],
        exit_fact=row[20],
    )


def xcom_row(value: XComValue) -> tuple[Any, ...]:
    """Return the values of `XCOM_COLUMNS` without the last."""
    return (
        value.encoding,
        value.data,
        storable_or_none(value.location),
        value.size_bytes,
        storable(value.preview),
        value.length,
        storable_or_none(value.backend),
    )


def xcom_of(row: Sequence[Any]) -> XComValue:
    """Return the value of a row of `XCOM_COLUMNS`."""
    return XComValue(
        encoding=row[0],
        data=None if row[1] is None else bytes(row[1]),
        location=row[2],
        size_bytes=row[3],
        preview=row[4],
        length=row[5],
        backend=row[6],
    )


def trail_line(at_us: int | None, event: str, reason: str) -> str:
    """Return a line of a trail; `reason` is storable."""
    return f'[{at_us},"{event}",{_ENCODE(reason).decode()}]\n'


def trail_of(text: str) -> list[Line]:
    """Return the lines of a trail; the first one of a cut trail is not whole and is left out."""
    lines = text.split("\n")[:-1]
    found = []
    for place, line in enumerate(lines):
        try:
            at, event, reason = _DECODE(line)
        except (msgspec.DecodeError, ValueError):
            assert place == 0, "a line of a trail cannot be read"
            continue
        found.append((time_of(at), event, reason))
    return found
