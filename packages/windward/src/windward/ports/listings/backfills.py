"""Read models of backfills."""

from __future__ import annotations

from typing import Protocol

import msgspec

from windward.model.access import DagReach
from windward.model.records import BackfillRecord
from windward.ports.listings.page import Page, PageRequest


class BackfillRow(msgspec.Struct, frozen=True, kw_only=True):
    """A backfill, with what its DAG is called."""

    backfill: BackfillRecord
    display_name: str


class BackfillListings(Protocol):
    """What the API shows of backfills."""

    def list(self, page: PageRequest, *, reach: DagReach, dag_id: str) -> Page[BackfillRow]:
        """Return the backfills of a DAG, by number unless `page` says otherwise."""

    def one(self, backfill_pk: int, *, reach: DagReach) -> BackfillRow | None:
        """Return one backfill; None when there is none, or its DAG is out of reach."""
