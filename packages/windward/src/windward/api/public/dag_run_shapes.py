"""The shapes of runs: what is sent, and what is asked for."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from windward.api.contract.operation import Reply
from windward.api.contract.paging import PatternText
from windward.api.contract.ranges import Bounds, BoundsQuery
from windward.api.encoded import Encoded, EncodedPages
from windward.api.public.dag_versions import DagVersionResponse, version_response
from windward.model.numbers import NotNegative, Small
from windward.model.states import RunState, RunType, TriggeredBy
from windward.ports.listings.page import TOTAL_MAX, Page, PageRequest
from windward.ports.listings.runs import RunFilter, RunRow

NOTE_MAX = 1000
Note = Annotated[str, msgspec.Meta(max_length=NOTE_MAX)]


class DAGRunResponse(msgspec.Struct, kw_only=True):
    """A run."""

    dag_run_id: str
    dag_id: str
    logical_date: datetime | None
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None
    duration: float | None
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    run_after: datetime
    last_scheduling_decision: datetime | None
    run_type: RunType
    state: RunState
    triggered_by: TriggeredBy | None
    triggering_user_name: str | None
    conf: dict[str, Any] | None
    note: str | None
    dag_versions: list[DagVersionResponse]
    bundle_version: str | None
    dag_display_name: str
    partition_key: str | None
    partition_date: datetime | None


class DAGRunCollectionResponse(msgspec.Struct, kw_only=True):
    """Runs. With a cursor, `total_entries` counts no further than `total_entries_limit`."""

    dag_runs: list[DAGRunResponse]
    total_entries: int | None = None
    total_entries_limit: int | None = None
    next_cursor: str | None = None
    previous_cursor: str | None = None


class RunsQuery(BoundsQuery, kw_only=True):
    """Which runs."""

    cursor: str | None = None
    conf_contains: str = ""
    run_type: tuple[RunType, ...] = ()
    state: tuple[RunState, ...] = ()
    dag_version: tuple[Small, ...] = ()
    bundle_version: str | None = None
    run_id_pattern: PatternText | None = None
    run_id_prefix_pattern: PatternText | None = None
    triggering_user_name_pattern: PatternText | None = None
    triggering_user_name_prefix_pattern: PatternText | None = None
    dag_id_pattern: PatternText | None = None
    dag_id_prefix_pattern: PatternText | None = None
    partition_key_pattern: PatternText | None = None
    partition_key_prefix_pattern: PatternText | None = None
    consuming_asset_pattern: PatternText | None = None
    partition_date_gte: date | None = None
    partition_date_lte: date | None = None


class DAGRunsBatchBody(Bounds, kw_only=True):
    """Which runs, of all DAGs."""

    order_by: str | None = None
    page_offset: NotNegative = 0
    page_limit: NotNegative = 100
    dag_ids: list[str] | None = None
    states: list[RunState | None] | None = None
    conf_contains: str | None = None


class DagRunMutableStates(StrEnum):
    """States that people may set a run to."""

    QUEUED = "queued"
    SUCCESS = "success"
    FAILED = "failed"


class TriggerDAGRunPostBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A run to make. Without a `dag_run_id` it gets one; without a `logical_date` (null) it has none."""

    logical_date: datetime | None
    dag_run_id: str | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    run_after: datetime | None = None
    conf: dict[str, Any] | None = None
    note: str | None = None
    partition_key: str | None = None


class DAGRunPatchBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change of a run. An empty note takes it away."""

    state: DagRunMutableStates | UnsetType | None = UNSET
    note: Note | UnsetType | None = UNSET


class BulkDAGRunBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A run, and what to change of it. With `~` in the path, `dag_id` must be there."""

    dag_run_id: str
    dag_id: str | None = None
    state: DagRunMutableStates | None = None
    note: Note | None = None


class DAGRunClearBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to run again of a run. `only_new`: nothing but tasks that the newest version of the DAG adds."""

    dry_run: bool = True
    only_failed: bool = False
    only_new: bool = False
    run_on_latest_version: bool | None = None
    note: Note | None = None


class BulkDAGRunClearBody(DAGRunClearBody, kw_only=True, forbid_unknown_fields=True):
    """What to run again of several runs."""

    partition_key: str | None = None
    partition_date_start: datetime | None = None
    partition_date_end: datetime | None = None
    dag_runs: list[BulkDAGRunBody] = []


class ClearPartitionsBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which partitions to take from their runs."""

    partition_key: str | None = None
    partition_date_start: datetime | None = None
    partition_date_end: datetime | None = None
    run_id: str | None = None
    clear_task_instances: bool = False
    dry_run: bool = True


class ClearPartitionsResponse(msgspec.Struct, kw_only=True):
    """What was, or would be, cleared."""

    dag_runs_cleared: int
    task_instances_cleared: int
    dry_run: bool


def run_response(row: RunRow) -> DAGRunResponse:
    """Return a run as the API shows it."""
    run = row.run
    took = (run.end_date - run.start_date).total_seconds() if run.start_date and run.end_date else None
    return DAGRunResponse(
        dag_run_id=run.run_id,
        dag_id=run.dag_id,
        logical_date=run.logical_date,
        queued_at=run.queued_at,
        start_date=run.start_date,
        end_date=run.end_date,
        duration=took,
        data_interval_start=run.data_interval_start,
        data_interval_end=run.data_interval_end,
        run_after=run.run_after,
        last_scheduling_decision=run.end_date or run.start_date,
        run_type=run.run_type,
        state=run.state,
        triggered_by=run.triggered_by,
        triggering_user_name=run.triggering_user,
        conf=run.conf,
        note=run.note,
        dag_versions=[version_response(row.version)] if row.version is not None else [],
        bundle_version=None,
        dag_display_name=row.display_name,
        partition_key=None,
        partition_date=None,
    )


class _Runs(msgspec.Struct, kw_only=True):
    """A `DAGRunCollectionResponse` whose runs are passed on as they were encoded."""

    dag_runs: list[msgspec.Raw]
    total_entries: int | None
    total_entries_limit: int | None
    next_cursor: str | None
    previous_cursor: str | None


_ENCODED, _PAGES = Encoded[RunRow](run_response), EncodedPages()


def runs_response(page: Page[RunRow], request: PageRequest, *, which: RunFilter | None) -> Reply:
    """Return a page of runs as the API shows it: a `DAGRunCollectionResponse`."""

    def shape() -> _Runs:
        return _Runs(
            dag_runs=[_ENCODED.of(row.run.run_pk, row) for row in page.rows],
            total_entries=page.total,
            total_entries_limit=TOTAL_MAX if request.cursor is not None else None,
            next_cursor=page.next_cursor,
            previous_cursor=page.previous_cursor,
        )

    return Reply(body=_PAGES.of((request, which), (page,), shape))
