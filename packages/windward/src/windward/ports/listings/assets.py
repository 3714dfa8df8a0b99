"""Read models of assets, their events, and what waits for DAGs.

Assets are for all who may read assets; the DAGs that name them are shown only within a reach, which is given.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from windward.model.access import DagReach
from windward.model.records import AssetEventRecord
from windward.ports.listings.page import Between, Page, PageRequest, Pattern


class AssetUse(msgspec.Struct, frozen=True, kw_only=True):
    """A DAG, or (with `task_id`) a task of it, that names an asset."""

    dag_id: str
    task_id: str = ""
    first_seen_at: datetime
    last_changed_at: datetime


class AliasRow(msgspec.Struct, frozen=True, kw_only=True):
    """An alias."""

    alias_id: int
    name: str
    group: str


class AssetRow(msgspec.Struct, frozen=True, kw_only=True):
    """An asset, and who in reach waits for it, writes it, and reads it."""

    asset_key: str
    asset_id: int
    name: str
    uri: str
    group: str
    extra: dict[str, Any]
    watchers: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    scheduled: tuple[AssetUse, ...]
    producing: tuple[AssetUse, ...]
    consuming: tuple[AssetUse, ...]
    aliases: tuple[AliasRow, ...]
    last_event_pk: int | None
    """The newest event that no DAG made, or one in reach."""
    last_event_at: datetime | None


class AssetFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which assets. What is left out (None, or nothing in it) puts no condition on them."""

    name: Pattern = Pattern()
    uri: Pattern = Pattern()
    dag_ids: tuple[str, ...] | None = None
    """Only what one of these DAGs waits for, writes or reads."""
    only_active: bool = False
    """Only what an active DAG declares."""


class AssetEventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events."""

    asset_id: int | None = None
    source_dag_id: str | None = None
    source_task_id: str | None = None
    source_run_id: str | None = None
    source_map_index: int | None = None
    name: Pattern = Pattern()
    at: Between[datetime] = Between()
    taken_by: int | None = None
    """Only what the run with this key was made of."""


class QueuedRow(msgspec.Struct, frozen=True, kw_only=True):
    """Events of one asset that wait for a DAG. `since` is the oldest of them."""

    dag_id: str
    display_name: str
    asset_key: str
    since: datetime


class AssetListings(Protocol):
    """What the API shows of assets."""

    def list(self, page: PageRequest, which: AssetFilter, *, dags: DagReach) -> Page[AssetRow]:
        """Return assets, by their ids unless `page` says otherwise."""

    def one(self, asset_id: int, *, dags: DagReach) -> AssetRow | None:
        """Return one asset, or None."""

    def groups(self, asset_keys: Collection[str]) -> dict[str, str]:
        """Return the groups of assets that a DAG declares, by key."""

    def aliases(self, page: PageRequest, name: Pattern) -> Page[AliasRow]:
        """Return aliases, by their ids unless `page` says otherwise."""

    def alias(self, alias_id: int) -> AliasRow | None:
        """Return one alias, or None."""

    def events(self, page: PageRequest, which: AssetEventFilter, *, dags: DagReach) -> Page[AssetEventRecord]:
        """Return events, by their time unless `page` says otherwise, but for those that other DAGs made."""

    def queued(
        self,
        *,
        dags: DagReach,
        asset_id: int | None = None,
        dag_id: str | None = None,
        before: datetime | None = None,
    ) -> Sequence[QueuedRow]:
        """Return what waits, by DAG and asset; `before` leaves out what came at that moment or later."""
