"""`windward tasks`, with DAG files: test and render. The DAG file is imported in this process."""

from __future__ import annotations

import json
from argparse import Namespace

from windward.app.session import Session
from windward.cli.arguments import as_moment
from windward.cli.components import component
from windward.cli.lookup import found_instance, found_run
from windward.cli.output import show_rendered
from windward.errors import UserError


def render(args: Namespace, session: Session) -> int:
    """Print the rendered template fields of the last attempt."""
    run = found_run(session, args.dag_id, args.run)
    task = found_instance(session, run, args.task_id, args.map_index)
    rendered = session.store.reads.rendered_fields(task.key)
    if rendered is None:
        raise UserError(
            f"no template fields of task `{args.task_id}` are stored for run `{run.run_id}`",
            hint="They are stored when an attempt has begun and the task has template fields.",
        )
    show_rendered(json.loads(rendered))
    return 0


def test(args: Namespace, session: Session) -> int:
    """Run one task in this process."""
    moment = as_moment(args.run) if args.run else None
    if args.run and moment is None:
        moment = found_run(session, args.dag_id, args.run).logical_date
    code: int = component("windward.app.dag_test", "test_task", what="tasks test")(
        args.dag_id,
        args.task_id,
        session.aware(moment) if moment else None,
        map_index=args.map_index,
        params=args.task_params or {},
        env=args.env_vars or {},
        settings=session.settings,
        environ=session.environ,
    )
    return code
