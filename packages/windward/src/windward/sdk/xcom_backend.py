"""The XCom backend that a deployment names (`[core] xcom_backend`), and how values pass through it.

A backend is user code: it is imported where user code runs, when a value first passes. Without one, values go straight
to `serde`. What may not live here: how a value becomes bytes (`serde`), and reading and writing (`xcom`).
"""

from __future__ import annotations

import importlib
import logging
from contextvars import ContextVar
from typing import Any, NamedTuple

import msgspec

from windward.model.ids import XCOM_KEY_LENGTH_MAX, is_xcom_key
from windward.protocol.outcomes import XComValue
from windward.sdk import serde
from windward.sdk.bridge import LargeValues
from windward.sdk.exceptions import AirflowConfigException

_SHOWN_CHARACTERS = 80
"""Of a key that cannot be one."""
log = logging.getLogger("windward.sdk.xcom_backend")


class Place(NamedTuple):
    """Whose value it is."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    run_pk: int = 0

    @property
    def owner(self) -> str:
        """The place as a path: where its values belong in the object store, and what messages say."""
        return f"{self.dag_id}/{self.run_id}/{self.task_id}/{self.map_index}"


class XComResult:
    """What a backend's `deserialize_value` and `purge` are given: the key, and what `serialize_value` returned."""

    def __init__(
        self,
        stored: XComValue,
        *,
        key: str,
        large: LargeValues | None = None,
        dag_id: str | None = None,
        run_id: str | None = None,
        task_id: str | None = None,
        map_index: int | None = None,
    ) -> None:
        self._stored = stored
        self._large = large
        self.key = key
        self.dag_id = dag_id
        self.run_id = run_id
        self.task_id = task_id
        self.map_index = map_index

    @property
    def value(self) -> Any:
        """What `serialize_value` returned; when it asked `BaseXCom` to do it, what it passed to that."""
        return serde.decode(self._stored, large=self._large)


class _Storing(NamedTuple):
    """The value that a backend is at work on: how messages and its object are named, and where objects are."""

    name: str
    large: LargeValues | None
    run_pk: int


_storing: ContextVar[_Storing | None] = ContextVar("windward_xcom_storing", default=None)


class _Process:
    """What this process was told, and what it has made of it."""

    path: str = ""
    backend: Any = None


def configure(path: str) -> None:
    """Have the values of this process pass through the class at this import path; none when empty."""
    _Process.path, _Process.backend = path, None


def import_ahead() -> None:
    """Import the backend, so that processes forked from this one need not; one that is broken says so when used."""
    try:
        current()
    except AirflowConfigException as error:
        log.warning("xcom backend not imported ahead", extra={"error": str(error)})


def current() -> Any:
    """Return the backend's class, or None. Raises `AirflowConfigException` when it cannot be used."""
    if _Process.path and _Process.backend is None:
        _Process.backend = class_at(_Process.path)
        if _Process.backend is _base():
            configure("")  # Airflow's own default, written out
    return _Process.backend if _Process.path else None


def has_purge() -> bool:
    """Whether the deployment's backend has something to purge when values go."""
    backend = current()
    return backend is not None and backend.purge is not _base().purge


def store(value: Any, *, key: str, place: Place, large: LargeValues | None) -> XComValue:
    """Return a value as it is stored. Raises as `serde.encode`, ValueError for no key, and whatever the backend raises."""
    backend = current()
    if backend is None:
        _check_key(key)
        return serde.encode(value, name=f"{place.owner}/{key}", large=large, run_pk=place.run_pk)
    return stored_by(backend, value, key=key, place=place, large=large)


def _check_key(key: Any) -> None:
    if not isinstance(key, str) or not is_xcom_key(key):
        shown = repr(key)[:_SHOWN_CHARACTERS]
        raise ValueError(f"an XCom key is a text of 1 to {XCOM_KEY_LENGTH_MAX} characters, not {shown}")


def stored_by(backend: Any, value: Any, *, key: str, place: Place, large: LargeValues | None) -> XComValue:
    """Return a value as this backend has it stored. What people see is what the backend made of it."""
    _check_key(key)
    value = serde.without_laziness(value)
    entered = _storing.set(_Storing(f"{place.owner}/{key}", large, place.run_pk))
    try:
        made = backend.serialize_value(
            value,
            key=key,
            task_id=place.task_id,
            dag_id=place.dag_id,
            run_id=place.run_id,
            map_index=place.map_index,
        )
        if not isinstance(made, XComValue):
            made = encoded(made, key=key)
    finally:
        _storing.reset(entered)
    # A task is mapped over the value and not over what stands for it.
    return msgspec.structs.replace(made, length=serde.mappable_length(value), backend=_purger(backend))


def _purger(backend: Any) -> str | None:
    """Return where the backend is found by whoever purges its values; None when it keeps nothing elsewhere."""
    if backend.purge is _base().purge:
        return None
    return _Process.path if backend is _Process.backend else f"{backend.__module__}.{backend.__qualname__}"


def encoded(value: Any, *, key: str) -> XComValue:
    """Return a value as it is stored without a backend: what a backend's `super` does with what it leaves alone."""
    storing = _storing.get()
    if storing is None:
        return serde.encode(value, name=key)
    return serde.encode(value, name=storing.name, large=storing.large, run_pk=storing.run_pk)


def load(stored: XComValue, *, large: LargeValues | None, key: str, **where: Any) -> Any:
    """Return the value itself. Raises as `serde.decode`, and whatever the backend raises."""
    backend = current()
    if backend is None:
        return serde.decode(stored, large=large)
    return backend.deserialize_value(XComResult(stored, key=key, large=large, **where))


def _base() -> Any:
    from windward.sdk.xcom import BaseXCom  # it passes values through this module

    return BaseXCom


def class_at(path: str) -> Any:
    """Return the backend at an import path. Raises `AirflowConfigException` when there is none."""
    module, _, name = path.replace(":", ".").rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise AirflowConfigException(
            f"the XCom backend `{path}` cannot be imported: {error}",
            hint="`[core] xcom_backend` is the path of a class, `package.module.Class`, that every worker can import.",
        ) from error
    if not (isinstance(found, type) and issubclass(found, _base())):
        raise AirflowConfigException(
            f"the XCom backend `{path}` is not a subclass of `BaseXCom`",
            hint="Derive it from `airflow.sdk.bases.xcom.BaseXCom`, or `airflow.models.xcom.BaseXCom` of Airflow 2.",
        )
    return found
