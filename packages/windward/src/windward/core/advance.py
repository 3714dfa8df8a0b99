"""What follows from what has changed in a run: the heart of the scheduler.

`advance` takes a run's view and looks only at the tasks in `view.dirty`. It returns the writes that
follow (skips, upstream failures, expansions, tasks with nothing to run) and the instances that are ready
for a slot. A skip or failure crosses the whole graph in one decision: what it does to a task's successors
is worked out here, on scratch counts, without waiting for the store.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from windward.core.actions import Action, AddTasks, MoveRun, MoveTask, move, move_run
from windward.core.expansion import expansion_length
from windward.core.owed import owing
from windward.core.past import Past, ask_past
from windward.core.tally import FIELD_OF, SETUP_FIELD_OF, Tally
from windward.core.transitions import RunEvent, TaskEvent
from windward.core.trigger_rules import Verdict, evaluate
from windward.core.view import Instances, RunView
from windward.document import TaskDocument
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import FAILURES, RunType, TaskState


class Advance(msgspec.Struct, frozen=True, gc=False):
    """What `advance` found: writes to make, and instances that wait for nothing but a slot."""

    actions: list[Action]
    ready: list[TaskKey]


_EVENT_OF = {Verdict.SKIP: TaskEvent.SKIP, Verdict.UPSTREAM_FAILED: TaskEvent.UPSTREAM_FAIL}


class _Scratch:
    """Tallies as they will be once the actions decided so far are applied."""

    def __init__(self, view: RunView) -> None:
        self.view = view
        self.tallies: dict[int, list[int]] = {}
        self.decided: dict[int, TaskState] = {}
        """Tasks whose undecided instances all take this state in this decision."""

    def tally(self, number: int) -> Tally:
        return Tally._make(self.tallies.get(number) or self.view.tallies[number])

    def finish(self, number: int, state: TaskState, count: int) -> tuple[int, ...]:
        """Count `count` instances of a task as ended in `state`; return the tasks this touches."""
        plan = self.view.plan
        self.decided[number] = state
        for below in plan.downstream[number]:
            tally = self.tallies.get(below)
            if tally is None:
                tally = self.tallies[below] = list(self.view.tallies[below])
            tally[FIELD_OF[state]] += count
            if plan.tasks[number].is_setup and state in SETUP_FIELD_OF:
                tally[SETUP_FIELD_OF[state]] += count
        return plan.downstream[number] + plan.far_setup_of[number]


def advance(view: RunView, *, now: datetime, map_length_max: int) -> Advance:
    """Decide the tasks in `view.dirty` and all that follows from them; the view is left as it is."""
    scratch = _Scratch(view)
    found = Advance([], [])
    queue = sorted(view.dirty)
    queued = set(queue)
    for number in queue:
        queued.discard(number)
        touched = _decide_task(scratch, found, number, now=now, map_length_max=map_length_max)
        for other in touched:
            if other not in queued:
                queued.add(other)
                queue.append(other)
    return found


def _decide_task(
    scratch: _Scratch, found: Advance, number: int, *, now: datetime, map_length_max: int
) -> tuple[int, ...]:
    view = scratch.view
    if number in scratch.decided:
        return ()
    undecided = view.undecided(number)
    if not undecided:
        return ()
    task = view.plan.tasks[number]
    if not is_in_window(task, view.run):
        reason = "its own start_date and end_date leave this date out"
        return _end_all(scratch, found, number, undecided, TaskEvent.REMOVE, reason, now)
    verdict, reason = verdict_of(view, number, scratch.tally(number), scratch.decided)
    past = ask_past(view, number, undecided)
    if verdict in _EVENT_OF and task.wait_for_past_depends_before_skipping and past.waits:
        return ()
    match verdict:
        case Verdict.WAIT:
            return ()
        case Verdict.SKIP | Verdict.UPSTREAM_FAILED:
            return _end_all(scratch, found, number, undecided, _EVENT_OF[verdict], reason, now)
        case Verdict.RUN:
            return _make_ready(
                scratch, found, number, undecided, past, now=now, map_length_max=map_length_max
            )


def is_in_window(task: TaskDocument, run: RunRecord) -> bool:
    """Whether the run's logical date lies within the task's own dates; a backfill asks only for the run's."""
    moment = run.logical_date
    if moment is None or run.run_type is RunType.BACKFILL:
        return True
    return (task.start_date is None or task.start_date <= moment) and (
        task.end_date is None or moment <= task.end_date
    )


def verdict_of(
    view: RunView, number: int, tally: Tally, decided: dict[int, TaskState] | None = None
) -> tuple[Verdict, str]:
    """Return what the trigger rule and the setups in scope say of a task, and the reason in words."""
    plan = view.plan
    task = plan.tasks[number]
    for setup in plan.far_setups[number]:
        states = {record.state for record in view.instances(setup)}
        if decided and setup in decided:
            states = {decided[setup]}
        setup_tally = Tally.of(states)
        if setup_tally.any_failed:
            return Verdict.UPSTREAM_FAILED, f"setup `{plan.tasks[setup].task_id}` failed"
        if setup_tally.skipped:
            return Verdict.SKIP, f"setup `{plan.tasks[setup].task_id}` was skipped"
        if not setup_tally.all_done:
            return Verdict.WAIT, f"setup `{plan.tasks[setup].task_id}` has not finished"
    verdict = evaluate(task.trigger_rule, tally)
    return verdict, f"{task.trigger_rule}: {_in_words(tally)}"


def _in_words(tally: Tally) -> str:
    parts = [
        f"{count} {name}"
        for name, count in (
            ("success", tally.success),
            ("failed", tally.failed),
            ("upstream_failed", tally.upstream_failed),
            ("skipped", tally.skipped),
            ("removed", tally.removed),
        )
        if count
    ]
    return f"{', '.join(parts) or 'none'} of {tally.total} upstream"


def _end_all(
    scratch: _Scratch,
    found: Advance,
    number: int,
    undecided: list[TaskRecord],
    event: TaskEvent,
    reason: str,
    now: datetime,
) -> tuple[int, ...]:
    moves = [move(record, event, at=now, reason=reason, end_date=now) for record in undecided]
    found.actions.extend(moves)
    return scratch.finish(number, moves[0].state, len(moves))


def _make_ready(
    scratch: _Scratch,
    found: Advance,
    number: int,
    undecided: list[TaskRecord],
    past: Past,
    *,
    now: datetime,
    map_length_max: int,
) -> tuple[int, ...]:
    view = scratch.view
    task = view.plan.tasks[number]
    held = view.tasks[number]
    if task.expansion is not None and isinstance(held, Instances) and held.waiting == set(held.records):
        return _expand(scratch, found, number, undecided, past, now=now, map_length_max=map_length_max)
    if task.is_inline and not past.waits:
        moves: list[Action] = [
            move(record, TaskEvent.PASS, at=now, reason="nothing to run", start_date=now, end_date=now)
            for record in undecided
        ]
        found.actions.extend(moves)
        return scratch.finish(number, TaskState.SUCCESS, len(moves))
    found.ready.extend(record.key for record in undecided if record.map_index not in past.waiting_indexes)
    return ()


def _expand(
    scratch: _Scratch,
    found: Advance,
    number: int,
    undecided: list[TaskRecord],
    past: Past,
    *,
    now: datetime,
    map_length_max: int,
) -> tuple[int, ...]:
    """Give a mapped task its instances; every record of it is undecided."""
    view = scratch.view
    task = view.plan.tasks[number]
    length, problem = _known_length(view, number, map_length_max)
    if length is None:
        event = TaskEvent.UPSTREAM_FAIL if _is_behind_failure(view, number) else TaskEvent.FAIL
        return _end_all(scratch, found, number, undecided, event, problem, now)
    if length == 0:
        return _end_all(scratch, found, number, undecided, TaskEvent.SKIP, "it expands over nothing", now)
    existing = {record.map_index: record for record in undecided}
    placeholder = existing.pop(-1, None)
    kept = [record for index, record in existing.items() if index < length]
    surplus = [record for index, record in existing.items() if index >= length]
    found.actions.extend(
        move(record, TaskEvent.REMOVE, at=now, reason=f"the list is only {length} long now", end_date=now)
        for record in surplus
    )
    if surplus:
        scratch.finish(number, TaskState.REMOVED, len(surplus))
        del scratch.decided[number]
    template = placeholder or undecided[0]
    added = tuple(
        TaskRecord(
            run_pk=view.run.run_pk,
            task_id=task.task_id,
            map_index=index,
            max_tries=task.retries,
            fence=template.fence if placeholder else 0,
        )
        for index in range(length)
        if index not in existing
    )
    if added or placeholder is not None:
        found.actions.append(
            AddTasks(
                run_pk=view.run.run_pk,
                tasks=added,
                replaces=placeholder.key if placeholder else None,
                replaces_fence=placeholder.fence if placeholder else 0,
                at=now,
                reason=f"expanded to {length} instances",
            )
        )
    if not past.waits:
        found.ready.extend(record.key for record in kept)
        found.ready.extend(record.key for record in added)
    return ()


def _known_length(view: RunView, number: int, map_length_max: int) -> tuple[int | None, str]:
    """Return the length of a mapped task, or None and what is wrong with it."""
    expansion = view.plan.tasks[number].expansion
    assert expansion is not None, "asked only of mapped tasks"
    length, problem = expansion_length(view, expansion)
    if length is not None and length > map_length_max:
        return None, f"it would expand to {length} instances, more than max_map_length {map_length_max}"
    return length, problem or ""


def _is_behind_failure(view: RunView, number: int) -> bool:
    """Whether a task that a mapped task expands over has failed."""
    sources = view.plan.lengths_from[number]
    return any(record.state in FAILURES for source in sources for record in view.instances(source))


def decide_run_end(view: RunView, *, now: datetime) -> MoveRun | None:
    """Return the move that ends the run, or None while something is unfinished."""
    if view.unfinished:
        return None
    plan = view.plan
    failed: TaskRecord | None = None
    for number in plan.deciding:
        for record in view.instances(number):
            if record.state in FAILURES:
                failed = record
                break
        if failed is not None:
            break
    event = RunEvent.SUCCEED if failed is None else RunEvent.FAIL
    kind = "success" if failed is None else "failure"
    reason = "all tasks finished" if failed is None else f"task `{failed.task_id}` is {failed.state}"
    return move_run(
        view.run,
        event,
        at=now,
        reason=reason,
        end_date=now,
        callback=kind if kind in plan.document.callbacks else None,
        callback_task=failed.key if failed is not None else None,
    )


def decide_run_timeout(view: RunView, *, now: datetime) -> tuple[list[MoveTask], MoveRun] | None:
    """Fail a run that has lasted longer than its `dagrun_timeout`; what is unfinished is skipped."""
    limit_s = view.plan.document.dagrun_timeout_s
    start = view.run.start_date
    if limit_s is None or start is None or (now - start).total_seconds() < limit_s:
        return None
    reason = f"the run lasted longer than its dagrun_timeout of {limit_s:g} s"
    moves = [
        owing(view, record, move(record, TaskEvent.MARK_SKIPPED, at=now, reason=reason, end_date=now))
        for record in view.all_instances()
        if record.state not in _FINISHED
    ]
    end = move_run(
        view.run,
        RunEvent.FAIL,
        at=now,
        reason=reason,
        end_date=now,
        callback="failure" if "failure" in view.plan.document.callbacks else None,
    )
    return moves, end


_FINISHED = frozenset(FIELD_OF)
