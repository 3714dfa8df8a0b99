"""Answers to questions of user code about other DAGs: their runs, their tasks, their schedules. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from windward.core.external import mismatch, tasks_in_group
from windward.core.runs import is_newest_slot
from windward.document import DagDocument
from windward.engine.contexts import run_context
from windward.errors import NotFoundError
from windward.ports.store import Store
from windward.protocol import calls as c

RUNS_MAX = 10_000
"""Most runs that one question gives."""


def lookup(store: Store, call: c.TallyTasks | c.FindRuns | c.FindDag) -> c.Answer:
    """Answer a question. Raises `NotFoundError` for a group that does not exist."""
    match call:
        case c.TallyTasks():
            return _tally(store, call)
        case c.FindRuns():
            return _find_runs(store, call)
        case c.FindDag():
            return _find_dag(store, call)


def tasks_of(
    store: Store, dag_id: str, task_ids: Sequence[str] | None, group_id: str | None
) -> Sequence[str] | None:
    """Return the tasks that are meant, a group's by the newest version of the DAG; None means all.

    Raises `NotFoundError` when the DAG has no such group.
    """
    if group_id is None:
        return task_ids
    document = _document(store, dag_id)
    if document is None:
        raise NotFoundError(f"DAG `{dag_id}` does not exist")
    found = tasks_in_group(document, group_id)
    if found is None:
        raise NotFoundError(f"DAG `{dag_id}` has no task group `{group_id}`")
    return [task_id for task_id in found if task_ids is None or task_id in task_ids]


def is_latest_slot(store: Store, call: c.LatestSlot, *, now: datetime) -> bool:
    """Whether nothing newer of its schedule is due than a run; so it is for a run that is gone."""
    run, dag = store.runs.find_run(call.dag_id, run_id=call.run_id), store.catalog.load_dag(call.dag_id)
    document = store.catalog.load_documents([run.document_hash]).get(run.document_hash) if run else None
    if run is None or dag is None or document is None:
        return True
    windows = store.catalog.load_windows([call.dag_id]).get(call.dag_id)
    return is_newest_slot(document, dag, run, windows, now=now)


def _tally(store: Store, call: c.TallyTasks) -> c.TaskTalliesAnswer:
    wanted = tasks_of(store, call.dag_id, call.task_ids, call.group_id)
    found = store.runs.tally_tasks(
        call.dag_id, task_ids=wanted, run_ids=call.run_ids, logical_dates=call.logical_dates
    )
    items = tuple(
        c.TaskTally(run_id=run_id, logical_date=date, task_id=task_id, state=state, count=count)
        for run_id, date, task_id, state, count in found
    )
    return c.TaskTalliesAnswer(items=items, task_ids=tuple(wanted or ()))


def _find_runs(store: Store, call: c.FindRuns) -> c.RunsAnswer:
    runs = store.runs.find_runs(
        call.dag_ids,
        run_ids=call.run_ids,
        logical_dates=call.logical_dates,
        states=call.states,
        run_types=call.run_types,
        date_from=call.date_from,
        date_to=call.date_to,
        limit=min(call.limit, RUNS_MAX),
    )
    return c.RunsAnswer(runs=tuple(run_context(run) for run in runs))


def _find_dag(store: Store, call: c.FindDag) -> c.DagAnswer:
    dag = store.catalog.load_dag(call.dag_id)
    if dag is None or not dag.is_active:
        return c.DagAnswer(is_known=False)
    document = store.catalog.load_documents([dag.document_hash])[dag.document_hash]
    return c.DagAnswer(
        is_known=True,
        is_paused=dag.is_paused,
        task_ids=tuple(task.task_id for task in document.tasks),
        group_ids=tuple(group.group_id for group in document.groups),
        mismatch=mismatch(document, call.logical_dates),
    )


def _document(store: Store, dag_id: str) -> DagDocument | None:
    dag = store.catalog.load_dag(dag_id)
    if dag is None:
        return None
    return store.catalog.load_documents([dag.document_hash]).get(dag.document_hash)
