"""The secrets backends that a task process asks before the environment and the store.

The process that runs user code puts its backends here; one that cannot answer returns None. What may not live here:
which backends there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class SecretsBackend(Protocol):
    """Airflow's protocol of a secrets backend, as far as a task needs it."""

    def get_variable(self, key: str) -> str | None:
        """Return the text of a variable, or None."""

    def get_connection(self, conn_id: str) -> Any:
        """Return a `Connection`, or None."""


_backends: tuple[SecretsBackend, ...] = ()


def set_backends(backends: Sequence[SecretsBackend]) -> None:
    """Make these the backends of this process, in the order in which they are asked."""
    global _backends  # noqa: PLW0603 - one list per process is what it means
    _backends = tuple(backends)


def read_variable(key: str) -> str | None:
    """Return a variable's text from the first backend that has it."""
    return next((value for backend in _backends if (value := backend.get_variable(key)) is not None), None)


def read_connection(conn_id: str) -> Any:
    """Return a `Connection` from the first backend that has it, or None."""
    found = (backend.get_connection(conn_id) for backend in _backends)
    return next((connection for connection in found if connection is not None), None)
