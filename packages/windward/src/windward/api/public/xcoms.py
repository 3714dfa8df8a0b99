"""XComs: what tasks pass to each other.

Nothing here reads a pickle: of a value that is not JSON, the text is shown that was made of it when it was written.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any

import msgspec

from windward.api.contract.operation import ANY_DAG, Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.paging import PageQuery, PatternText, page_of, pattern_of
from windward.api.contract.ranges import moments
from windward.api.execution.values import LargeValues, put_away
from windward.api.public.dag_runs import found_run
from windward.engine.contexts import ref_of
from windward.engine.people.xcoms import delete_xcom, write_xcom
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.records import TaskRecord
from windward.ports.listings.xcoms import XComFilter, XComRow
from windward.protocol.outcomes import XComValue

TAG = "XCom"
SHOWN_BYTES_MAX = 4 << 20
"""A value that is larger is not fetched from the object store: its preview is shown."""
NOT_MAPPED = -1
MapIndex = Annotated[int, msgspec.Meta(ge=NOT_MAPPED, le=2**31 - 1)]


class XComResponse(msgspec.Struct, kw_only=True):
    """An XCom, without its value."""

    key: str
    timestamp: datetime
    logical_date: datetime | None
    map_index: int
    task_id: str
    dag_id: str
    run_id: str
    dag_display_name: str
    task_display_name: str
    run_after: datetime


class XComResponseNative(XComResponse, kw_only=True):
    """An XCom. `value` is JSON, or a text for people where the value itself is not."""

    value: Any


class XComResponseString(XComResponse, kw_only=True):
    """An XCom, its value as text."""

    value: str | None


class XComCollectionResponse(msgspec.Struct, kw_only=True):
    """XComs."""

    xcom_entries: list[XComResponse]
    total_entries: int


class XComCreateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An XCom to make."""

    key: str
    value: Any
    map_index: MapIndex = NOT_MAPPED


class XComUpdateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A new value."""

    value: Any
    map_index: MapIndex = NOT_MAPPED


class XComQuery(msgspec.Struct, kw_only=True):
    """Of which instance, and how the value is shown."""

    map_index: MapIndex = NOT_MAPPED
    deserialize: bool = False
    """Show a value of a type that JSON does not have as people read it, and not as it is stored."""
    stringify: bool = False


class OfInstanceQuery(msgspec.Struct, kw_only=True):
    """Of which instance."""

    map_index: MapIndex = NOT_MAPPED


class XComsQuery(PageQuery, kw_only=True):
    """Which XComs."""

    xcom_key: str | None = None
    map_index: MapIndex | None = None
    xcom_key_pattern: PatternText | None = None
    xcom_key_prefix_pattern: PatternText | None = None
    dag_display_name_pattern: PatternText | None = None
    dag_display_name_prefix_pattern: PatternText | None = None
    run_id_pattern: PatternText | None = None
    run_id_prefix_pattern: PatternText | None = None
    task_id_pattern: PatternText | None = None
    task_id_prefix_pattern: PatternText | None = None
    map_index_filter: MapIndex | None = None
    logical_date_gte: datetime | None = None
    logical_date_gt: datetime | None = None
    logical_date_lte: datetime | None = None
    logical_date_lt: datetime | None = None
    run_after_gte: datetime | None = None
    run_after_gt: datetime | None = None
    run_after_lte: datetime | None = None
    run_after_lt: datetime | None = None


def get_xcom_entries(call: Call[XComsQuery, Nothing]) -> XComCollectionResponse:
    """List XComs."""
    query = call.query
    which = XComFilter(
        reach=call.reach,
        dag_id=call.dag_id,
        run_id=_named(call, "dag_run_id"),
        task_id=_named(call, "task_id"),
        key=query.xcom_key,
        map_indexes=tuple(one for one in (query.map_index, query.map_index_filter) if one is not None),
        keys=pattern_of(query.xcom_key_pattern, query.xcom_key_prefix_pattern),
        dag_names=pattern_of(query.dag_display_name_pattern, query.dag_display_name_prefix_pattern),
        runs=pattern_of(query.run_id_pattern, query.run_id_prefix_pattern),
        tasks=pattern_of(query.task_id_pattern, query.task_id_prefix_pattern),
        logical_date=moments(call, query, "logical_date"),
        run_after=moments(call, query, "run_after"),
    )
    page = call.services.listings.xcoms.list(page_of(query), which)
    return XComCollectionResponse(
        xcom_entries=[XComResponse(**_common(row)) for row in page.rows], total_entries=page.total or 0
    )


def get_xcom_entry(call: Call[XComQuery, Nothing]) -> XComResponseNative | XComResponseString:
    """Show an XCom."""
    query = call.query
    row, stored = _found(call, query.map_index, call.text("xcom_key"))
    value = shown_value(stored, call.execution.values, is_for_people=query.deserialize)
    if query.stringify:
        return XComResponseString(**_common(row), value=None if value is None else str(value))
    return XComResponseNative(**_common(row), value=value)


def create_xcom_entry(call: Call[Nothing, XComCreateBody]) -> XComResponseNative:
    """Make an XCom."""
    return _write(call, call.body.key, call.body, is_new=True)


def update_xcom_entry(call: Call[Nothing, XComUpdateBody]) -> XComResponseNative:
    """Replace the value of an XCom."""
    return _write(call, call.text("xcom_key"), call.body, is_new=False)


def delete_xcom_entry(call: Call[OfInstanceQuery, Nothing]) -> None:
    """Delete an XCom."""
    desk, run = call.services.desk, found_run(call).run
    task = desk.instance(run, call.text("task_id"), call.query.map_index)
    delete_xcom(desk, run, task, call.text("xcom_key"))


def shown_value(stored: XComValue, large: LargeValues, *, is_for_people: bool) -> Any:
    """Return what is shown of a value: itself when it is JSON, else the text that was made of it, or that it is."""
    if stored.encoding not in {"json", "tagged"} or (is_for_people and stored.encoding == "tagged"):
        return stored.preview
    data = stored.data
    if data is None:
        if stored.location is None or stored.size_bytes > SHOWN_BYTES_MAX:
            return stored.preview
        try:
            data = large.get(stored.location)
        except NotFoundError:
            return stored.preview
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return stored.preview or data.decode(errors="replace")


def _write(
    call: Call[Any, Any], key: str, body: XComCreateBody | XComUpdateBody, *, is_new: bool
) -> XComResponseNative:
    desk, run = call.services.desk, found_run(call).run
    task = desk.instance(run, call.text("task_id"), body.map_index)
    large = call.execution.values
    owner = f"{run.dag_id}/{task.task_id}/{key}"

    def put(value: XComValue, record: TaskRecord) -> XComValue:
        return put_away(value, ref_of(record), large, owner=owner)

    write_xcom(desk, run, task, key, body.value, is_new=is_new, put_away=put)
    row, stored = _found(call, body.map_index, key)
    return XComResponseNative(**_common(row), value=shown_value(stored, large, is_for_people=False))


def _found(call: Call[Any, Any], map_index: int, key: str) -> tuple[XComRow, XComValue]:
    found = call.services.listings.xcoms.one(
        call.text("dag_id"), call.text("dag_run_id"), call.text("task_id"), map_index, key
    )
    if found is None:
        raise NotFoundError(f"XCom entry with key: `{key}` not found")
    return found


def _named(call: Call[Any, Any], name: str) -> str | None:
    value = call.text(name)
    return None if value == ANY_DAG else value


def _common(row: XComRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "timestamp": row.set_at,
        "logical_date": row.logical_date,
        "map_index": row.task.map_index,
        "task_id": row.task.task_id,
        "dag_id": row.dag_id,
        "run_id": row.run_id,
        "dag_display_name": row.dag_display_name,
        "task_display_name": row.task_display_name,
        "run_after": row.run_after,
    }


_needs = partial(Needs, resource=Resource.XCOM, scope=Scope.PATH)
_ALL = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries"
_ONE = f"{_ALL}/{{xcom_key:path}}"
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        _ALL,
        name="get_xcom_entries",
        tag=TAG,
        summary="List what tasks passed on; `~` stands for all DAGs, runs or tasks.",
        access=_needs(verb=Verb.READ),
        query=XComsQuery,
        reply=XComCollectionResponse,
        handler=get_xcom_entries,
        errors=[400],
    ),
    operation(
        "POST",
        _ALL,
        name="create_xcom_entry",
        tag=TAG,
        summary="Write a value in the name of a task instance.",
        access=_needs(verb=Verb.CREATE),
        body=XComCreateBody,
        reply=XComResponseNative,
        status=201,
        handler=create_xcom_entry,
        errors=[400, 409],
    ),
    operation(
        "GET",
        _ONE,
        name="get_xcom_entry",
        tag=TAG,
        summary="Show a value.",
        access=_needs(verb=Verb.READ),
        query=XComQuery,
        reply=(XComResponseNative, XComResponseString),
        handler=get_xcom_entry,
        errors=[400],
    ),
    operation(
        "PATCH",
        _ONE,
        name="update_xcom_entry",
        tag=TAG,
        summary="Replace a value.",
        access=_needs(verb=Verb.EDIT),
        body=XComUpdateBody,
        reply=XComResponseNative,
        handler=update_xcom_entry,
        errors=[400, 409],
    ),
    operation(
        "DELETE",
        _ONE,
        name="delete_xcom_entry",
        tag=TAG,
        summary="Delete a value.",
        access=_needs(verb=Verb.DELETE),
        query=OfInstanceQuery,
        status=204,
        handler=delete_xcom_entry,
        errors=[400],
    ),
)
