"""`windward tasks` against a server, reading."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from windward.cli.columns import STATE_COLUMNS
from windward.cli.output import show_rendered, show_rows
from windward.cli.remote.asking import OWN, dag_of, instance_of, instances_of, moment, path, run_of
from windward.cli.tries import no_such_try
from windward.client.http import in_path
from windward.client.server import Json, Server
from windward.errors import NotFoundError, UnavailableError, UserError

ORDER = ("task_id", "map_index")
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
    fields = ("pool", "queue", "retries", "is_mapped")
    rows = [
        {
            "task_id": task["task_id"],
            "operator": task["operator_name"],
            "trigger_rule": task["trigger_rule"],
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
    rows = [_row(task) for task in server.pages(instances_of(run), "task_instances", order_by=ORDER)]
    show_rows(rows, output=args.output, columns=STATE_COLUMNS)
    return 0


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


def render(args: Namespace, server: Server) -> int:
    """Print the rendered template fields of the last attempt."""
    run = run_of(server, args.dag_id, args.run)
    rendered = instance_of(server, run, args)["rendered_fields"]
    if not rendered:
        raise UserError(
            f"no template fields of task `{args.task_id}` are stored for run `{run['dag_run_id']}`",
            hint="They are stored when an attempt has begun and the task has template fields.",
        )
    show_rendered(rendered)
    return 0


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
    if task["try_number"] < tries and not args.follow:
        raise no_such_try(args.task_id, run["dag_run_id"], had=task["try_number"], wanted=tries)
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
