"""`windward dags`, reading: list, details, runs, states, the tree of tasks, what comes next."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from itertools import islice
from typing import Any

from windward.app.session import Session
from windward.cli.arguments import UsageError, nearest
from windward.cli.columns import DAG_COLUMNS, NEXT_COLUMNS, RUN_COLUMNS
from windward.cli.lookup import active_records, found_dag, found_run
from windward.cli.output import note, show_one, show_rows, tell_broken
from windward.cli.times import in_zone
from windward.core.upcoming import next_run, upcoming_slots
from windward.document import DagDocument
from windward.document.dag import TaskDocument
from windward.model.records import RunRecord
from windward.model.states import RunState, RunType, TriggerRule
from windward.ports.reads import LIST_LIMIT_MAX, DagSummary
from windward.timetable import CustomSchedule, by_time, has_run_out


def list_dags(args: Namespace, session: Session) -> int:
    """Print all DAGs."""
    store, now = session.store, session.clock.now()
    dags = store.reads.list_dags(active_only=not args.all, tags=args.tag)
    documents = store.catalog.load_documents({dag.document_hash for dag in dags})
    records = active_records(session)
    windows = store.catalog.load_windows()
    rows = []
    for dag in dags:
        document, record = documents.get(dag.document_hash), records.get(dag.dag_id)
        following = None
        if document and record:
            following = next_run(document, record, now=now, windows=windows.get(dag.dag_id))
        rows.append(
            _summary(dag) | {"next_run": following, "next_run_local": in_zone(following, dag.timezone)}
        )
    columns = args.columns.split(",") if args.columns else DAG_COLUMNS
    if rows and (unknown := [name for name in columns if name not in rows[0]]):
        raise UsageError(
            f"there is no column `{unknown[0]}`",
            prog="windward dags list",
            hint=f"{nearest(unknown[0], rows[0])}Columns are {', '.join(rows[0])}.",
        )
    if args.columns:
        rows = [{name: row[name] for name in columns} for row in rows]
    show_rows(rows, output=args.output, columns=columns)
    tell_broken(len(store.reads.import_errors()))
    return 0


def _summary(dag: DagSummary) -> dict[str, Any]:
    return {
        "dag_id": dag.dag_id,
        "display_name": dag.display_name,
        "description": dag.description,
        "fileloc": dag.fileloc,
        "owners": dag.owners,
        "tags": dag.tags,
        "schedule": dag.schedule_text,
        "timezone": dag.timezone,
        "is_paused": dag.is_paused,
        "is_active": dag.is_active,
        "has_import_errors": dag.has_import_errors,
        "last_run_after": dag.last_run_after,
    }


def details(args: Namespace, session: Session) -> int:
    """Print one DAG."""
    found = found_dag(session, args.dag_id)
    document, record = found.document, found.record
    windows = session.store.catalog.load_windows([record.dag_id]).get(record.dag_id)
    following = (
        next_run(document, record, now=session.clock.now(), windows=windows) if record.is_active else None
    )
    show_one(
        {
            "dag_id": document.dag_id,
            "display_name": document.display_name or document.dag_id,
            "description": document.description,
            "fileloc": document.fileloc,
            "owners": sorted({task.owner for task in document.tasks}),
            "tags": document.tags,
            "schedule": document.schedule_text,
            "timezone": document.timezone,
            "semantics": document.semantics,
            "semantics_reason": document.semantics_reason,
            "start_date": document.start_date,
            "end_date": document.end_date,
            "catchup": document.catchup,
            "is_paused": record.is_paused,
            "paused_at": found.paused_at,
            "paused_reason": found.paused_reason,
            "is_active": record.is_active,
            "has_import_errors": any(
                file.fileloc == document.fileloc for file in session.store.reads.import_errors()
            ),
            "next_run": following,
            "next_run_local": in_zone(following, document.timezone),
            "max_active_runs": document.max_active_runs,
            "max_active_tasks": document.max_active_tasks,
            "max_consecutive_failed_dag_runs": document.max_consecutive_failed_dag_runs,
            "dagrun_timeout_s": document.dagrun_timeout_s,
            "params": {name: _param(document, name) for name in document.params},
            "tasks": [task.task_id for task in document.tasks],
            "warnings": (*document.warnings, *_warnings_of_file(session, document.fileloc)),
            "version": found.number,
            "first_seen_at": found.first_seen_at,
            "last_changed_at": found.last_changed_at,
        },
        output=args.output,
    )
    return 0


def _warnings_of_file(session: Session, fileloc: str) -> tuple[str, ...]:
    files = session.store.catalog.load_files()
    return next((file.warnings for file in files if file.fileloc == fileloc), ())


def _param(document: DagDocument, name: str) -> dict[str, Any]:
    param = document.params[name]
    shown: dict[str, Any] = {"default": param.default} if param.has_default else {}
    return shown | {"schema": param.schema, "description": param.description}


def list_runs(args: Namespace, session: Session) -> int:
    """Print runs."""
    dag_id = args.dag_id or args.dag_option
    if dag_id:
        found_dag(session, dag_id)
    start = session.aware(args.start_date) if args.start_date else None
    end = session.aware(args.end_date) if args.end_date else None
    runs: list[RunRecord] = []
    while len(runs) < args.limit:
        asked = min(args.limit - len(runs), LIST_LIMIT_MAX)
        page = session.store.reads.list_runs(
            dag_id=dag_id,
            states=[RunState(state) for state in args.state],
            run_after_from=start,
            run_after_to=end,
            offset=len(runs),
            limit=asked,
        )
        runs += page
        if len(page) < asked:
            break
    else:
        note(f"only the newest {args.limit} runs are looked at; `--limit` changes that")
    if args.no_backfill:
        runs = [run for run in runs if run.run_type is not RunType.BACKFILL]
    show_rows([run_row(run) for run in runs], output=args.output, columns=RUN_COLUMNS)
    return 0


def run_row(run: RunRecord) -> dict[str, Any]:
    """Return a run as programs see it."""
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "run_type": run.run_type,
        "state": run.state,
        "logical_date": run.logical_date,
        "data_interval_start": run.data_interval_start,
        "data_interval_end": run.data_interval_end,
        "queued_at": run.queued_at,
        "start_date": run.start_date,
        "end_date": run.end_date,
        "note": run.note,
    }


def state(args: Namespace, session: Session) -> int:
    """Print the state of a run."""
    print(found_run(session, args.dag_id, args.run).state)
    return 0


def show(args: Namespace, session: Session) -> int:
    """Print the tasks as a tree."""
    document = found_dag(session, args.dag_id).document
    print(document.dag_id)
    for line in tree_lines(document):
        print(line)
    return 0


def tree_lines(document: DagDocument) -> Iterator[str]:
    """Yield one line per edge: each task below its upstreams, written out once and pointed to afterwards."""
    below: dict[str, list[TaskDocument]] = {task.task_id: [] for task in document.tasks}
    for task in document.tasks:
        for upstream in task.upstream:
            below[upstream].append(task)
    roots = [task for task in document.tasks if not task.upstream]
    written: set[str] = set()
    open_lines = [(task, "", task is roots[-1]) for task in reversed(roots)]
    while open_lines:
        task, indent, is_last = open_lines.pop()
        is_known = task.task_id in written
        written.add(task.task_id)
        downstream = below[task.task_id]
        more = " (see above)" if is_known and downstream else ""
        yield f"{indent}{'└── ' if is_last else '├── '}{_described(task)}{more}"
        if not is_known:
            deeper = indent + ("    " if is_last else "│   ")
            open_lines += [(one, deeper, one is downstream[-1]) for one in reversed(downstream)]


def _described(task: TaskDocument) -> str:
    marks = [task.operator]
    if task.expansion is not None or task.mapped_group is not None:
        marks.append("mapped")
    if task.trigger_rule is not TriggerRule.ALL_SUCCESS:
        marks.append(task.trigger_rule)
    if task.is_setup or task.is_teardown:
        marks.append("setup" if task.is_setup else "teardown")
    return f"{task.task_id} [{', '.join(marks)}]"


def next_execution(args: Namespace, session: Session) -> int:
    """Print when the next runs come."""
    found = found_dag(session, args.dag_id)
    zone = found.document.timezone
    windows = session.store.catalog.load_windows([args.dag_id]).get(args.dag_id)
    slots = upcoming_slots(found.document, found.record, now=session.clock.now(), windows=windows)
    rows = [
        {
            "run_after": slot.run_after,
            "run_after_local": in_zone(slot.run_after, zone),
            "timezone": zone,
            "logical_date": slot.logical_date,
            "data_interval_start": slot.data_interval.start,
            "data_interval_end": slot.data_interval.end,
        }
        for slot in islice(slots, args.num_executions)
    ]
    if found.record.is_paused:
        note(f"DAG `{args.dag_id}` is paused: nothing runs until `windward dags unpause {args.dag_id}`")
    is_own = isinstance(by_time(found.document.schedule), CustomSchedule)
    if not rows and is_own and has_run_out(windows, last_run_after=found.record.last_run_after):
        note(
            f"the timetable of DAG `{args.dag_id}` is asked for more runs: its file is parsed again for them"
        )
    elif not rows:
        note(f"the schedule of DAG `{args.dag_id}` wants no more runs")
    show_rows(rows, output=args.output, columns=NEXT_COLUMNS)
    return 0


def list_import_errors(args: Namespace, session: Session) -> int:
    """Print files that could not be read; on the side, what is doubtful in others."""
    files = session.store.reads.import_errors()
    for file in session.store.catalog.load_files():
        for warning in file.warnings:
            note(f"warning: {file.fileloc}: {warning}")
    if args.output in {"json", "yaml"}:
        show_rows([{"filepath": file.fileloc, "error": file.error} for file in files], output=args.output)
    else:
        for file in files:
            print(f"{file.fileloc}:\n{_indented(file.error or '')}\n")
    return 1 if files else 0


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.rstrip().splitlines())


def report(args: Namespace, session: Session) -> int:
    """Print what parsing each file gave, the slowest first."""
    files = sorted(session.store.catalog.load_files(), key=lambda file: (-file.duration_s, file.fileloc))
    rows = [
        {
            "file": file.fileloc,
            "duration_s": round(file.duration_s, 3),
            "dag_num": len(file.dag_ids),
            "dags": file.dag_ids,
            "parsed_at": file.parsed_at,
            "has_error": file.error is not None,
            "warnings": file.warnings,
        }
        for file in files
    ]
    show_rows(
        rows, output=args.output, columns=("file", "duration_s", "dag_num", "dags", "parsed_at", "has_error")
    )
    return 0
