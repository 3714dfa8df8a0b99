"""The shapes of assets: what is sent, and what is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from windward.api.contract.paging import PageQuery, PatternText
from windward.api.public.dag_run_shapes import TriggerDAGRunPostBody
from windward.core.asset_index import asset_id
from windward.core.masking import without_secrets
from windward.model.numbers import Small, Wide
from windward.ports.listings.assets import AliasRow, AssetRow, AssetUse, QueuedRow

_NUMBER_MAX = 2**31


class DagScheduleAssetReference(msgspec.Struct, kw_only=True):
    """A DAG that waits for an asset."""

    dag_id: str
    created_at: datetime
    updated_at: datetime


class TaskOutletAssetReference(msgspec.Struct, kw_only=True):
    """A task that writes an asset."""

    dag_id: str
    task_id: str
    created_at: datetime
    updated_at: datetime


class TaskInletAssetReference(msgspec.Struct, kw_only=True):
    """A task that reads an asset."""

    dag_id: str
    task_id: str
    created_at: datetime
    updated_at: datetime


class AssetAliasResponse(msgspec.Struct, kw_only=True):
    """An alias."""

    id: int
    name: str
    group: str


class AssetAliasCollectionResponse(msgspec.Struct, kw_only=True):
    """Aliases."""

    asset_aliases: list[AssetAliasResponse]
    total_entries: int


class AssetWatcherResponse(msgspec.Struct, kw_only=True):
    """What waits for something outside, of which each event is one of the asset."""

    name: str
    trigger_id: int
    created_date: datetime


class LastAssetEventResponse(msgspec.Struct, kw_only=True):
    """The newest event; both null when there is none."""

    id: int | None = None
    timestamp: datetime | None = None


class AssetResponse(msgspec.Struct, kw_only=True):
    """An asset."""

    id: int
    name: str
    uri: str
    group: str
    extra: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    scheduled_dags: list[DagScheduleAssetReference]
    producing_tasks: list[TaskOutletAssetReference]
    consuming_tasks: list[TaskInletAssetReference]
    aliases: list[AssetAliasResponse]
    watchers: list[AssetWatcherResponse]
    last_asset_event: LastAssetEventResponse | None = None


class AssetCollectionResponse(msgspec.Struct, kw_only=True):
    """Assets."""

    assets: list[AssetResponse]
    total_entries: int


class AssetsQuery(PageQuery, kw_only=True):
    """Which assets. `dag_ids` may be one text with commas."""

    name_pattern: PatternText | None = None
    name_prefix_pattern: PatternText | None = None
    uri_pattern: PatternText | None = None
    uri_prefix_pattern: PatternText | None = None
    dag_ids: tuple[str, ...] = ()
    only_active: bool = True


class AliasesQuery(PageQuery, kw_only=True):
    """Which aliases."""

    name_pattern: PatternText | None = None
    name_prefix_pattern: PatternText | None = None


class AssetEventsQuery(PageQuery, kw_only=True):
    """Which events."""

    asset_id: Wide | None = None
    source_dag_id: str | None = None
    source_task_id: str | None = None
    source_run_id: str | None = None
    source_map_index: Small | None = None
    name_pattern: PatternText | None = None
    name_prefix_pattern: PatternText | None = None
    timestamp_gte: datetime | None = None
    timestamp_gt: datetime | None = None
    timestamp_lte: datetime | None = None
    timestamp_lt: datetime | None = None


class AssetEventAccessControl(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which teams an event is for. There are no teams: it is for all."""

    consumer_teams: list[str] | None = None
    allow_global: bool = True


class CreateAssetEventsBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An event to report."""

    asset_id: Wide
    partition_key: str | None = None
    extra: dict[str, Any] = {}
    access_control: AssetEventAccessControl | None = None


class MaterializeAssetBody(TriggerDAGRunPostBody, kw_only=True, forbid_unknown_fields=True):
    """The run to make of the DAG that writes an asset."""

    logical_date: datetime | None = None


class QueuedQuery(msgspec.Struct, kw_only=True):
    """Only what came before a moment."""

    before: datetime | None = None


class QueuedEventResponse(msgspec.Struct, kw_only=True):
    """Events of an asset that wait for a DAG; `created_at` is when the first of them came."""

    dag_id: str
    asset_id: int
    created_at: datetime
    dag_display_name: str


class QueuedEventCollectionResponse(msgspec.Struct, kw_only=True):
    """What waits."""

    queued_events: list[QueuedEventResponse]
    total_entries: int


def asset_response(row: AssetRow) -> AssetResponse:
    """Return an asset as the API shows it."""
    return AssetResponse(
        id=row.asset_id,
        name=row.name,
        uri=row.uri,
        group=row.group,
        extra=without_secrets(row.extra),
        created_at=row.created_at,
        updated_at=row.updated_at,
        scheduled_dags=[
            DagScheduleAssetReference(
                dag_id=use.dag_id, created_at=use.first_seen_at, updated_at=use.last_changed_at
            )
            for use in row.scheduled
        ],
        producing_tasks=[TaskOutletAssetReference(**_task(use)) for use in row.producing],
        consuming_tasks=[TaskInletAssetReference(**_task(use)) for use in row.consuming],
        aliases=[alias_response(alias) for alias in row.aliases],
        watchers=[
            AssetWatcherResponse(
                name=name, trigger_id=_watcher_id(row.asset_key, name), created_date=row.created_at
            )
            for name in row.watchers
        ],
        last_asset_event=LastAssetEventResponse(id=row.last_event_pk, timestamp=row.last_event_at),
    )


def alias_response(row: AliasRow) -> AssetAliasResponse:
    """Return an alias as the API shows it."""
    return AssetAliasResponse(id=row.alias_id, name=row.name, group=row.group)


def queued_response(row: QueuedRow) -> QueuedEventResponse:
    """Return what waits as the API shows it."""
    return QueuedEventResponse(
        dag_id=row.dag_id,
        asset_id=asset_id(row.asset_key),
        created_at=row.since,
        dag_display_name=row.display_name,
    )


def queue_response(rows: Sequence[QueuedRow]) -> QueuedEventCollectionResponse:
    """Return all that waits as the API shows it."""
    return QueuedEventCollectionResponse(
        queued_events=[queued_response(row) for row in rows], total_entries=len(rows)
    )


def _task(use: AssetUse) -> dict[str, Any]:
    return {
        "dag_id": use.dag_id,
        "task_id": use.task_id,
        "created_at": use.first_seen_at,
        "updated_at": use.last_changed_at,
    }


def _watcher_id(asset_key: str, name: str) -> int:
    return int(hashlib.sha256(f"{asset_key}\0{name}".encode()).hexdigest(), 16) % _NUMBER_MAX
