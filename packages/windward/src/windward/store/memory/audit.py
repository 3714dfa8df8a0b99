"""The audit log in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from windward.model.accounts import AuditEvent


class MemoryAudit:
    """Adds lines, and deletes old ones."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def write_events(self, events: Sequence[AuditEvent]) -> None:
        """Add lines."""
        self.events += events

    def delete_old_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest lines from before a time."""
        old = sorted((one for one in self.events if one.at < before), key=lambda one: one.at)[:limit]
        gone = {id(one) for one in old}
        self.events = [one for one in self.events if id(one) not in gone]
        return len(old)
