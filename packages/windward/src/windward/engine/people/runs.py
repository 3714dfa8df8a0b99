"""Runs, as people make, change, repeat and delete them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from windward.core.actions import Action, MoveTask
from windward.core.people import decide_clear, decide_mark_run, decide_requeue, note_text
from windward.core.plan import DagPlan, compile_plan
from windward.core.runs import decide_manual_run
from windward.core.selection import Selection, select
from windward.core.view import RunView
from windward.document.params import check_conf
from windward.engine.people.changes import note_change
from windward.engine.people.desk import Desk
from windward.errors import ConflictError, NotFoundError, UserError
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RunState, RunType, TriggeredBy
from windward.ports.reads import DagDetails
from windward.ports.store import Note
from windward.timetable import DataInterval

RUNS_PER_LOOK_MAX = 500
DELETABLE = frozenset({RunState.QUEUED, RunState.SUCCESS, RunState.FAILED})
"""States in which a run may be deleted: nothing of it is at work."""


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A run that somebody asks for. Without a date it is of the present, unless it `has_no_date`."""

    run_id: str | None = None
    logical_date: datetime | None = None
    has_no_date: bool = False
    interval: DataInterval | None = None
    run_after: datetime | None = None
    conf: dict[str, Any] = {}
    note: str | None = None
    run_type: RunType = RunType.MANUAL
    triggered_by: TriggeredBy = TriggeredBy.CLI


class RunExistsError(ConflictError):
    """There is such a run: of that id, or (`has_same_date`) of that logical date."""

    def __init__(self, run: RunRecord, *, has_same_date: bool) -> None:
        what = f"`{run.run_id}`"
        if has_same_date and run.logical_date is not None:
            what = f"with logical date `{run.logical_date.isoformat()}`: `{run.run_id}`"
        super().__init__(f"DAG `{run.dag_id}` already has a run {what}")
        self.run = run
        self.has_same_date = has_same_date


def trigger_run(desk: Desk, dag: DagDetails, asked: RunRequest, *, by: str) -> RunRecord:
    """Make a run, and tell the scheduler at once.

    Raises:
        UserError: when the DAG's file is gone, the conf does not fit, or the run cannot be.
        RunExistsError: when there is such a run.
        ConflictError: when the DAG changed at the same moment.
    """
    dag_id = dag.record.dag_id
    if not dag.record.is_active:
        raise UserError(
            f"the file of DAG `{dag_id}` is gone: `{dag.record.fileloc}`",
            hint="Put the file back into the DAG folder, then trigger it again.",
        )
    check_conf(dag.document, asked.conf)
    action = decide_manual_run(
        dag.document,
        document_hash=dag.record.document_hash,
        run_pk=desk.next_pk(),
        now=desk.clock.now(),
        run_id=asked.run_id,
        logical_date=asked.logical_date,
        has_no_date=asked.has_no_date,
        interval=asked.interval,
        run_after=asked.run_after,
        conf=asked.conf,
        note=note_text(asked.note) if asked.note and asked.note.strip() else None,
        windows=desk.store.catalog.load_windows([dag_id]).get(dag_id),
        run_type=asked.run_type,
        triggered_by=asked.triggered_by,
        triggering_user=by,
    )
    _refuse_double(desk, action.run)
    if not desk.store.runs.apply([[action]], notes=[_told(action.run)]).all:
        _refuse_double(desk, action.run)
        raise ConflictError(f"the run of DAG `{dag_id}` was refused: somebody changed the DAG just now")
    _noted(action.run, after=action.run)
    desk.wakeup.wake()
    return action.run


def _refuse_double(desk: Desk, run: RunRecord) -> None:
    same = desk.store.runs.find_run(run.dag_id, run_id=run.run_id)
    if same is not None:
        raise RunExistsError(same, has_same_date=False)
    if run.logical_date is not None:
        same = desk.store.runs.find_run(run.dag_id, logical_date=run.logical_date)
        if same is not None:
            raise RunExistsError(same, has_same_date=True)


def mark_run(desk: Desk, run: RunRecord, state: RunState, *, by: str) -> list[Action]:
    """End a run by hand; return what was written, which is nothing when it is so already.

    Raises:
        ConflictError: when the run does not hold still.
    """
    actions = desk.change(run, lambda view, now: decide_mark_run(view, state, by=by, now=now))
    if actions:
        _noted(run, before={"state": run.state}, after={"state": state})
    desk.wakeup.wake()
    return actions


def requeue_run(desk: Desk, run: RunRecord, *, by: str) -> None:
    """Queue an ended run again, its tasks as they are.

    Raises:
        UserError: when it is running.
        ConflictError: when the run does not hold still.
    """
    if desk.change(run, lambda view, now: decide_requeue(view, by=by, now=now)):
        _noted(run, before={"state": run.state}, after={"state": RunState.QUEUED})
        desk.wakeup.wake()


def write_run_note(desk: Desk, run: RunRecord, note: str | None) -> None:
    """Replace what is noted on a run; one without text takes it away. Tasks that begin from then on see it.

    Raises:
        NotFoundError: when the run is gone.
        UserError: when it is too long.
    """
    text = note_text(note) if note and note.strip() else None
    if not desk.store.runs.set_run_note(run.run_pk, text):
        raise NotFoundError(f"DAG `{run.dag_id}` has no run `{run.run_id}`")
    desk.store.runs.apply([], notes=[_told(run)])
    _noted(run, before={"note": run.note}, after={"note": text})
    desk.wakeup.wake()


def find_runs(desk: Desk, places: Iterable[tuple[str, str]]) -> list[RunRecord]:
    """Return runs by DAG and run id, in that order, each once.

    Raises:
        NotFoundError: when there is no such run.
    """
    wanted, asked = list(dict.fromkeys(places)), defaultdict[str, list[str]](list)
    for dag_id, run_id in wanted:
        asked[dag_id].append(run_id)
    parts = [
        (dag_id, run_ids[start : start + RUNS_PER_LOOK_MAX])
        for dag_id, run_ids in asked.items()
        for start in range(0, len(run_ids), RUNS_PER_LOOK_MAX)
    ]
    found = {
        (run.dag_id, run.run_id): run
        for dag_id, run_ids in parts
        for run in desk.store.runs.find_runs(
            [dag_id],
            run_ids=run_ids,
            logical_dates=None,
            states=None,
            run_types=None,
            date_from=None,
            date_to=None,
            limit=len(run_ids),
        )
    }
    for dag_id, run_id in wanted:
        if (dag_id, run_id) not in found:
            raise NotFoundError(f"The DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found")
    return [found[place] for place in wanted]


def clear_runs(
    desk: Desk,
    runs: Sequence[RunRecord],
    selection: Selection,
    *,
    newest: Mapping[str, DagPlan] | None = None,
    by: str,
) -> None:
    """Run what is selected of runs again; with `newest`, as that version of their DAGs, and what it adds.

    Raises:
        UserError: when a run that has not ended is to take another version.
        ConflictError: when a run does not hold still; the others are cleared.
    """

    def decide(view: RunView, now: datetime) -> list[Action]:
        keys = [record.key for record in select(view, selection)]
        plan = newest[view.run.dag_id] if newest is not None else None
        records = desk.store.runs.load_tasks([view.run.run_pk]) if plan is not None else None
        return decide_clear(view, keys, by=by, now=now, newest=plan, records=records)

    def told(run: RunRecord, actions: list[Action]) -> None:
        cleared = [action.key for action in actions if isinstance(action, MoveTask)]
        if cleared:
            tasks = sorted({key.task_id for key in cleared})
            _noted(run, before={"state": run.state}, after={"cleared": len(cleared), "tasks": tasks})

    try:
        desk.change_each(runs, decide, told)
    finally:
        desk.wakeup.wake()


def selected(desk: Desk, runs: Iterable[RunRecord], selection: Selection) -> Iterator[list[TaskRecord]]:
    """Return what `clear_runs` would run again of each."""
    return (select(view, selection) for view in desk.views(runs))


def newest_plan(desk: Desk, dag_id: str) -> DagPlan:
    """Return the newest version of a DAG.

    Raises:
        NotFoundError: when there is no such DAG.
    """
    details = desk.dag(dag_id)
    return compile_plan(details.document, details.record.document_hash)


def delete_run(desk: Desk, run: RunRecord) -> None:
    """Delete a run with its tasks, XComs and history.

    Raises:
        ConflictError: when it is running.
        NotFoundError: when it is gone.
    """
    if not desk.store.catalog.delete_run(run.run_pk, states=DELETABLE):
        if found := desk.store.runs.load_runs([run.run_pk]):
            raise ConflictError(
                f"The DagRun with dag_id: `{run.dag_id}` and run_id: `{run.run_id}` "
                f"cannot be deleted in {found[0].state} state"
            )
        raise NotFoundError(f"DAG `{run.dag_id}` has no run `{run.run_id}`")
    _noted(run, before=run)
    desk.wakeup.wake()


def _noted(run: RunRecord, *, before: object = None, after: object = None) -> None:
    """Note a change of a run for the audit log."""
    note_change("run", run.run_id, before=before, after=after, dag_id=run.dag_id, run_id=run.run_id)


def _told(run: RunRecord) -> Note:
    return Note(kind="run", subject=str(run.run_pk))
