"""`windward tasks mark`: set task instances to a state by hand."""

from __future__ import annotations

from argparse import Namespace

from windward.app.session import Session
from windward.cli.dags_write import person
from windward.cli.lookup import found_dag, found_run
from windward.cli.output import note
from windward.cli.people import decide_and_apply, view_of
from windward.core.actions import MoveTask
from windward.core.people import decide_mark, related
from windward.errors import UserError
from windward.model.states import TaskState


def mark(args: Namespace, session: Session) -> int:
    """Set an instance (and, when asked for, those above or below it) to success, failed or skipped."""
    found_dag(session, args.dag_id)
    run = found_run(session, args.dag_id, args.run)
    view = view_of(session, run)
    if args.task_id not in view.plan.number_of:
        raise UserError(
            f"DAG `{args.dag_id}` has no task `{args.task_id}` in this run",
            hint=f"`windward tasks states-for-dag-run {args.dag_id} {run.run_id}` shows its tasks.",
        )
    wanted = related(view, [args.task_id], upstream=args.upstream, downstream=args.downstream)
    keys = [
        record.key
        for record in view.all_instances()
        if record.task_id in wanted and (args.map_index is None or record.map_index == args.map_index)
    ]
    state = TaskState(args.state)
    actions = decide_and_apply(
        session,
        run,
        lambda now_view, now: decide_mark(now_view, keys, state, by=person(), now=now),
        verb="marked",
    )
    session.wakeup.wake()
    count = sum(isinstance(action, MoveTask) for action in actions)
    note(f"marked {count} task instance{'' if count == 1 else 's'} as {state}")
    return 0
