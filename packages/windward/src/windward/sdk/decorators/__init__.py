"""`@task` and its kin: functions that become tasks, setups and teardowns.

What lives here: the names. `@dag` is in `windward.sdk.dag_decorator`, `@task_group` in `windward.sdk.group_decorator`.
"""

from __future__ import annotations

from windward.sdk.decorators.collection import TaskDecoratorCollection, register_task_decorator, task
from windward.sdk.decorators.factory import (
    DecoratedOperator,
    TaskDecorator,
    get_unique_task_id,
    task_decorator_factory,
)
from windward.sdk.decorators.setup_teardown import result, setup, teardown

__all__ = [
    "DecoratedOperator",
    "TaskDecorator",
    "TaskDecoratorCollection",
    "get_unique_task_id",
    "register_task_decorator",
    "result",
    "setup",
    "task",
    "task_decorator_factory",
    "teardown",
]
