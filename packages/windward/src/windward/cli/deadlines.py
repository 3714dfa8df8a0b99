"""`windward deadlines`: by when runs ought to be over, and which were not."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from windward.cli.arguments import Commands, Parser, at_least

if TYPE_CHECKING:
    from windward.app.session import Session

COLUMNS = ("dag_id", "run_id", "deadline", "due_at", "state", "missed_at")


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    listing = commands.add("list", _list, "list deadlines of runs, the latest first", output=True)
    listing.add_argument("--dag-id", metavar="DAG_ID", help="of this DAG only")
    listing.add_argument("--missed", action="store_true", help="only those that were missed")
    listing.add_argument("--limit", type=at_least(1), default=100, metavar="N", help="at most so many")


def _list(args: Namespace, session: Session) -> int:
    from windward.cli.lookup import found_dag
    from windward.cli.output import show_rows
    from windward.model.states import RUN_FINISHED

    if args.dag_id is not None:
        found_dag(session, args.dag_id)
    found = session.store.waits.list_deadlines(dag_id=args.dag_id, missed_only=args.missed, limit=args.limit)
    runs = {run.run_pk: run for run in session.store.runs.load_runs([one.run_pk for one in found])}
    rows = []
    for one in found:
        run = runs.get(one.run_pk)
        if run is None:
            continue
        is_over = run.state in RUN_FINISHED
        state = "missed" if one.missed_at is not None else "met" if is_over else "waiting"
        rows.append(
            {
                "dag_id": run.dag_id,
                "run_id": run.run_id,
                "deadline": one.name or str(one.number),
                "due_at": one.due_at,
                "state": state,
                "missed_at": one.missed_at,
            }
        )
    show_rows(rows, output=args.output, columns=COLUMNS)
    return 0
