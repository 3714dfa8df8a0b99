"""Asking the service of a connection whether it answers: hooks are user code, so it is done elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class ConnectionTester(Protocol):
    """Asks, in a process of its own."""

    def test(self, conn_id: str, fields: Mapping[str, Any]) -> tuple[bool, str]:
        """Return whether the service answers, and what is to be said of it, without secrets.

        Raises:
            UnavailableError: when too many are asked at this moment.
        """
