"""`windward dags list-sla-misses`: tasks of Airflow 2 DAGs that were late by their `sla`."""

from __future__ import annotations

from argparse import Namespace

from windward.app.session import Session
from windward.cli.lookup import found_dag
from windward.cli.output import show_rows

COLUMNS = ("dag_id", "task_id", "run_id", "logical_date", "due_at", "missed_at")


def list_sla_misses(args: Namespace, session: Session) -> int:
    """List missed SLAs, those found last first."""
    if args.dag_id is not None:
        found_dag(session, args.dag_id)
    misses = session.store.waits.list_sla_misses(dag_id=args.dag_id, limit=args.limit)
    rows = [
        {
            "dag_id": miss.dag_id,
            "task_id": miss.task_id,
            "run_id": miss.run_id,
            "logical_date": miss.logical_date,
            "due_at": miss.due_at,
            "missed_at": miss.missed_at,
        }
        for miss in misses
    ]
    show_rows(rows, output=args.output, columns=COLUMNS)
    return 0
