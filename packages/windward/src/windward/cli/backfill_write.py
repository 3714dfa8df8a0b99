"""`windward backfill`, writing: create, pause, unpause, cancel. The decisions are the core's."""

from __future__ import annotations

import time
from argparse import Namespace
from functools import partial

from windward.app.session import Session
from windward.cli.backfill_read import SLOT_COLUMNS, backfill_row, found_backfill, slot_row
from windward.cli.dags_write import person
from windward.cli.lookup import found_dag
from windward.cli.output import note, show_one, show_rows
from windward.core.actions import CreateBackfill
from windward.core.backfill import BackfillRequest, decide_backfill, decide_backfill_change, decide_slot
from windward.core.transitions import BackfillEvent
from windward.document.params import check_conf
from windward.engine.dates import ask_dates
from windward.errors import UserError
from windward.model.states import Reprocess
from windward.ports.store import Note
from windward.timetable import CustomSchedule, RunSlot, by_time

TRIES_MAX = 5
"""Two people may ask for a backfill at the same moment: the number that one took is not free any more."""


def create(args: Namespace, session: Session) -> int:
    """Ask for a range of runs."""
    request = BackfillRequest(
        from_date=session.aware(args.from_date),
        to_date=session.aware(args.to_date),
        run_backwards=args.run_backwards,
        max_active_runs=args.max_active_runs,
        reprocess=Reprocess(args.reprocess_behavior),
        conf=args.dag_run_conf,
        is_latest_version=args.run_on_latest_version,
        is_idle_class=not args.now,
    )
    if args.dry_run:
        preview(session, args.dag_id, request, output=args.output)
        return 0
    made = created(session, args.dag_id, request)
    show_one(backfill_row(session, made.backfill), output=args.output)
    return 0


def created(session: Session, dag_id: str, request: BackfillRequest) -> CreateBackfill:
    """Write a backfill down; raise `UserError`."""
    for _ in range(TRIES_MAX):
        action = _decided(session, dag_id, request)
        backfills = session.store.backfills
        if busy := backfills.list_backfills(dag_id=dag_id, open_only=True, limit=1):
            raise UserError(
                f"backfill {busy[0].backfill_pk} of DAG `{dag_id}` is still {busy[0].state}",
                hint="A DAG has one at a time: wait for its end, or "
                f"`windward backfill cancel {busy[0].backfill_pk}`.",
            )
        told = Note(kind="backfill", subject=str(action.backfill.backfill_pk))
        if session.store.runs.apply([[action]], notes=[told]).all:
            session.wakeup.wake()
            if found_dag(session, dag_id).record.is_paused:
                note(f"DAG `{dag_id}` is paused: the backfill waits until `windward dags unpause {dag_id}`")
            return action
    raise UserError(
        "too many backfills are asked for at this moment", hint="Nothing was written. Repeat the command."
    )


def preview(session: Session, dag_id: str, request: BackfillRequest, *, output: str) -> None:
    """Print what would become of each date."""
    action = _decided(session, dag_id, request)
    dates = [slot.logical_date for slot in action.slots]
    runs = {run.logical_date: run for run in session.store.runs.find_runs_at(dag_id, dates)}
    rows = []
    for slot in action.slots:
        run = runs.get(slot.logical_date)
        outcome = decide_slot(action.backfill, run)
        rows.append({**slot_row(slot, run), "action": _WOULD[outcome.state], "reason": outcome.reason})
    note("nothing was written; this would be:")
    show_rows(rows, output=output, columns=SLOT_COLUMNS)


_WOULD = {"made": "new run", "cleared": "run again", "skipped": "nothing", "waiting": "nothing"}


def _decided(session: Session, dag_id: str, request: BackfillRequest) -> CreateBackfill:
    found = found_dag(session, dag_id)
    if not found.record.is_active:
        raise UserError(
            f"the file of DAG `{dag_id}` is gone: `{found.record.fileloc}`",
            hint="Put the file back into the DAG folder, then ask again.",
        )
    check_conf(found.document, request.conf or {})
    newest = session.store.backfills.list_backfills(limit=1)
    is_own = isinstance(by_time(found.document.schedule), CustomSchedule)
    return decide_backfill(
        found.document,
        request,
        backfill_pk=newest[0].backfill_pk + 1 if newest else 1,
        now=session.clock.now(),
        by=person(),
        slots=partial(_asked_slots, session, dag_id, request) if is_own else None,
    )


def _asked_slots(session: Session, dag_id: str, request: BackfillRequest) -> list[RunSlot]:
    """Have the timetable asked, which takes until the processor looks at its files again."""
    note(f"the timetable of DAG `{dag_id}` is asked for its dates")
    return ask_dates(
        session.store, session.clock, time.sleep, dag_id=dag_id, start=request.from_date, end=request.to_date
    )


def pause(args: Namespace, session: Session) -> int:
    """Begin nothing new of a backfill."""
    return _change(args, session, BackfillEvent.PAUSE)


def unpause(args: Namespace, session: Session) -> int:
    """Let a paused backfill go on."""
    return _change(args, session, BackfillEvent.UNPAUSE)


def cancel(args: Namespace, session: Session) -> int:
    """End a backfill."""
    return _change(args, session, BackfillEvent.CANCEL)


def _change(args: Namespace, session: Session, event: BackfillEvent) -> int:
    for _ in range(TRIES_MAX):
        backfill = found_backfill(session, args.backfill_id)
        action = decide_backfill_change(backfill, event, by=person(), now=session.clock.now())
        if action is None:
            note(f"backfill {backfill.backfill_pk} is {backfill.state} already")
            return 0
        told = Note(kind="backfill", subject=str(backfill.backfill_pk))
        if session.store.runs.apply([[action]], notes=[told]).all:
            session.wakeup.wake()
            note(f"backfill {backfill.backfill_pk} is {action.state}")
            return 0
    raise UserError(
        f"backfill {args.backfill_id} changes too quickly to be changed", hint="Repeat the command."
    )
