"""Executors and the scheduler's mailbox.

An executor gets attempts to a worker host. It holds no state of its own that must survive a restart:
attempts are rows, submission is at least once, the start is granted once per fence by the service.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from windward.protocol.messages import FromHost, ToHost
from windward.protocol.work import AttemptRef, Submission


class Envelope(msgspec.Struct, frozen=True):
    """A message of a worker host. `host_id` is empty until its `Hello` was read."""

    host_id: str
    message: FromHost


class HostGone(msgspec.Struct, frozen=True):
    """The connection to a host ended. `is_dead`: its process is known to be gone."""

    host_id: str
    is_dead: bool


class Woken(msgspec.Struct, frozen=True):
    """Someone wrote a note to the change feed."""


class Mailbox(Protocol):
    """What the scheduler waits on, and how it answers hosts."""

    def wait(self, timeout_s: float) -> list[Envelope | HostGone | Woken]:
        """Block until something arrived or the time is up; return all that is there (bounded)."""

    def send(self, host_id: str, message: ToHost) -> None:
        """Send to a host; silently dropped when it is not connected (it will say hello again)."""


class Executor(Protocol):
    """A way to get attempts to workers."""

    name: str

    def capacity(self) -> int:
        """Return how many attempts it can take at all (free and used); 0 while no worker is connected."""

    def submit(self, work: Sequence[Submission]) -> list[str]:
        """Pass attempts on, at least once each; never block for long.

        Return for each the id of the host it went to, or "" when that is not known (a queue decides).
        """

    def placed(self) -> list[tuple[AttemptRef, str]]:
        """Return what went to a host since the last call after it had waited ("" of `submit`), and the host's id."""

    def avoid(self, host_ids: Collection[str]) -> None:
        """Pass nothing new to these hosts from now on, and to all others."""

    def cancel(self, refs: Sequence[AttemptRef], *, reason: str) -> None:
        """Ask for these attempts to be stopped, wherever they are."""
