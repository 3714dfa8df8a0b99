"""`windward tasks` against a server."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from windward.cli.columns import CLEAR_COLUMNS, STATE_COLUMNS
from windward.cli.output import is_agreed, note, show_rows
from windward.cli.remote.asking import OWN, dag_of, iso, moment, path, run_of
from windward.client.http import in_path
from windward.client.server import Json, Server
from windward.errors import NotFoundError, UnavailableError, UserError

ORDER = ("task_id", "map_index")
SHOWN_MAX = 20
RECONNECTS_MAX = 1_000
"""How often a log that is followed is asked for again, when nothing came for a minute."""


def list_tasks(args: Namespace, server: Server) -> int:
    """Print the tasks of a DAG: their ids, or with `-o` more of each."""
    dag_of(server, args.dag_id)
    tasks = server.get(path("dags", args.dag_id, "tasks"), order_by="task_id")["tasks"]
    if args.output is None:
        for task in tasks:
            print(task["task_id"])
        return 0
    upstream: dict[str, list[str]] = {task["task_id"]: [] for task in tasks}
    for task in tasks:
        for below in task["downstream_task_ids"] or ():
            upstream.setdefault(below, []).append(task["task_id"])
    fields = ("trigger_rule", "pool", "queue", "retries", "is_mapped")
    rows = [
        {
            "task_id": task["task_id"],
            "operator": task["operator_name"],
            "upstream": upstream[task["task_id"]],
            **{name: task[name] for name in fields},
        }
        for task in tasks
    ]
    show_rows(rows, output=args.output)
    return 0


def states(args: Namespace, server: Server) -> int:
    """Print every task instance of a run."""
    run = run_of(server, args.dag_id, args.run)
    rows = [_row(task) for task in server.pages(_instances(run), "task_instances", order_by=ORDER)]
    show_rows(rows, output=args.output, columns=STATE_COLUMNS)
    return 0


def _instances(run: Json) -> str:
    return path("dags", run["dag_id"], "dagRuns", run["dag_run_id"], "taskInstances")


def _row(task: Json) -> dict[str, Any]:
    return {
        "task_id": task["task_id"],
        "map_index": task["map_index"],
        "state": task["state"],
        "try_number": task["try_number"],
        "start_date": moment(task["start_date"]),
        "end_date": moment(task["end_date"]),
        "note": task["note"],
    }


def state(args: Namespace, server: Server) -> int:
    """Print the state of a task instance."""
    run = run_of(server, args.dag_id, args.run)
    print(instance_of(server, run, args)["state"] or "none")
    return 0


def instance_of(server: Server, run: Json, args: Namespace) -> Json:
    """Return the instance that the command names.

    Raises:
        UserError: when there is none.
    """
    place = f"{_instances(run)}/{in_path(args.task_id)}"
    try:
        return server.get(place if args.map_index < 0 else f"{place}/{args.map_index}")
    except NotFoundError as error:
        raise UserError(
            f"run `{run['dag_run_id']}` has no instance {args.map_index} of task `{args.task_id}`"
            if args.map_index >= 0
            else f"run `{run['dag_run_id']}` has no task `{args.task_id}`",
            hint=f"`windward tasks states-for-dag-run {args.dag_id} {run['dag_run_id']}` shows all.",
        ) from error


def clear(args: Namespace, server: Server) -> int:
    """Reset task instances, in a run or between two dates."""
    if args.recursive or args.task_group:
        raise UserError(
            "`--recursive` and `--task-group` cannot be asked of a server",
            hint="Name the tasks by `--task-regex`, or run the command where the database is.",
        )
    dag_of(server, args.dag_id)
    bodies = [_clear_body(args, server, run_id=run_id) for run_id in args.run_id or [None]]
    place = path("dags", args.dag_id, "clearTaskInstances")
    found = [
        one
        for body in bodies
        for one in server.send("POST", place, body | {"dry_run": True})["task_instances"]
    ]
    if not found:
        raise UserError(
            f"no task instance of DAG `{args.dag_id}` matches",
            hint=f"`windward dags list-runs {args.dag_id}` shows the runs, `windward tasks list {args.dag_id}` the tasks.",
        )
    rows = [_cleared_row(one) for one in found]
    if args.dry_run:
        note("nothing was cleared; this would be:")
        show_rows(rows, output=args.output, columns=CLEAR_COLUMNS)
        return 0
    listed = "\n".join(f"  {row['run_id']}  {_named(row)}" for row in rows[:SHOWN_MAX])
    more = f"\n  and {len(rows) - SHOWN_MAX} more" if len(rows) > SHOWN_MAX else ""
    plural = "" if len(rows) == 1 else "s"
    question = f"{len(rows)} task instance{plural} will be cleared:\n{listed}{more}\nGo on?"
    if not is_agreed(question, yes=args.yes):
        return 1
    for body in bodies:
        server.send("POST", place, body | {"dry_run": False})
    note(f"cleared {len(rows)} task instance{plural}")
    return 0


def _clear_body(args: Namespace, server: Server, *, run_id: str | None) -> Json:
    return {
        "dag_run_id": run_id,
        "start_date": iso(args.start_date),
        "end_date": iso(args.end_date),
        "task_ids": _task_ids(args, server),
        "only_failed": args.only_failed,
        "only_running": args.only_running,
        "include_upstream": args.upstream,
        "include_downstream": args.downstream,
        "include_past": args.past,
        "include_future": args.future,
        "run_on_latest_version": args.latest_version,
    }


def _task_ids(args: Namespace, server: Server) -> list[Any] | None:
    if args.task_regex is None and not args.map_index:
        return None
    tasks = server.get(path("dags", args.dag_id, "tasks"))["tasks"]
    meant = [
        task["task_id"]
        for task in tasks
        if args.task_regex is None or args.task_regex.search(task["task_id"])
    ]
    if not meant:
        raise UserError(
            f"no task of DAG `{args.dag_id}` matches", hint=f"`windward tasks list {args.dag_id}` shows all."
        )
    return [[task_id, index] for task_id in meant for index in args.map_index] if args.map_index else meant


def _cleared_row(one: Json) -> dict[str, Any]:
    return {
        "run_id": one["dag_run_id"],
        "logical_date": moment(one["logical_date"]),
        **{name: one[name] for name in ("task_id", "map_index", "state", "try_number")},
    }


def _named(row: dict[str, Any]) -> str:
    return row["task_id"] if row["map_index"] < 0 else f"{row['task_id']}[{row['map_index']}]"


def _no_log(args: Namespace, tries: int) -> UserError:
    return UserError(
        f"try {tries} of task `{args.task_id}` has no log",
        hint="A task that never began, or that has nothing to run, writes none.",
    )


def logs(args: Namespace, server: Server) -> int:
    """Print the log of an attempt; followed, it is asked for again from where it stopped when nothing came."""
    from windward.logs.records import decode_lines
    from windward.logs.render import render_lines
    from windward.timetable.zones import zone_named

    run = run_of(server, args.dag_id, args.run)
    task = instance_of(server, run, args)
    tries = args.try_number or max(task["try_number"], 1)
    zone = zone_named(server.get(path("dags", args.dag_id, "details"))["timezone"] or "UTC")
    place = f"{OWN}/dags/{in_path(args.dag_id)}/dagRuns/{in_path(run['dag_run_id'])}/taskInstances"
    place += f"/{in_path(args.task_id)}/{args.map_index}/logs/{tries}"
    offset, rest = 0, b""
    for _ in range(RECONNECTS_MAX):
        try:
            for part in server.lines(place, offset=offset, follow=args.follow):
                offset += len(part)
                whole, newline, rest = (rest + part).rpartition(b"\n")
                if args.json:
                    print((whole + newline).decode("utf-8", "replace"), end="")
                else:
                    for line in render_lines(decode_lines(whole + newline), zone=zone):
                        print(line)
                sys.stdout.flush()
            if not offset and not args.follow:
                raise _no_log(args, tries)
            return 0
        except NotFoundError as error:
            raise _no_log(args, tries) from error
        except UnavailableError:
            if not args.follow or not offset:
                raise
    return 1
