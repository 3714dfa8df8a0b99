"""`windward recovery`: which failed runs will run again on their own, and when; and who stops it."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from windward.cli.arguments import Commands, Parser, at_least, late

if TYPE_CHECKING:
    from windward.app.session import Session
    from windward.model.records import RunRecord


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    listing = commands.add(
        "list",
        late("recovery", "list_runs"),
        "list failed runs, and whether they run again on their own",
        output=True,
    )
    listing.add_argument("dag_id", metavar="DAG", nargs="?", help="only runs of this DAG")
    listing.add_argument("--limit", type=at_least(1), default=100, metavar="N", help="the newest so many")
    stop = commands.add("stop", late("recovery", "stop"), "leave failed runs as they are")
    start = commands.add(
        "start",
        late("recovery", "start"),
        "let failed runs run again on their own, counted anew",
        about="Also those that were stopped, and those that failed before the DAG asked for it.",
    )
    for command in (stop, start):
        command.add_argument("dag_id", metavar="DAG")
        command.add_argument(
            "run", metavar="RUN", nargs="?", help="run id or logical date; all when left out"
        )


def list_runs(args: Namespace, session: Session) -> int:
    """Print failed runs."""
    from windward.cli.columns import RECOVERY_COLUMNS
    from windward.cli.lookup import found_dag
    from windward.cli.output import show_rows
    from windward.core.recovery import standing
    from windward.engine.people.recovery import rules_of
    from windward.model.states import RunState

    rules = rules_of(session.settings.scheduler)
    if args.dag_id:
        found_dag(session, args.dag_id)
    runs = session.store.reads.list_runs(dag_id=args.dag_id, states=[RunState.FAILED], limit=args.limit)
    records = {dag.dag_id: dag.document_hash for dag in session.store.catalog.load_dags()}
    documents = session.store.catalog.load_documents(set(records.values()))
    rows = []
    for run in runs:
        document = documents.get(records.get(run.dag_id, ""))
        rows.append(
            {
                "dag_id": run.dag_id,
                "run_id": run.run_id,
                "logical_date": run.logical_date,
                "recoveries": run.recoveries,
                "recover_at": run.recover_at,
                "is_stopped": run.is_recovery_stopped,
                "reason": standing(run, document, rules),
            }
        )
    show_rows(rows, output=args.output, columns=RECOVERY_COLUMNS)
    return 0


def _named(args: Namespace, session: Session) -> list[RunRecord]:
    from windward.cli.lookup import found_dag, found_run
    from windward.model.states import RunState
    from windward.ports.reads import LIST_LIMIT_MAX

    found_dag(session, args.dag_id)
    if args.run:
        return [found_run(session, args.dag_id, args.run)]
    return session.store.reads.list_runs(dag_id=args.dag_id, states=[RunState.FAILED], limit=LIST_LIMIT_MAX)


def stop(args: Namespace, session: Session) -> int:
    """Leave failed runs as they are."""
    from windward.cli.output import note
    from windward.engine.people.recovery import stop_recovery

    count = sum(stop_recovery(session.desk, run) for run in _named(args, session))
    session.wakeup.wake()
    note(f"{count} run{'' if count == 1 else 's'} will not run again on their own")
    return 0


def start(args: Namespace, session: Session) -> int:
    """Let failed runs run again on their own."""
    from windward.cli.lookup import found_dag
    from windward.cli.output import note
    from windward.engine.people.recovery import rules_of, start_recovery

    document = found_dag(session, args.dag_id).document
    rules, count = rules_of(session.settings.scheduler), 0
    for run in _named(args, session):
        why_not = start_recovery(session.desk, run, document, rules)
        if why_not:
            note(f"run `{run.run_id}` stays as it is: {why_not}")
        else:
            count += 1
    session.wakeup.wake()
    note(f"{count} run{'' if count == 1 else 's'} will run again when nothing else waits")
    return 0
