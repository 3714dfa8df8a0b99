"""Task instances, as people mark, clear and annotate them.

A caller says which instances of a run it means by a function of the run's view: it is asked again when the scheduler
changed the run meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from windward.core.actions import Action, MoveTask
from windward.core.people import decide_clear, decide_mark, note_text
from windward.core.plan import DagPlan
from windward.core.selection import Selection, failed_below, related, select
from windward.core.view import RunView
from windward.engine.people.changes import NOTED_MAX, note_change
from windward.engine.people.desk import Desk
from windward.errors import ConflictError, NotFoundError
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import IN_FLIGHT, RUN_FINISHED, TaskState
from windward.ports.reads import LIST_LIMIT_MAX
from windward.ports.store import Note

KIND = "task_instance"
"""What the audit log calls them."""
Choose = Callable[[RunView], Sequence[TaskRecord]]
"""What says which instances of a run are meant."""


def with_neighbours(desk: Desk, named: list[RunRecord], *, past: bool, future: bool) -> list[RunRecord]:
    """Return runs and, when asked for, those of the DAG with earlier or later dates, the newest first."""
    dates = [run.logical_date for run in named if run.logical_date is not None]
    if not (past or future) or not dates:
        return named
    known = {run.run_pk for run in named}
    return [
        run
        for run in desk.store.reads.list_runs(dag_id=named[0].dag_id, limit=LIST_LIMIT_MAX)
        if run.run_pk in known
        or (
            run.logical_date is not None
            and ((past and run.logical_date < min(dates)) or (future and run.logical_date > max(dates)))
            | (min(dates) < run.logical_date < max(dates) and past and future)
        )
    ]


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A state to set instances to. It `resumes` what failed below them: that is cleared, and an ended run goes on."""

    state: TaskState
    task_ids: tuple[str, ...] = ()
    """The tasks below which failures are resumed."""
    resumes: bool = False


def relatives(view: RunView, task_ids: Iterable[str], *, upstream: bool, downstream: bool) -> set[str]:
    """Return tasks with those above them and those below them, but for teardowns: these always have their turn."""
    named = set(task_ids)
    plan = view.plan
    above = related(view, named, upstream=True, downstream=False) if upstream else named
    below = related(view, named, upstream=False, downstream=True) - named if downstream else set()
    return above | {name for name in below if not plan.tasks[plan.number_of[name]].is_teardown}


def foreseen_marks(
    desk: Desk, runs: Sequence[RunRecord], choose: Choose, mark: Mark, *, by: str
) -> list[tuple[RunRecord, list[MoveTask]]]:
    """Return what `mark_tasks` would set in each run."""
    now = desk.clock.now()
    found = []
    for view in desk.views(runs):
        actions = decide_mark(view, [record.key for record in choose(view)], mark.state, by=by, now=now)
        found.append((view.run, [action for action in actions if isinstance(action, MoveTask)]))
    return found


def mark_tasks(
    desk: Desk, runs: Sequence[RunRecord], choose: Choose, mark: Mark, *, by: str
) -> list[TaskKey]:
    """Set instances of runs to a state; return those that were not so already.

    Raises:
        ConflictError: when a run does not hold still; the others were changed.
    """

    def decide(view: RunView, now: datetime) -> tuple[list[TaskKey], list[Action]]:
        keys = sorted({record.key for record in choose(view)})
        resumes = failed_below(view, mark.task_ids) if mark.resumes else ()
        return keys, decide_mark(view, keys, mark.state, by=by, now=now, resumes=resumes)

    return _change_each(desk, runs, decide)


def _change_each(
    desk: Desk,
    runs: Iterable[RunRecord],
    decide: Callable[[RunView, datetime], tuple[list[TaskKey], list[Action]]],
) -> list[TaskKey]:
    """Decide of what is asked for in each run, and write it; return what of that was moved."""
    asked: dict[int, set[TaskKey]] = {}
    moved: list[TaskKey] = []

    def decided(view: RunView, now: datetime) -> list[Action]:
        keys, actions = decide(view, now)
        asked[view.run.run_pk] = set(keys)
        return actions

    def told(run: RunRecord, actions: list[Action]) -> None:
        _note_moves(run, actions)
        keys = asked[run.run_pk]
        moved.extend(action.key for action in actions if isinstance(action, MoveTask) and action.key in keys)

    try:
        desk.change_each(runs, decided, told)
    finally:
        if moved:
            desk.wakeup.wake()
    return moved


class Clearing(msgspec.Struct, frozen=True, kw_only=True):
    """How instances are cleared."""

    newest: DagPlan | None = None
    """The version of the DAG that the runs take, when they have ended."""
    reopens: bool = True
    """Whether an ended run is queued again."""
    spares_running: bool = False
    """Refuse it all when one of the instances is running."""


def selected(desk: Desk, run: RunRecord, selection: Selection) -> list[TaskRecord]:
    """Return the instances of a run that somebody means."""
    return select(desk.view(run), selection)


def clear_tasks(
    desk: Desk, runs: Sequence[RunRecord], choose: Choose, clearing: Clearing, *, by: str
) -> list[TaskKey]:
    """Run instances of runs again; return which.

    All of it is decided once before anything is written, so that what is refused for one run changes no other.

    Raises:
        UserError: when a run that has not ended is to take another version.
        ConflictError: when an instance runs that is to be spared, or when a run does not hold still.
    """
    for view in desk.views(runs):
        _decide_clear(desk, view, desk.clock.now(), choose, clearing, by=by)
    return _change_each(desk, runs, lambda view, now: _decide_clear(desk, view, now, choose, clearing, by=by))


def _decide_clear(
    desk: Desk, view: RunView, now: datetime, choose: Choose, clearing: Clearing, *, by: str
) -> tuple[list[TaskKey], list[Action]]:
    chosen = choose(view)
    if clearing.spares_running and any(record.state is TaskState.RUNNING for record in chosen):
        raise ConflictError(
            f"a task instance of run `{view.run.run_id}` is running: wait for its end, or do not prevent running tasks"
        )
    keys = [record.key for record in chosen]
    records = desk.store.runs.load_tasks([view.run.run_pk]) if clearing.newest is not None else None
    actions = decide_clear(
        view, keys, by=by, now=now, newest=clearing.newest, records=records, reopens=clearing.reopens
    )
    return keys, actions


def write_task_note(desk: Desk, keys: Iterable[TaskKey], note: str | None) -> None:
    """Replace what is noted on instances; a note without text takes it away.

    Raises:
        NotFoundError: when an instance is gone.
        UserError: when it is too long.
    """
    text = note_text(note) if note and note.strip() else None
    named = list(keys)
    runs = {run.run_pk: run for run in desk.store.runs.load_runs(sorted({key.run_pk for key in named}))}
    before = {task.key: task.note for task in desk.store.runs.find_tasks(named[:NOTED_MAX])}
    for key in named:
        run = runs.get(key.run_pk)
        if run is None or not desk.store.runs.set_task_note(key, text):
            raise NotFoundError(f"the instance {key.map_index} of task `{key.task_id}` is gone")
        note_change(
            KIND,
            _name(key),
            before={"note": before.get(key)},
            after={"note": text},
            dag_id=run.dag_id,
            run_id=run.run_id,
            task_id=key.task_id,
        )
    desk.store.runs.apply([], notes=[Note(kind="run", subject=str(run_pk)) for run_pk in sorted(runs)])
    desk.wakeup.wake()


def delete_task(desk: Desk, run: RunRecord, key: TaskKey) -> None:
    """Delete an instance of an ended run, with its tries and what it stored. If the run goes on, it gets it anew.

    Raises:
        NotFoundError: when it is gone.
        ConflictError: when its run has not ended: what follows it would run without it.
    """
    found = next((task for task in desk.store.runs.load_tasks([run.run_pk]) if task.key == key), None)
    if desk.store.catalog.delete_task(key, states=RUN_FINISHED, except_in=IN_FLIGHT):
        note_change(KIND, _name(key), before=found, dag_id=run.dag_id, run_id=run.run_id, task_id=key.task_id)
        desk.wakeup.wake()
        return
    if found is None:
        raise NotFoundError(f"the instance {key.map_index} of task `{key.task_id}` is gone")
    if found.state in IN_FLIGHT:
        raise ConflictError(f"task instance `{key.task_id}` is {found.state}: wait for its end, or mark it")
    raise ConflictError(
        f"run `{run.run_id}` has not ended, and needs its tasks: mark `{key.task_id}` instead, or wait for the end"
    )


def _note_moves(run: RunRecord, actions: Iterable[Action]) -> None:
    for action in actions:
        if isinstance(action, MoveTask):
            note_change(
                KIND,
                _name(action.key),
                before={"state": action.expect_state},
                after={"state": action.state},
                dag_id=run.dag_id,
                run_id=run.run_id,
                task_id=action.key.task_id,
            )


def _name(key: TaskKey) -> str:
    return key.task_id if key.map_index < 0 else f"{key.task_id}[{key.map_index}]"
