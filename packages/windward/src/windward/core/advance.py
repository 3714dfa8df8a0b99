"""What follows from what has changed in a run: the heart of the scheduler.

`advance` takes a run's view and looks only at what is dirty in it. It returns the writes that
follow (skips, upstream failures, expansions, tasks with nothing to run) and the instances that are ready
for a slot. A skip or failure crosses the whole graph in one decision: what it does to a task's successors
is worked out here, on scratch counts, without waiting for the store.

The instances of a plain or mapped task share one verdict. In a mapped group each map index has its own, because
an instance waits only for the instances of its own index within the group.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from windward.core.actions import Action, MoveRun, MoveTask, move, move_run
from windward.core.expansion import known_length, resize
from windward.core.owed import owing
from windward.core.past import ask_past
from windward.core.scratch import WHOLE, Counts, Scratch, Touched, merge
from windward.core.tally import Tally
from windward.core.transitions import RunEvent, TaskEvent
from windward.core.trigger_rules import Verdict, evaluate
from windward.core.view import RunView
from windward.document import TaskDocument
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import FAILURES, FINISHED, RunType, TaskState


class Advance(msgspec.Struct, frozen=True, gc=False):
    """What `advance` found: writes to make, and instances that wait for nothing but a slot.

    Instances that an expansion makes are dirty in the view as soon as it is folded, and decided then.
    """

    actions: list[Action]
    ready: list[TaskKey]


_EVENT_OF = {Verdict.SKIP: TaskEvent.SKIP, Verdict.UPSTREAM_FAILED: TaskEvent.UPSTREAM_FAIL}


def advance(view: RunView, *, now: datetime, map_length_max: int) -> Advance:
    """Decide what is dirty in the view and all that follows from it; the view is left as it is."""
    decision = _Decision(view, now=now, map_length_max=map_length_max)
    pending: dict[int, set[int]] = {}
    merge(pending, ((number, WHOLE) for number in sorted(view.dirty)))
    merge(pending, sorted(view.dirty_instances.items()))
    while pending:
        number = next(iter(pending))
        merge(pending, decision.decide(number, pending.pop(number)))
    return decision.found


class _Decision:
    """One decision in the making."""

    def __init__(self, view: RunView, *, now: datetime, map_length_max: int) -> None:
        self.view = view
        self.plan = view.plan
        self.scratch = Scratch(view)
        self.found = Advance([], [])
        self.now = now
        self.map_length_max = map_length_max

    def decide(self, number: int, indexes: Collection[int]) -> Touched:
        """Decide the instances of a task (-1: all of them) whose fate may have changed."""
        records = self.scratch.undecided(number, indexes)
        if not records:
            return []
        task = self.plan.tasks[number]
        if not is_in_window(task, self.view.run):
            reason = "its own start_date and end_date leave this date out"
            return self._end(number, records, TaskEvent.REMOVE, reason)
        may_expand = -1 in indexes and self.scratch.is_fresh(number)
        if not self.plan.members[number] or records[0].map_index < 0:
            verdict, reason = verdict_of(self.scratch, number)
            if may_expand and self.plan.expansions[number] is not None:
                return self._unexpanded(number, records, verdict, reason)
            return self._settle(number, records, verdict, reason)
        touched: Touched = []
        if may_expand and not self.plan.inner_upstream[number]:
            touched = self._revise_group(number)
            records = self.scratch.undecided(number, indexes)
        if -1 in indexes and not self._concerns_instances(number):
            records = self.scratch.undecided(number, [index for index in indexes if index >= 0])
        return [*touched, *self._each(number, records)]

    def _concerns_instances(self, number: int) -> bool:
        """Whether the upstreams outside of the mapped group can have decided for its instances.

        While they are not all done and do not decide by themselves, only what happened within the group can
        have, and that is noted by map index. So 10,000 of them do not cost a look at 10,000 instances each.
        """
        outer = self.scratch.outer_tally(number)
        return (
            outer.all_done
            or bool(self.plan.far_setups[number])
            or number in self.plan.asks_past
            or evaluate(self.plan.tasks[number].trigger_rule, outer) is not Verdict.WAIT
        )

    def _each(self, number: int, records: list[TaskRecord]) -> Touched:
        """Decide instances in a mapped group, each by what its own index waits for."""
        found: dict[tuple[Verdict, str], list[TaskRecord]] = {}
        for record in records:
            found.setdefault(verdict_of(self.scratch, number, record.map_index), []).append(record)
        touched: Touched = []
        for (verdict, reason), some in found.items():
            touched.extend(self._settle(number, some, verdict, reason))
        return touched

    def _settle(self, number: int, records: list[TaskRecord], verdict: Verdict, reason: str) -> Touched:
        """Do what one verdict says to these instances."""
        if verdict is Verdict.WAIT:
            return []
        task = self.plan.tasks[number]
        past = ask_past(self.view, number, records)
        if verdict in _EVENT_OF:
            if task.wait_for_past_depends_before_skipping and past.waits:
                return []
            return self._end(number, records, _EVENT_OF[verdict], reason)
        if task.is_inline and not past.waits:
            return self._end(number, records, TaskEvent.PASS, "nothing to run", start_date=self.now)
        self.found.ready.extend(
            record.key for record in records if record.map_index not in past.waiting_indexes
        )
        return []

    def _end(
        self,
        number: int,
        records: list[TaskRecord],
        event: TaskEvent,
        reason: str,
        **changes: datetime,
    ) -> Touched:
        moves = [
            move(record, event, at=self.now, reason=reason, end_date=self.now, **changes)
            for record in records
        ]
        self.found.actions.extend(moves)
        return self.scratch.finish(number, records, moves[0].state)

    # -- expansion -----------------------------------------------------------------------

    def _unexpanded(self, number: int, records: list[TaskRecord], verdict: Verdict, reason: str) -> Touched:
        """Decide a mapped task, or a task of a mapped group, no instance of which has begun.

        What it expands over comes first: if that failed or was skipped, no rule can make it run.
        """
        over, why = verdict_of_sources(self.scratch, number)
        if over in _EVENT_OF:
            return self._settle(number, records, over, why)
        if verdict is not Verdict.RUN or over is Verdict.WAIT:
            return self._settle(number, records, Verdict.WAIT if verdict is Verdict.RUN else verdict, reason)
        length, problem = known_length(self.view, number, self.map_length_max)
        if length is None:
            return self._end(number, records, TaskEvent.FAIL, problem)
        if length == 0:
            return self._end(number, records, TaskEvent.SKIP, "it expands over nothing")
        touched = self._resize(self.plan.members[number] or (number,), length)
        return [*touched, *self._each(number, self.scratch.undecided(number, WHOLE))]

    def _revise_group(self, number: int) -> Touched:
        """Give a mapped group that was cleared whole the instances that it should have now."""
        if verdict_of_sources(self.scratch, number)[0] is not Verdict.RUN:
            return []
        length, _ = known_length(self.view, number, self.map_length_max)
        return self._resize(self.plan.members[number], length) if length is not None else []

    def _resize(self, numbers: Collection[int], length: int) -> Touched:
        """Give tasks as many instances as their expansion is long: all of a group at once, so that a branch finds them."""
        touched: Touched = []
        for number in numbers:
            if number in self.scratch.expanded:
                continue
            undecided = self.scratch.undecided(number, WHOLE)
            change = resize(self.view, number, length, undecided, now=self.now)
            if change.surplus:
                reason = f"the list is only {length} long now"
                event = TaskEvent.REMOVE if length else TaskEvent.SKIP
                touched.extend(self._end(number, change.surplus, event, reason))
            if change.actions:
                self.found.actions.extend(change.actions)
                self.scratch.expanded.add(number)
        return touched


def is_in_window(task: TaskDocument, run: RunRecord) -> bool:
    """Whether the run's logical date lies within the task's own dates; a backfill asks only for the run's."""
    moment = run.logical_date
    if moment is None or run.run_type is RunType.BACKFILL:
        return True
    return (task.start_date is None or task.start_date <= moment) and (
        task.end_date is None or moment <= task.end_date
    )


def verdict_of(counts: Counts, number: int, map_index: int = -1) -> tuple[Verdict, str]:
    """Return what the trigger rule and the setups in scope say of an instance, and the reason in words."""
    plan = counts.plan
    task = plan.tasks[number]
    for setup in plan.far_setups[number]:
        if setup in plan.members[number]:
            states = (counts.state_of(setup, index) for index in {map_index, -1})
            tally = Tally.of(state for state in states if state is not None)
        else:
            tally = counts.own_tally(setup)
        if tally.any_failed:
            return Verdict.UPSTREAM_FAILED, f"setup `{plan.tasks[setup].task_id}` failed"
        if tally.skipped:
            return Verdict.SKIP, f"setup `{plan.tasks[setup].task_id}` was skipped"
        if not tally.all_done:
            return Verdict.WAIT, f"setup `{plan.tasks[setup].task_id}` has not finished"
    tally = counts.tally(number, map_index)
    return evaluate(task.trigger_rule, tally), f"{task.trigger_rule}: {_in_words(tally)}"


def verdict_of_sources(counts: Counts, number: int) -> tuple[Verdict, str]:
    """Return what the tasks that a task is expanded over say of it, whatever its rule, and the reason in words."""
    waits = None
    skipped = None
    for source in counts.plan.lengths_from[number]:
        task_id = counts.plan.tasks[source].task_id
        state = counts.state_of(source, -1)
        if state in FAILURES:
            return Verdict.UPSTREAM_FAILED, f"task `{task_id}` is {state}: there is nothing to expand over"
        if state is TaskState.SKIPPED:
            skipped = task_id
        elif not counts.own_tally(source).all_done:
            waits = task_id
    if skipped is not None:
        return Verdict.SKIP, f"task `{skipped}` was skipped: there is nothing to expand over"
    if waits is not None:
        return Verdict.WAIT, f"task `{waits}`, which it expands over, has not finished"
    return Verdict.RUN, ""


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
    return decide_early_end(
        view, reason=f"the run lasted longer than its dagrun_timeout of {limit_s:g} s", now=now
    )


def decide_early_end(view: RunView, *, reason: str, now: datetime) -> tuple[list[MoveTask], MoveRun]:
    """Fail a run as it stands; what is unfinished is skipped."""
    moves = [
        owing(view, record, move(record, TaskEvent.MARK_SKIPPED, at=now, reason=reason, end_date=now))
        for record in view.all_instances()
        if record.state not in FINISHED
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
