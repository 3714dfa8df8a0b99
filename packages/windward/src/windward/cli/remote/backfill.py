"""`windward backfill` against a server."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from windward.cli.columns import BACKFILL_COLUMNS
from windward.cli.output import note, show_one, show_rows
from windward.cli.remote.asking import CONFLICT, dag_of, iso, moment, path
from windward.client.server import Json, RefusedHereError, Server
from windward.errors import NotFoundError, UserError

SLOT_COLUMNS = ("logical_date",)
COLUMNS = tuple(name for name in BACKFILL_COLUMNS if name not in {"done", "created_by", "reason"})


def create(args: Namespace, server: Server) -> int:
    """Ask for a range of runs."""
    if args.now:
        raise UserError(
            "`--now` cannot be asked of a server",
            hint="Run the command where the database is, or leave it out.",
        )
    dag = dag_of(server, args.dag_id)
    body = {
        "dag_id": args.dag_id,
        "from_date": iso(args.from_date),
        "to_date": iso(args.to_date),
        "run_backwards": args.run_backwards,
        "dag_run_conf": args.dag_run_conf,
        "reprocess_behavior": args.reprocess_behavior,
        "max_active_runs": args.max_active_runs,
        "run_on_latest_version": args.run_on_latest_version,
    }
    if args.dry_run:
        found = server.send("POST", path("backfills", "dry_run"), body)["backfills"]
        note("nothing was written; this would be:")
        rows = [{"logical_date": moment(one["logical_date"])} for one in found]
        show_rows(rows, output=args.output, columns=SLOT_COLUMNS)
        return 0
    made = server.send("POST", path("backfills"), body)
    if dag["is_paused"]:
        note(f"DAG `{args.dag_id}` is paused: the backfill waits until `windward dags unpause {args.dag_id}`")
    show_one(_row(made), output=args.output)
    return 0


def list_backfills(args: Namespace, server: Server) -> int:
    """Print backfills, the newest first."""
    dags = [args.dag_id] if args.dag_id else [dag["dag_id"] for dag in server.pages(path("dags"), "dags")]
    if args.dag_id:
        dag_of(server, args.dag_id)
    found = [
        one
        for dag_id in dags
        for one in server.pages(path("backfills"), "backfills", limit=args.limit, dag_id=dag_id)
    ]
    found.sort(key=lambda one: (one["created_at"], one["id"]), reverse=True)
    rows = [_row(one) for one in found if not (args.open and one["completed_at"])]
    show_rows(rows[: args.limit], output=args.output, columns=COLUMNS)
    return 0


def _row(backfill: Json) -> dict[str, Any]:
    ended = backfill["completed_at"]
    return {
        "backfill_id": backfill["id"],
        "dag_id": backfill["dag_id"],
        "state": "completed" if ended else "paused" if backfill["is_paused"] else "running",
        "from_date": moment(backfill["from_date"]),
        "to_date": moment(backfill["to_date"]),
        "max_active_runs": backfill["max_active_runs"],
        "reprocess_behavior": backfill["reprocess_behavior"],
        "dag_run_conf": backfill["dag_run_conf"],
        "created_at": moment(backfill["created_at"]),
        "completed_at": moment(ended),
    }


def pause(args: Namespace, server: Server) -> int:
    """Begin nothing new of a backfill."""
    return _change(args, server, "pause", "paused")


def unpause(args: Namespace, server: Server) -> int:
    """Let a paused backfill go on."""
    return _change(args, server, "unpause", "running")


def cancel(args: Namespace, server: Server) -> int:
    """End a backfill."""
    return _change(args, server, "cancel", "cancelled")


def _change(args: Namespace, server: Server, verb: str, word: str) -> int:
    try:
        server.send("PUT", path("backfills", args.backfill_id, verb))
    except NotFoundError as error:
        raise UserError(
            f"there is no backfill {args.backfill_id}", hint="`windward backfill list` shows which there are."
        ) from error
    except RefusedHereError as error:
        if error.status != CONFLICT:
            raise
        raise UserError(
            error.message.removesuffix("."), hint="`windward backfill list --open` shows what can be changed."
        ) from error
    note(f"backfill {args.backfill_id} is {word}")
    return 0
