"""The audit log: what people did and tried to do."""

from __future__ import annotations

from datetime import datetime

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.paging import PageQuery, PatternText, page_of, pattern_of
from windward.api.contract.ranges import aware_or_none
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.numbers import Small
from windward.ports.listings.events import EventFilter, EventRow
from windward.ports.listings.page import Between

TAG = "Event Log"


class EventLogResponse(msgspec.Struct, kw_only=True):
    """One line. `extra` is a JSON object: what was asked, from where, and what changed, without secrets."""

    event_log_id: int
    when: datetime
    dag_id: str | None
    task_id: str | None
    run_id: str | None
    map_index: int | None
    try_number: int | None
    event: str
    logical_date: datetime | None
    owner: str | None
    extra: str | None
    dag_display_name: str | None = None
    task_display_name: str | None = None


class EventLogCollectionResponse(msgspec.Struct, kw_only=True):
    """Lines."""

    event_logs: list[EventLogResponse]
    total_entries: int


class EventLogQuery(PageQuery, kw_only=True):
    """Which lines."""

    dag_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    map_index: Small | None = None
    try_number: Small | None = None
    owner: str | None = None
    event: str | None = None
    excluded_events: list[str] | None = None
    included_events: list[str] | None = None
    before: datetime | None = None
    after: datetime | None = None
    dag_id_pattern: PatternText | None = None
    task_id_pattern: PatternText | None = None
    run_id_pattern: PatternText | None = None
    owner_pattern: PatternText | None = None
    event_pattern: PatternText | None = None
    dag_id_prefix_pattern: PatternText | None = None
    task_id_prefix_pattern: PatternText | None = None
    run_id_prefix_pattern: PatternText | None = None
    owner_prefix_pattern: PatternText | None = None
    event_prefix_pattern: PatternText | None = None


def get_event_logs(call: Call[EventLogQuery, Nothing]) -> EventLogCollectionResponse:
    """List lines."""
    query = call.query
    which = EventFilter(
        dag_id=query.dag_id,
        task_id=query.task_id,
        run_id=query.run_id,
        map_index=query.map_index,
        try_number=query.try_number,
        owner=query.owner,
        event=query.event,
        excluded=query.excluded_events or (),
        included=query.included_events or (),
        at=Between(lt=aware_or_none(call, query.before), gt=aware_or_none(call, query.after)),
        dag=pattern_of(query.dag_id_pattern, query.dag_id_prefix_pattern),
        task=pattern_of(query.task_id_pattern, query.task_id_prefix_pattern),
        run=pattern_of(query.run_id_pattern, query.run_id_prefix_pattern),
        who=pattern_of(query.owner_pattern, query.owner_prefix_pattern),
        what=pattern_of(query.event_pattern, query.event_prefix_pattern),
    )
    page = call.services.listings.events.list(page_of(query), which, reach=call.reach)
    return EventLogCollectionResponse(
        event_logs=[_response(row) for row in page.rows], total_entries=page.total or 0
    )


def get_event_log(call: Call[Nothing, Nothing]) -> EventLogResponse:
    """Show one line."""
    number = call.number("event_log_id")
    row = call.services.listings.events.one(number, reach=call.reach)
    if row is None:
        raise NotFoundError(f"The Event Log with id: `{number}` not found")
    return _response(row)


def _response(row: EventRow) -> EventLogResponse:
    event = row.event
    details = msgspec.json.decode(event.extra)
    extra = {
        **(details if isinstance(details, dict) else {}),
        "status": event.status,
        "address": event.address,
    }
    return EventLogResponse(
        event_log_id=event.event_pk,
        when=event.at,
        dag_id=event.dag_id,
        task_id=event.task_id,
        run_id=event.run_id,
        map_index=event.map_index,
        try_number=event.try_number,
        event=event.event,
        logical_date=event.logical_date,
        owner=event.owner,
        extra=msgspec.json.encode(extra).decode(),
        dag_display_name=row.dag_display_name if event.dag_id is not None else None,
        task_display_name=event.task_id,
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/eventLogs",
        name="get_event_logs",
        tag=TAG,
        summary="List what people did.",
        access=Needs(verb=Verb.READ, resource=Resource.AUDIT_LOG, scope=Scope.LISTED),
        query=EventLogQuery,
        reply=EventLogCollectionResponse,
        handler=get_event_logs,
        errors=[400],
    ),
    operation(
        "GET",
        "/api/v2/eventLogs/{event_log_id}",
        name="get_event_log",
        tag=TAG,
        summary="Show one thing that somebody did.",
        access=Needs(verb=Verb.READ, resource=Resource.AUDIT_LOG, scope=Scope.LISTED),
        reply=EventLogResponse,
        handler=get_event_log,
    ),
)
