"""Ids: their grammar and the keys made of them. Only checks and keys live here.

The grammar is strict because ids become parts of paths, URLs and log lines.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from windward.errors import InvalidIdError

ID_LENGTH_MAX = 250
XCOM_KEY_LENGTH_MAX = 500
"""As databases have the column."""
ASSET_NAME_LENGTH_MAX = 500
"""Of names, URIs and aliases, as databases have the columns."""
EVERY = "~"
"""Stands for every run where a path of the API names one, as in Airflow: no run can be called so."""
_KEY = re.compile(r"[\w.-]+")
_RUN_ID = re.compile(r"[A-Za-z0-9_.~:+-]+")


class TaskKey(NamedTuple):
    """A task instance: `run_pk` names the DAG run's row; `map_index` is -1 when the task is not mapped."""

    run_pk: int
    task_id: str
    map_index: int = -1


def check_key(value: str, *, what: str) -> str:
    """Return `value` if it is a legal DAG, task or group id; raise `InvalidIdError` otherwise."""
    if not isinstance(value, str) or not value or len(value) > ID_LENGTH_MAX or not _KEY.fullmatch(value):
        raise InvalidIdError(
            f"{what} `{value}` is not a legal id",
            hint=f"Use 1 to {ID_LENGTH_MAX} letters, digits, dashes, dots and underscores.",
        )
    if ".." in value:
        raise InvalidIdError(
            f"{what} `{value}` holds `..`", hint="Use single dots; an id becomes part of a path."
        )
    return value


def check_run_id(value: str) -> str:
    """Return `value` if it is a legal run id; raise `InvalidIdError` otherwise."""
    if (
        not isinstance(value, str)
        or len(value) > ID_LENGTH_MAX
        or not _RUN_ID.fullmatch(value)
        or ".." in value
        or value == EVERY
    ):
        raise InvalidIdError(
            f"run id `{value}` is not legal",
            hint=f"Use 1 to {ID_LENGTH_MAX} letters, digits and `_ . ~ : + -`, without `..`, and not `~` alone.",
        )
    return value


def is_xcom_key(value: str) -> bool:
    """Whether a text can be the key of an XCom: each database holds it as it is."""
    if not 0 < len(value) <= XCOM_KEY_LENGTH_MAX or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def hostname_of(host_id: str) -> str:
    """Return the name of the machine in the id of a worker host, which is `MACHINE-PID-CHANCE`."""
    parts = host_id.rsplit("-", 2)
    return parts[0] if len(parts) == 3 and parts[1].isdigit() else host_id
