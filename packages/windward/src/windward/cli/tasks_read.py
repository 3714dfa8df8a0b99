"""`windward tasks`, reading: the tasks of a DAG, and how their instances stand."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from windward.app.session import Session
from windward.cli.columns import STATE_COLUMNS
from windward.cli.lookup import found_dag, found_instance, found_run
from windward.cli.output import show_rows
from windward.model.records import TaskRecord
from windward.model.states import TaskState


def list_tasks(args: Namespace, session: Session) -> int:
    """Print the tasks of a DAG: their ids, or with `-o` more of each."""
    document = found_dag(session, args.dag_id).document
    tasks = sorted(document.tasks, key=lambda task: task.task_id)
    if args.output is None:
        for task in tasks:
            print(task.task_id)
        return 0
    show_rows(
        [
            {
                "task_id": task.task_id,
                "operator": task.operator,
                "trigger_rule": task.trigger_rule,
                "upstream": task.upstream,
                "pool": task.pool,
                "queue": task.queue,
                "retries": task.retries,
                "is_mapped": task.expansion is not None or task.mapped_group is not None,
            }
            for task in tasks
        ],
        output=args.output,
    )
    return 0


def states(args: Namespace, session: Session) -> int:
    """Print every task instance of a run."""
    run = found_run(session, args.dag_id, args.run)
    rows = [_row(task) for task in session.store.reads.task_states(run.run_pk)]
    show_rows(rows, output=args.output, columns=STATE_COLUMNS)
    return 0


def _row(task: TaskRecord) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "map_index": task.map_index,
        "state": None if task.state is TaskState.NONE else task.state,
        "try_number": task.try_number,
        "start_date": task.start_date,
        "end_date": task.end_date,
        "note": task.note,
    }


def state(args: Namespace, session: Session) -> int:
    """Print the state of a task instance."""
    run = found_run(session, args.dag_id, args.run)
    print(found_instance(session, run, args.task_id, args.map_index).state)
    return 0
