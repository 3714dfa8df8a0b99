"""What DAG files read from `airflow.settings`: folders and the zone; the rest is an error that names the way."""

from __future__ import annotations

import os
from datetime import tzinfo
from typing import Any

from windward.sdk.compat.configuration import conf, get_airflow_home
from windward.sdk.compat.database import NEW_SESSION, Session
from windward.sdk.compat.state import State
from windward.sdk.defaults import current
from windward.timetable import zone_named

__all__ = [
    "AIRFLOW_HOME",  # noqa: F822 - read when asked for
    "DAGS_FOLDER",  # noqa: F822 - read when asked for
    "NEW_SESSION",
    "STATE_COLORS",
    "TIMEZONE",  # noqa: F822 - read when asked for
    "Session",
    "conf",
    "engine",
]

engine = Session
STATE_COLORS = State.state_color


def _timezone() -> tzinfo:
    return zone_named(current().timezone)


_READ = {
    "AIRFLOW_HOME": get_airflow_home,
    "DAGS_FOLDER": lambda: os.path.expanduser(conf.get("core", "dags_folder")),  # noqa: PTH111 - a text, as in Airflow
    "TIMEZONE": _timezone,
}


def __getattr__(name: str) -> Any:
    if name in _READ:
        return _READ[name]()
    raise AttributeError(f"settings has no `{name}`")
