"""Skipping what comes after a task: branches that are not followed, and whatever a short circuit cuts off.

The skip travels as `DownstreamTasksSkipped`, with the task's result on it. What may not live here: how far a skip
goes on from there; trigger rules decide that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from windward.sdk.exceptions import AirflowException, DownstreamTasksSkipped
from windward.sdk.logging_mixin import LoggingMixin
from windward.sdk.operator import BaseOperator
from windward.sdk.spelling import did_you_mean


class SkipMixin(LoggingMixin):
    """Lets a task skip others of its run."""

    def skip(self, *args: Any, tasks: Iterable[Any] | None = None, ti: Any = None, **_more: Any) -> None:
        """Skip these tasks. Takes `(ti, tasks)` as Airflow 3 does and `(dag_run, execution_date, tasks)` as 2."""
        if tasks is None:
            tasks = next((arg for arg in reversed(args) if _is_tasks(arg)), ())
        if ti is None and args and hasattr(args[0], "map_index"):
            ti = args[0]
        _skip([task.task_id for task in _tasks_among(tasks)], ti)

    def skip_all_except(self, ti: Any, branch_task_ids: str | Iterable[str] | None) -> None:
        """Skip the tasks directly after this one that no followed branch leads to."""
        skipped = tasks_to_skip(ti.task, branch_task_ids)
        if skipped:
            self.log.info("Skipping tasks %s", skipped)
        _skip(skipped, ti)


class BranchMixIn(SkipMixin):
    """Lets a task choose which of the tasks after it run."""

    def do_branch(self, context: Any, branches_to_execute: str | Iterable[str] | None) -> Any:
        """Follow these tasks and groups, skip the other ones directly after this task."""
        if branches_to_execute is not None and not isinstance(
            branches_to_execute, str | Sequence | set | frozenset
        ):
            branches_to_execute = _listed(branches_to_execute)
        self.log.info("Branch into %s", branches_to_execute)
        try:
            self.skip_all_except(context["ti"], branches_to_execute)
        except DownstreamTasksSkipped as skip:
            skip.return_value = branches_to_execute
            raise
        return branches_to_execute


class BaseBranchOperator(BaseOperator, BranchMixIn):
    """A task that chooses which of the tasks after it run; subclasses write `choose_branch`."""

    inherits_from_skipmixin = True
    _can_skip_downstream = True

    def choose_branch(self, context: Any) -> str | Iterable[str] | None:
        """Return the id of the task or task group to follow, several in a list, or None for none."""
        raise NotImplementedError(f"{type(self).__name__} has no `choose_branch`")

    def execute(self, context: Any) -> Any:
        """Follow the chosen branch."""
        return self.do_branch(context, self.choose_branch(context))


def tasks_to_skip(task: Any, branches: str | Iterable[str] | None) -> list[str]:
    """Return the ids of tasks directly after `task` that are neither followed nor after a followed one.

    Raises `AirflowException` for a branch that the DAG does not have.
    """
    dag = task.dag
    chosen = _branch_ids(branches)
    groups = dag.task_group_dict
    followed: set[str] = set()
    for name in chosen:
        if name in groups and not dag.has_task(name):
            followed.update(root.task_id for root in _roots(groups[name]))
        elif dag.has_task(name):
            followed.add(name)
        else:
            raise AirflowException(
                f"'branch_task_ids' must contain only valid task_ids. Invalid tasks found: {{'{name}'}}. Task "
                f"`{task.task_id}` of DAG `{dag.dag_id}` returned it."
                + did_you_mean(name, [*dag.task_ids, *(group for group in groups if group)])
            )
    downstream = sorted(task.downstream_task_ids)
    if set(downstream) <= followed:
        return []
    reached = set(followed)
    for name in followed:
        reached.update(dag.get_task(name).get_flat_relative_ids(upstream=False))
    return [name for name in downstream if name not in reached]


def _roots(group: Any) -> Iterable[Any]:
    found: Iterable[Any] = group.get_roots() if hasattr(group, "get_roots") else group.roots
    return found


def _branch_ids(branches: Any) -> list[str]:
    if branches is None:
        return []
    if isinstance(branches, str):
        return [branches]
    names = _listed(branches)
    for name in names:
        if not isinstance(name, str):
            raise AirflowException(
                f"Unable to branch to the specified tasks. The branching function returned invalid 'branch_task_ids': "
                f"{name!r} is `{type(name).__name__}`; return task ids, which are texts."
            )
    return names


def _listed(branches: Any) -> list[Any]:
    if isinstance(branches, Iterable):
        return list(branches)
    raise AirflowException(
        f"'branch_task_ids' must be either None, a task ID, or an Iterable of IDs, but got {type(branches).__name__!r}."
    )


def _tasks_among(nodes: Iterable[Any]) -> list[Any]:
    return [node for node in nodes if getattr(node, "is_task", False)]


def _is_tasks(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset) or (
        isinstance(value, Iterable) and not isinstance(value, str)
    )


def _skip(task_ids: Sequence[str], ti: Any) -> None:
    if not task_ids:
        return
    map_index = getattr(ti, "map_index", -1)
    if map_index is None or map_index < 0:
        raise DownstreamTasksSkipped(tasks=list(task_ids))
    raise DownstreamTasksSkipped(tasks=[(task_id, map_index) for task_id in task_ids])
