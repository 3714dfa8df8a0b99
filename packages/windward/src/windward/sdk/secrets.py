"""The secrets backends that a process running user code asks before the environment and the store.

The process is told once which there are (`configure`); they are imported and made when a value is first asked for, in
the leaf that runs user code: they are user code themselves. One that fails is passed over with a warning.
What may not live here: which backends there are, and the classes that authors of backends use (`secrets_backend`).
"""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from windward.sdk.exceptions import AirflowConfigException, AirflowSecretsBackendAccessDenied
from windward.sdk.masking import mask_secret

log = logging.getLogger("windward.secrets")
VARIABLE = "var:"
CONNECTION = "conn:"


class SecretsBackend(Protocol):
    """Airflow's protocol of a secrets backend, as far as a task needs it."""

    def get_variable(self, key: str) -> str | None:
        """Return the text of a variable, or None."""

    def get_connection(self, conn_id: str) -> Any:
        """Return a `Connection`, or None."""


class ValueCache(Protocol):
    """Remembers what backends answered, under `var:KEY` and `conn:ID`; None is an answer too."""

    def get(self, name: str) -> tuple[bool, str | None]:
        """Return whether it is known, and the text."""

    def put(self, name: str, text: str | None) -> None:
        """Remember."""


@dataclass(frozen=True, kw_only=True)
class BackendOptions:
    """A backend to make: its import path (`package.module.Class`), and its arguments as a JSON object."""

    path: str
    kwargs: str = field(default="", repr=False)


class _Process:
    """What this process was told, and what it has made of it."""

    backends: tuple[SecretsBackend, ...] = ()
    wanted: BackendOptions | None = None
    cache: ValueCache | None = None


def set_backends(backends: Sequence[SecretsBackend]) -> None:
    """Make these the backends of this process, in the order in which they are asked."""
    _Process.wanted = None
    _Process.backends = tuple(backends)


def configure(options: BackendOptions | None) -> None:
    """Have this process make the backend when it is first asked; None for none."""
    _Process.backends = ()
    _Process.wanted = options


def remember_in(cache: ValueCache | None) -> None:
    """Ask this cache before the backends, and tell it what they answered."""
    _Process.cache = cache


def import_ahead() -> None:
    """Import the module of the backend, so that processes forked from this one need not; nothing is made or asked."""
    if _Process.wanted is not None:
        try:
            _class_at(_Process.wanted.path)
        except AirflowConfigException as error:
            log.warning("secrets backend not imported ahead", extra={"error": str(error)})


def read_variable(key: str) -> str | None:
    """Return a variable's text from the first backend that has it."""
    return _first(VARIABLE + key, lambda backend: _text(backend.get_variable(key)))


def read_connection(conn_id: str) -> Any:
    """Return a `Connection` from the first backend that has it, or None."""
    if _Process.cache is None:
        return _asked(CONNECTION + conn_id, lambda backend: backend.get_connection(conn_id))
    from windward.sdk.connection import from_text  # it imports this module

    text = _first(CONNECTION + conn_id, lambda backend: _connection_text(backend.get_connection(conn_id)))
    return None if text is None else from_text(text, conn_id=conn_id)


def _first(name: str, ask: Callable[[SecretsBackend], str | None]) -> str | None:
    if _Process.cache is None or not (_Process.backends or _Process.wanted):
        found = _asked(name, ask)
        return None if found is None else str(found)
    is_known, text = _Process.cache.get(name)
    if not is_known:
        text = _asked(name, ask)
        _Process.cache.put(name, text)
    return text


def _asked(name: str, ask: Callable[[SecretsBackend], Any]) -> Any:
    for backend in _made():
        try:
            value = ask(backend)
        except AirflowSecretsBackendAccessDenied:  # not "unknown": nobody else may answer
            raise
        except Exception as error:  # noqa: BLE001 - a backend is user code, and the next place may know
            log.warning(
                "secrets backend failed for `%s` and is passed over: %s: %s",
                name.partition(":")[2],
                type(error).__name__,
                error,
            )
            continue
        if value is not None:
            return value
    return None


def _made() -> tuple[SecretsBackend, ...]:
    wanted = _Process.wanted
    if wanted is not None:
        backend = _make(wanted)
        _Process.backends, _Process.wanted = (backend,), None
    return _Process.backends


def _make(options: BackendOptions) -> SecretsBackend:
    try:
        kwargs = json.loads(options.kwargs or "{}")
    except ValueError as error:
        raise AirflowConfigException(
            f"the arguments of the secrets backend `{options.path}` are not JSON: {error}",
            hint='`backend_kwargs` is a JSON object, such as `{"connections_path": "airflow/connections"}`.',
        ) from error
    if not isinstance(kwargs, dict):
        raise AirflowConfigException(
            f"the arguments of the secrets backend `{options.path}` are a {type(kwargs).__name__}",
            hint="`backend_kwargs` is a JSON object of names and values.",
        )
    mask_secret(kwargs, "backend_kwargs")
    try:
        made: SecretsBackend = _class_at(options.path)(**kwargs)
    except AirflowConfigException:
        raise
    except Exception as error:
        raise AirflowConfigException(
            f"the secrets backend `{options.path}` cannot be made: {type(error).__name__}: {error}",
            hint="Check `backend_kwargs`: they are the arguments of its class.",
        ) from error
    return made


def _class_at(path: str) -> Any:
    module, _, name = path.replace(":", ".").rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise AirflowConfigException(
            f"the secrets backend `{path}` cannot be imported: {error}",
            hint="Give the path of a class, `package.module.Class`, whose package is installed on every worker.",
        ) from error


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _connection_text(connection: Any) -> str | None:
    return None if connection is None else str(connection.as_json())
