"""DAGs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.paging import OffsetQuery, PageQuery, PatternText, page_of, pattern_of
from windward.api.contract.problem import InvalidRequest
from windward.api.contract.ranges import moments
from windward.api.encoded import Encoded
from windward.api.public.dag_shapes import (
    DAGCollectionResponse,
    DAGDetailsResponse,
    DAGResponse,
    dag_response,
    details_response,
    next_slot,
)
from windward.api.public.dag_versions import BUNDLE
from windward.engine.people import dags
from windward.errors import NotFoundError, UserError
from windward.model.access import Resource, Verb
from windward.model.states import RunState
from windward.ports.listings.dags import DagFilter, DagRow
from windward.ports.listings.page import Page

TAG = "DAG"


class TagsMatchMode(StrEnum):
    """Whether a DAG must have one of the tags or all of them."""

    ANY = "any"
    ALL = "all"


class _ChosenQuery(OffsetQuery, kw_only=True):
    """Which DAGs: what reading and changing many have alike."""

    tags: tuple[str, ...] = ()
    tags_match_mode: TagsMatchMode | None = None
    owners: tuple[str, ...] = ()
    dag_id_pattern: PatternText | None = None
    dag_id_prefix_pattern: PatternText | None = None
    exclude_stale: bool = True
    paused: bool | None = None


class DagsQuery(_ChosenQuery, kw_only=True):
    """Which DAGs."""

    order_by: tuple[str, ...] = ()
    dag_display_name_pattern: PatternText | None = None
    dag_display_name_prefix_pattern: PatternText | None = None
    has_import_errors: bool | None = None
    last_dag_run_state: RunState | None = None
    bundle_name: str | None = None
    bundle_version: str | None = None
    has_asset_schedule: bool | None = None
    asset_dependency: str | None = None
    dag_run_start_date_gte: datetime | None = None
    dag_run_start_date_gt: datetime | None = None
    dag_run_start_date_lte: datetime | None = None
    dag_run_start_date_lt: datetime | None = None
    dag_run_end_date_gte: datetime | None = None
    dag_run_end_date_gt: datetime | None = None
    dag_run_end_date_lte: datetime | None = None
    dag_run_end_date_lt: datetime | None = None
    dag_run_state: tuple[RunState, ...] = ()
    is_favorite: bool | None = None
    timetable_type: tuple[str, ...] = ()


class PatchDagsQuery(_ChosenQuery, kw_only=True):
    """Which DAGs to change, and which fields of the body count."""

    update_mask: tuple[str, ...] = ()


class DagMaskQuery(msgspec.Struct, kw_only=True):
    """Which fields of the body count."""

    update_mask: tuple[str, ...] = ()


class DAGPatchBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change of a DAG."""

    is_paused: bool | UnsetType = UNSET


class TagsQuery(PageQuery, kw_only=True):
    """Which tags."""

    tag_name_pattern: PatternText | None = None
    tag_name_prefix_pattern: PatternText | None = None


class DAGTagCollectionResponse(msgspec.Struct, kw_only=True):
    """Tags."""

    tags: list[str]
    total_entries: int


class _Dags(msgspec.Struct, kw_only=True):
    """A `DAGCollectionResponse` whose DAGs are passed on as they were encoded."""

    dags: list[msgspec.Raw]
    total_entries: int


def get_dags(call: Call[DagsQuery, Nothing]) -> DAGCollectionResponse | _Dags:
    """List DAGs."""
    query = call.query
    if query.bundle_name not in (None, BUNDLE) or query.bundle_version is not None:
        return DAGCollectionResponse(dags=[], total_entries=0)
    states = query.dag_run_state
    if query.last_dag_run_state is not None:
        states = tuple(
            state for state in states or (query.last_dag_run_state,) if state is query.last_dag_run_state
        )
        if not states:
            return DAGCollectionResponse(dags=[], total_entries=0)
    which = msgspec.structs.replace(
        _chosen(call, query),
        display_name=pattern_of(query.dag_display_name_pattern, query.dag_display_name_prefix_pattern),
        has_import_errors=query.has_import_errors,
        favorite_of=None if query.is_favorite is None else (call.principal.user_id, query.is_favorite),
        last_run_states=states,
        last_run_start=moments(call, query, "dag_run_start_date"),
        last_run_end=moments(call, query, "dag_run_end_date"),
        timetable_types=query.timetable_type,
        has_asset_schedule=query.has_asset_schedule,
        asset=query.asset_dependency or "",
    )
    return _shown(call, call.services.listings.dags.list(page_of(query), which, next_run=_next_run(call)))


def _chosen(call: Call[Any, Any], query: _ChosenQuery) -> DagFilter:
    return DagFilter(
        reach=call.reach,
        active_only=query.exclude_stale,
        tags=query.tags,
        needs_all_tags=query.tags_match_mode is TagsMatchMode.ALL,
        owners=query.owners,
        dag_id=pattern_of(query.dag_id_pattern, query.dag_id_prefix_pattern),
        is_paused=query.paused,
    )


def _next_run(call: Call[Any, Any]) -> Callable[[DagRow], datetime | None]:
    now = call.services.now()

    def next_run(row: DagRow) -> datetime | None:
        slot = next_slot(row, now)
        return None if slot is None else slot.run_after

    return next_run


def _shown(call: Call[Any, Any], page: Page[DagRow]) -> _Dags:
    settings, now = call.services.settings, call.services.now()
    shown = [_ENCODED.of(row.record.dag_id, row, settings, next_slot(row, now)) for row in page.rows]
    return _Dags(dags=shown, total_entries=page.total or 0)


_ENCODED = Encoded[DagRow](dag_response)


def found_dag(call: Call[Any, Any], dag_id: str) -> DagRow:
    """Return a DAG.

    Raises:
        NotFoundError: when there is none.
    """
    row = call.services.listings.dags.one(dag_id)
    if row is None:
        raise NotFoundError(f"The Dag with ID: `{dag_id}` was not found")
    return row


def get_dag(call: Call[Any, Any]) -> DAGResponse:
    """Show a DAG."""
    row = found_dag(call, call.text("dag_id"))
    return dag_response(row, call.services.settings, next_slot(row, call.services.now()))


def get_dag_details(call: Call[Nothing, Nothing]) -> DAGDetailsResponse:
    """Show everything that is known of a DAG."""
    row, listings = found_dag(call, call.text("dag_id")), call.services.listings.dags
    dag_id = row.record.dag_id
    return details_response(
        row,
        call.services.settings,
        now=call.services.now(),
        is_favorite=listings.is_favorite(call.principal.user_id, dag_id),
        running=listings.running_count(dag_id),
    )


def patch_dag(call: Call[DagMaskQuery, DAGPatchBody]) -> DAGResponse:
    """Pause a DAG, or let it run."""
    row = found_dag(call, call.text("dag_id"))
    is_paused = _wanted(call.body, call.query.update_mask)
    dags.pause_dags(call.services.desk, [row.record.dag_id], is_paused=is_paused, by=call.principal.name)
    return get_dag(call)


def patch_dags(call: Call[PatchDagsQuery, DAGPatchBody]) -> DAGCollectionResponse | _Dags:
    """Pause DAGs, or let them run: all that the query chooses, also those beyond the page that is shown."""
    query, listings = call.query, call.services.listings.dags
    is_paused = _wanted(call.body, query.update_mask)
    if not query.dag_id_pattern and not query.dag_id_prefix_pattern:
        return DAGCollectionResponse(dags=[], total_entries=0)
    which = _chosen(call, query)
    chosen = listings.ids(which)
    dags.pause_dags(call.services.desk, chosen, is_paused=is_paused, by=call.principal.name)
    # They may not be as the query wants them any more, but they are what was changed.
    changed = DagFilter(reach=call.reach, active_only=False, dag_ids=tuple(chosen))
    return _shown(call, listings.list(page_of(query), changed, next_run=_next_run(call)))


def _wanted(body: DAGPatchBody, mask: tuple[str, ...]) -> bool:
    if mask and mask != ("is_paused",):
        raise UserError(
            "only `is_paused` of a DAG can be changed",
            hint="The rest is what its file says. Leave `update_mask` out.",
        )
    if body.is_paused is UNSET:
        raise InvalidRequest.of(("body", "is_paused"), kind="missing", message="Field required")
    return bool(body.is_paused)


def delete_dag(call: Call[Nothing, Nothing]) -> None:
    """Delete a DAG."""
    dag_id = found_dag(call, call.text("dag_id")).record.dag_id
    dags.refuse_running(call.services.desk, dag_id)
    dags.delete_dag(call.services.desk, dag_id)


def favorite_dag(call: Call[Nothing, Nothing]) -> None:
    """Mark a DAG for the caller."""
    dag_id = found_dag(call, call.text("dag_id")).record.dag_id
    dags.mark_favorite(call.services.desk, dag_id, user_id=call.principal.user_id)


def unfavorite_dag(call: Call[Nothing, Nothing]) -> None:
    """Take the caller's mark away."""
    dag_id = found_dag(call, call.text("dag_id")).record.dag_id
    dags.unmark_favorite(call.services.desk, dag_id, user_id=call.principal.user_id)


def get_dag_tags(call: Call[TagsQuery, Nothing]) -> DAGTagCollectionResponse:
    """List tags."""
    query = call.query
    if not set(query.order_by) <= {"name", "-name"}:
        raise UserError("tags are ordered by their names only", hint="Order them by `name` or `-name`.")
    name = pattern_of(query.tag_name_pattern, query.tag_name_prefix_pattern)
    page = call.services.listings.dags.tags(page_of(query), reach=call.reach, name=name)
    return DAGTagCollectionResponse(tags=list(page.rows), total_entries=page.total or 0)


_LISTED = Needs(verb=Verb.READ, resource=Resource.DAG, scope=Scope.LISTED)
_READ = Needs(verb=Verb.READ, resource=Resource.DAG, scope=Scope.PATH)
_ONE = "/api/v2/dags/{dag_id}"
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/dags",
        name="get_dags",
        tag=TAG,
        summary="List DAGs.",
        access=_LISTED,
        query=DagsQuery,
        reply=DAGCollectionResponse,
        handler=get_dags,
        is_of_rows=True,
        errors=[400],
    ),
    operation(
        "PATCH",
        "/api/v2/dags",
        name="patch_dags",
        tag=TAG,
        summary="Pause DAGs or let them run: those that `dag_id_pattern` and the other parameters choose.",
        access=Needs(verb=Verb.EDIT, resource=Resource.DAG, scope=Scope.LISTED),
        query=PatchDagsQuery,
        body=DAGPatchBody,
        reply=DAGCollectionResponse,
        handler=patch_dags,
        errors=[400],
    ),
    operation(
        "GET",
        "/api/v2/dagTags",
        name="get_dag_tags",
        tag=TAG,
        summary="List the tags of DAGs.",
        access=_LISTED,
        query=TagsQuery,
        reply=DAGTagCollectionResponse,
        handler=get_dag_tags,
        errors=[400],
    ),
    operation(
        "GET",
        _ONE,
        name="get_dag",
        tag=TAG,
        summary="Show a DAG.",
        access=_READ,
        reply=DAGResponse,
        handler=get_dag,
        is_of_rows=True,
        errors=[404],
    ),
    operation(
        "GET",
        f"{_ONE}/details",
        name="get_dag_details",
        tag=TAG,
        summary="Show everything that is known of a DAG.",
        access=_READ,
        reply=DAGDetailsResponse,
        handler=get_dag_details,
        is_of_rows=True,
        errors=[404],
    ),
    operation(
        "PATCH",
        _ONE,
        name="patch_dag",
        tag=TAG,
        summary="Pause a DAG, or let it run.",
        access=Needs(verb=Verb.EDIT, resource=Resource.DAG, scope=Scope.PATH),
        query=DagMaskQuery,
        body=DAGPatchBody,
        reply=DAGResponse,
        handler=patch_dag,
        errors=[400, 404],
    ),
    operation(
        "DELETE",
        _ONE,
        name="delete_dag",
        tag=TAG,
        summary="Delete what is stored of a DAG; it comes back if its file is still there.",
        access=Needs(verb=Verb.DELETE, resource=Resource.DAG, scope=Scope.PATH),
        status=204,
        handler=delete_dag,
        errors=[404, 409],
    ),
    operation(
        "POST",
        f"{_ONE}/favorite",
        name="favorite_dag",
        tag=TAG,
        summary="Mark a DAG as a favourite of one's own.",
        access=_READ,
        status=204,
        handler=favorite_dag,
        errors=[404],
    ),
    operation(
        "POST",
        f"{_ONE}/unfavorite",
        name="unfavorite_dag",
        tag=TAG,
        summary="Take the mark of a favourite away.",
        access=_READ,
        status=204,
        handler=unfavorite_dag,
        errors=[404, 409],
    ),
)
