"""The tasks of one DAG becoming a group of another, and XComs that are still asked for by their old names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from windward.sdk.groups import TaskGroup
from windward.sdk.params import ParamsDict, raw_params

if TYPE_CHECKING:
    from windward.sdk.dag import DAG


def move_into(group: TaskGroup, subdag: DAG) -> None:
    """Make all tasks and groups of `subdag` members of `group`; the sub-DAG is empty after that.

    Raises `DuplicateTaskIdFound` when an id is taken.
    """
    parent: DAG = group.dag
    renamed = {old: group.child_id(old) for old in (*subdag.task_dict, *subdag.task_group_dict)}
    own_params = raw_params(subdag.params)
    for task in subdag.tasks:
        _rename_links(task, renamed)
        task.__dict__["task_id"] = renamed[task.node_id]
        task.__dict__["_dag"] = None
        if own_params:
            task.__dict__["own_params"] = ParamsDict(
                {**own_params, **(raw_params(task.own_params) if task.own_params else {})}
            )
    for inner in subdag.task_group.iter_groups():
        _rename_group(inner, parent, renamed)
    for child in list(subdag.task_group.children.values()):
        if isinstance(child, TaskGroup):
            child.parent_group = group
        else:
            child.task_group = None
            child.__dict__["task_group"] = group
        group.children[child.node_id] = child
    for task in subdag.tasks:
        parent.add_task(task)
    for before, ends in subdag.edge_info.items():
        for after, info in ends.items():
            parent.set_edge_info(renamed.get(before, before), renamed.get(after, after), info)
    parent.user_defined_macros = _merged(subdag.user_defined_macros, parent.user_defined_macros)
    parent.user_defined_filters = _merged(subdag.user_defined_filters, parent.user_defined_filters)
    group_id = group.node_id
    parent.subdag_groups[subdag.dag_id] = group_id
    for name, inner_id in subdag.subdag_groups.items():
        parent.subdag_groups[name] = renamed[inner_id]
    subdag.partial = True
    subdag.auto_register = False
    subdag.task_dict = {}
    subdag.task_group.children.clear()


def pulled_from(
    dag: Any, own_task_id: str, dag_id: str | None, task_ids: str | Iterable[str] | None
) -> tuple[str | None, str | Iterable[str] | None]:
    """Return DAG and tasks of an `xcom_pull` as they are called now, when a sub-DAG of old was meant.

    A task of a sub-DAG asks for its neighbours without the group's prefix, one outside by the sub-DAG's own id.
    """
    groups: dict[str, str] = getattr(dag, "subdag_groups", None) or {}
    if not groups or task_ids is None:
        return dag_id, task_ids
    if dag_id in groups:
        prefix = groups[dag_id]
    elif dag_id in {None, dag.dag_id}:
        around = [name for name in groups.values() if own_task_id.startswith(f"{name}.")]
        prefix = max(around, key=len, default="")
    else:
        return dag_id, task_ids

    def now(task_id: str) -> str:
        longer = f"{prefix}.{task_id}"
        is_old = bool(prefix) and dag.has_task(longer) and (dag_id in groups or not dag.has_task(task_id))
        return longer if is_old else task_id

    found = now(task_ids) if isinstance(task_ids, str) else [now(task_id) for task_id in task_ids]
    return (dag.dag_id if dag_id in groups else dag_id), found


def _rename_links(task: Any, renamed: dict[str, str]) -> None:
    for name in ("upstream_task_ids", "downstream_task_ids"):
        task.__dict__[name] = {renamed.get(other, other) for other in getattr(task, name)}


def _rename_group(inner: TaskGroup, parent: DAG, renamed: dict[str, str]) -> None:
    new_id = renamed[inner.node_id]
    inner._group_id = new_id  # noqa: SLF001 - a group is renamed nowhere else
    inner.dag = parent
    inner.used_group_ids = parent.task_group.used_group_ids
    inner.used_group_ids |= {new_id, inner.upstream_join_id, inner.downstream_join_id}
    inner.children = {renamed.get(key, key): child for key, child in inner.children.items()}
    _rename_links(inner, renamed)


def _merged(first: dict[str, Any] | None, second: dict[str, Any] | None) -> dict[str, Any] | None:
    return {**(first or {}), **(second or {})} or None
