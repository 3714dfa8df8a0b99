"""Which instances of a run somebody means: by task, by relation, by state. Writing is done elsewhere.

Whoever runs a task again needs what the task works in: the setups in whose scope it lies, and their
teardowns; and what is set up again is torn down again. So these are part of every selection for clearing,
whatever their states say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from windward.core.external import tasks_in_group
from windward.core.plan import DagPlan
from windward.core.view import RunView
from windward.model.records import TaskRecord
from windward.model.states import FAILURES, TaskState


class Selection(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is meant. `task_ids` None: every task of the run.

    Where only some instances of a task in a mapped group are meant, what is added by relation or as a setup or
    teardown is of the same map indexes within that group, and whole outside of it.
    """

    task_ids: tuple[str, ...] | None = None
    map_indexes: tuple[int, ...] | None = None
    """Only these instances of the named tasks."""
    instances: tuple[tuple[str, int], ...] = ()
    """Beside `task_ids`: only these instances of tasks, by task and map index."""
    upstream: bool = False
    downstream: bool = False
    only_failed: bool = False
    only_running: bool = False
    states: frozenset[TaskState] | None = None
    """Only instances in these states, whether they are named or added by relation; setups and teardowns come anyway."""


def related(view: RunView, task_ids: Iterable[str], *, upstream: bool, downstream: bool) -> set[str]:
    """Return the tasks and, when asked for, all above or below them.

    Below counts from those above, too, when both are asked for: what is run again changes all that follows it.
    """
    plan = view.plan
    numbers = _numbers(plan, tuple(task_ids))
    numbers = _with_relatives(plan, numbers, upstream=upstream, downstream=downstream)
    return {plan.tasks[number].task_id for number in numbers}


def in_group(plan: DagPlan, group_id: str) -> list[str]:
    """Return the tasks inside a task group, at any depth; empty when there is no such group."""
    return tasks_in_group(plan.document, group_id) or []


def select(view: RunView, selection: Selection) -> list[TaskRecord]:
    """Return the instances that are meant, in topological order, with the setups and teardowns they need.

    With `only_failed`, what follows a failed instance comes along (`downstream`) whatever its state is.
    """
    plan = view.plan
    named = _meant(view, selection)
    meant = _spread(plan, named, plan.upstream) if selection.upstream else named
    if selection.downstream:
        meant = _spread(plan, meant, plan.downstream)
    if not (selection.only_failed or selection.only_running):
        meant |= named
    chosen = [
        record
        for number, indexes in meant.items()
        for record in view.instances(number)
        if indexes is None or record.map_index in indexes
    ]
    wanted_states = selection.states
    chosen = [
        record
        for record in chosen
        if record.state not in _NOTHING_TO_CLEAR and (wanted_states is None or record.state in wanted_states)
    ]
    known = {record.key for record in chosen}
    chosen += [
        record
        for number, indexes in _scope_of(plan, chosen).items()
        for record in view.instances(number)
        if (indexes is None or record.map_index in indexes)
        and record.key not in known
        and record.state not in _NOTHING_TO_CLEAR
    ]
    return sorted(chosen, key=lambda record: (plan.number_of[record.task_id], record.map_index))


def failed_below(view: RunView, task_ids: Collection[str]) -> list[TaskRecord]:
    """Return the failed instances of tasks below these, which are not among them."""
    below = related(view, task_ids, upstream=False, downstream=True).difference(task_ids)
    numbers = sorted(view.plan.number_of[task_id] for task_id in below)
    return [record for number in numbers for record in view.instances(number) if record.state in FAILURES]


def scopes_of(plan: DagPlan, numbers: Collection[int]) -> set[int]:
    """Return what has to run again with these tasks: the setups in whose scope they are, and teardowns of setups.

    A setup among them brings its own teardowns, and not the setups that it was made in.
    """
    tasks = plan.tasks
    setups = {number for number in numbers if tasks[number].is_setup}
    for number in numbers:
        if not tasks[number].is_setup and not tasks[number].is_teardown:
            setups.update(_setups_of(plan, number))
    torn_down = {down for setup in setups for down in plan.downstream[setup] if tasks[down].is_teardown}
    return setups | torn_down


def _setups_of(plan: DagPlan, number: int) -> set[int]:
    """Return the setups in whose scope a task is; right behind a setup is outside when its teardown is elsewhere."""
    found = set(plan.far_setups[number])
    near = [up for up in plan.upstream[number] if plan.tasks[up].is_setup]
    below = _reach(plan.downstream[number], plan.downstream) if near else set()
    for setup in near:
        torn_down = [down for down in plan.downstream[setup] if plan.tasks[down].is_teardown]
        if not torn_down or not below.isdisjoint(torn_down):
            found.add(setup)
    return found


_NOTHING_TO_CLEAR = frozenset({TaskState.NONE, TaskState.REMOVED})


def _numbers(plan: DagPlan, task_ids: tuple[str, ...] | None) -> set[int]:
    if task_ids is None:
        return set(range(len(plan.tasks)))
    return {plan.number_of[task_id] for task_id in task_ids if task_id in plan.number_of}


def _meant(view: RunView, selection: Selection) -> dict[int, set[int] | None]:
    """Return the map indexes of each task that is named, None for all."""
    plan = view.plan
    named = _numbers(plan, selection.task_ids)
    only = set(selection.map_indexes) if selection.map_indexes is not None else None
    found: dict[int, set[int] | None] = dict.fromkeys(sorted(named), only)
    for task_id, index in selection.instances:
        number = plan.number_of.get(task_id)
        if number is not None and number not in named:
            found[number] = {index} | (found.get(number) or set())
    if not (selection.only_failed or selection.only_running):
        return found
    wanted = FAILURES if selection.only_failed else frozenset({TaskState.RUNNING})
    in_state: dict[int, set[int] | None] = {}
    for number, indexes in found.items():
        of_task = {record.map_index for record in view.instances(number) if record.state in wanted}
        if of_task := of_task if indexes is None else of_task & indexes:
            in_state[number] = of_task
    return in_state


def _spread(
    plan: DagPlan, start: dict[int, set[int] | None], edges: tuple[tuple[int, ...], ...]
) -> dict[int, set[int] | None]:
    """Return `start` with what its instances lead to: within a mapped group the same map indexes, else whole tasks."""
    found = dict(start)
    queue = list(found)
    while queue:
        number = queue.pop()
        group = plan.tasks[number].mapped_group
        for other in edges[number]:
            is_near = group is not None and plan.tasks[other].mapped_group == group
            passed = found[number] if is_near else None
            before = found.get(other, set())
            after = None if before is None or passed is None else before | passed
            if other not in found or after != before:
                found[other] = after
                queue.append(other)
    return found


def _scope_of(plan: DagPlan, chosen: Collection[TaskRecord]) -> dict[int, set[int] | None]:
    """Return the setups and teardowns that instances need, with their map indexes; None stands for all."""
    indexes: dict[int, set[int]] = {}
    for record in chosen:
        indexes.setdefault(plan.number_of[record.task_id], set()).add(record.map_index)
    found: dict[int, set[int] | None] = {}
    for number in scopes_of(plan, indexes):
        near = set(plan.members[number])
        if number in scopes_of(plan, indexes.keys() - near):
            found[number] = None
        else:
            found[number] = set[int]().union(*(indexes[other] for other in near & indexes.keys()))
    return found


def _with_relatives(plan: DagPlan, numbers: set[int], *, upstream: bool, downstream: bool) -> set[int]:
    found = _reach(numbers, plan.upstream) if upstream else set(numbers)
    return _reach(found, plan.downstream) if downstream else found


def _reach(numbers: Iterable[int], edges: tuple[tuple[int, ...], ...]) -> set[int]:
    seen = set(numbers)
    queue = list(seen)
    while queue:
        for other in edges[queue.pop()]:
            if other not in seen:
                seen.add(other)
                queue.append(other)
    return seen
