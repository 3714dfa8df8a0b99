"""`windward tasks mark` and `dags mark` against a server."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from windward.cli.columns import MARK_COLUMNS
from windward.cli.output import note, show_rows
from windward.cli.remote.asking import (
    OWN,
    indexes_of,
    instance_row,
    instances_of,
    newest_runs_first,
    path,
    run_of,
)
from windward.client.http import in_path
from windward.client.server import Json, Server
from windward.core.people import mark_with_run
from windward.errors import NotFoundError, UserError
from windward.model.states import RunState, TaskState


def mark(args: Namespace, server: Server) -> int:
    """Set an instance (and, when asked for, those above, below, before or after it) to a state."""
    _refuse(args)
    run = run_of(server, args.dag_id, args.run)
    place, body = _place(args, run), _body(args)
    which = {} if args.map_index is None else {"map_index": args.map_index}
    try:
        meant = server.send("PATCH", f"{place}/dry_run", body, **which)["task_instances"]
    except NotFoundError as error:
        if args.is_group or not indexes_of(server, run, args.task_id):
            raise _no_task(args, run) from error
        meant = []
    if args.dry_run:
        rows = [instance_row(one, new_state=args.state) for one in newest_runs_first(meant)]
        return _preview(rows, output=args.output)
    if meant:
        server.send("PATCH", place, body, **which)
    runs = _runs(args, server, run)
    where = "" if runs == 1 else f" in {runs} runs"
    note(f"marked {_instances(len(meant))} as {args.state}{where}")
    return 0


def _refuse(args: Namespace) -> None:
    if args.map_index is not None and args.is_group:
        raise UserError(
            "`--map-index` with `--group` cannot be asked of a server",
            hint="It would mark every instance of the tasks: mark each task by itself.",
        )


def _no_task(args: Namespace, run: Json) -> UserError:
    what = "task group" if args.is_group else "task"
    return UserError(
        f"DAG `{args.dag_id}` has no {what} `{args.task_id}` in this run",
        hint=f"`windward tasks states-for-dag-run {args.dag_id} {run['dag_run_id']}` shows its tasks.",
    )


def _place(args: Namespace, run: Json) -> str:
    if args.is_group:
        group = ("taskGroupInstances", args.task_id)
        return path("dags", run["dag_id"], "dagRuns", run["dag_run_id"], *group)
    return f"{instances_of(run)}/{in_path(args.task_id)}"


def _body(args: Namespace) -> Json:
    return {
        "new_state": args.state,
        "include_upstream": args.upstream,
        "include_downstream": args.downstream,
        "include_past": args.past,
        "include_future": args.future,
    }


def _runs(args: Namespace, server: Server, run: Json) -> int:
    """Return in how many runs was looked."""
    date, runs = run["logical_date"], path("dags", run["dag_id"], "dagRuns")
    if date is None:
        return 1
    sides = [{"logical_date_lt": date}] * args.past + [{"logical_date_gt": date}] * args.future
    counts: list[int] = [server.get(runs, limit=1, **side)["total_entries"] for side in sides]
    return 1 + sum(counts)


def mark_run(args: Namespace, server: Server) -> int:
    """Set a run to success or failed."""
    run, state = run_of(server, args.dag_id, args.run), RunState(args.state)
    changing = [str(task) for task in TaskState if mark_with_run(task, state) is not None]
    if args.dry_run:
        moving = server.pages(
            instances_of(run), "task_instances", state=changing, order_by=("task_id", "map_index")
        )
        rows = [instance_row(one, new_state=_after(one, state)) for one in moving]
        return _preview(rows, output=args.output)
    count = server.get(instances_of(run), state=changing, limit=1)["total_entries"]
    is_so = not count and run["state"] == state and not _is_recovered(server, run)
    server.send("PATCH", path("dags", run["dag_id"], "dagRuns", run["dag_run_id"]), {"state": state})
    if is_so:
        note(f"run `{run['dag_run_id']}` is {state} already")
    else:
        note(f"marked run `{run['dag_run_id']}` as {state}, with {_instances(count)}")
    return 0


def _after(one: Json, state: RunState) -> TaskState | None:
    return mark_with_run(TaskState(one["state"] or TaskState.NONE), state)


def _is_recovered(server: Server, run: Json) -> bool:
    """Whether a failed run is about to run again on its own."""
    failed = server.pages(f"{OWN}/recovery", "runs", dag_id=run["dag_id"])
    return any(one["dag_run_id"] == run["dag_run_id"] and one["recover_at"] is not None for one in failed)


def _preview(rows: list[dict[str, Any]], *, output: str) -> int:
    note("nothing was marked; this would be:")
    show_rows(rows, output=output, columns=MARK_COLUMNS)
    return 0


def _instances(count: int) -> str:
    return f"{count} task instance{'' if count == 1 else 's'}"
