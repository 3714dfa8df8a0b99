"""What templates find under `macros`: Airflow's date helpers and the modules it offers."""

from __future__ import annotations

import importlib
import json
import time
import uuid
from datetime import datetime, timedelta
from random import random
from typing import Any

__all__ = [
    "datetime",
    "datetime_diff_for_humans",
    "dateutil",  # noqa: F822 - imported when asked for
    "ds_add",
    "ds_format",
    "ds_format_locale",
    "json",
    "random",
    "time",
    "timedelta",
    "uuid",
    "yaml",  # noqa: F822 - imported when asked for
]

_LATE_MODULES = {"dateutil": ("dateutil.relativedelta", "dateutil.parser", "dateutil"), "yaml": ("yaml",)}
_plugin_macros: dict[str, Any] = {}


def ds_add(ds: str, days: int) -> str:
    """Return the date `days` later (earlier when negative), as `YYYY-MM-DD`."""
    if not days:
        return str(ds)
    return (datetime.strptime(str(ds), "%Y-%m-%d") + timedelta(days=days)).strftime("%Y-%m-%d")  # noqa: DTZ007 - a date


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """Return the date `ds` of one `strftime` format in another."""
    return datetime.strptime(str(ds), input_format).strftime(output_format)  # noqa: DTZ007 - as the author writes it


def ds_format_locale(ds: str, input_format: str, output_format: str, locale: Any = None) -> str:
    """Return the date `ds` in a Unicode (CLDR) format and locale; needs the package `babel`."""
    try:
        babel = importlib.import_module("babel")
        dates = importlib.import_module("babel.dates")
    except ImportError as error:
        raise ModuleNotFoundError(
            "`macros.ds_format_locale` needs the package `babel`: `pip install babel`", name="babel"
        ) from error
    parsed = datetime.strptime(str(ds), input_format)  # noqa: DTZ007 - as the author writes it
    return str(dates.format_datetime(parsed, format=output_format, locale=locale or babel.Locale("en_US")))


def datetime_diff_for_humans(dt: Any, since: datetime | None = None) -> str:
    """Return the distance between two times in words, from now when `since` is not given."""
    import pendulum  # costs tens of milliseconds, needed by few

    moment = pendulum.instance(dt)
    return str(moment.diff_for_humans(pendulum.instance(since) if since is not None else None))


def register_macros(namespace: str, members: dict[str, Any]) -> None:
    """Offer a plugin's macros as `macros.<namespace>.<name>`."""
    _plugin_macros[namespace] = type(
        namespace, (), {k: staticmethod(v) if callable(v) else v for k, v in members.items()}
    )


def __getattr__(name: str) -> Any:
    if name in _LATE_MODULES:
        modules = [importlib.import_module(path) for path in _LATE_MODULES[name]]
        globals()[name] = modules[-1]
        return modules[-1]
    if name in _plugin_macros:
        return _plugin_macros[name]
    raise AttributeError(f"macros has no `{name}`")
