"""DAGs, as people pause, mark, re-read and delete them."""

from __future__ import annotations

from collections.abc import Sequence

from windward.core.actions import PauseDag
from windward.engine.people.changes import note_change
from windward.engine.people.desk import Desk
from windward.errors import ConflictError, NotFoundError
from windward.model.states import RunState, TaskState
from windward.ports.store import Note

RUNS_LOOKED_AT_MAX = 1000


def pause_dags(desk: Desk, dag_ids: Sequence[str], *, is_paused: bool, by: str) -> list[str]:
    """Pause DAGs, or let them run; return those that were not so already."""
    now = desk.clock.now()
    groups = [
        [PauseDag(dag_id=dag_id, is_paused=is_paused, at=now, reason=f"asked for by {by}")]
        for dag_id in dag_ids
    ]
    notes = [Note(kind="dag", subject=dag_id) for dag_id in dag_ids]
    applied = desk.store.runs.apply(groups, notes=notes)
    changed = [dag_id for dag_id, is_new in zip(dag_ids, applied.results, strict=True) if is_new]
    for dag_id in changed:
        before, after = {"is_paused": not is_paused}, {"is_paused": is_paused}
        note_change("dag", dag_id, before=before, after=after, dag_id=dag_id)
    if changed:
        desk.wakeup.wake()
    return changed


def delete_dag(desk: Desk, dag_id: str) -> int:
    """Delete a DAG with its runs, tasks, XComs and versions; return how many runs it had.

    It comes back when its file is read again.
    """
    count = desk.store.catalog.delete_dag(dag_id)
    desk.store.runs.apply([], notes=[Note(kind="dag", subject=dag_id)])
    note_change("dag", dag_id, before={"runs": count}, dag_id=dag_id)
    desk.wakeup.wake()
    return count


def refuse_running(desk: Desk, dag_id: str) -> None:
    """Go on only if no task of a DAG is running.

    Raises:
        ConflictError: when one is.
    """
    runs = desk.store.reads.list_runs(dag_id=dag_id, states=[RunState.RUNNING], limit=RUNS_LOOKED_AT_MAX)
    for run in runs:
        if any(task.state is TaskState.RUNNING for task in desk.store.runs.load_tasks([run.run_pk])):
            raise ConflictError(f"Task instances of dag with id: '{dag_id}' are still running")


def mark_favorite(desk: Desk, dag_id: str, *, user_id: str) -> None:
    """Mark a DAG for a user."""
    desk.store.catalog.add_favorite(user_id, dag_id, now=desk.clock.now())


def unmark_favorite(desk: Desk, dag_id: str, *, user_id: str) -> None:
    """Take a user's mark away.

    Raises:
        ConflictError: when there is none.
    """
    if not desk.store.catalog.remove_favorite(user_id, dag_id):
        raise ConflictError("Dag is not marked as favorite")


def ask_parse(desk: Desk, fileloc: str) -> None:
    """Ask that a DAG file is read again; the processor takes it up at its next look at the folder.

    Raises:
        NotFoundError: when no such file is known.
    """
    if all(file.fileloc != fileloc for file in desk.store.catalog.load_files()):
        raise NotFoundError(f"there is no DAG file `{fileloc}`")
    desk.store.catalog.ask_parse(fileloc, now=desk.clock.now())
    note_change("dag_file", fileloc, after={"is_read_again": True})
