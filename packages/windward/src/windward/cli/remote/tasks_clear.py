"""`windward tasks clear` and `dags clear` against a server."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from windward.cli.columns import CLEAR_COLUMNS
from windward.cli.flags import no_group
from windward.cli.output import is_agreed, note, show_rows
from windward.cli.remote.asking import OWN, dag_of, instance_row, iso, newest_runs_first, path, run_of
from windward.client.http import in_path
from windward.client.server import Json, Server
from windward.errors import UserError
from windward.model.states import FAILURES, TaskState

SHOWN_MAX = 20


def clear(args: Namespace, server: Server) -> int:
    """Reset task instances, in a run or between two dates."""
    _refuse(args)
    dag_of(server, args.dag_id)
    bodies = _bodies(args, server)
    found = _foreseen(args, server, bodies)
    if (args.only_failed or args.only_running) and (args.upstream or args.downstream):
        bodies = _around(args, found)
        found = _foreseen(args, server, bodies)
    if not found:
        raise _nothing(args)
    rows = [instance_row(one, try_number=one["try_number"]) for one in found]
    if args.dry_run:
        note("nothing was cleared; this would be:")
        show_rows(rows, output=args.output, columns=CLEAR_COLUMNS)
        return 0
    listed = "\n".join(f"  {row['run_id']}  {_named(row)}" for row in rows[:SHOWN_MAX])
    more = f"\n  and {len(rows) - SHOWN_MAX} more" if len(rows) > SHOWN_MAX else ""
    question = f"{_instances(len(rows))} will be cleared:\n{listed}{more}\nGo on?"
    if not is_agreed(question, yes=args.yes):
        return 1
    cleared = sum(_asked(args, server, body, dry_run=False)["total_entries"] for body in bodies)
    runs = len({row["run_id"] for row in rows})
    note(f"cleared {_instances(cleared)} in {runs} run{'' if runs == 1 else 's'}")
    return 0


def _refuse(args: Namespace) -> None:
    if args.recursive:
        raise UserError(
            "`--recursive` cannot be asked of a server",
            hint="Clear the runs of the other DAGs by themselves, or run the command where the database is.",
        )
    if (args.past or args.future) and not args.run_id:
        raise UserError(
            "`--past` and `--future` are counted from a run", hint="Name it with `--run-id`, or give dates."
        )


def _bodies(args: Namespace, server: Server) -> list[Json]:
    """Return what to ask for: of each named run, or of those between two dates."""
    body = {
        "task_ids": _task_ids(args, server),
        "only_failed": args.only_failed,
        "only_running": args.only_running,
        # What lies around failed or running instances is asked for in a second step: a server would leave out what
        # is in another state.
        "include_upstream": args.upstream and not (args.only_failed or args.only_running),
        "include_downstream": args.downstream and not (args.only_failed or args.only_running),
        "run_on_latest_version": args.latest_version,
    }
    if not args.run_id:
        return [body | {"start_date": iso(args.start_date), "end_date": iso(args.end_date)}]
    named = {
        run["dag_run_id"]: run for run in (run_of(server, args.dag_id, run_id) for run_id in args.run_id)
    }
    dated = sorted(
        (run for run in named.values() if run["logical_date"]), key=lambda run: run["logical_date"]
    )
    if dated and args.past and args.future:
        named = {key: run for key, run in named.items() if run is dated[0] or not run["logical_date"]}
    return [
        body
        | {
            "dag_run_id": run_id,
            "include_past": args.past and bool(dated) and run is dated[0],
            "include_future": args.future and bool(dated) and run is (dated[0] if args.past else dated[-1]),
        }
        for run_id, run in named.items()
    ]


def _around(args: Namespace, found: list[Json]) -> list[Json]:
    """Return what asks for the failed (or running) instances among these and what lies around their tasks."""
    wanted = FAILURES if args.only_failed else frozenset({TaskState.RUNNING})
    by_run: dict[str, list[list[Any]]] = {}
    for one in found:
        if one["state"] in wanted:
            by_run.setdefault(one["dag_run_id"], []).append([one["task_id"], one["map_index"]])
    return [
        {
            "dag_run_id": run_id,
            "task_ids": instances,
            "only_failed": False,
            "include_upstream": args.upstream,
            "include_downstream": args.downstream,
            "run_on_latest_version": args.latest_version,
        }
        for run_id, instances in by_run.items()
    ]


def _foreseen(args: Namespace, server: Server, bodies: list[Json]) -> list[Json]:
    found = {
        (one["dag_run_id"], one["task_id"], one["map_index"]): one
        for body in bodies
        for one in _asked(args, server, body, dry_run=True)["task_instances"]
    }
    return newest_runs_first(list(found.values()))


def _asked(args: Namespace, server: Server, body: Json, *, dry_run: bool) -> Json:
    return server.send("POST", path("dags", args.dag_id, "clearTaskInstances"), body | {"dry_run": dry_run})


def _task_ids(args: Namespace, server: Server) -> list[Any] | None:
    if args.task_regex is None and args.task_group is None and not args.map_index:
        return None
    if args.task_group is not None:
        known = _in_group(args, server)
    else:
        known = [task["task_id"] for task in server.get(path("dags", args.dag_id, "tasks"))["tasks"]]
    meant = [name for name in known if args.task_regex is None or args.task_regex.search(name)]
    if not meant:
        raise _nothing(args)
    return [[task_id, index] for task_id in meant for index in args.map_index] if args.map_index else meant


def _in_group(args: Namespace, server: Server) -> list[str]:
    """Return the tasks in a group, at any depth."""
    grid = server.get(f"{OWN}/dags/{in_path(args.dag_id)}/grid", limit=1)
    groups = {group["group_id"]: group["parent_id"] for group in grid["groups"]}
    if args.task_group not in groups:
        raise no_group(args.dag_id, args.task_group, groups)

    def is_inside(group_id: str | None) -> bool:
        return group_id is not None and (group_id == args.task_group or is_inside(groups[group_id]))

    return [task["task_id"] for task in grid["tasks"] if is_inside(task["group_id"])]


def _nothing(args: Namespace) -> UserError:
    return UserError(
        f"no task instance of DAG `{args.dag_id}` matches",
        hint=f"`windward dags list-runs {args.dag_id}` shows the runs, `windward tasks list {args.dag_id}` the tasks.",
    )


def _instances(count: int) -> str:
    return f"{count} task instance{'' if count == 1 else 's'}"


def _named(row: dict[str, Any]) -> str:
    return row["task_id"] if row["map_index"] < 0 else f"{row['task_id']}[{row['map_index']}]"
