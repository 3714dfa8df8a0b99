"""A run as it will be once the actions decided so far are applied.

What lives here: the counts and states of a view, with what this decision has ended laid over them. The view
itself is left as it is, and nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from windward.core.plan import DagPlan
from windward.core.tally import TALLY_FIELDS, Tally, end
from windward.core.view import Instances, RunView
from windward.model.records import TaskRecord
from windward.model.states import TaskState

Touched = list[tuple[int, Collection[int]]]
"""Tasks and the map indexes whose fate may have changed; -1 stands for all instances of the task."""
WHOLE = (-1,)


class Counts(Protocol):
    """What a verdict is told from: a view, or a scratch over one."""

    @property
    def plan(self) -> DagPlan:
        """The compiled DAG."""

    def tally(self, number: int, map_index: int = -1) -> Tally:
        """Return the tally of the direct upstreams of an instance."""

    def own_tally(self, number: int) -> Tally:
        """Return the tally of a task's own instances."""

    def state_of(self, number: int, map_index: int) -> TaskState | None:
        """Return the state of an instance."""


class Scratch:
    """A view with what was decided since laid over it."""

    def __init__(self, view: RunView) -> None:
        self.view = view
        self.expanded: set[int] = set()
        """Tasks that get other instances by this decision: what becomes of those is decided after it."""
        self._outer: dict[int, list[int]] = {}
        self._inner: dict[tuple[int, int], list[int]] = {}
        self._own: dict[int, list[int]] = {}
        self._ended: dict[int, dict[int, TaskState]] = {}

    @property
    def plan(self) -> DagPlan:
        """The compiled DAG."""
        return self.view.plan

    def outer_tally(self, number: int) -> Tally:
        """Return the tally of a task's upstreams outside of its mapped group."""
        return Tally._make(self._outer.get(number) or self.view.tallies[number])

    def tally(self, number: int, map_index: int = -1) -> Tally:
        """Return the tally of the direct upstreams of an instance."""
        if not self.plan.inner_upstream[number]:
            return self.outer_tally(number)
        outer = self._outer.get(number) or self.view.tallies[number]
        inner = self._inner_tally(number, map_index) if map_index >= 0 else None
        return Tally.sum(outer, self._inner_tally(number, -1), inner)

    def _inner_tally(self, number: int, map_index: int) -> list[int] | None:
        return self._inner.get((number, map_index)) or self.view.inner[number].get(map_index)

    def own_tally(self, number: int) -> Tally:
        """Return the tally of a task's own instances."""
        return Tally._make(self._own.get(number) or self.view.own[number])

    def state_of(self, number: int, map_index: int) -> TaskState | None:
        """Return the state of an instance; None when there is none of that index."""
        ended = self._ended.get(number)
        if ended:
            state = ended.get(map_index)
            if state is not None:
                return state
        return self.view.state_of(number, map_index)

    def undecided(self, number: int, indexes: Collection[int]) -> list[TaskRecord]:
        """Return the instances of a task (those of `indexes`, or all) that are still to be decided."""
        records = self.view.undecided(number, None if -1 in indexes else indexes)
        if number in self.expanded:
            records = [record for record in records if record.map_index >= 0]
        ended = self._ended.get(number)
        return [record for record in records if record.map_index not in ended] if ended else records

    def is_fresh(self, number: int) -> bool:
        """Whether no instance of a mapped task has begun: it is not expanded, or was cleared whole."""
        held = self.view.tasks[number]
        return (
            isinstance(held, Instances)
            and number not in self._ended
            and len(held.waiting) + self.view.own_tally(number).removed == len(held.records)
        )

    def finish(self, number: int, records: Sequence[TaskRecord], state: TaskState) -> Touched:
        """Count these instances of a task as ended in `state`; return what this touches."""
        plan = self.plan
        view = self.view
        is_setup = plan.tasks[number].is_setup
        indexes = [record.map_index for record in records]
        self._ended.setdefault(number, {}).update(dict.fromkeys(indexes, state))
        end(self._copy(self._own, number, view.own[number]), state, len(indexes), is_setup=is_setup)
        touched: Touched = []
        for below in plan.outer_downstream[number]:
            tally = self._copy(self._outer, below, view.tallies[below])
            end(tally, state, len(indexes), is_setup=is_setup)
            touched.append((below, WHOLE))
        for below in plan.inner_downstream[number]:
            for index in indexes:
                tally = self._copy_inner(below, index)
                end(tally, state, 1, is_setup=is_setup)
            touched.append((below, indexes))
        members = plan.members[number]
        touched.extend((below, indexes if below in members else WHOLE) for below in plan.far_setup_of[number])
        touched.extend((other, WHOLE) for other in plan.lengths_for[number])
        return touched

    @staticmethod
    def _copy(kept: dict[int, list[int]], number: int, counts: list[int]) -> list[int]:
        found = kept.get(number)
        if found is None:
            found = kept[number] = list(counts)
        return found

    def _copy_inner(self, number: int, map_index: int) -> list[int]:
        found = self._inner.get((number, map_index))
        if found is None:
            found = list(self.view.inner[number].get(map_index) or [0] * TALLY_FIELDS)
            self._inner[number, map_index] = found
        return found


def merge(pending: dict[int, set[int]], touched: Iterable[tuple[int, Collection[int]]]) -> None:
    """Add what was touched to what is still to be looked at."""
    for number, indexes in touched:
        waiting = pending.get(number)
        if waiting is None:
            pending[number] = set(indexes)
        else:
            waiting.update(indexes)
