"""Read models of pools."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from windward.core.pool_use import PoolSpan
from windward.model.records import PoolRecord
from windward.ports.listings.page import Page, PageRequest, Pattern


class PoolRow(msgspec.Struct, frozen=True, kw_only=True):
    """A pool, and the slots that task instances take or wait for."""

    pool: PoolRecord
    running_slots: int = 0
    queued_slots: int = 0
    scheduled_slots: int = 0
    """Slots of instances whose upstreams are done and which wait for nothing but a slot."""
    deferred_slots: int = 0


class PoolListings(Protocol):
    """What the API shows of pools."""

    def list(self, page: PageRequest, *, name: Pattern = Pattern()) -> Page[PoolRow]:  # noqa: B008 - frozen
        """Return pools, by name unless `page` says otherwise."""

    def one(self, name: str) -> PoolRow | None:
        """Return one pool, or None."""

    def spans(self, begin: datetime, *, limit: int) -> Sequence[PoolSpan]:
        """Return attempts that were queued or ran after `begin`, at most so many."""
