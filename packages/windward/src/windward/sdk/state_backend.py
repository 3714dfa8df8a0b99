"""Where a deployment keeps what its tasks' state stores hold (`[workers] state_store_backend`).

A backend is user code: it is asked in the process of the attempt. It keeps a value wherever it likes and returns a
reference, which the database keeps in the value's place.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from windward.sdk.exceptions import AirflowConfigException

REFERENCE = "__airflow_state_ref__"
"""Key of what stands in the database for a value that is elsewhere, as in Airflow."""


@dataclass(frozen=True)
class TaskScope:
    """Whose values: those of one task instance, over its tries."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1


@dataclass(frozen=True)
class AssetScope:
    """Whose values: those of one asset, which tasks know by its name."""

    asset_id: int | None = None
    name: str | None = None
    uri: str | None = None

    def __post_init__(self) -> None:
        if self.asset_id is None and not self.name and not self.uri:
            raise ValueError("an AssetScope needs an `asset_id`, a `name` or a `uri`")


Scope = TaskScope | AssetScope


class BaseStoreBackend:
    """A store of one's own. Tasks call the four methods about references, `delete` and `clear`.

    A reference is a text that is the same for the same scope and key, so that a value that is written again takes
    the place of the last one. The other methods are there for backends that are written for Airflow's servers: the
    database is not replaced here.
    """

    def get(self, scope: Scope, key: str, *, session: Any = None) -> str | None:
        """Return a value as JSON text."""
        raise NotImplementedError(f"`{type(self).__name__}` has no `get`")

    def set(
        self, scope: Scope, key: str, value: str, *, expires_at: datetime | None = None, session: Any = None
    ) -> None:
        """Keep a value, given as JSON text."""
        raise NotImplementedError(f"`{type(self).__name__}` has no `set`")

    def delete(self, scope: Scope, key: str, *, session: Any = None) -> None:
        """Forget what is kept elsewhere for a key; the database has forgotten its reference before."""

    def clear(self, scope: Scope, *, all_map_indices: bool = False, session: Any = None) -> None:
        """Forget all that is kept elsewhere for a scope; the database has forgotten the references before."""

    def cleanup(self) -> None:
        """Forget what has expired, if the backend keeps count."""

    def serialize_task_state_store_to_ref(self, *, value: Any, key: str, scope: TaskScope) -> str:  # noqa: ARG002 - for subclasses
        """Keep a task's value, and return its reference: here the value itself, as JSON text."""
        return json.dumps(value)

    def deserialize_task_state_store_from_ref(self, stored: str) -> Any:
        """Return the value of a reference."""
        return json.loads(stored)

    def serialize_asset_state_store_to_ref(self, *, value: Any, key: str, scope: AssetScope) -> str:  # noqa: ARG002 - for subclasses
        """Keep an asset's value, and return its reference: here the value itself, as JSON text."""
        return json.dumps(value)

    def deserialize_asset_state_store_from_ref(self, stored: str) -> Any:
        """Return the value of a reference."""
        return json.loads(stored)


class _Process:
    """What this process was told, and what it has made of it."""

    path: str = ""
    backend: BaseStoreBackend | None = None
    clears_on_success: bool = False


def configure(path: str, *, clears_on_success: bool = False) -> None:
    """Have the values of this process kept by the class at this import path; in the database when empty."""
    _Process.path, _Process.backend, _Process.clears_on_success = path, None, clears_on_success


@contextmanager
def set_aside() -> Iterator[None]:
    """Have nothing kept, and nobody's class imported, in the block."""
    before = _Process.path, _Process.backend, _Process.clears_on_success
    _Process.path, _Process.backend, _Process.clears_on_success = "", None, False
    try:
        yield
    finally:
        _Process.path, _Process.backend, _Process.clears_on_success = before


def current() -> BaseStoreBackend | None:
    """Return the backend, made when it is first asked for. Raises `AirflowConfigException` when it cannot be."""
    if _Process.path and _Process.backend is None:
        _Process.backend = _made(_Process.path)
    return _Process.backend


def _made(path: str) -> BaseStoreBackend:
    module, _, name = path.replace(":", ".").rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise AirflowConfigException(
            f"the backend of state stores `{path}` cannot be imported: {error}",
            hint="`[workers] state_store_backend` is the path of a class that every worker can import.",
        ) from error
    if not (isinstance(found, type) and issubclass(found, BaseStoreBackend)):
        raise AirflowConfigException(
            f"the backend of state stores `{path}` is not a subclass of `BaseStoreBackend`",
            hint="Derive it from `airflow.sdk.state.BaseStoreBackend`.",
        )
    return found()


def kept(value: Any, key: str, scope: Scope) -> Any:
    """Return what the database is to keep for a value."""
    backend = current()
    if backend is None:
        return value
    if isinstance(scope, TaskScope):
        return {REFERENCE: backend.serialize_task_state_store_to_ref(value=value, key=key, scope=scope)}
    return {REFERENCE: backend.serialize_asset_state_store_to_ref(value=value, key=key, scope=scope)}


def value_of(stored: Any, scope: Scope) -> Any:
    """Return the value that the database keeps, or that it has a reference of.

    Raises:
        AirflowConfigException: when a backend kept it that is not there now.
    """
    if not (isinstance(stored, dict) and set(stored) == {REFERENCE}):
        return stored
    backend = current()
    if backend is None:
        raise AirflowConfigException(
            "the value is kept by a backend: set `[workers] state_store_backend` to the one that kept it"
        )
    if isinstance(scope, TaskScope):
        return backend.deserialize_task_state_store_from_ref(stored[REFERENCE])
    return backend.deserialize_asset_state_store_from_ref(stored[REFERENCE])


def forget(scope: Scope, key: str | None, *, all_map_indices: bool = False) -> None:
    """Have the backend forget a value, or all of a scope."""
    backend = current()
    if backend is None:
        return
    if key is not None:
        backend.delete(scope, key)
    elif all_map_indices:
        backend.clear(scope, all_map_indices=True)
    else:
        backend.clear(scope)


def forget_after_success(dag_id: str, run_id: str, task_id: str, map_index: int) -> None:
    """Have the backend forget what a task kept, where the database does so when the task succeeds."""
    if _Process.path and _Process.clears_on_success:
        forget(TaskScope(dag_id, run_id, task_id, map_index), None)
