"""A DAG document compiled for decisions: tasks by number, edges as arrays, weights worked out.

A plan is made once per document and shared by all of its runs. It never changes.
"""

from __future__ import annotations

import msgspec

from windward.document import Expansion, Length, XComLength, ZipLength
from windward.document.dag import DagDocument, TaskDocument
from windward.document.expansion import ConcatLength
from windward.model.states import WeightRule

WEIGHT_MAX = 2**31 - 1


class DagPlan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The compiled DAG. Numbers are positions in `tasks`, which are in topological order."""

    document: DagDocument
    document_hash: str
    tasks: tuple[TaskDocument, ...]
    number_of: dict[str, int]
    upstream: tuple[tuple[int, ...], ...]
    downstream: tuple[tuple[int, ...], ...]
    inner_upstream: tuple[tuple[int, ...], ...]
    """Upstreams in the same mapped group: an instance waits only for those of its own map index."""
    inner_downstream: tuple[tuple[int, ...], ...]
    outer_downstream: tuple[tuple[int, ...], ...]
    """The other downstreams: their instances wait for all instances of the task."""
    members: tuple[tuple[int, ...], ...]
    """All tasks of the mapped group that a task is in, itself among them; empty outside of mapped groups."""
    expansions: tuple[Expansion | None, ...]
    """What a task is expanded over: its own expansion, or its mapped group's."""
    weight: tuple[int, ...]
    """Effective priority by weight rule, within 32 bits, of the first try; see `TaskDocument.weight_of`."""
    roots: tuple[int, ...]
    deciding: tuple[int, ...]
    """The tasks whose ends decide the run's: leaves (with `fail_fast` all tasks), teardowns left out."""
    far_setups: tuple[tuple[int, ...], ...]
    """Setups further up whose scope a task is in: it waits for them whatever its rule.

    A setup's scope is what lies between it and one of its teardowns, or all below it when it has none.
    """
    far_setup_of: tuple[tuple[int, ...], ...]
    """The inverse of `far_setups`."""
    lengths_from: tuple[tuple[int, ...], ...]
    """Tasks whose results a mapped task, or the mapped group that a task is in, expands over."""
    lengths_for: tuple[tuple[int, ...], ...]
    """The inverse of `lengths_from`."""
    asks_past: tuple[int, ...]
    """Tasks that depend on the previous run."""


def compile_plan(document: DagDocument, document_hash: str) -> DagPlan:
    """Compile a document; its tasks are in topological order already."""
    tasks = document.tasks
    number_of = {task.task_id: number for number, task in enumerate(tasks)}
    upstream = tuple(tuple(number_of[up] for up in task.upstream) for task in tasks)
    below: list[list[int]] = [[] for _ in tasks]
    for number, ups in enumerate(upstream):
        for up in ups:
            below[up].append(number)
    downstream = tuple(tuple(numbers) for numbers in below)
    far_setups = _far_setups(tasks, upstream, downstream)
    members = _members(tasks)
    groups = [task.mapped_group for task in tasks]
    inner = tuple(
        tuple(down for down in downs if groups[number] is not None and groups[down] == groups[number])
        for number, downs in enumerate(downstream)
    )
    expansions = _expansions(document)
    lengths_from = tuple(
        tuple(sorted({number_of[source] for source in _sources(expansion)})) for expansion in expansions
    )
    return DagPlan(
        document=document,
        document_hash=document_hash,
        tasks=tasks,
        number_of=number_of,
        upstream=upstream,
        downstream=downstream,
        inner_upstream=_inverse(inner),
        inner_downstream=inner,
        outer_downstream=tuple(
            tuple(down for down in downs if groups[number] is None or groups[down] != groups[number])
            for number, downs in enumerate(downstream)
        ),
        members=members,
        expansions=expansions,
        weight=_weights(tasks, upstream, downstream),
        roots=tuple(number for number, ups in enumerate(upstream) if not ups),
        deciding=_deciding(tasks, downstream, is_fail_fast=document.fail_fast),
        far_setups=far_setups,
        far_setup_of=_inverse(far_setups),
        lengths_from=lengths_from,
        lengths_for=_inverse(lengths_from),
        asks_past=tuple(
            number for number, task in enumerate(tasks) if task.depends_on_past or task.wait_for_downstream
        ),
    )


def sources(length: Length) -> tuple[str, ...]:
    """Return the ids of the tasks whose results decide `length`."""
    match length:
        case XComLength(task_id=task_id):
            return (task_id,)
        case ZipLength(parts=parts) | ConcatLength(parts=parts):
            return tuple(task_id for part in parts for task_id in sources(part))
        case _:
            return ()


def _sources(expansion: Expansion | None) -> tuple[str, ...]:
    arguments = expansion.arguments if expansion is not None else ()
    return tuple(task_id for _, length in arguments for task_id in sources(length))


def _expansions(document: DagDocument) -> tuple[Expansion | None, ...]:
    groups = {group.group_id: group.expansion for group in document.groups}
    return tuple(
        task.expansion if task.mapped_group is None else groups.get(task.mapped_group)
        for task in document.tasks
    )


def _members(tasks: tuple[TaskDocument, ...]) -> tuple[tuple[int, ...], ...]:
    groups: dict[str, tuple[int, ...]] = {}
    for number, task in enumerate(tasks):
        if task.mapped_group is not None:
            groups[task.mapped_group] = (*groups.get(task.mapped_group, ()), number)
    return tuple(() if task.mapped_group is None else groups[task.mapped_group] for task in tasks)


def _inverse(edges: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    found: list[list[int]] = [[] for _ in edges]
    for number, others in enumerate(edges):
        for other in others:
            found[other].append(number)
    return tuple(tuple(numbers) for numbers in found)


def _reach(start: int, edges: tuple[tuple[int, ...], ...]) -> set[int]:
    seen: set[int] = set()
    open_numbers = list(edges[start])
    while open_numbers:
        number = open_numbers.pop()
        if number not in seen:
            seen.add(number)
            open_numbers.extend(edges[number])
    return seen


def _reach_masks(order: range, edges: tuple[tuple[int, ...], ...]) -> list[int]:
    """Return for each task a bit mask of all tasks it reaches; `order` visits targets before sources."""
    masks = [0] * len(edges)
    for number in order:
        mask = 0
        for other in edges[number]:
            mask |= masks[other] | 1 << other
        masks[number] = mask
    return masks


def _weights(
    tasks: tuple[TaskDocument, ...],
    upstream: tuple[tuple[int, ...], ...],
    downstream: tuple[tuple[int, ...], ...],
) -> tuple[int, ...]:
    rules = {task.weight_rule for task in tasks}
    count = len(tasks)
    below = _reach_masks(range(count - 1, -1, -1), downstream) if WeightRule.DOWNSTREAM in rules else []
    above = _reach_masks(range(count), upstream) if WeightRule.UPSTREAM in rules else []
    by_weight: dict[int, int] = {}
    for number, task in enumerate(tasks):
        by_weight[task.priority_weight] = by_weight.get(task.priority_weight, 0) | 1 << number
    weights = []
    for number, task in enumerate(tasks):
        mask = 0
        match task.weight_rule:
            case WeightRule.ABSOLUTE:
                pass
            case WeightRule.DOWNSTREAM:
                mask = below[number]
            case WeightRule.UPSTREAM:
                mask = above[number]
        total = task.priority_weight
        total += sum(weight * (mask & members).bit_count() for weight, members in by_weight.items())
        weights.append(max(-WEIGHT_MAX, min(WEIGHT_MAX, total)))
    return tuple(weights)


def _deciding(
    tasks: tuple[TaskDocument, ...], downstream: tuple[tuple[int, ...], ...], *, is_fail_fast: bool
) -> tuple[int, ...]:
    def counts(task: TaskDocument) -> bool:
        return not task.is_teardown or task.on_failure_fail_dagrun

    if is_fail_fast:
        # One failure skips all that is left: the leaves would say that nothing went wrong.
        return tuple(number for number, task in enumerate(tasks) if counts(task))
    found = tuple(
        number
        for number, task in enumerate(tasks)
        if counts(task) and not any(counts(tasks[down]) for down in downstream[number])
    )
    return found or tuple(number for number, downs in enumerate(downstream) if not downs)


def _far_setups(
    tasks: tuple[TaskDocument, ...],
    upstream: tuple[tuple[int, ...], ...],
    downstream: tuple[tuple[int, ...], ...],
) -> tuple[tuple[int, ...], ...]:
    setups = [number for number, task in enumerate(tasks) if task.is_setup]
    if not setups:
        return tuple(() for _ in tasks)
    far: list[list[int]] = [[] for _ in tasks]
    for setup in setups:
        teardowns = [down for down in downstream[setup] if tasks[down].is_teardown]
        in_scope = set[int]().union(*(_reach(teardown, upstream) for teardown in teardowns))
        for number in _reach(setup, downstream):
            is_bound = number in in_scope or not teardowns
            if is_bound and setup not in upstream[number] and not tasks[number].is_teardown:
                far[number].append(setup)
    return tuple(tuple(numbers) for numbers in far)
