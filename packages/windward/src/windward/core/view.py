"""A run in progress, held as counters, so that an event touches only what it changes.

A view is a cache made from stored rows and kept true by folding every applied action into it. It decides
nothing. Whoever doubts it drops it and makes a new one: correctness rests on compare-and-set in the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import UNSET

from windward.core.actions import AddTasks, MoveRun, MoveTask
from windward.core.plan import DagPlan
from windward.core.tally import FIELD_OF, SETUP_FIELD_OF, SETUP_TOTAL_FIELD, TOTAL_FIELD, Tally
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import FINISHED, IN_FLIGHT, TaskState

UNSTARTED: frozenset[TaskState] = frozenset({TaskState.NONE, TaskState.SCHEDULED})
"""States in which the trigger rule decides what comes next."""

_CARRIED = (
    "fence", "try_number", "max_tries", "owner", "queued_at", "start_date", "end_date", "due_at",
    "first_start_date", "return_length", "lost_count", "skip_by", "exit_fact", "map_label",
)  # fmt: skip
_TALLY_FIELDS = len(Tally._fields)


class PastTask(msgspec.Struct, frozen=True, gc=False):
    """How a task of the previous run stands, for `depends_on_past` and `wait_for_downstream`."""

    state: TaskState
    downstream_done: bool
    """Whether its direct downstream tasks all succeeded or were skipped."""


class Instances(msgspec.Struct, gc=False):
    """All instances of one mapped task after (or before) its expansion."""

    records: dict[int, TaskRecord]
    waiting: set[int]
    """Map indexes whose fate the trigger rule has not decided."""


class RunView:
    """One run: its row, its task instances by task number, and the tally of each task's upstreams."""

    __slots__ = (
        "dirty",
        "in_flight",
        "is_first",
        "past",
        "plan",
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
        """Revision of the previous run that `past` was learnt from."""
        self.is_first = True
        """Whether there is no previous run at all."""
        self.past: dict[str, dict[int, PastTask]] = {}
        """By task id and map index; -1 is a task that is not mapped, or not expanded yet."""
        self.dirty: set[int] = set(range(len(plan.tasks)))
        """Tasks whose fate may have changed since they were last decided."""
        self.tasks: list[TaskRecord | Instances | None] = [None] * len(plan.tasks)
        self.tallies: list[list[int]] = [[0] * _TALLY_FIELDS for _ in plan.tasks]
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

    def undecided(self, number: int) -> list[TaskRecord]:
        """Return the instances of a task that the trigger rule has to decide."""
        held = self.tasks[number]
        if isinstance(held, Instances):
            return [held.records[index] for index in sorted(held.waiting)]
        if held is not None and held.state in UNSTARTED:
            return [held]
        return []

    def tally(self, number: int) -> Tally:
        """Return the tally of a task's direct upstreams."""
        return Tally._make(self.tallies[number])

    def fold(self, action: MoveTask) -> tuple[TaskRecord, TaskRecord] | None:
        """Take in an applied move; return the record before and after (None: not in this DAG version)."""
        number = self.plan.number_of.get(action.key.task_id)
        before = self.find(action.key.task_id, action.key.map_index)
        if number is None or before is None:
            return None
        changes = {name: value for name in _CARRIED if (value := getattr(action, name)) is not UNSET}
        after = msgspec.structs.replace(before, state=action.state, reason=action.reason, **changes)
        self._count(number, before, -1)
        self._place(number, after)
        self._count(number, after, 1)
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
        names = ("document_hash", "start_date", "end_date", "queued_at", "clear_number")
        changes = {name: value for name in names if (value := getattr(action, name)) is not UNSET}
        self.run = msgspec.structs.replace(self.run, state=action.state, reason=action.reason, **changes)

    def next_due(self) -> Iterator[tuple[datetime, TaskKey]]:
        """Return when each waiting instance becomes ready by itself."""
        for record in self.all_instances():
            if record.due_at is not None and record.state in (
                TaskState.UP_FOR_RETRY,
                TaskState.UP_FOR_RESCHEDULE,
            ):
                yield record.due_at, record.key

    def _place(self, number: int, record: TaskRecord) -> None:
        held = self.tasks[number]
        if self.plan.tasks[number].expansion is None and record.map_index < 0:
            self.tasks[number] = record
            return
        if not isinstance(held, Instances):
            held = self.tasks[number] = Instances({}, set())
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
        is_setup = plan.tasks[number].is_setup
        field = FIELD_OF.get(state)
        for below in plan.downstream[number]:
            tally = self.tallies[below]
            tally[TOTAL_FIELD] += sign
            if field is not None:
                tally[field] += sign
            if is_setup:
                tally[SETUP_TOTAL_FIELD] += sign
                if (setup_field := SETUP_FIELD_OF.get(state)) is not None:
                    tally[setup_field] += sign
        if is_finished:
            self.dirty.update(plan.downstream[number])
            self.dirty.update(plan.far_setup_of[number])
        elif sign > 0 and state in UNSTARTED:
            self.dirty.add(number)
