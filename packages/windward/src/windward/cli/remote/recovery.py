"""`windward recovery` against a server."""

from __future__ import annotations

from argparse import Namespace

from windward.cli.columns import RECOVERY_COLUMNS
from windward.cli.output import note, show_rows
from windward.cli.remote.asking import CONFLICT, OWN, dag_of, moment, run_of
from windward.client.http import in_path
from windward.client.server import RefusedHereError, Server


def list_runs(args: Namespace, server: Server) -> int:
    """Print failed runs."""
    if args.dag_id:
        dag_of(server, args.dag_id)
    rows = [
        {
            "dag_id": run["dag_id"],
            "run_id": run["dag_run_id"],
            "logical_date": moment(run["logical_date"]),
            "recoveries": run["recoveries"],
            "recover_at": moment(run["recover_at"]),
            "is_stopped": run["is_stopped"],
            "reason": run["reason"],
        }
        for run in server.pages(f"{OWN}/recovery", "runs", limit=args.limit, dag_id=args.dag_id)
    ]
    show_rows(rows, output=args.output, columns=RECOVERY_COLUMNS)
    return 0


def stop(args: Namespace, server: Server) -> int:
    """Leave failed runs as they are."""
    count = 0
    for run_id, is_stopped in _named(args, server):
        _steer(args, server, run_id, "stop")
        count += not is_stopped
    note(f"{count} run{'' if count == 1 else 's'} will not run again on their own")
    return 0


def start(args: Namespace, server: Server) -> int:
    """Let failed runs run again on their own."""
    count = 0
    for run_id, _ in _named(args, server):
        try:
            _steer(args, server, run_id, "start")
            count += 1
        except RefusedHereError as error:
            if error.status != CONFLICT:
                raise
            note(error.message)
    note(f"{count} run{'' if count == 1 else 's'} will run again when nothing else waits")
    return 0


def _named(args: Namespace, server: Server) -> list[tuple[str, bool]]:
    """Return the ids of the runs that are meant, and whether each is stopped."""
    failed = {
        run["dag_run_id"]: run["is_stopped"]
        for run in server.pages(f"{OWN}/recovery", "runs", dag_id=args.dag_id)
    }
    if not args.run:
        dag_of(server, args.dag_id)
        return list(failed.items())
    run_id = run_of(server, args.dag_id, args.run)["dag_run_id"]
    return [(run_id, failed.get(run_id, False))]


def _steer(args: Namespace, server: Server, run_id: str, action: str) -> None:
    place = f"{OWN}/dags/{in_path(args.dag_id)}/dagRuns/{in_path(run_id)}/recovery"
    server.send("POST", place, {"action": action})
