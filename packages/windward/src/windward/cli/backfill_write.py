"""`windward backfill`, writing: create, pause, unpause, cancel. The decisions are the core's."""

from __future__ import annotations

import time
from argparse import Namespace

from windward.app.session import Session
from windward.cli.backfill_read import SLOT_COLUMNS, backfill_row, found_backfill, slot_row
from windward.cli.dags_write import person
from windward.cli.lookup import found_dag
from windward.cli.output import note, show_one, show_rows
from windward.core.actions import CreateBackfill
from windward.core.backfill import BackfillRequest
from windward.core.transitions import BackfillEvent
from windward.engine.people.backfills import BusyError, change_backfill, create_backfill, foresee_backfill
from windward.errors import ConflictError, UserError
from windward.model.states import Reprocess
from windward.ports.reads import DagDetails
from windward.timetable import CustomSchedule, by_time


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
    found = _found(session, dag_id)
    try:
        action = create_backfill(session.desk, found, request, by=person(), pause=time.sleep)
    except BusyError as error:
        raise UserError(
            str(error),
            hint="A DAG has one at a time: wait for its end, or "
            f"`windward backfill cancel {error.backfill.backfill_pk}`.",
        ) from error
    except ConflictError as error:
        raise UserError(str(error), hint="Nothing was written. Repeat the command.") from error
    if found_dag(session, dag_id).record.is_paused:
        note(f"DAG `{dag_id}` is paused: the backfill waits until `windward dags unpause {dag_id}`")
    return action


def preview(session: Session, dag_id: str, request: BackfillRequest, *, output: str) -> None:
    """Print what would become of each date."""
    foreseen = foresee_backfill(session.desk, _found(session, dag_id), request, by=person(), pause=time.sleep)
    rows = [
        {**slot_row(slot, run), "action": _WOULD[outcome.state], "reason": outcome.reason}
        for slot, run, outcome in foreseen
    ]
    note("nothing was written; this would be:")
    show_rows(rows, output=output, columns=SLOT_COLUMNS)


_WOULD = {"made": "new run", "cleared": "run again", "skipped": "nothing", "waiting": "nothing"}


def _found(session: Session, dag_id: str) -> DagDetails:
    """Return a DAG; its own timetable is asked, which takes until the processor looks at its files again."""
    found = found_dag(session, dag_id)
    if found.record.is_active and isinstance(by_time(found.document.schedule), CustomSchedule):
        note(f"the timetable of DAG `{dag_id}` is asked for its dates")
    return found


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
    backfill = found_backfill(session, args.backfill_id)
    try:
        changed = change_backfill(session.desk, backfill.backfill_pk, event, by=person())
    except ConflictError as error:
        raise UserError(str(error), hint="Repeat the command.") from error
    if changed is None:
        note(f"backfill {backfill.backfill_pk} is {backfill.state} already")
    else:
        note(f"backfill {backfill.backfill_pk} is {changed.state}")
    return 0
