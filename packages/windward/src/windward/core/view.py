"""A run in progress, held as counters, so that an event touches only what it changes.

A view is a cache made from stored rows and kept true by folding every applied action into it. It decides
nothing. Whoever doubts it drops it and makes a new one: correctness rests on compare-and-set in the store.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import UNSET

from windward.core.actions import AddTasks, MoveRun, MoveTask
from windward.core.plan import DagPlan
from windward.core.previous import PreviousRun
from windward.core.tally import TALLY_FIELDS, Tally, count
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import FINISHED, IN_FLIGHT, WAITING, TaskState

UNSTARTED: frozenset[TaskState] = frozenset({TaskState.NONE})
"""States in which the trigger rule decides what comes next."""

_CARRIED = (
    "fence", "try_number", "max_tries", "owner", "queued_at", "start_date", "end_date", "due_at",
    "first_start_date", "return_length", "lost_count", "skip_by", "exit_fact", "map_label",
    "trigger_class",
)  # fmt: skip
_OUTSIDE = frozenset({TaskState.DEFERRED, TaskState.AWAITING_INPUT})
"""States in which a trigger or a person is waited for, until the time is up."""


class Instances(msgspec.Struct, gc=False):
    """All instances of a mapped task, or of a task in a mapped group, after (or before) its expansion."""

    records: dict[int, TaskRecord]
    waiting: set[int]
    """Map indexes whose fate the trigger rule has not decided."""


class RunView:
    """One run: its row, its task instances by task number, and the tally of each task's upstreams.

    Upstreams in the same mapped group are told apart by map index (`inner`); all others are one count for all
    instances of a task (`tallies`).
    """

    __slots__ = (
        "dirty",
        "dirty_instances",
        "in_flight",
        "inner",
        "is_first",
        "own",
        "plan",
        "previous",
        "previous_pk",
        "previous_revision",
        "run",
        "tallies",
        "tasks",
        "unfinished",
    )

    def __init__(self, run: RunRecord, plan: DagPlan, tasks: Iterable[TaskRecord]) -> None:
        self.run = run
        self.plan = plan
        self.unfinished = 0
        self.in_flight = 0
        self.previous_pk: int | None = None
        self.previous_revision = 0
        """Revision of the previous run that `previous` was learnt from."""
        self.is_first = True
        """Whether there is no previous run at all."""
        self.previous: PreviousRun | None = None
        """What is known of the previous run, when the DAG asks about it."""
        self.dirty: set[int] = set(range(len(plan.tasks)))
        """Tasks all of whose instances may have another fate since they were last decided."""
        self.dirty_instances: dict[int, set[int]] = {}
        """The same for single instances of mapped tasks, by task number."""
        self.tasks: list[TaskRecord | Instances | None] = [None] * len(plan.tasks)
        self.tallies: list[list[int]] = [[0] * TALLY_FIELDS for _ in plan.tasks]
        """By task: its upstreams outside of its mapped group."""
        self.inner: list[dict[int, list[int]]] = [{} for _ in plan.tasks]
        """By task and map index: its upstreams in its mapped group, where -1 is one that was not expanded."""
        self.own: list[list[int]] = [[0] * TALLY_FIELDS for _ in plan.tasks]
        """By task: its own instances."""
        for record in tasks:
            number = plan.number_of.get(record.task_id)
            if number is not None:
                self._place(number, record)
                self._count(number, record, 1)

    def number(self, key: TaskKey) -> int | None:
        """Return the task's number, or None when the DAG does not have it any more."""
        return self.plan.number_of.get(key.task_id)

    def find(self, task_id: str, map_index: int) -> TaskRecord | None:
        """Return an instance."""
        number = self.plan.number_of.get(task_id)
        if number is None:
            return None
        held = self.tasks[number]
        if isinstance(held, Instances):
            return held.records.get(map_index)
        return held if held is not None and held.map_index == map_index else None

    def instances(self, number: int) -> Iterator[TaskRecord]:
        """Return the instances of a task, by map index as stored."""
        held = self.tasks[number]
        if isinstance(held, Instances):
            yield from held.records.values()
        elif held is not None:
            yield held

    def all_instances(self) -> Iterator[TaskRecord]:
        """Return every instance of the run."""
        for number in range(len(self.tasks)):
            yield from self.instances(number)

    def undecided(self, number: int, indexes: Collection[int] | None = None) -> list[TaskRecord]:
        """Return the instances of a task (of these map indexes) that the trigger rule has to decide."""
        held = self.tasks[number]
        if isinstance(held, Instances):
            wanted = held.waiting if indexes is None else held.waiting.intersection(indexes)
            return [held.records[index] for index in sorted(wanted)]
        if held is not None and held.state in UNSTARTED:
            return [held]
        return []

    def placeholder(self, number: int) -> TaskRecord | None:
        """Return the record that stands for all instances of a task before its expansion, while it is undecided."""
        held = self.tasks[number]
        return held.records[-1] if isinstance(held, Instances) and -1 in held.waiting else None

    def tally(self, number: int, map_index: int = -1) -> Tally:
        """Return the tally of the direct upstreams of an instance."""
        inner = self.inner[number]
        if not inner:
            return Tally._make(self.tallies[number])
        return Tally.sum(
            self.tallies[number], inner.get(-1), inner.get(map_index) if map_index >= 0 else None
        )

    def own_tally(self, number: int) -> Tally:
        """Return the tally of a task's own instances."""
        return Tally._make(self.own[number])

    def state_of(self, number: int, map_index: int) -> TaskState | None:
        """Return the state of an instance; None when there is none of that index."""
        held = self.tasks[number]
        record = held.records.get(map_index) if isinstance(held, Instances) else held
        return record.state if record is not None else None

    @property
    def is_dirty(self) -> bool:
        """Whether something is to be decided."""
        return bool(self.dirty or self.dirty_instances)

    def touch(self, number: int, map_index: int) -> None:
        """Note that an instance (-1: all of the task) may have another fate."""
        if map_index < 0:
            self.dirty.add(number)
        else:
            self.dirty_instances.setdefault(number, set()).add(map_index)

    def clean(self) -> None:
        """Note that everything is decided."""
        self.dirty.clear()
        self.dirty_instances.clear()

    def fold(self, action: MoveTask) -> tuple[TaskRecord, TaskRecord] | None:
        """Take in an applied move; return the record before and after (None: not in this DAG version)."""
        number = self.plan.number_of.get(action.key.task_id)
        before = self.find(action.key.task_id, action.key.map_index)
        if number is None or before is None:
            return None
        changes = {name: value for name in _CARRIED if (value := getattr(action, name)) is not UNSET}
        after = msgspec.structs.replace(before, state=action.state, reason=action.reason, **changes)
        if before.state in FINISHED or after.state in FINISHED:
            self._count(number, before, -1)
            self._place(number, after)
            self._count(number, after, 1)
            return before, after
        # Neither end of the move is an end: no tally changes, and most moves are of this kind.
        self._place(number, after)
        self.in_flight += (after.state in IN_FLIGHT) - (before.state in IN_FLIGHT)
        if after.state in UNSTARTED:
            self.touch(number, after.map_index)
        return before, after

    def fold_added(self, action: AddTasks) -> None:
        """Take in the instances of an expansion."""
        if action.replaces is not None:
            number = self.plan.number_of[action.replaces.task_id]
            placeholder = self.find(action.replaces.task_id, action.replaces.map_index)
            if placeholder is not None:
                self._count(number, placeholder, -1)
                held = self.tasks[number]
                if isinstance(held, Instances):
                    held.records.pop(placeholder.map_index, None)
                    held.waiting.discard(placeholder.map_index)
        for record in action.tasks:
            number = self.plan.number_of[record.task_id]
            self._place(number, record)
            self._count(number, record, 1)

    def fold_run(self, action: MoveRun) -> None:
        """Take in an applied move of the run itself."""
        names = (
            "document_hash", "start_date", "end_date", "queued_at", "clear_number", "is_idle_class",
            "backfill_pk", "recoveries", "recover_at", "is_recovery_stopped",
        )  # fmt: skip
        changes = {name: value for name in names if (value := getattr(action, name)) is not UNSET}
        self.run = msgspec.structs.replace(self.run, state=action.state, reason=action.reason, **changes)

    def next_due(self) -> Iterator[tuple[datetime, TaskKey]]:
        """Return when each waiting instance becomes ready by itself, or its trigger is too late."""
        for record in self.all_instances():
            if record.due_at is not None and (record.state in WAITING or record.state in _OUTSIDE):
                yield record.due_at, record.key

    def _place(self, number: int, record: TaskRecord) -> None:
        held = self.tasks[number]
        if not isinstance(held, Instances):
            if self.plan.expansions[number] is None and record.map_index < 0:
                self.tasks[number] = record
                return
            # A task that was mapped in an older version of the DAG has removed instances beside its only one.
            plain, held = held, Instances({}, set())
            self.tasks[number] = held
            if plain is not None:
                self._place(number, plain)
        held.records[record.map_index] = record
        if record.state in UNSTARTED:
            held.waiting.add(record.map_index)
        else:
            held.waiting.discard(record.map_index)

    def _count(self, number: int, record: TaskRecord, sign: int) -> None:
        """Count an instance in (+1) or out (-1) of everything that is kept as a count."""
        state = record.state
        is_finished = state in FINISHED
        if not is_finished:
            self.unfinished += sign
            if state in IN_FLIGHT:
                self.in_flight += sign
        plan = self.plan
        index = record.map_index
        is_setup = plan.tasks[number].is_setup
        count(self.own[number], state, sign, is_setup=is_setup)
        for below in plan.outer_downstream[number]:
            count(self.tallies[below], state, sign, is_setup=is_setup)
        for below in plan.inner_downstream[number]:
            tally = self.inner[below].setdefault(index, [0] * TALLY_FIELDS)
            count(tally, state, sign, is_setup=is_setup)
        if is_finished:
            self._touch_followers(number, index)
        elif sign > 0 and state in UNSTARTED:
            self.touch(number, index)

    def _touch_followers(self, number: int, index: int) -> None:
        """Note that an instance has ended: what waits for it may have another fate."""
        plan = self.plan
        self.dirty.update(plan.outer_downstream[number])
        for below in plan.inner_downstream[number]:
            self.touch(below, index)
        members = plan.members[number]
        for below in plan.far_setup_of[number]:
            self.touch(below, index if below in members else -1)
        for other in plan.lengths_for[number]:
            if self.placeholder(other) is not None:
                self.dirty.add(other)
