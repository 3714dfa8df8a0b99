"""`windward dags backfill`: the command of Airflow 2, which waits and tells how far it is.

It writes down the same backfill as `windward backfill create`, at once and not in the idle class, because
somebody waits for it. Ctrl-C stops the waiting and cancels the backfill.
"""

from __future__ import annotations

import time
from argparse import Namespace

from windward.app.session import Session
from windward.cli.backfill_read import found_backfill
from windward.cli.backfill_write import created, preview
from windward.cli.dags_write import person
from windward.cli.output import is_agreed, note
from windward.core.backfill import BackfillRequest
from windward.core.transitions import BackfillEvent
from windward.engine.people.backfills import change_backfill
from windward.errors import UserError
from windward.model.states import BACKFILL_OPEN, Reprocess, RunState
from windward.ports.reads import LIST_LIMIT_MAX

LOOK_EVERY_S = 0.5
NOT_HERE = {
    "task_regex": ("--task-regex", "`windward tasks clear --task-regex` runs some tasks of a run again."),
    "mark_success": ("--mark-success", "`windward tasks mark` sets tasks to success by hand."),
}


def backfill(args: Namespace, session: Session) -> int:
    """Ask for a range of runs, and wait for their end; the exit code is 1 when one of them failed."""
    for name, (flag, hint) in NOT_HERE.items():
        if getattr(args, name):
            raise UserError(f"`dags backfill` does not take `{flag}` any more", hint=hint)
    if args.start_date is None and args.end_date is None:
        raise UserError("there is no range", hint="Give `--start-date`, `--end-date`, or both.")
    if args.reset_dagruns and not is_agreed("Runs of this range will be run again. Go on?", yes=args.yes):
        return 1
    reprocess = Reprocess.FAILED if args.rerun_failed_tasks else Reprocess.NONE
    request = BackfillRequest(
        from_date=session.aware(args.start_date or args.end_date),
        to_date=session.aware(args.end_date or args.start_date),
        run_backwards=args.run_backwards,
        reprocess=Reprocess.COMPLETED if args.reset_dagruns else reprocess,
        conf=args.conf,
        is_idle_class=False,
    )
    if args.dry_run:
        preview(session, args.dag_id, request, output="table")
        return 0
    made = created(session, args.dag_id, request)
    try:
        return _wait(session, made.backfill.backfill_pk)
    except KeyboardInterrupt:
        _cancel(session, made.backfill.backfill_pk)
        raise


def _wait(session: Session, backfill_pk: int) -> int:
    told = ""
    while True:
        record = found_backfill(session, backfill_pk)
        slots = session.store.backfills.list_slots(backfill_pk, limit=LIST_LIMIT_MAX)
        pks = [slot.run_pk for slot in slots if slot.run_pk is not None and slot.state != "skipped"]
        states = [run.state for run in session.store.runs.load_runs(pks)]
        failed, succeeded = states.count(RunState.FAILED), states.count(RunState.SUCCESS)
        skipped = sum(slot.state == "skipped" for slot in slots)
        line = (
            f"backfill {backfill_pk}: {succeeded + failed} of {len(slots) - skipped} runs ended"
            f", {failed} failed, {skipped} dates passed over"
        )
        if line != told:
            note(line)
            told = line
        if record.state not in BACKFILL_OPEN:
            note(f"backfill {backfill_pk} is {record.state}")
            return 1 if failed or record.state != "completed" else 0
        time.sleep(LOOK_EVERY_S)


def _cancel(session: Session, backfill_pk: int) -> None:
    record = found_backfill(session, backfill_pk)
    if record.state not in BACKFILL_OPEN:
        return
    if change_backfill(session.desk, backfill_pk, BackfillEvent.CANCEL, by=person()) is not None:
        note(f"backfill {backfill_pk} is cancelled; runs that began go on to their end")
