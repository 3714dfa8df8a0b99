"""Which runs and tasks the flags of a command mean: by id, by date, and those before or after.

What lives here: reading of flags into runs and task ids. What may not: what is done to them.
"""

from __future__ import annotations

from argparse import Namespace

from windward.app.session import Session
from windward.cli.flags import no_group
from windward.cli.lookup import found_dag, found_run
from windward.core.plan import DagPlan
from windward.core.selection import in_group
from windward.engine.people.tasks import with_neighbours
from windward.errors import UserError
from windward.model.records import RunRecord
from windward.ports.reads import LIST_LIMIT_MAX


def meant_runs(args: Namespace, session: Session) -> list[RunRecord]:
    """Return the runs that are meant, the newest first; raise `UserError`."""
    found_dag(session, args.dag_id)
    start = session.aware(args.start_date) if args.start_date else None
    end = session.aware(args.end_date) if args.end_date else None
    if args.run_id:
        named = [found_run(session, args.dag_id, run_id) for run_id in args.run_id]
        return with_neighbours(session.desk, named, past=args.past, future=args.future)
    if args.past or args.future:
        raise UserError(
            "`--past` and `--future` are counted from a run", hint="Name it with `--run-id`, or give dates."
        )
    return [
        run
        for run in session.store.reads.list_runs(dag_id=args.dag_id, limit=LIST_LIMIT_MAX)
        if run.logical_date is not None
        and (start is None or start <= run.logical_date)
        and (end is None or run.logical_date <= end)
    ]


def meant_tasks(args: Namespace, plan: DagPlan) -> tuple[str, ...] | None:
    """Return the tasks of a run that are meant; None for all. Raise `UserError` for a group that is not there."""
    if args.task_regex is None and args.task_group is None:
        return None
    names = [task.task_id for task in plan.tasks]
    if args.task_group is not None:
        known = {group.group_id for group in plan.document.groups}
        if args.task_group not in known:
            raise no_group(args.dag_id, args.task_group, known)
        names = in_group(plan, args.task_group)
    if args.task_regex is not None:
        names = [name for name in names if args.task_regex.search(name)]
    return tuple(names)
