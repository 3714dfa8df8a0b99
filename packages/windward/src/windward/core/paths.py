"""Where an attempt's log is: one rule, used by writers and readers."""

from __future__ import annotations


def log_path(dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int) -> str:
    """Return the log's path relative to the log folder, in Airflow's layout.

    Ids follow a strict grammar, so that no part can leave the folder.
    """
    mapped = f"map_index={map_index}/" if map_index >= 0 else ""
    return f"{run_log_folder(dag_id, run_id)}/task_id={task_id}/{mapped}attempt={try_number}.log"


def callback_log_path(dag_id: str, run_id: str, kind: str, tries: int) -> str:
    """Return the log's path of a DAG-level callback."""
    return f"{run_log_folder(dag_id, run_id)}/callback={kind}/attempt={tries}.log"


def task_callback_log_path(
    dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int, *, kind: str, tries: int
) -> str:
    """Return the log's path of a callback about one try of a task: beside the log of that try."""
    mapped = f"map_index={map_index}/" if map_index >= 0 else ""
    folder = f"{run_log_folder(dag_id, run_id)}/task_id={task_id}/{mapped}callback={kind}"
    return f"{folder}/try={try_number}/attempt={tries}.log"


def run_log_folder(dag_id: str, run_id: str) -> str:
    """Return the folder of all logs of a run."""
    return f"dag_id={dag_id}/run_id={run_id}"
