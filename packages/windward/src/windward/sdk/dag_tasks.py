"""What a DAG can be asked about its tasks, and how tasks become part of it. Arguments of a DAG are in `dag`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from windward.sdk.exceptions import DuplicateTaskIdFound, FailFastDagInvalidTriggerRule, TaskNotFound
from windward.sdk.graph import sort_tasks
from windward.sdk.spelling import did_you_mean

if TYPE_CHECKING:
    from windward.sdk.groups import TaskGroup
    from windward.sdk.xcom_arg import XComArg


class TaskGraph:
    """The tasks of a DAG by id, their groups, and the labels of the edges between them."""

    dag_id: str
    fail_fast: bool
    task_group: TaskGroup

    def __init__(self) -> None:
        self.task_dict: dict[str, Any] = {}
        self.edge_info: dict[str, dict[str, Any]] = {}
        self.subdag_groups: dict[str, str] = {}
        """The group that each sub-DAG of Airflow 2 became, by the sub-DAG's id."""

    @property
    def owner(self) -> str:
        """The owners of all tasks, by commas."""
        return ", ".join(sorted({task.owner for task in self.tasks}))

    @property
    def tasks(self) -> list[Any]:
        """All tasks, in the order they were made."""
        return list(self.task_dict.values())

    @property
    def task_ids(self) -> list[str]:
        """The ids of all tasks."""
        return list(self.task_dict)

    @property
    def teardowns(self) -> list[Any]:
        """The teardown tasks."""
        return [task for task in self.tasks if task.is_teardown]

    @property
    def tasks_upstream_of_teardowns(self) -> list[Any]:
        """The tasks that teardowns wait for."""
        ids = {up for task in self.teardowns for up in task.upstream_task_ids}
        return [task for key, task in self.task_dict.items() if key in ids and not task.is_teardown]

    @property
    def roots(self) -> list[Any]:
        """The tasks that wait for no other."""
        return [task for task in self.tasks if not task.upstream_task_ids]

    @property
    def leaves(self) -> list[Any]:
        """The tasks that no other waits for."""
        return [task for task in self.tasks if not task.downstream_task_ids]

    @property
    def task_group_dict(self) -> dict[str, TaskGroup]:
        """The task groups by full id, without the root group."""
        return {group.node_id: group for group in self.task_group.iter_groups()}

    @property
    def subdags(self) -> list[Any]:
        """Nothing: sub-DAGs are task groups."""
        return []

    def has_task(self, task_id: str) -> bool:
        """True when the DAG has the task."""
        return task_id in self.task_dict

    def has_task_group(self, task_group_id: str) -> bool:
        """True when the DAG has the group."""
        return task_group_id in self.task_group_dict

    def get_task(self, task_id: str, include_subdags: bool = False) -> Any:  # noqa: FBT001, FBT002 - Airflow's signature
        """Return the task; raise `UnknownTaskError` with a suggestion."""
        del include_subdags
        if task_id in self.task_dict:
            return self.task_dict[task_id]
        raise TaskNotFound(
            f"DAG `{self.dag_id}` has no task `{task_id}`",
            hint=f"{did_you_mean(task_id, self.task_dict)}Tasks in a group are called `group.task`.",
        )

    def add_task(self, task: Any, *, group: TaskGroup | None = None) -> None:
        """Make a task part of the DAG, in `group` or at the top level."""
        FailFastDagInvalidTriggerRule.check(
            fail_fast=bool(self.fail_fast), trigger_rule=str(task.trigger_rule)
        )
        task_id = task.node_id
        if self.task_dict.get(task_id) not in {None, task} or task_id in self.task_group.used_group_ids:
            raise DuplicateTaskIdFound(
                f"Task id '{task_id}' has already been added to the DAG `{self.dag_id}`",
                hint="Ids are unique within a DAG. Rename one, or put it in a task group.",
            )
        self.task_dict[task_id] = task
        task.__dict__["_dag"] = self
        if task.task_group is None:
            (group or self.task_group).add(task)
            task.task_group = group or self.task_group

    def add_tasks(self, tasks: Iterable[Any]) -> None:
        """Make tasks part of the DAG."""
        for task in tasks:
            self.add_task(task)

    def add_result(self, xcom_arg: XComArg) -> XComArg:
        """Mark a task's value as the result of the run."""
        self.result = xcom_arg
        return xcom_arg

    result: XComArg | None = None

    def set_dependency(self, upstream_task_id: str, downstream_task_id: str) -> None:
        """Link two tasks by their ids."""
        self.get_task(upstream_task_id).set_downstream(self.get_task(downstream_task_id))

    def get_edge_info(self, upstream_task_id: str, downstream_task_id: str) -> dict[str, Any]:
        """Return what is known of an edge: its label."""
        found: dict[str, Any] = self.edge_info.get(upstream_task_id, {}).get(downstream_task_id, {})
        return found

    def set_edge_info(self, upstream_task_id: str, downstream_task_id: str, info: Mapping[str, Any]) -> None:
        """Set what is known of an edge."""
        self.edge_info.setdefault(upstream_task_id, {})[downstream_task_id] = dict(info)

    def topological_sort(self) -> tuple[Any, ...]:
        """Return all tasks, each after those it waits for; raise `DagCycleError` naming a cycle."""
        return tuple(sort_tasks(self.task_dict, what=f"DAG `{self.dag_id}`"))

    def check_cycle(self) -> None:
        """Raise `DagCycleError` when tasks wait for each other."""
        self.topological_sort()

    test_cycle = check_cycle
