"""Read models of task instances."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from windward.document import TaskDocument
from windward.model.access import DagReach
from windward.model.ids import TaskKey
from windward.model.records import TaskRecord
from windward.model.states import TaskState
from windward.ports.listings.page import Between, Page, PageRequest, Pattern
from windward.ports.listings.runs import RunRow


class InstanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A task instance with its run, and what its version of the DAG says of the task (None: it is gone)."""

    run: RunRow
    record: TaskRecord
    task: TaskDocument | None
    weight: int | None
    """Effective priority."""
    rendered: str | None
    """Rendered template fields as JSON text, masked."""
    deferred_at: datetime | None
    """When a deferred instance began to wait for its trigger."""


class TaskTraits(msgspec.Struct, frozen=True, kw_only=True):
    """What a task must be like in its run's version of the DAG. What is left out puts no condition on it."""

    pools: tuple[str, ...] = ()
    pool: Pattern = Pattern()
    queues: tuple[str, ...] = ()
    queue: Pattern = Pattern()
    executors: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    operator: Pattern = Pattern()
    display_name: Pattern = Pattern()
    group_id: str | None = None
    """The task is in this group, or in one inside of it."""


ANY_TASK = TaskTraits()


class InstanceFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which instances. What is left out (None, or nothing in it) puts no condition on them."""

    reach: DagReach
    dag_ids: tuple[str, ...] | None = None
    run_ids: tuple[str, ...] | None = None
    task_ids: tuple[str, ...] | None = None
    run_after: Between[datetime] = Between()
    logical_date: Between[datetime] = Between()
    start_date: Between[datetime] = Between()
    end_date: Between[datetime] = Between()
    updated_at: Between[datetime] = Between()
    """When the instance's state changed last."""
    duration: Between[float] = Between()
    states: tuple[TaskState, ...] = ()
    version_numbers: tuple[int, ...] = ()
    try_numbers: tuple[int, ...] = ()
    map_indexes: tuple[int, ...] = ()
    is_mapped: bool = False
    """Only instances of an expansion."""
    map_label: Pattern = Pattern()
    """What an instance of an expansion is called: its rendered template, or its index."""
    dag_id: Pattern = Pattern()
    run_id: Pattern = Pattern()
    traits: TaskTraits = ANY_TASK


class InstanceListings(Protocol):
    """What the API shows of task instances."""

    def list(self, page: PageRequest, which: InstanceFilter) -> Page[InstanceRow]:
        """Return instances, by map index and then as their runs were made, unless `page` says otherwise.

        Raises:
            UserError: when the order cannot be used, or traits leave more tasks than one question can hold.
        """

    def of_task(self, dag_id: str, run_id: str, task_id: str) -> Sequence[int]:
        """Return the map indexes of a task's instances in a run, sorted."""

    def one(self, dag_id: str, run_id: str, task_id: str, map_index: int) -> InstanceRow | None:
        """Return one instance, or None."""

    def by_keys(self, keys: Collection[TaskKey]) -> Sequence[InstanceRow]:
        """Return instances by run, task and map index; missing ones are left out."""

    def runs_with(self, which: InstanceFilter) -> Sequence[int]:
        """Return the keys of runs that have such an instance, the oldest first."""
