"""Task instances, as people mark, clear and annotate them.

A caller says which instances of a run it means by a function of the run's view: it is asked again when the scheduler
changed the run meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from windward.core.actions import Action, MoveTask, WriteNote
from windward.core.people import decide_clear, decide_mark, note_text
from windward.core.plan import DagPlan
from windward.core.selection import Selection, failed_below, related, select
from windward.core.view import RunView
from windward.engine.people.changes import note_change
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


class TaskNote(msgspec.Struct, frozen=True, kw_only=True):
    """What to note on instances; a text without letters takes away what is noted."""

    keys: tuple[TaskKey, ...]
    text: str | None

    def actions(self, run_pk: int) -> list[Action]:
        """Return what writes it on the instances of a run.

        Raises:
            UserError: when it is too long.
        """
        text = note_text(self.text) if self.text and self.text.strip() else None
        return [WriteNote(run_pk=run_pk, key=key, text=text) for key in self.keys if key.run_pk == run_pk]


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A state to set instances to."""

    state: TaskState
    note: TaskNote | None = None
    """Written in the same transaction."""
    below: Callable[[RunView], Collection[str]] | None = None
    """Names tasks of a run: what failed below them is cleared, and an ended run goes on."""


def relatives(view: RunView, task_ids: Iterable[str], *, upstream: bool, downstream: bool) -> set[str]:
    """Return tasks with those above them and those below them, but for teardowns: these always have their turn."""
    named = set(task_ids)
    plan = view.plan
    above = related(view, named, upstream=True, downstream=False) if upstream else named
    below = related(view, named, upstream=False, downstream=True) - named if downstream else set()
    return above | {name for name in below if not plan.tasks[plan.number_of[name]].is_teardown}


def chosen(
    view: RunView, task_ids: Collection[str], *, map_index: int | None, upstream: bool, downstream: bool
) -> list[TaskRecord]:
    """Return the instances of tasks (of a `map_index` only, when one is given), and all of what is above or below."""
    around = relatives(view, task_ids, upstream=upstream, downstream=downstream).difference(task_ids)
    return [
        record
        for record in view.all_instances()
        if record.state is not TaskState.REMOVED
        and (
            record.task_id in around or (record.task_id in task_ids and map_index in (None, record.map_index))
        )
    ]


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
        resumes = failed_below(view, mark.below(view)) if mark.below is not None else ()
        actions = decide_mark(view, keys, mark.state, by=by, now=now, resumes=resumes)
        return keys, [*actions, *(mark.note.actions(view.run.run_pk) if mark.note else ())]

    return _change_each(desk, runs, decide)


def _change_each(
    desk: Desk,
    runs: Iterable[RunRecord],
    decide: Callable[[RunView, datetime], tuple[list[TaskKey], list[Action]]],
) -> list[TaskKey]:
    """Decide of what is asked for in each run, and write it; return what of that was moved."""
    asked: dict[int, set[TaskKey]] = {}
    noted: dict[TaskKey, str | None] = {}
    moved: list[TaskKey] = []

    def decided(view: RunView, now: datetime) -> list[Action]:
        keys, actions = decide(view, now)
        asked[view.run.run_pk] = set(keys)
        noted.update(_noted_before(view, actions))
        return actions

    def told(run: RunRecord, actions: list[Action]) -> None:
        _note_changes(run, actions, noted)
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
    note: str | None = None
    """Written on what is cleared, in the same transaction."""


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
    if clearing.note is not None:
        cleared = tuple(one.key for one in actions if isinstance(one, MoveTask) and one.key in set(keys))
        actions += TaskNote(keys=cleared, text=clearing.note).actions(view.run.run_pk)
    return keys, actions


def write_task_note(desk: Desk, keys: Iterable[TaskKey], note: str | None) -> None:
    """Replace what is noted on instances, all at once; a note without text takes it away.

    Raises:
        NotFoundError: when an instance is gone; nothing was written.
        UserError: when it is too long.
    """
    named = TaskNote(keys=tuple(dict.fromkeys(keys)), text=note)
    before = {task.key: task.note for task in desk.store.runs.find_tasks(named.keys)}
    for key in named.keys:
        if key not in before:
            raise NotFoundError(f"the instance {key.map_index} of task `{key.task_id}` is gone")
    runs = desk.store.runs.load_runs(sorted({key.run_pk for key in named.keys}))
    groups = [named.actions(run.run_pk) for run in runs]
    desk.store.runs.apply(groups, notes=[Note(kind="run", subject=str(run.run_pk)) for run in runs])
    for run, actions in zip(runs, groups, strict=True):
        _note_changes(run, actions, before)
    desk.wakeup.wake()


def delete_task(desk: Desk, run: RunRecord, key: TaskKey) -> None:
    """Delete an instance of an ended run, with its tries and what it stored. If the run goes on, it gets it anew.

    Raises:
        NotFoundError: when it is gone.
        ConflictError: when its run has not ended: what follows it would run without it.
    """
    found = next(iter(desk.store.runs.find_tasks([key])), None)
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


def _noted_before(view: RunView, actions: Iterable[Action]) -> dict[TaskKey, str | None]:
    """Return what is noted on the instances on which something is to be noted."""
    found = (
        view.find(action.key.task_id, action.key.map_index)
        for action in actions
        if isinstance(action, WriteNote) and action.key is not None
    )
    return {record.key: record.note for record in found if record is not None}


def _note_changes(run: RunRecord, actions: Iterable[Action], noted: Mapping[TaskKey, str | None]) -> None:
    """Note changes of instances for the audit log; `noted` is what was noted on them before."""
    for action in actions:
        match action:
            case MoveTask(key=key):
                _note(run, key, {"state": action.expect_state}, {"state": action.state})
            case WriteNote(key=TaskKey() as key):
                _note(run, key, {"note": noted.get(key)}, {"note": action.text})
            case _:
                pass


def _note(run: RunRecord, key: TaskKey, before: dict[str, Any], after: dict[str, Any]) -> None:
    note_change(
        KIND,
        _name(key),
        before=before,
        after=after,
        dag_id=run.dag_id,
        run_id=run.run_id,
        task_id=key.task_id,
    )


def _name(key: TaskKey) -> str:
    return key.task_id if key.map_index < 0 else f"{key.task_id}[{key.map_index}]"
