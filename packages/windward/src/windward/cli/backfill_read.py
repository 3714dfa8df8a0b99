"""`windward backfill`, reading: which there are, and what became of each date."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from windward.app.session import Session
from windward.cli.columns import BACKFILL_COLUMNS
from windward.cli.lookup import found_dag
from windward.cli.output import note, show_rows
from windward.errors import UserError
from windward.model.records import BackfillRecord, BackfillSlot, RunRecord
from windward.ports.reads import LIST_LIMIT_MAX

SLOT_COLUMNS = ("logical_date", "action", "run_id", "state", "reason")


def found_backfill(session: Session, backfill_pk: int) -> BackfillRecord:
    """Return a backfill; raise `UserError`."""
    records = session.store.backfills.load_backfills([backfill_pk])
    if not records:
        raise UserError(
            f"there is no backfill {backfill_pk}", hint="`windward backfill list` shows which there are."
        )
    return records[0]


def list_backfills(args: Namespace, session: Session) -> int:
    """Print backfills, the newest first."""
    if args.dag_id:
        found_dag(session, args.dag_id)
    found = session.store.backfills.list_backfills(dag_id=args.dag_id, open_only=args.open, limit=args.limit)
    show_rows([backfill_row(session, one) for one in found], output=args.output, columns=BACKFILL_COLUMNS)
    return 0


def backfill_row(session: Session, backfill: BackfillRecord) -> dict[str, Any]:
    """Return a backfill as programs see it."""
    counts = session.store.backfills.count_slots(backfill.backfill_pk)
    total = sum(counts.values())
    return {
        "backfill_id": backfill.backfill_pk,
        "dag_id": backfill.dag_id,
        "state": backfill.state,
        "from_date": backfill.from_date,
        "to_date": backfill.to_date,
        "dates": total,
        "done": f"{total - counts.get('waiting', 0)}/{total}",
        "run_backwards": backfill.run_backwards,
        "max_active_runs": backfill.max_active_runs,
        "reprocess_behavior": backfill.reprocess,
        "dag_run_conf": backfill.conf,
        "run_on_latest_version": backfill.is_latest_version,
        "now": not backfill.is_idle_class,
        "created_by": backfill.created_by,
        "created_at": backfill.created_at,
        "completed_at": backfill.completed_at,
        "reason": backfill.reason,
    }


def show(args: Namespace, session: Session) -> int:
    """Print the dates of a backfill."""
    backfill = found_backfill(session, args.backfill_id)
    slots = session.store.backfills.list_slots(backfill.backfill_pk, limit=LIST_LIMIT_MAX)
    pks = [slot.run_pk for slot in slots if slot.run_pk is not None]
    runs = {run.run_pk: run for run in session.store.runs.load_runs(pks)}
    note(f"backfill {backfill.backfill_pk} of DAG `{backfill.dag_id}` is {backfill.state}: {backfill.reason}")
    rows = [slot_row(slot, runs.get(slot.run_pk or 0)) for slot in slots]
    show_rows(rows, output=args.output, columns=SLOT_COLUMNS)
    return 0


def slot_row(slot: BackfillSlot, run: RunRecord | None) -> dict[str, Any]:
    """Return a date as programs see it."""
    return {
        "ordinal": slot.ordinal,
        "logical_date": slot.logical_date,
        "data_interval_start": slot.interval_start,
        "data_interval_end": slot.interval_end,
        "action": slot.state,
        "run_id": run.run_id if run is not None else None,
        "state": run.state if run is not None else None,
        "reason": slot.reason or (run.reason if run is not None else ""),
    }
