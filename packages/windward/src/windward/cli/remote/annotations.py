"""`windward dags note` and `windward tasks note` against a server."""

from __future__ import annotations

from argparse import Namespace

from windward.cli.output import note
from windward.cli.remote.asking import instance_of, instances_of, path, run_of
from windward.client.http import in_path
from windward.client.server import Server
from windward.core.people import note_text


def note_run(args: Namespace, server: Server) -> int:
    """Print the note of a run; with a text, replace it; with `--delete`, remove it."""
    run = run_of(server, args.dag_id, args.run)
    if args.text is None and not args.delete:
        return _show(run["note"])
    place = path("dags", run["dag_id"], "dagRuns", run["dag_run_id"])
    server.send("PATCH", place, _body(args), update_mask="note")
    return _told(f"run `{run['dag_run_id']}`", is_deleted=args.delete)


def note_task(args: Namespace, server: Server) -> int:
    """Print the note of a task instance; with a text, replace it; with `--delete`, remove it."""
    run = run_of(server, args.dag_id, args.run)
    task = instance_of(server, run, args)
    if args.text is None and not args.delete:
        return _show(task["note"])
    place = f"{instances_of(run)}/{in_path(args.task_id)}"
    server.send("PATCH", place, _body(args), update_mask="note", map_index=args.map_index)
    index = f"[{args.map_index}]" if args.map_index >= 0 else ""
    return _told(f"`{args.task_id}{index}` of run `{run['dag_run_id']}`", is_deleted=args.delete)


def _body(args: Namespace) -> dict[str, str | None]:
    return {"note": None if args.delete else note_text(args.text)}


def _show(text: str | None) -> int:
    if text is None:
        note("there is no note")
    else:
        print(text)
    return 0


def _told(what: str, *, is_deleted: bool) -> int:
    note(f"{what} has {'no note any more' if is_deleted else 'its note'}")
    return 0
