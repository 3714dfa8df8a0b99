"""Asking the service of a connection whether it answers: hooks are user code, so it is done elsewhere. What came of it is kept for a while."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec


class ConnectionTester(Protocol):
    """Asks, in a process of its own."""

    def test(self, conn_id: str, fields: Mapping[str, Any]) -> tuple[bool, str]:
        """Return whether the service answers, and what is to be said of it, without secrets.

        Raises:
            UnavailableError: when too many are asked at this moment.
        """


State = Literal["queued", "running", "success", "failed"]


class ConnectionTest(msgspec.Struct, frozen=True, kw_only=True):
    """A test in the background. `message` is what is to be said of it, once it has ended."""

    connection_id: str
    created_at: datetime
    state: State = "queued"
    message: str | None = None


class ConnectionTestStore(Protocol):
    """Tests in the background, by a digest of the token that was given out for each."""

    def insert_test(self, digest: str, test: ConnectionTest, *, expires_at: datetime) -> None:
        """Insert; raise `ConflictError` when one of this connection has not ended."""

    def move_test(self, digest: str, state: State, message: str | None = None) -> None:
        """Write how far a test is."""

    def find_test(self, digest: str, *, now: datetime) -> ConnectionTest | None:
        """Return a test that has not expired, or None."""

    def count_open_tests(self) -> int:
        """Return how many have not ended."""

    def give_up_tests(self, *, before: datetime, message: str) -> None:
        """End as failed those that were begun before a time and have not ended: their API server is gone."""
