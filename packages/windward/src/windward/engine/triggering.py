"""Runs that tasks ask for: read what there is, let `core` decide, write it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from windward.core.actions import Action
from windward.core.plan import compile_plan
from windward.core.triggering import Again, Joined, Made, Wish, decide_reset, decide_trigger
from windward.core.view import RunView
from windward.document import DagDocument
from windward.document.params import check_conf
from windward.errors import ConflictError, NotFoundError
from windward.model.records import DagRecord, RunParent, RunRecord
from windward.ports.clock import Ids
from windward.ports.store import Note, Store
from windward.protocol.calls import TriggerRun
from windward.protocol.work import AttemptRef
from windward.timetable import CustomSchedule, by_time

TRIES_MAX = 100
"""How many moments are tried for runs that are asked for without a date: two cannot have the same."""
RESET_TRIES_MAX = 5
_MOMENT = timedelta(microseconds=1)


def trigger_run(
    store: Store, ids: Ids, ref: AttemptRef, call: TriggerRun, *, now: datetime, wake: Callable[[], None]
) -> RunRecord:
    """Do what a task asks for and return the run. Raises `NotFoundError`, `ConflictError` and `UserError`."""
    dag = store.catalog.load_dag(call.dag_id)
    if dag is None or not dag.is_active:
        raise NotFoundError(f"DAG `{call.dag_id}` does not exist")
    document = store.catalog.load_documents([dag.document_hash])[dag.document_hash]
    check_conf(document, call.conf)
    wish = Wish(
        dag_id=call.dag_id,
        run_id=call.run_id,
        logical_date=call.logical_date,
        has_no_date=call.has_no_date,
        run_after=call.run_after,
        conf=call.conf,
        note=call.note,
        resets=call.reset,
        again_after=frozenset(call.again_after),
        needs_unpaused=call.needs_unpaused,
    )
    run = _carry_out(store, ids, document, dag, wish, _parent(store, ref, call), now)
    wake()
    return run


def _carry_out(
    store: Store,
    ids: Ids,
    document: DagDocument,
    dag: DagRecord,
    wish: Wish,
    parent: RunParent | None,
    now: datetime,
) -> RunRecord:
    mine = store.runs.find_triggered(wish.dag_id, parent) if parent is not None else None
    is_own = isinstance(by_time(document.schedule), CustomSchedule)
    for number in range(TRIES_MAX):
        decided = decide_trigger(
            document,
            dag,
            wish,
            parent=parent,
            mine=mine,
            same=_same(store, wish),
            now=now + number * _MOMENT,
            run_pk=ids.next_pk(),
            windows=store.catalog.load_windows([wish.dag_id]).get(wish.dag_id) if is_own else None,
        )
        match decided:
            case Joined(run=run):
                return run
            case Again(run=run):
                return _reset(store, run, parent, now)
            case Made(run=run, actions=actions):
                if _write(store, actions, run_pk=run.run_pk):
                    return run
    raise ConflictError(f"DAG `{wish.dag_id}` gets too many runs at once")


def _same(store: Store, wish: Wish) -> RunRecord | None:
    by_id = store.runs.find_run(wish.dag_id, run_id=wish.run_id) if wish.run_id is not None else None
    if by_id is not None or wish.logical_date is None:
        return by_id
    return store.runs.find_run(wish.dag_id, logical_date=wish.logical_date)


def _reset(store: Store, run: RunRecord, parent: RunParent | None, now: datetime) -> RunRecord:
    for _ in range(RESET_TRIES_MAX):
        runs = store.runs.load_runs([run.run_pk])
        documents = store.catalog.load_documents([run.document_hash])
        if not runs or run.document_hash not in documents:
            break
        plan = compile_plan(documents[run.document_hash], run.document_hash)
        view = RunView(runs[0], plan, store.runs.load_tasks([run.run_pk]))
        if _write(store, decide_reset(view, parent=parent, now=now), run_pk=run.run_pk):
            return store.runs.load_runs([run.run_pk])[0]
    raise ConflictError(f"run `{run.run_id}` of DAG `{run.dag_id}` could not be run again")


def _write(store: Store, actions: list[Action], *, run_pk: int) -> bool:
    return store.runs.apply([actions], notes=[Note(kind="run", subject=str(run_pk))]).all


def _parent(store: Store, ref: AttemptRef, call: TriggerRun) -> RunParent | None:
    if call.since is None or not ref.task_id:
        return None
    runs = store.runs.load_runs([ref.run_pk])
    if not runs:
        return None
    return RunParent(
        run_pk=ref.run_pk,
        dag_id=runs[0].dag_id,
        run_id=runs[0].run_id,
        task_id=ref.task_id,
        map_index=ref.map_index,
        since=call.since,
        place=call.place,
    )
