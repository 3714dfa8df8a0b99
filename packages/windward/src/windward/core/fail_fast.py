"""What one failure brings down: the rest of a run with `fail_fast`, and a DAG whose runs keep failing.

Rule (Airflow's): when a task of a `fail_fast` DAG has failed for good, what runs is failed and what has not
begun is skipped; teardowns are left alone, for they clean up. It is the failure that acts, not the state: a
task that a person clears afterwards runs, whatever else has failed. What is failed so has failed like any
other: its callback is owed, for its process is stopped.
"""

from __future__ import annotations

from datetime import datetime

from windward.core.actions import MoveTask, PauseDag, move
from windward.core.owed import owing
from windward.core.transitions import TaskEvent
from windward.core.view import RunView
from windward.document import DagDocument
from windward.model.records import DagRecord
from windward.model.states import FINISHED, TaskState


def is_fatal(view: RunView | None, moved: MoveTask) -> bool:
    """Whether a move is a failure that brings down the rest of its run."""
    return moved.event is TaskEvent.FAIL and view is not None and view.plan.document.fail_fast


def brought_down(view: RunView, failed: MoveTask) -> list[MoveTask]:
    """Return what follows for the rest of the run when `failed`, already folded into the view, was applied."""
    if not is_fatal(view, failed):
        return []
    reason = f"`{failed.key.task_id}` failed, and the DAG is `fail_fast`"
    moves = []
    for number, task in enumerate(view.plan.tasks):
        if task.is_teardown:
            continue
        for record in view.instances(number):
            if record.state in FINISHED:
                continue
            is_running = record.state in (TaskState.RUNNING, TaskState.RESTARTING)
            event = TaskEvent.MARK_FAILED if is_running else TaskEvent.MARK_SKIPPED
            ended = move(record, event, at=failed.at, reason=reason, end_date=failed.at, due_at=None)
            moves.append(owing(view, record, ended) if is_running else ended)
    return moves


def decide_auto_pause(document: DagDocument, dag: DagRecord, *, now: datetime) -> PauseDag | None:
    """Pause a DAG of which `max_consecutive_failed_dag_runs` runs have failed in a row; 0 means never."""
    limit = document.max_consecutive_failed_dag_runs
    if limit <= 0 or dag.is_paused or dag.failed_in_a_row < limit:
        return None
    runs = "run has" if dag.failed_in_a_row == 1 else f"{dag.failed_in_a_row} runs in a row have"
    reason = f"the last {runs} failed (`max_consecutive_failed_dag_runs` is {limit})"
    return PauseDag(dag_id=dag.dag_id, is_paused=True, at=now, reason=reason)
