"""Finding what a command names: a DAG, a run, a task; or an error that suggests the nearest name.

What lives here: reads that end in one thing or a `UserError`. What may not: output.
"""

from __future__ import annotations

from windward.app.session import Session
from windward.cli.arguments import as_moment, nearest
from windward.document import DagDocument
from windward.errors import UserError
from windward.model.records import DagRecord, RunRecord, TaskRecord
from windward.ports.reads import DagDetails


def found_dag(session: Session, dag_id: str) -> DagDetails:
    """Return a DAG with its newest document; raise `UserError`."""
    details = session.store.reads.dag_details(dag_id)
    if details is None:
        known = [dag.dag_id for dag in session.store.reads.list_dags(active_only=False)]
        raise UserError(
            f"there is no DAG `{dag_id}`",
            hint=f"{nearest(dag_id, known)}`windward dags list` shows all; "
            "`windward dags list-import-errors` shows files that could not be read.",
        )
    return details


def found_document(session: Session, run: RunRecord) -> DagDocument:
    """Return the document that a run is pinned to; raise `UserError`."""
    document = session.store.catalog.load_documents([run.document_hash]).get(run.document_hash)
    if document is None:
        raise UserError(
            f"the version of DAG `{run.dag_id}` that run `{run.run_id}` began with is gone",
            hint="`windward dags reserialize` writes it anew from its file.",
        )
    return document


def found_run(session: Session, dag_id: str, run_id_or_date: str) -> RunRecord:
    """Return a run of a DAG by its run id, or by its logical date; raise `UserError`."""
    runs = session.store.runs
    run = runs.find_run(dag_id, run_id=run_id_or_date)
    if run is None and (moment := as_moment(run_id_or_date)) is not None:
        run = runs.find_run(dag_id, logical_date=session.aware(moment))
    if run is None:
        found_dag(session, dag_id)
        known = [one.run_id for one in session.store.reads.list_runs(dag_id=dag_id)]
        raise UserError(
            f"DAG `{dag_id}` has no run `{run_id_or_date}`",
            hint=f"{nearest(run_id_or_date, known)}Name a run by its id or its logical date; "
            f"`windward dags list-runs {dag_id}` shows all.",
        )
    return run


def found_instance(session: Session, run: RunRecord, task_id: str, map_index: int) -> TaskRecord:
    """Return a task instance of a run; raise `UserError`."""
    tasks = session.store.reads.task_states(run.run_pk)
    same = [task for task in tasks if task.task_id == task_id]
    for task in same:
        if task.map_index == map_index:
            return task
    if same:
        indexes = sorted(task.map_index for task in same)
        raise UserError(
            f"task `{task_id}` has no instance with map index {map_index} in run `{run.run_id}`",
            hint=f"Give `--map-index` from {indexes[0]} to {indexes[-1]}."
            if indexes[0] >= 0
            else "The task is not mapped (yet): leave `--map-index` out.",
        )
    raise UserError(
        f"run `{run.run_id}` of DAG `{run.dag_id}` has no task `{task_id}`",
        hint=f"{nearest(task_id, {task.task_id for task in tasks})}"
        f"`windward tasks list {run.dag_id}` shows all.",
    )


def active_records(session: Session) -> dict[str, DagRecord]:
    """Return the rows of all active DAGs by id."""
    return {record.dag_id: record for record in session.store.catalog.load_dags()}
