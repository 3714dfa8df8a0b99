"""The way from user code to the execution service: one call, one answer.

A task child, the processor's child and `dag.test()` each set a bridge of their own; hooks, `Variable`,
`XCom` and `ti` use whichever is current and know nothing of sockets, HTTP or databases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from windward.errors import UserError
from windward.protocol.calls import Answer, Call


class LargeValues(Protocol):
    """Where values above the threshold go (a folder, S3, GCS, Azure)."""

    threshold_bytes: int

    def put(self, name: str, data: bytes) -> str:
        """Store and return the location (a URL)."""

    def get(self, location: str) -> bytes:
        """Return the bytes."""


class TaskBridge(Protocol):
    """What user code may reach."""

    large_values: LargeValues | None

    def call(self, call: Call) -> Answer:
        """Send a request and wait for the answer; raise `UnavailableError` when nobody answers."""

    def mask(self, values: Sequence[str]) -> None:
        """Make sure that these secrets appear in no log of this process or its children."""


_current: TaskBridge | None = None


def current_bridge(*, purpose: str) -> TaskBridge:
    """Return the bridge of this process; raise `UserError` naming `purpose` when there is none."""
    if _current is None:
        raise UserError(
            f"{purpose} needs a running task, the DAG processor or `dag.test()`",
            hint="Outside of these, set the value by environment: `AIRFLOW_VAR_…` or `AIRFLOW_CONN_…`.",
        )
    return _current


def has_bridge() -> bool:
    """Whether user code can reach an execution service."""
    return _current is not None


def set_bridge(bridge: TaskBridge | None) -> None:
    """Make `bridge` the one of this process."""
    global _current  # noqa: PLW0603 - one bridge per process is what it means
    _current = bridge


@contextmanager
def use_bridge(bridge: TaskBridge) -> Iterator[TaskBridge]:
    """Make `bridge` current for a block."""
    before = _current
    set_bridge(bridge)
    try:
        yield bridge
    finally:
        set_bridge(before)
