"""Backfills, as people ask for them, pause and cancel them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec

from windward.core.actions import CreateBackfill
from windward.core.backfill import (
    BackfillRequest,
    Outcome,
    decide_backfill,
    decide_backfill_change,
    decide_slot,
)
from windward.core.transitions import BackfillEvent
from windward.document.params import check_conf
from windward.engine.dates import ask_dates
from windward.engine.people.changes import note_change
from windward.engine.people.desk import Desk
from windward.errors import ConflictError, NotFoundError, UserError
from windward.model.records import BackfillRecord, BackfillSlot, RunRecord
from windward.ports.reads import DagDetails
from windward.ports.store import Note
from windward.timetable import CustomSchedule, by_time

TRIES_MAX = 5
"""Two people may ask for a backfill at the same moment: the number that one took is not free any more."""
Pause = Callable[[float], object]
"""Waits for so many seconds, while a timetable of the author's own is asked."""


class BusyError(ConflictError):
    """The DAG has a backfill that is not over."""

    def __init__(self, backfill: BackfillRecord) -> None:
        super().__init__(
            f"backfill {backfill.backfill_pk} of DAG `{backfill.dag_id}` is still {backfill.state}"
        )
        self.backfill = backfill


class Foreseen(NamedTuple):
    """What would become of one date."""

    slot: BackfillSlot
    run: RunRecord | None
    outcome: Outcome


def create_backfill(
    desk: Desk, dag: DagDetails, request: BackfillRequest, *, by: str, pause: Pause
) -> CreateBackfill:
    """Write a backfill down, and tell the scheduler.

    Raises:
        UserError: when it cannot be.
        BusyError: when the DAG has an open one.
        ConflictError: when too many are asked for at this moment.
    """
    for _ in range(TRIES_MAX):
        action = _decided(desk, dag, request, by=by, pause=pause)
        busy = desk.store.backfills.list_backfills(dag_id=dag.record.dag_id, open_only=True, limit=1)
        if busy:
            raise BusyError(busy[0])
        told = Note(kind="backfill", subject=str(action.backfill.backfill_pk))
        if desk.store.runs.apply([[action]], notes=[told]).all:
            _noted(action.backfill, after=action.backfill)
            desk.wakeup.wake()
            return action
    raise ConflictError("too many backfills are asked for at this moment")


def foresee_backfill(
    desk: Desk, dag: DagDetails, request: BackfillRequest, *, by: str, pause: Pause
) -> list[Foreseen]:
    """Return what would become of each date; nothing is written."""
    action = _decided(desk, dag, request, by=by, pause=pause)
    dates = [slot.logical_date for slot in action.slots]
    runs = {run.logical_date: run for run in desk.store.runs.find_runs_at(dag.record.dag_id, dates)}
    return [
        Foreseen(slot, run := runs.get(slot.logical_date), decide_slot(action.backfill, run))
        for slot in action.slots
    ]


def change_backfill(desk: Desk, backfill_pk: int, event: BackfillEvent, *, by: str) -> BackfillRecord | None:
    """Pause, unpause or cancel a backfill; return it as it is then, or None when it was so already.

    Raises:
        NotFoundError: when there is none.
        UserError: when it is over.
        ConflictError: when it does not hold still.
    """
    for _ in range(TRIES_MAX):
        found = desk.store.backfills.load_backfills([backfill_pk])
        if not found:
            raise NotFoundError(f"there is no backfill {backfill_pk}")
        action = decide_backfill_change(found[0], event, by=by, now=desk.clock.now())
        if action is None:
            return None
        told = Note(kind="backfill", subject=str(backfill_pk))
        if desk.store.runs.apply([[action]], notes=[told]).all:
            _noted(found[0], before={"state": found[0].state}, after={"state": action.state})
            desk.wakeup.wake()
            return msgspec.structs.replace(found[0], state=action.state, reason=action.reason)
    raise ConflictError(f"backfill {backfill_pk} changes too quickly to be changed")


def _noted(backfill: BackfillRecord, *, before: object = None, after: object = None) -> None:
    """Note a change of a backfill for the audit log."""
    note_change("backfill", str(backfill.backfill_pk), before=before, after=after, dag_id=backfill.dag_id)


def _decided(
    desk: Desk, dag: DagDetails, request: BackfillRequest, *, by: str, pause: Pause
) -> CreateBackfill:
    dag_id = dag.record.dag_id
    if not dag.record.is_active:
        raise UserError(
            f"the file of DAG `{dag_id}` is gone: `{dag.record.fileloc}`",
            hint="Put the file back into the DAG folder, then ask again.",
        )
    check_conf(dag.document, request.conf or {})
    newest = desk.store.backfills.list_backfills(limit=1)
    ask = partial(
        ask_dates, desk.store, desk.clock, pause, dag_id=dag_id, start=request.from_date, end=request.to_date
    )
    return decide_backfill(
        dag.document,
        request,
        backfill_pk=newest[0].backfill_pk + 1 if newest else 1,
        now=desk.clock.now(),
        by=by,
        slots=ask if isinstance(by_time(dag.document.schedule), CustomSchedule) else None,
    )
