"""What surrounds a line of a DAG file: the open `with` blocks, and the DAGs that registered themselves.

Setup and teardown blocks are in `setup_scopes`. Nothing here knows what a DAG or a group can do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windward.sdk.dag import DAG
    from windward.sdk.groups import TaskGroup

_dags: list[DAG] = []
_groups: list[TaskGroup] = []
_registered: list[DAG] = []


def push_dag(dag: DAG) -> None:
    """Enter `with dag:`."""
    _dags.append(dag)
    _groups.append(dag.task_group)


def pop_dag() -> DAG:
    """Leave the innermost `with dag:`."""
    _groups.pop()
    return _dags.pop()


def current_dag() -> DAG | None:
    """Return the DAG of the innermost block, None outside of one."""
    return _dags[-1] if _dags else None


def push_group(group: TaskGroup) -> None:
    """Enter `with group:`."""
    _groups.append(group)


def pop_group() -> TaskGroup:
    """Leave the innermost `with group:`."""
    return _groups.pop()


def current_group(dag: DAG | None = None) -> TaskGroup | None:
    """Return the group a new task belongs to: of the innermost block, else the root group of `dag`."""
    if _groups and (dag is None or _groups[-1].dag is dag):
        return _groups[-1]
    return dag.task_group if dag is not None else None


def register(dag: DAG) -> None:
    """Note a DAG that was completed by a `with` block or by `@dag`, so that it is found without a name."""
    if not any(other is dag for other in _registered):
        _registered.append(dag)


def take_registered() -> list[DAG]:
    """Return the DAGs registered since the last call, in order."""
    taken = list(_registered)
    _registered.clear()
    return taken
