"""Instances that there will be, for code of authors that is asked about them while a file is read.

The scheduler runs no user code, so that the answer cannot depend on a run: there is none yet.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

TRIES_ASKED_MAX = 10
"""After so many tries nobody is asked any more: what was said of the last one holds for all that follow."""
INT32_MAX = 2**31 - 1


def planned_instance(task: Any, *, dag_id: str | None, tries_before: int, **more: Any) -> SimpleNamespace:
    """Return an instance of a task as it will be; as in Airflow, `try_number` counts the tries before this one."""
    return SimpleNamespace(
        task=task, dag_id=dag_id, task_id=task.task_id, run_id=None, dag_run=None, map_index=-1,
        try_number=tries_before, state=None, operator=task.task_type, max_tries=task.retries, queue=task.queue,
        pool=task.pool, pool_slots=task.pool_slots, priority_weight=task.priority_weight, **more,
    )  # fmt: skip


def within_int32(weight: int) -> int:
    """Return a priority that fits its column."""
    return max(-INT32_MAX - 1, min(INT32_MAX, weight))
