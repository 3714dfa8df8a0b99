"""`windward dags` against a server."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from windward.cli.arguments import UsageError, nearest, pattern
from windward.cli.columns import DAG_COLUMNS, NEXT_COLUMNS, RUN_COLUMNS
from windward.cli.output import is_agreed, note, show_one, show_rows, tell_broken
from windward.cli.remote.asking import CONFLICT, FORBIDDEN, dag_of, iso, moment, path, run_of, run_row
from windward.cli.times import in_zone
from windward.client.server import Json, RefusedHereError, Server
from windward.errors import UserError

COLUMNS = tuple(name for name in DAG_COLUMNS if name != "next_run_local")


def list_dags(args: Namespace, server: Server) -> int:
    """Print all DAGs."""
    query: dict[str, Any] = {"tags": args.tag, "tags_match_mode": "any" if args.tag else None}
    rows = [_row(dag) for dag in server.pages(path("dags"), "dags", exclude_stale=not args.all, **query)]
    columns = args.columns.split(",") if args.columns else COLUMNS
    if rows and (unknown := [name for name in columns if name not in rows[0]]):
        raise UsageError(
            f"there is no column `{unknown[0]}`",
            prog="windward dags list",
            hint=f"{nearest(unknown[0], rows[0])}Columns are {', '.join(rows[0])}.",
        )
    if args.columns:
        rows = [{name: row[name] for name in columns} for row in rows]
    show_rows(rows, output=args.output, columns=columns)
    tell_broken(_broken(server))
    return 0


def _broken(server: Server) -> int:
    """Return how many files could not be read; none are known to who may not see them."""
    try:
        count: int = server.get(path("importErrors"), limit=1)["total_entries"]
    except RefusedHereError as error:
        if error.status != FORBIDDEN:
            raise
        return 0
    return count


def _row(dag: Json) -> dict[str, Any]:
    return {
        "dag_id": dag["dag_id"],
        "display_name": dag["dag_display_name"],
        "description": dag["description"],
        "fileloc": dag["relative_fileloc"],
        "owners": dag["owners"],
        "tags": [tag["name"] for tag in dag["tags"]],
        "schedule": dag["timetable_summary"],
        "is_paused": dag["is_paused"],
        "is_active": not dag["is_stale"],
        "has_import_errors": dag["has_import_errors"],
        "next_run": moment(dag["next_dagrun_run_after"]),
    }


def details(args: Namespace, server: Server) -> int:
    """Print one DAG."""
    dag_of(server, args.dag_id)
    dag = server.get(path("dags", args.dag_id, "details"))
    tasks = server.get(path("dags", args.dag_id, "tasks"))["tasks"]
    version = dag.get("latest_dag_version") or {}
    limits = ("max_active_runs", "max_active_tasks", "max_consecutive_failed_dag_runs")
    row = _row(dag)
    described = ("dag_id", "display_name", "description", "fileloc", "owners", "tags", "schedule")
    show_one(
        {
            **{name: row[name] for name in described},
            "timezone": dag["timezone"],
            "start_date": moment(dag["start_date"]),
            "end_date": moment(dag["end_date"]),
            "catchup": dag["catchup"],
            **{name: value for name, value in row.items() if name not in described},
            "next_run_local": in_zone(moment(dag["next_dagrun_run_after"]), dag["timezone"] or "UTC"),
            **{name: dag[name] for name in limits},
            "params": {name: _param(param) for name, param in (dag["params"] or {}).items()},
            "tasks": [task["task_id"] for task in tasks],
            "version": version.get("version_number"),
        },
        output=args.output,
    )
    return 0


def _param(param: Json) -> dict[str, Any]:
    shown = {"default": param["value"]} if param["value"] is not None else {}
    return shown | {"schema": param["schema"], "description": param["description"]}


def trigger(args: Namespace, server: Server) -> int:
    """Make a run."""
    dag = dag_of(server, args.dag_id)
    body = {
        "dag_run_id": args.run_id,
        "logical_date": iso(args.logical_date or datetime.now(UTC)),
        "run_after": iso(args.run_after),
        "conf": args.conf or {},
        "note": args.note,
    }
    try:
        run = server.send("POST", path("dags", args.dag_id, "dagRuns"), body)
    except RefusedHereError as error:
        raise _exists(args, server, error) if error.status == CONFLICT else error from error
    if dag["is_paused"]:
        note(
            f"DAG `{args.dag_id}` is paused: the run stays queued until `windward dags unpause {args.dag_id}`"
        )
    show_rows([run_row(run) | {"conf": run["conf"]}], output=args.output, columns=RUN_COLUMNS)
    return 0


def _exists(args: Namespace, server: Server, error: RefusedHereError) -> UserError:
    """Return the error for a run of that id or date, with what to do about it."""
    flag, run = "--run-id", args.run_id
    if "logical date" in error.message:
        flag, run = "--logical-date", iso(args.logical_date)
    if run is None:
        return error
    run_id = run_of(server, args.dag_id, run)["dag_run_id"]
    return UserError(
        error.message,
        hint=f"Give another `{flag}`, or run that one again with "
        f"`windward tasks clear {args.dag_id} --run-id {run_id}`.",
    )


def pause(args: Namespace, server: Server) -> int:
    """Pause DAGs."""
    return _set_paused(args, server, is_paused=True)


def unpause(args: Namespace, server: Server) -> int:
    """Unpause DAGs."""
    return _set_paused(args, server, is_paused=False)


def _set_paused(args: Namespace, server: Server, *, is_paused: bool) -> int:
    word = "paused" if is_paused else "unpaused"
    dags = _named(args, server, word=word)
    for dag in dags:
        if dag["is_paused"] is is_paused:
            note(f"DAG `{dag['dag_id']}` was {word} already")
        else:
            server.send(
                "PATCH", path("dags", dag["dag_id"]), {"is_paused": is_paused}, update_mask="is_paused"
            )
    if dags:
        rows = [{"dag_id": dag["dag_id"], "is_paused": is_paused} for dag in dags]
        show_rows(rows, output=args.output)
    return 0 if dags else 1


def _named(args: Namespace, server: Server, *, word: str) -> list[Json]:
    if not args.treat_dag_id_as_regex:
        return [dag_of(server, args.dag_id)]
    try:
        wanted = pattern(args.dag_id)
    except ArgumentTypeError as error:
        raise UsageError(str(error), prog=args.parser.prog) from None
    dags = [dag for dag in server.pages(path("dags"), "dags") if wanted.search(dag["dag_id"])]
    if not dags:
        raise UserError(f"no DAG matches `{args.dag_id}`", hint="`windward dags list` shows all.")
    listed = ", ".join(f"`{dag['dag_id']}`" for dag in dags)
    return dags if is_agreed(f"{len(dags)} DAGs will be {word}: {listed}. Go on?", yes=args.yes) else []


def list_runs(args: Namespace, server: Server) -> int:
    """Print runs."""
    dag_id = args.dag_id or args.dag_option
    if dag_id:
        dag_of(server, dag_id)
    query = {
        "state": args.state,
        "run_after_gte": iso(args.start_date),
        "run_after_lte": iso(args.end_date),
        "order_by": "-run_after",
    }
    place = path("dags", dag_id, "dagRuns") if dag_id else "/api/v2/dags/~/dagRuns"
    runs = list(islice(server.pages(place, "dag_runs", limit=args.limit + 1, **query), args.limit + 1))
    if len(runs) > args.limit:
        note(f"only the newest {args.limit} runs are looked at; `--limit` changes that")
    rows = [
        run_row(run) for run in runs[: args.limit] if not (args.no_backfill and run["run_type"] == "backfill")
    ]
    show_rows(rows, output=args.output, columns=RUN_COLUMNS)
    return 0


def state(args: Namespace, server: Server) -> int:
    """Print the state of a run."""
    print(run_of(server, args.dag_id, args.run)["state"])
    return 0


def delete(args: Namespace, server: Server) -> int:
    """Delete what is stored of a DAG."""
    dag = dag_of(server, args.dag_id)
    if not is_agreed(
        f"All runs, tasks and XComs of DAG `{args.dag_id}` will be deleted. Go on?", yes=args.yes
    ):
        return 1
    runs: int = server.get(path("dags", args.dag_id, "dagRuns"), limit=1)["total_entries"]
    try:
        server.send("DELETE", path("dags", args.dag_id))
    except RefusedHereError as error:
        if error.status != CONFLICT:
            raise
        hint = f"Wait for them, or end their runs by `windward dags mark {args.dag_id} RUN --state failed`."
        raise UserError(error.message, hint=hint) from error
    note(f"deleted DAG `{args.dag_id}` with {runs} run{'' if runs == 1 else 's'}")
    if not dag["is_stale"]:
        note(
            f"it comes back when `{dag['relative_fileloc']}` is read again; delete that file, too, to be rid of it"
        )
    return 0


def next_execution(args: Namespace, server: Server) -> int:
    """Print when the next run comes."""
    if args.num_executions > 1:
        raise UserError(
            "`--num-executions` cannot be asked of a server, which tells the next run only",
            hint="Leave it out, or run the command where the database is.",
        )
    dag_of(server, args.dag_id)
    dag = server.get(path("dags", args.dag_id, "details"))
    run_after, zone = moment(dag["next_dagrun_run_after"]), dag["timezone"] or "UTC"
    rows = []
    if run_after is not None:
        rows.append(
            {
                "run_after": run_after,
                "run_after_local": in_zone(run_after, zone),
                "timezone": zone,
                "logical_date": moment(dag["next_dagrun_logical_date"]),
                "data_interval_start": moment(dag["next_dagrun_data_interval_start"]),
                "data_interval_end": moment(dag["next_dagrun_data_interval_end"]),
            }
        )
    if dag["is_paused"]:
        note(f"DAG `{args.dag_id}` is paused: nothing runs until `windward dags unpause {args.dag_id}`")
    if not rows:
        note(f"the schedule of DAG `{args.dag_id}` wants no more runs")
    show_rows(rows, output=args.output, columns=NEXT_COLUMNS)
    return 0


def reserialize(args: Namespace, server: Server) -> int:
    """Ask that all DAG files are read again: by the processor, which says nothing back."""
    del args
    tokens = {dag["relative_fileloc"]: dag["file_token"] for dag in server.pages(path("dags"), "dags")}
    for token in tokens.values():
        server.send("PUT", path("parseDagFile", token))
    note(f"asked the processor to read {len(tokens)} file{'' if len(tokens) == 1 else 's'} again")
    broken = {file["filename"] for file in server.pages(path("importErrors"), "import_errors")}
    for fileloc in sorted(broken - tokens.keys()):
        note(f"`{fileloc}` could not be read and has no DAG to ask by: it is read when it changes")
    return 0


def list_import_errors(args: Namespace, server: Server) -> int:
    """Print files that could not be read."""
    files = list(server.pages(path("importErrors"), "import_errors"))
    if args.output in {"json", "yaml"}:
        rows = [{"filepath": file["filename"], "error": file["stack_trace"]} for file in files]
        show_rows(rows, output=args.output)
    else:
        for file in files:
            lines = "\n".join(f"    {line}".rstrip() for line in file["stack_trace"].rstrip().splitlines())
            print(f"{file['filename']}:\n{lines}\n")
    return 1 if files else 0
