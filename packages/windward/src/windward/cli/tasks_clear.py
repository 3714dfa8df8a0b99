"""`windward tasks clear`: which instances are meant, and the core's decision applied to each run."""

from __future__ import annotations

from argparse import Namespace

from windward.app.session import Session
from windward.cli.dags_write import person
from windward.cli.lookup import found_dag, found_run
from windward.cli.output import is_agreed, note
from windward.cli.people import decide_and_apply, view_of
from windward.core.people import decide_clear, related
from windward.core.view import RunView
from windward.errors import UserError
from windward.model.ids import TaskKey
from windward.model.records import RunRecord
from windward.model.states import FAILURES, TaskState
from windward.ports.reads import LIST_LIMIT_MAX

SHOWN_MAX = 20


def clear(args: Namespace, session: Session) -> int:
    """Reset task instances."""
    chosen = []
    for run in _runs(args, session):
        view = view_of(session, run)
        if keys := _keys(args, view):
            chosen.append((run, keys))
    count = sum(len(keys) for _, keys in chosen)
    if not count:
        raise UserError(
            f"no task instance of DAG `{args.dag_id}` matches",
            hint=f"`windward dags list-runs {args.dag_id}` shows the runs, `windward tasks list {args.dag_id}` the tasks.",
        )
    names = [f"  {run.run_id}  {_named(key)}" for run, keys in chosen for key in keys]
    listed = "\n".join(names[:SHOWN_MAX])
    more = f"\n  and {count - SHOWN_MAX} more" if count > SHOWN_MAX else ""
    question = f"{count} task instance{'' if count == 1 else 's'} will be cleared:\n{listed}{more}\nGo on?"
    if not is_agreed(question, yes=args.yes):
        return 1
    cleared = sum(_clear_run(session, run, keys) for run, keys in chosen)
    session.wakeup.wake()
    note(
        f"cleared {cleared} task instance{'' if cleared == 1 else 's'} in {len(chosen)} run{'' if len(chosen) == 1 else 's'}"
    )
    return 0


def _named(key: TaskKey) -> str:
    return key.task_id if key.map_index < 0 else f"{key.task_id}[{key.map_index}]"


def _runs(args: Namespace, session: Session) -> list[RunRecord]:
    found_dag(session, args.dag_id)
    if args.run_id:
        return [found_run(session, args.dag_id, run_id) for run_id in args.run_id]
    start = session.aware(args.start_date) if args.start_date else None
    end = session.aware(args.end_date) if args.end_date else None
    return [
        run
        for run in session.store.reads.list_runs(dag_id=args.dag_id, limit=LIST_LIMIT_MAX)
        if run.logical_date is not None
        and (start is None or start <= run.logical_date)
        and (end is None or run.logical_date <= end)
    ]


def _keys(args: Namespace, view: RunView) -> list[TaskKey]:
    tasks = [task.task_id for task in view.plan.tasks]
    if args.task_regex is not None:
        named = [task_id for task_id in tasks if args.task_regex.search(task_id)]
        tasks = sorted(
            related(view, named, upstream=args.upstream, downstream=args.downstream), key=tasks.index
        )
    wanted = set(tasks)
    return [
        record.key
        for record in view.all_instances()
        if record.task_id in wanted
        and record.state not in (TaskState.NONE, TaskState.REMOVED)
        and (not args.only_failed or record.state in FAILURES)
        and (not args.only_running or record.state is TaskState.RUNNING)
    ]


def _clear_run(session: Session, run: RunRecord, keys: list[TaskKey]) -> int:
    actions = decide_and_apply(
        session, run, lambda view, now: decide_clear(view, keys, by=person(), now=now), verb="cleared"
    )
    return sum(1 for key in keys if any(getattr(action, "key", None) == key for action in actions))
