"""Read models of versions of DAGs: each document that was stored is one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from windward.model.access import DagReach
from windward.ports.listings.page import Page, PageRequest


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A version: the hash of its document, and its number among those of its DAG, from 1."""

    document_hash: str
    number: int
    dag_id: str
    display_name: str
    stored_at: datetime


class VersionListings(Protocol):
    """What the API shows of versions."""

    def list(
        self, page: PageRequest, *, reach: DagReach, dag_id: str | None = None, number: int | None = None
    ) -> Page[VersionRow]:
        """Return versions, by their ids unless `page` says otherwise."""

    def one(self, dag_id: str, number: int | None) -> VersionRow | None:
        """Return the version with this number, or (None) the newest one; None when there is none."""

    def by_hashes(self, document_hashes: Sequence[str]) -> dict[str, VersionRow]:
        """Return versions by the hashes of their documents; missing ones are left out."""
