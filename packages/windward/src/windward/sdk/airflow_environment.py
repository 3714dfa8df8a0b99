"""The `AIRFLOW_CTX_…` variables that a running task's processes get."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def airflow_variables(context: Any) -> dict[str, str]:
    """Return who runs, as environment variables."""
    ti, run, task = context.get("ti"), context["dag_run"], context.get("task")
    date = run.logical_date
    variables = {
        "AIRFLOW_CTX_DAG_ID": run.dag_id,
        "AIRFLOW_CTX_DAG_RUN_ID": run.run_id,
        "AIRFLOW_CTX_LOGICAL_DATE": date.isoformat() if date is not None else "",
        "AIRFLOW_CTX_EXECUTION_DATE": date.isoformat() if date is not None else "",
    }
    if ti is not None:
        variables["AIRFLOW_CTX_TASK_ID"] = ti.task_id
        variables["AIRFLOW_CTX_TRY_NUMBER"] = str(ti.try_number)
        variables["AIRFLOW_CTX_MAP_INDEX"] = str(ti.map_index)
    if task is not None:
        variables["AIRFLOW_CTX_DAG_OWNER"] = str(task.owner)
        variables["AIRFLOW_CTX_DAG_EMAIL"] = _joined(getattr(task, "email", None))
    return {name: value for name, value in variables.items() if value}


def _joined(value: str | Iterable[str] | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return ",".join(value)
