"""Which ready instances get a slot: pools, limits, priorities, fairness.

Ready work stands in buckets; a bucket whose limit is used up is set aside whole, so that a long backlog
in one pool or DAG never hides another's runnable task. Work is proportional to what is admitted, not to
what waits. The structure is a cache: an entry is checked against the run's view when its turn comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from windward.core.attempts import coming_try
from windward.core.plan import DagPlan
from windward.core.view import RunView
from windward.model.ids import TaskKey
from windward.model.records import TaskRecord
from windward.model.states import IN_FLIGHT, WAITING, Semantics, TaskState


class Limits(msgspec.Struct, gc=False):
    """What may be in flight: over all, and slots by pool (below 0: no limit)."""

    parallelism: int
    pools: dict[str, int]
    deferred_pools: frozenset[str] = frozenset()
    """Pools in which deferred instances keep their slots."""


HOLDING = IN_FLIGHT | {TaskState.DEFERRED}
"""States of instances that are counted."""


class Usage:
    """What is in flight now, counted by every limit that there is."""

    def __init__(self) -> None:
        self.total = 0
        self.idle = 0
        """Of the total, what belongs to the idle class."""
        self.pools: dict[str, int] = {}
        self.deferred: dict[str, int] = {}
        """Slots of deferred instances, by pool."""
        self.scopes: dict[Hashable, int] = {}

    def count(self, view: RunView, record: TaskRecord, sign: int) -> None:
        """Count an instance in or out, if its state holds slots."""
        if record.state not in HOLDING:
            return
        number = view.plan.number_of.get(record.task_id)
        if number is None:
            return
        task = view.plan.tasks[number]
        if record.state is TaskState.DEFERRED:
            self.deferred[task.pool] = self.deferred.get(task.pool, 0) + sign * task.pool_slots
            return
        self.total += sign
        if view.run.is_idle_class:
            self.idle += sign
        self.pools[task.pool] = self.pools.get(task.pool, 0) + sign * task.pool_slots
        for scope, _ in scopes(view.plan, view.run.run_pk, number):
            used = self.scopes.get(scope, 0) + sign
            if used:
                self.scopes[scope] = used
            else:
                self.scopes.pop(scope, None)

    def changed(self, view: RunView, before: TaskRecord, after: TaskRecord) -> None:
        """Take in the change of an instance."""
        if before.state is after.state:
            return
        is_deferred = TaskState.DEFERRED in (before.state, after.state)
        if is_deferred or (before.state in IN_FLIGHT) != (after.state in IN_FLIGHT):
            self.count(view, before, -1)
            self.count(view, after, 1)


def scopes(plan: DagPlan, run_pk: int, number: int) -> list[tuple[Hashable, int]]:
    """Return the limits, other than pools, that a task's instances count against, and their sizes."""
    document = plan.document
    task = plan.tasks[number]
    found: list[tuple[Hashable, int]] = []
    if document.semantics is Semantics.AIRFLOW2:
        found.append((("dag", document.dag_id), document.max_active_tasks))
    else:
        found.append((("run", run_pk), document.max_active_tasks))
    if task.max_active_tis_per_dag is not None:
        found.append((("task", document.dag_id, task.task_id), task.max_active_tis_per_dag))
    if task.max_active_tis_per_dagrun is not None:
        found.append((("task-in-run", run_pk, task.task_id), task.max_active_tis_per_dagrun))
    return found


KEPT_SHARE = 8
"""The idle class leaves one slot in so many to scheduled and manual work, whether that uses it now or not."""


def _free_for_idle(slots: int, usage: Usage, *, given: int) -> int:
    """Return how many slots the idle class may take now, after `given` went to work before it."""
    others = usage.total - usage.idle + given
    return slots - max(others, slots // KEPT_SHARE) - usage.idle


class Entry(NamedTuple):
    """A ready instance, ordered by priority, then run date, then its place in the line, then map index."""

    weight: int
    """Negated: the greatest priority comes first."""
    run_after: float
    due_at: float
    """When an instance that comes again (a sensor between two looks, a retry) became ready; 0 for one that has not
    begun. Without it, of more sensors than there is room for, the first by name would look again and again."""
    map_index: int
    task_id: str
    run_pk: int

    @property
    def key(self) -> TaskKey:
        """The instance."""
        return TaskKey(self.run_pk, self.task_id, self.map_index)


class _Bucket:
    __slots__ = ("entries", "lane", "limits", "parked_on")

    def __init__(self, lane: _LaneKey, limits: list[tuple[Hashable, int]]) -> None:
        self.entries: list[Entry] = []
        self.lane = lane
        self.limits = limits
        self.parked_on: Hashable | None = None


class _LaneKey(NamedTuple):
    is_idle_class: bool
    pool: str
    pool_slots: int


class ReadyQueue:
    """Instances that wait for nothing but a slot."""

    def __init__(self) -> None:
        self._lanes: dict[_LaneKey, list[tuple[Entry, Hashable]]] = {}
        self._buckets: dict[Hashable, _Bucket] = {}
        self._parked: dict[Hashable, set[Hashable]] = {}
        self._keys: set[TaskKey] = set()

    def __len__(self) -> int:
        return len(self._keys)

    def by_pool(self) -> Counter[str]:
        """Return how many wait for a slot of each pool."""
        waiting = Counter[str]()
        for bucket in self._buckets.values():
            waiting[bucket.lane.pool] += len(bucket.entries)
        return waiting

    def add(self, view: RunView, key: TaskKey) -> None:
        """Add a ready instance; one that waits already is not added twice."""
        if key in self._keys:
            return
        self._keys.add(key)
        plan = view.plan
        number = plan.number_of[key.task_id]
        task = plan.tasks[number]
        limits = scopes(plan, view.run.run_pk, number)
        lane = _LaneKey(view.run.is_idle_class, task.pool, task.pool_slots)
        name = (lane, tuple(limits))  # with the sizes: another version of the DAG may have others
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(lane, limits)
        record = view.find(key.task_id, key.map_index)
        due = record.due_at if record is not None and record.state in WAITING else None
        due_at = due.timestamp() if due is not None else 0.0
        run_after = view.run.run_after.timestamp()
        weight = task.weight_of(coming_try(record) if record is not None else 1, plan.weight[number])
        entry = Entry(-weight, run_after, due_at, key.map_index, key.task_id, key.run_pk)
        heappush(bucket.entries, entry)
        if bucket.parked_on is None and bucket.entries[0] is entry:
            heappush(self._lanes.setdefault(lane, []), (entry, name))

    def release(self, scope: Hashable) -> None:
        """A limit has room again (or a DAG was unpaused): what was set aside for it may go."""
        for name in self._parked.pop(scope, ()):
            bucket = self._buckets.get(name)
            if bucket is not None and bucket.parked_on == scope:
                bucket.parked_on = None
                if bucket.entries:
                    heappush(self._lanes.setdefault(bucket.lane, []), (bucket.entries[0], name))

    def admit(
        self,
        usage: Usage,
        limits: Limits,
        *,
        capacity: int,
        check: Callable[[TaskKey], Hashable | bool],
        admitted_max: int,
        idle_admitted_max: int | None = None,
    ) -> list[TaskKey]:
        """Return the instances that get a slot now, in order.

        `check` says of an instance True (ready), False (not any more: it is dropped), or a scope to set
        its whole bucket aside on (its DAG is paused). Slots given here are counted on the way, `usage`
        itself is left as it is. `capacity` is what the executor can take in all. Of the idle class no more than
        `idle_admitted_max` are taken at once.
        """
        admitted: list[TaskKey] = []
        free = min(limits.parallelism, capacity) - usage.total
        given_pools: dict[str, int] = {}
        given_scopes: dict[Hashable, int] = {}
        wanted_pools: set[str] = set()
        """Pools that work before the idle class waits for: what is free in them is kept for it."""
        for is_idle_class in (False, True):
            lanes = {
                key: heap
                for key, heap in self._lanes.items()
                if key.is_idle_class == is_idle_class and heap and key.pool not in wanted_pools
            }
            if is_idle_class:
                slots = min(limits.parallelism, capacity)
                free = _free_for_idle(slots, usage, given=len(admitted))
                if idle_admitted_max is not None:
                    free = min(free, idle_admitted_max)
                free += len(admitted)
            while lanes and len(admitted) < min(free, admitted_max):
                lane = min(lanes, key=lambda key: lanes[key][0])
                pool_size = limits.pools.get(lane.pool, 0)
                used = usage.pools.get(lane.pool, 0) + given_pools.get(lane.pool, 0)
                if lane.pool in limits.deferred_pools:
                    used += usage.deferred.get(lane.pool, 0)
                if pool_size >= 0 and used + lane.pool_slots > pool_size:
                    del lanes[lane]
                    if not is_idle_class and lane.pool_slots <= pool_size:
                        wanted_pools.add(lane.pool)
                    continue
                key = self._take(lanes[lane], usage, given_scopes, check)
                if key is not None:
                    admitted.append(key)
                    given_pools[lane.pool] = given_pools.get(lane.pool, 0) + lane.pool_slots
                if not lanes[lane]:
                    del lanes[lane]
            if lanes and len(admitted) >= min(free, admitted_max):
                break
        return admitted

    def is_waited_for(self) -> bool:
        """Whether scheduled or manual work waits for a slot (and not for a limit of its own)."""
        return any(heap and not lane.is_idle_class for lane, heap in self._lanes.items())

    def _take(
        self,
        heap: list[tuple[Entry, Hashable]],
        usage: Usage,
        given: dict[Hashable, int],
        check: Callable[[TaskKey], Hashable | bool],
    ) -> TaskKey | None:
        """Take the best instance of a lane; None when its bucket had to be set aside or was stale."""
        entry, name = heappop(heap)
        bucket = self._buckets.get(name)
        if bucket is None or bucket.parked_on is not None or not bucket.entries or bucket.entries[0] != entry:
            return None
        for scope, size in bucket.limits:
            if usage.scopes.get(scope, 0) + given.get(scope, 0) >= size:
                self._park(name, bucket, scope)
                return None
        answer = check(entry.key)
        if answer is not True and answer is not False:
            self._park(name, bucket, answer)
            return None
        heappop(bucket.entries)
        self._keys.discard(entry.key)
        if bucket.entries:
            heappush(heap, (bucket.entries[0], name))
        else:
            del self._buckets[name]
        if answer is False:
            return None
        for scope, _ in bucket.limits:
            given[scope] = given.get(scope, 0) + 1
        return entry.key

    def _park(self, name: Hashable, bucket: _Bucket, scope: Hashable) -> None:
        bucket.parked_on = scope
        self._parked.setdefault(scope, set()).add(name)
