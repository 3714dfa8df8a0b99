"""Runs, as people make, change, repeat and delete them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from windward.core.actions import Action, MoveRun, MoveTask, WriteNote
from windward.core.people import decide_clear, decide_mark_run, decide_requeue, note_text
from windward.core.plan import DagPlan, compile_plan
from windward.core.runs import decide_manual_run
from windward.core.selection import Selection, select
from windward.core.view import RunView
from windward.document.params import check_conf
from windward.engine.people.changes import note_change
from windward.engine.people.desk import Desk, RestlessError
from windward.errors import ConflictError, NotFoundError, UserError, WindwardError
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


class RunChange(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants of a run: a state, a note, or both. What is left out stays as it is."""

    state: RunState | None = None
    """`success` and `failed` end it by hand; `queued` queues an ended one again, its tasks as they are."""
    note: str | UnsetType | None = UNSET
    """Replaces the one there is; one without text takes it away. Tasks that begin from then on see it."""


def change_run(desk: Desk, run: RunRecord, change: RunChange, *, by: str) -> list[Action]:
    """Change a run in one transaction; return what was written, which is nothing when it is so already.

    Raises:
        UserError: when it is to be queued and is running, or the note is too long.
        ConflictError: when the run does not hold still.
    """
    written, refused = _change_runs(desk, [(run, change)], by=by)
    for error in refused.values():
        raise error
    return written


def change_runs(
    desk: Desk, asked: Sequence[tuple[RunRecord, RunChange]], *, by: str
) -> dict[int, WindwardError]:
    """Change runs, many in one transaction, each whole or not at all; return why which were refused, by `run_pk`.

    Raises:
        UserError: when a note is too long; nothing was changed.
    """
    return _change_runs(desk, asked, by=by)[1]


def _change_runs(
    desk: Desk, asked: Sequence[tuple[RunRecord, RunChange]], *, by: str
) -> tuple[list[Action], dict[int, WindwardError]]:
    wanted = {run.run_pk: change.state for run, change in asked}
    notes = {run.run_pk: _note_of(run, change.note) for run, change in asked}
    written: list[Action] = []
    refused: dict[int, WindwardError] = {}

    def decide(view: RunView, now: datetime) -> list[Action]:
        state = wanted[view.run.run_pk]
        assert state is not None
        try:
            actions = _decide_state(view, state, by=by, now=now)
        except WindwardError as error:
            refused[view.run.run_pk] = error
            return []
        return [*actions, *notes[view.run.run_pk]]

    def told(run: RunRecord, actions: list[Action]) -> None:
        written.extend(actions)
        after = _after(actions)
        _noted(run, before={name: getattr(run, name) for name in after}, after=after)

    # What only writes a note needs no look at the tasks.
    only_noted = [run for run, change in asked if change.state is None and notes[run.run_pk]]
    try:
        if only_noted:
            groups = [notes[run.run_pk] for run in only_noted]
            desk.store.runs.apply(groups, notes=[_told(run) for run in only_noted])
            for run, actions in zip(only_noted, groups, strict=True):
                told(run, actions)
        desk.change_each([run for run, change in asked if change.state is not None], decide, told)
    except RestlessError as error:
        refused.update((run.run_pk, RestlessError([run])) for run in error.runs)
    finally:
        desk.wakeup.wake()
    return written, refused


def _decide_state(view: RunView, state: RunState, *, by: str, now: datetime) -> list[Action]:
    if state is RunState.QUEUED:
        return decide_requeue(view, by=by, now=now)
    return decide_mark_run(view, state, by=by, now=now)


def _after(actions: Iterable[Action]) -> dict[str, Any]:
    """Return what actions change of a run itself."""
    after: dict[str, Any] = {}
    for action in actions:
        match action:
            case MoveRun(state=state):
                after["state"] = state
            case WriteNote(key=None, text=text):
                after["note"] = text
            case _:
                pass
    return after


def _note_of(run: RunRecord, note: str | UnsetType | None) -> list[Action]:
    if note is UNSET:
        return []
    text = note_text(note) if note and note.strip() else None
    return [WriteNote(run_pk=run.run_pk, text=text)]


def find_runs(desk: Desk, places: Iterable[tuple[str, str]]) -> list[RunRecord]:
    """Return runs by DAG and run id, in that order, each once.

    Raises:
        NotFoundError: when there is no such run.
    """
    wanted = list(dict.fromkeys(places))
    found = known_runs(desk, wanted)
    for dag_id, run_id in wanted:
        if (dag_id, run_id) not in found:
            raise NotFoundError(f"The DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found")
    return [found[place] for place in wanted]


def known_runs(desk: Desk, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], RunRecord]:
    """Return the runs that there are of these, by DAG and run id."""
    wanted, asked = list(dict.fromkeys(places)), defaultdict[str, list[str]](list)
    for dag_id, run_id in wanted:
        asked[dag_id].append(run_id)
    parts = [
        (dag_id, run_ids[start : start + RUNS_PER_LOOK_MAX])
        for dag_id, run_ids in asked.items()
        for start in range(0, len(run_ids), RUNS_PER_LOOK_MAX)
    ]
    return {
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


def clear_runs(
    desk: Desk,
    runs: Sequence[RunRecord],
    selection: Selection,
    *,
    newest: Mapping[str, DagPlan] | None = None,
    note: str | UnsetType | None = UNSET,
    by: str,
) -> None:
    """Run what is selected of runs again; with `newest`, as that version of their DAGs, and what it adds.

    A `note` is written on each in the same transaction.

    Raises:
        UserError: when a run that has not ended is to take another version.
        ConflictError: when a run does not hold still; the others are cleared.
    """

    def decide(view: RunView, now: datetime) -> list[Action]:
        keys = [record.key for record in select(view, selection)]
        plan = newest[view.run.dag_id] if newest is not None else None
        records = desk.store.runs.load_tasks([view.run.run_pk]) if plan is not None else None
        actions = decide_clear(view, keys, by=by, now=now, newest=plan, records=records)
        return [*actions, *_note_of(view.run, note)]

    def told(run: RunRecord, actions: list[Action]) -> None:
        cleared = [action.key for action in actions if isinstance(action, MoveTask)]
        before, after = dict[str, Any](), dict[str, Any]()
        if cleared:
            before["state"] = run.state
            after = {"cleared": len(cleared), "tasks": sorted({key.task_id for key in cleared})}
        if note is not UNSET:
            before["note"], after["note"] = run.note, _after(actions)["note"]
        if after:
            _noted(run, before=before, after=after)

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
