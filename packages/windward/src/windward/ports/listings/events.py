"""Read models of the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from windward.model.access import DagReach
from windward.model.accounts import AuditEvent
from windward.ports.listings.page import Between, Page, PageRequest, Pattern


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines."""

    dag_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    map_index: int | None = None
    try_number: int | None = None
    owner: str | None = None
    event: str | None = None
    excluded: Sequence[str] = ()
    included: Sequence[str] = ()
    at: Between[datetime] = Between()
    dag: Pattern = Pattern()
    task: Pattern = Pattern()
    run: Pattern = Pattern()
    who: Pattern = Pattern()
    what: Pattern = Pattern()


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line, with the name that its DAG shows."""

    event: AuditEvent
    dag_display_name: str | None = None


class EventListings(Protocol):
    """What the API shows of the audit log."""

    def list(self, page: PageRequest, which: EventFilter, *, reach: DagReach) -> Page[EventRow]:
        """Return lines about DAGs within the reach; those about none only to whom all are."""

    def one(self, event_pk: int, *, reach: DagReach) -> EventRow | None:
        """Return one line, or None."""
