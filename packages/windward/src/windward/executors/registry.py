"""Executors by name: ours, and Airflow's class names for the same things."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from windward.executors.hub import Hub
from windward.executors.local import LocalExecutor
from windward.executors.sequential import SequentialExecutor
from windward.ports.executor import Executor
from windward.settings.executor_names import executor_named

EXECUTORS: MappingProxyType[str, Callable[[Hub], Executor]] = MappingProxyType(
    {"local": LocalExecutor, "sequential": SequentialExecutor}
)


def make_executor(name: str, hub: Hub, *, origin: str = "default") -> Executor:
    """Return the executor that `name` means, over the worker hosts of `hub`.

    Raises:
        SettingsError: when this release has no such executor; the hint names those that it has.
    """
    return EXECUTORS[executor_named(name, origin=origin)](hub)
