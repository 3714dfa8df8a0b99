"""The shapes of events of assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from windward.core.asset_index import asset_id
from windward.core.masking import without_secrets
from windward.model.records import AssetEventRecord, RunRecord


class DagRunAssetReference(msgspec.Struct, kw_only=True):
    """A run that took an event. `start_date` is when it was queued, while it has not started."""

    run_id: str
    dag_id: str
    logical_date: datetime | None
    start_date: datetime
    end_date: datetime | None
    state: str
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    partition_key: str | None = None
    triggering: bool


class AssetEventResponse(msgspec.Struct, kw_only=True):
    """An asset was written."""

    id: int
    asset_id: int
    uri: str | None
    name: str | None
    group: str | None
    extra: dict[str, Any] | None
    source_task_id: str | None
    source_dag_id: str | None
    source_run_id: str | None
    source_map_index: int
    created_dagruns: list[DagRunAssetReference]
    timestamp: datetime
    partition_key: str | None = None


class AssetEventCollectionResponse(msgspec.Struct, kw_only=True):
    """Events of assets."""

    asset_events: list[AssetEventResponse]
    total_entries: int


def events_response(
    events: Sequence[AssetEventRecord],
    runs: Mapping[int, Sequence[RunRecord]],
    groups: Mapping[str, str],
    *,
    total: int,
) -> AssetEventCollectionResponse:
    """Return events as the API shows them; `runs` are those that each made, `groups` those of their assets."""
    shown = [
        AssetEventResponse(
            id=event.event_pk,
            asset_id=asset_id(event.asset_key),
            uri=event.uri,
            name=event.name,
            group=groups.get(event.asset_key),
            extra=without_secrets(event.extra),
            source_task_id=event.source_task_id,
            source_dag_id=event.source_dag_id,
            source_run_id=event.source_run_id,
            source_map_index=event.source_map_index,
            created_dagruns=[_reference(run, event) for run in runs.get(event.event_pk, ())],
            timestamp=event.at,
        )
        for event in events
    ]
    return AssetEventCollectionResponse(asset_events=shown, total_entries=total)


def _reference(run: RunRecord, event: AssetEventRecord) -> DagRunAssetReference:
    return DagRunAssetReference(
        run_id=run.run_id,
        dag_id=run.dag_id,
        logical_date=run.logical_date,
        start_date=run.start_date or run.queued_at or run.run_after,
        end_date=run.end_date,
        state=run.state,
        data_interval_start=run.data_interval_start,
        data_interval_end=run.data_interval_end,
        # The run's moment is that of the newest event that it took: that one made it.
        triggering=event.at >= run.run_after,
    )
