"""Cutting a DAG: a copy that has some of the tasks and the links among them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from windward.sdk.groups import TaskGroup

if TYPE_CHECKING:
    from windward.sdk.dag import DAG


def subset(
    dag: DAG, wanted: Any, *, downstream: bool, upstream: bool, direct_upstream: bool, depth: int | None
) -> DAG:
    """Return a copy of `dag` with the tasks of `wanted` (a pattern or ids) and the relatives that are asked for."""
    keep = _matching(dag, wanted)
    chosen = [dag.task_dict[task_id] for task_id in sorted(keep)]
    for task in chosen:
        if downstream:
            keep |= task.get_flat_relative_ids(upstream=False, depth=depth)
        if upstream:
            keep |= task.get_flat_relative_ids(upstream=True)
        elif direct_upstream:
            keep |= task.upstream_task_ids
    new = copy.deepcopy(dag)
    new.partial = keep != set(dag.task_dict)
    new.task_dict = {key: task for key, task in new.task_dict.items() if key in keep}
    for task in new.task_dict.values():
        task.upstream_task_ids &= keep
        task.downstream_task_ids &= keep
    _prune(new.task_group, keep)
    return new


def _matching(dag: DAG, wanted: Any) -> set[str]:
    if isinstance(wanted, str | re.Pattern):
        return {task_id for task_id in dag.task_dict if re.search(wanted, task_id)}
    ids: Iterable[str] = wanted or ()
    return {task_id for task_id in ids if task_id in dag.task_dict}


def _prune(group: TaskGroup, keep: set[str]) -> None:
    for key, child in list(group.children.items()):
        if isinstance(child, TaskGroup):
            _prune(child, keep)
            if not child.children:
                del group.children[key]
        elif key not in keep:
            del group.children[key]
