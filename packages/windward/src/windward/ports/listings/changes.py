"""What changes: runs that are under way or have just ended, and the DAGs as a whole."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec


class RunPulse(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it is now. Two pulses of a run are equal as long as nothing happened to it that people would see."""

    run_pk: int
    dag_id: str
    run_id: str
    run_type: str
    state: str
    run_after: datetime
    start_date: datetime | None
    end_date: datetime | None
    revision: int
    counts: dict[str, int] = {}
    """Task instances by state, of a run that has begun."""


class DagPulse(msgspec.Struct, frozen=True, kw_only=True):
    """All DAGs in a few numbers: equal as long as none was changed, paused or lost."""

    dags: int
    paused: int
    last_changed_at: datetime | None
    import_errors: int


class ChangeListings(Protocol):
    """Small reads, made again and again while somebody watches."""

    def runs(self, *, ended_since: datetime, limit: int) -> list[RunPulse]:
        """Return the runs that are queued, running, or ended since then, the newest first."""

    def dags(self) -> DagPulse:
        """Return the pulse of all DAGs."""
