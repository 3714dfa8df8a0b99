"""The order of tasks, and the cycle that forbids one. Pure functions of nodes.

Ties are broken by id, so that the order does not depend on the order in which a file happens to build tasks.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from windward.sdk.exceptions import AirflowDagCycleException

if TYPE_CHECKING:
    from windward.sdk.groups import TaskGroup
    from windward.sdk.node import DAGNode


def sort_ids(upstream: Mapping[str, set[str]], *, what: str) -> list[str]:
    """Return the ids so that each stands after its upstream ids; raise `DagCycleError` naming a cycle.

    `upstream` maps every id to the ids before it; ids that it does not hold as keys are ignored.
    """
    waiting = {key: {up for up in ups if up in upstream} for key, ups in upstream.items()}
    after: dict[str, list[str]] = {key: [] for key in waiting}
    for key, ups in waiting.items():
        for up in ups:
            after[up].append(key)
    ready = [key for key, ups in waiting.items() if not ups]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        key = heapq.heappop(ready)
        order.append(key)
        for later in after[key]:
            waiting[later].discard(key)
            if not waiting[later]:
                heapq.heappush(ready, later)
    if len(order) < len(waiting):
        done = set(order)
        raise _cycle_error({key: ups for key, ups in waiting.items() if key not in done}, what=what)
    return order


def _cycle_error(waiting: Mapping[str, set[str]], *, what: str) -> AirflowDagCycleException:
    """Walk upstream among the nodes left: every one of them has an upstream there, so the walk must meet itself."""
    trail: list[str] = []
    key = min(waiting)
    while key not in trail:
        trail.append(key)
        key = min(waiting[key])
    cycle = trail[trail.index(key) :][::-1]
    first = cycle.index(min(cycle))
    cycle = [*cycle[first:], *cycle[:first], cycle[first]]
    path = " → ".join(f"`{key}`" for key in cycle)
    return AirflowDagCycleException(
        f"the tasks of {what} wait for each other: {path}",
        hint="Remove one of these links: a task starts only after all tasks before it.",
    )


def sort_tasks(tasks: Mapping[str, Any], *, what: str) -> list[Any]:
    """Return tasks in topological order; raise `DagCycleError` naming a cycle."""
    return [
        tasks[key] for key in sort_ids({k: task.upstream_task_ids for k, task in tasks.items()}, what=what)
    ]


def sort_members(group: TaskGroup) -> list[DAGNode]:
    """Return the direct members of a group so that each stands after those it waits for.

    Two groups can wait for each other without a cycle among their tasks; then order by id decides.
    """
    owner: dict[str, str] = {}
    for key, child in group.children.items():
        tasks = child.iter_tasks() if hasattr(child, "iter_tasks") else [child]
        for task in tasks:
            owner[task.node_id] = key
    upstream: dict[str, set[str]] = {key: set() for key in group.children}
    for task_id, key in owner.items():
        task = group.dag.task_dict[task_id]
        upstream[key] |= {owner[up] for up in task.upstream_task_ids if up in owner} - {key}
    try:
        order = sort_ids(upstream, what=f"group `{group.node_id}`")
    except AirflowDagCycleException:
        order = sorted(upstream)
    return [group.children[key] for key in order]
