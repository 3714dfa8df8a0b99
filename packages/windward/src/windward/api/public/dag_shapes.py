"""The shapes of DAGs."""

from __future__ import annotations

import inspect
from datetime import datetime, timedelta
from typing import Any

import msgspec

from windward.api.file_tokens import file_token
from windward.api.public.dag_versions import BUNDLE, DagVersionResponse, version_response
from windward.core.masking import without_secrets
from windward.core.upcoming import next_slot_of
from windward.document import DagDocument, ParamDocument
from windward.model.states import RunType
from windward.ports.listings.dags import DagRow
from windward.settings import Settings
from windward.timetable import (
    AliasLeaf,
    AllOf,
    AnyOf,
    AssetLeaf,
    Condition,
    RunSlot,
    condition_of,
    describe_schedule,
    is_periodic,
    summary,
)


class DagTagResponse(msgspec.Struct, kw_only=True):
    """A tag of a DAG."""

    name: str
    dag_id: str
    dag_display_name: str


class DAGResponse(msgspec.Struct, kw_only=True):
    """A DAG, as its newest version is."""

    dag_id: str
    dag_display_name: str
    is_paused: bool
    is_stale: bool
    last_parsed_time: datetime | None
    last_parse_duration: float | None
    last_expired: datetime | None
    bundle_name: str | None
    bundle_version: str | None
    relative_fileloc: str | None
    fileloc: str
    description: str | None
    timetable_summary: str | None
    timetable_description: str | None
    timetable_partitioned: bool
    timetable_periodic: bool
    tags: list[DagTagResponse]
    max_active_tasks: int
    max_active_runs: int | None
    max_consecutive_failed_dag_runs: int
    has_task_concurrency_limits: bool
    has_import_errors: bool
    next_dagrun_logical_date: datetime | None
    next_dagrun_data_interval_start: datetime | None
    next_dagrun_data_interval_end: datetime | None
    next_dagrun_run_after: datetime | None
    allowed_run_types: list[RunType] | None
    owners: list[str]
    is_backfillable: bool
    file_token: str


class DAGDetailsResponse(DAGResponse, kw_only=True):
    """A DAG with everything that is known of it."""

    catchup: bool
    dag_run_timeout: timedelta | None
    asset_expression: dict[str, Any] | None
    doc_md: str | None
    start_date: datetime | None
    end_date: datetime | None
    is_paused_upon_creation: bool | None
    params: dict[str, Any] | None
    render_template_as_native_obj: bool
    template_search_path: list[str] | None
    timezone: str | None
    last_parsed: datetime | None
    default_args: dict[str, Any] | None
    rerun_with_latest_version: bool | None = None
    owner_links: dict[str, str] | None = None
    is_favorite: bool = False
    active_runs_count: int = 0
    concurrency: int
    latest_dag_version: DagVersionResponse | None


class DAGCollectionResponse(msgspec.Struct, kw_only=True):
    """DAGs."""

    dags: list[DAGResponse]
    total_entries: int


def dag_response(row: DagRow, settings: Settings, slot: RunSlot | None) -> DAGResponse:
    """Return a DAG as lists show it, with the run that its schedule wants next."""
    return DAGResponse(**_fields(row, settings, slot))


def details_response(
    row: DagRow, settings: Settings, *, now: datetime, is_favorite: bool, running: int
) -> DAGDetailsResponse:
    """Return a DAG with everything that is known of it."""
    document = row.document
    return DAGDetailsResponse(
        **_fields(row, settings, next_slot(row, now)),
        catchup=document.catchup,
        dag_run_timeout=_length(document.dagrun_timeout_s),
        asset_expression=_asset_expression(document),
        doc_md=inspect.cleandoc(document.doc_md) if document.doc_md is not None else None,
        start_date=document.start_date,
        end_date=document.end_date,
        is_paused_upon_creation=document.is_paused_upon_creation,
        params=shown_params(document.params),
        render_template_as_native_obj=document.render_template_as_native_obj,
        template_search_path=list(document.template_searchpath) or None,
        timezone=document.timezone,
        last_parsed=row.parsed_at,
        default_args=without_secrets(document.default_args),
        owner_links=dict(document.owner_links),
        is_favorite=is_favorite,
        active_runs_count=running,
        concurrency=document.max_active_tasks,
        latest_dag_version=version_response(row.version),
    )


def _length(seconds: float | None) -> timedelta | None:
    """Return a length of time; one that is too long for the calendar is the longest there is."""
    if seconds is None:
        return None
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        return timedelta.max


def shown_params(params: dict[str, ParamDocument]) -> dict[str, Any]:
    """Return params as Airflow shows them, in their author's order: value, schema, description."""
    return {
        name: {
            "value": param.default if param.has_default else None,
            "schema": param.schema,
            "description": param.description,
            "source": None,
        }
        for name, param in sorted(params.items(), key=lambda item: (item[1].place, item[0]))
    }


def next_slot(row: DagRow, now: datetime) -> RunSlot | None:
    """Return the run that the schedule wants next; None for a DAG whose file is gone."""
    if not row.record.is_active:
        return None
    return next_slot_of(row.document, row.record, now=now, windows=row.windows)


def _fields(row: DagRow, settings: Settings, slot: RunSlot | None) -> dict[str, Any]:
    """Return the fields that a DAG has in lists and on its own."""
    record, document = row.record, row.document
    name, schedule = row.version.display_name, document.schedule
    allowed = document.allowed_run_types
    periodic, short = is_periodic(schedule), summary(schedule)
    return {
        "dag_id": record.dag_id,
        "dag_display_name": name,
        "is_paused": record.is_paused,
        "is_stale": not record.is_active,
        "last_parsed_time": row.parsed_at,
        "last_parse_duration": row.parse_duration_s,
        "last_expired": None if record.is_active else row.last_changed_at,
        "bundle_name": BUNDLE,
        "bundle_version": None,
        "relative_fileloc": record.fileloc,
        "fileloc": str(settings.core.dags_folder / record.fileloc),
        "description": document.description,
        "timetable_summary": None if short == "None" else short,
        "timetable_description": describe_schedule(schedule),
        "timetable_partitioned": False,
        "timetable_periodic": periodic,
        "tags": [
            DagTagResponse(name=tag, dag_id=record.dag_id, dag_display_name=name)
            for tag in sorted(document.tags)
        ],
        "max_active_tasks": document.max_active_tasks,
        "max_active_runs": document.max_active_runs,
        "max_consecutive_failed_dag_runs": document.max_consecutive_failed_dag_runs,
        "has_task_concurrency_limits": any(
            task.max_active_tis_per_dag is not None or task.max_active_tis_per_dagrun is not None
            for task in document.tasks
        ),
        "has_import_errors": row.has_import_errors,
        "next_dagrun_logical_date": slot.logical_date if slot else None,
        "next_dagrun_data_interval_start": slot.data_interval.start if slot else None,
        "next_dagrun_data_interval_end": slot.data_interval.end if slot else None,
        "next_dagrun_run_after": slot.run_after if slot else None,
        "allowed_run_types": [RunType(one) for one in allowed] if allowed is not None else None,
        "owners": sorted({task.owner for task in document.tasks}),
        "is_backfillable": periodic and (allowed is None or RunType.BACKFILL in allowed),
        "file_token": file_token(settings.api.secret_key, record.fileloc),
    }


def _asset_expression(document: DagDocument) -> dict[str, Any] | None:
    condition = condition_of(document.schedule)
    return None if condition is None else _expression(condition, document)


def _expression(condition: Condition, document: DagDocument) -> dict[str, Any]:
    match condition:
        case AssetLeaf(name=name, uri=uri):
            same = (
                one
                for one in document.assets
                if (not name or one.name == name) and (not uri or one.uri == uri)
            )
            asset = next(same, None)
            if asset is None or not (name and uri):
                return {"asset_ref": {key: value for key, value in (("name", name), ("uri", uri)) if value}}
            return {"asset": {"uri": uri, "name": name, "group": asset.group}}
        case AliasLeaf(name=name):
            alias = next((one for one in document.aliases if one.name == name), None)
            return {"alias": {"name": name, "group": alias.group if alias is not None else ""}}
        case AllOf(parts=parts):
            return {"all": [_expression(part, document) for part in parts]}
        case AnyOf(parts=parts):
            return {"any": [_expression(part, document) for part in parts]}
