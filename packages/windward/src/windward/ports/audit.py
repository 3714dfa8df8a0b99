"""The audit log, as it is written. What reads it: `windward.ports.listings.events`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from windward.model.accounts import AuditEvent


class AuditStore(Protocol):
    """Lines are added and, when they are old, deleted; none is ever changed."""

    def write_events(self, events: Sequence[AuditEvent]) -> None:
        """Add lines; `event_pk` is given by the store."""

    def delete_old_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest lines from before a time; return how many."""
