"""Where an attempt's log and its large values are: one rule each, used by writers and readers."""

from __future__ import annotations

import re

LOGS_SCHEME = "logs:"
"""How a folder of logs stands on the list of what is to be deleted, among the URLs of objects."""

_PART_OF_OBJECT = {"": "%2F", ".": "%2E", "..": "%2E%2E"}
"""What stands in an object's name for parts that would be none, or lead elsewhere."""
_RUN_OF_OBJECT = re.compile(r"/r(\d{1,19})-[0-9a-f]+$")


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


def is_log_path_of(path: str, folder: str, task_id: str) -> bool:
    """Whether a path is that of a log in a run's folder and, unless it is empty, of this task or a callback about it."""
    parts = path.removeprefix(f"{folder}/").split("/")
    is_plain = path.startswith(f"{folder}/") and all(part not in {"", ".", ".."} for part in parts)
    return is_plain and (not task_id or parts[0] == f"task_id={task_id}")


def run_log_folder(dag_id: str, run_id: str) -> str:
    """Return the folder of all logs of a run."""
    return f"dag_id={dag_id}/run_id={run_id}"


def run_of_log_folder(folder: str) -> tuple[str, str]:
    """Return (dag_id, run_id) of the folder of all logs of a run."""
    dag_part, _, run_id = folder.partition("/run_id=")
    return dag_part.removeprefix("dag_id="), run_id


def large_value_name(owner: str, *, run_pk: int, nonce: str) -> str:
    """Return the name of a large value's object; `owner` says for people whose it is, and may end in any key.

    The last part tells of which run it is, so that one that no row names can be found; the nonce, in hexadecimal
    digits, is new for each value, because an object may be deleted long after its value was replaced.
    """
    parts = (_PART_OF_OBJECT.get(part, part) for part in owner.split("/"))
    return f"{'/'.join(parts)}/r{run_pk}-{nonce}"


def run_of_large_value(location: str) -> int | None:
    """Return the run whose value is at this location; None for anything that no task has put there."""
    found = _RUN_OF_OBJECT.search(location)
    return None if found is None else int(found[1])
