"""XComs of all DAGs, each with the beginning of its value: one request for a page of them.

What is shown is the text that was made of a value when it was written: nothing is fetched, and nothing is unpickled.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.paging import OffsetQuery, PatternText, page_of, pattern_of
from windward.api.own.attempts import XComSizeResponse, without_credentials
from windward.model.access import Resource, Verb
from windward.ports.listings.page import PageRequest
from windward.ports.listings.xcoms import XComFilter, XComRow


class XComPreviewResponse(XComSizeResponse, kw_only=True):
    """An XCom of a task instance. `preview` is what its value begins with, as people read it."""

    dag_id: str
    dag_display_name: str
    dag_run_id: str
    task_id: str
    task_display_name: str
    map_index: int
    run_after: datetime
    preview: str


class XComPreviewCollectionResponse(msgspec.Struct, kw_only=True):
    """XComs, those of the newest runs first."""

    xcoms: list[XComPreviewResponse]
    total_entries: int


class XComPreviewsQuery(OffsetQuery, kw_only=True):
    """Which XComs, by parts of names."""

    dag_id_pattern: PatternText | None = None
    run_id_pattern: PatternText | None = None
    task_id_pattern: PatternText | None = None
    xcom_key_pattern: PatternText | None = None


def get_xcom_previews(call: Call[XComPreviewsQuery, Nothing]) -> XComPreviewCollectionResponse:
    """List XComs."""
    query, page = call.query, page_of(call.query)
    which = XComFilter(
        reach=call.reach,
        dags=pattern_of(query.dag_id_pattern, None),
        runs=pattern_of(query.run_id_pattern, None),
        tasks=pattern_of(query.task_id_pattern, None),
        keys=pattern_of(query.xcom_key_pattern, None),
    )
    newest = PageRequest(limit=page.limit, offset=page.offset, order_by=("-run_after",))
    found = call.services.listings.xcoms.list(newest, which)
    return XComPreviewCollectionResponse(
        xcoms=[_response(row) for row in found.rows], total_entries=found.total or 0
    )


def _response(row: XComRow) -> XComPreviewResponse:
    return XComPreviewResponse(
        key=row.key,
        timestamp=row.set_at,
        encoding=row.encoding,
        size_bytes=row.size_bytes,
        length=row.length,
        location=None if row.location is None else without_credentials(row.location),
        dag_id=row.dag_id,
        dag_display_name=row.dag_display_name,
        dag_run_id=row.run_id,
        task_id=row.task.task_id,
        task_display_name=row.task_display_name,
        map_index=row.task.map_index,
        run_after=row.run_after,
        preview=row.preview,
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/xcoms",
        name="get_xcom_previews",
        tag="XCom",
        summary="List what tasks of all DAGs passed on, the newest runs first, with what each value begins with.",
        access=Needs(verb=Verb.READ, resource=Resource.XCOM, scope=Scope.LISTED),
        query=XComPreviewsQuery,
        reply=XComPreviewCollectionResponse,
        handler=get_xcom_previews,
        errors=[400],
    ),
)
