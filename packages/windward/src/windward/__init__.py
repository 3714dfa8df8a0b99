"""Windward: a workflow orchestrator that runs Airflow DAG files unchanged."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0.dev0"


def __getattr__(name: str) -> Any:
    """Import a name for authors (`from windward import DAG, task`) when it is first asked for."""
    if name.startswith("__"):
        raise AttributeError(name)
    value = globals()[name] = _names().resolve(name, package=__name__)
    return value


def __dir__() -> list[str]:
    """Return the names for authors too."""
    return sorted({*globals(), *_names().PUBLIC})


def _names() -> Any:
    """Import by text: every package is below this one, so that an import would put authoring below them all."""
    return import_module("windward.sdk.names")
