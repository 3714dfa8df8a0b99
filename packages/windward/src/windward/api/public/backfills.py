"""Backfills: runs of a DAG over a range of dates."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.paging import PageQuery, page_of
from windward.api.contract.problem import InvalidRequest
from windward.api.contract.ranges import aware
from windward.core.backfill import BackfillRequest
from windward.core.runs import RunTypeError
from windward.core.transitions import BackfillEvent
from windward.engine.people.backfills import change_backfill, create_backfill, foresee_backfill
from windward.errors import ConflictError, NotFoundError, UserError
from windward.model.access import Resource, Verb
from windward.model.numbers import Small
from windward.model.states import BACKFILL_OPEN, BackfillState, Reprocess, SlotState
from windward.ports.listings.backfills import BackfillRow
from windward.ports.reads import DagDetails

TAG = "Backfill"


class BackfillPostBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What runs to make. Both dates belong to the range."""

    dag_id: str
    from_date: datetime
    to_date: datetime
    run_backwards: bool = False
    dag_run_conf: dict[str, Any] | None = None
    reprocess_behavior: Reprocess = Reprocess.NONE
    max_active_runs: Small = 10
    run_on_latest_version: bool | None = None


class BackfillResponse(msgspec.Struct, kw_only=True):
    """A backfill."""

    id: int
    dag_id: str
    from_date: datetime
    to_date: datetime
    dag_run_conf: dict[str, Any] | None
    is_paused: bool
    reprocess_behavior: Reprocess
    max_active_runs: int
    created_at: datetime
    completed_at: datetime | None
    updated_at: datetime
    dag_display_name: str


class BackfillCollectionResponse(msgspec.Struct, kw_only=True):
    """Backfills."""

    backfills: list[BackfillResponse]
    total_entries: int


class DryRunBackfillResponse(msgspec.Struct, kw_only=True):
    """A date that would get a run, or whose run would run again."""

    logical_date: datetime | None
    partition_key: str | None = None
    partition_date: datetime | None = None


class DryRunBackfillCollectionResponse(msgspec.Struct, kw_only=True):
    """What a backfill would do."""

    backfills: list[DryRunBackfillResponse]
    total_entries: int


class BackfillsQuery(PageQuery, kw_only=True):
    """Of which DAG."""

    dag_id: str


def list_backfills(call: Call[BackfillsQuery, Nothing]) -> BackfillCollectionResponse:
    """List backfills."""
    query = call.query
    call.demand(Verb.READ, Resource.BACKFILL, dag_id=query.dag_id)
    page = call.services.listings.backfills.list(page_of(query), reach=call.reach, dag_id=query.dag_id)
    return BackfillCollectionResponse(
        backfills=[_response(row) for row in page.rows], total_entries=page.total or 0
    )


def get_backfill(call: Call[Nothing, Nothing]) -> BackfillResponse:
    """Show a backfill."""
    return _response(found_backfill(call))


def found_backfill(call: Call[Any, Any]) -> BackfillRow:
    """Return the backfill of the path.

    Raises:
        NotFoundError: when there is none that the caller may see.
    """
    row = call.services.listings.backfills.one(call.number("backfill_id"), reach=call.reach)
    if row is None:
        raise NotFoundError("Backfill not found")
    return row


def post_backfill(call: Call[Nothing, BackfillPostBody]) -> BackfillResponse:
    """Make a backfill."""
    dag, request = _asked(call)
    try:
        made = create_backfill(call.services.desk, dag, request, by=call.principal.name, pause=time.sleep)
    except RunTypeError:
        raise
    except UserError as error:
        raise _unfit(error) from error
    name = call.services.listings.dags.names_of([dag.record.dag_id]).get(dag.record.dag_id)
    return _response(BackfillRow(backfill=made.backfill, display_name=name or dag.record.dag_id))


def dry_run_backfill(call: Call[Nothing, BackfillPostBody]) -> DryRunBackfillCollectionResponse:
    """Say what a backfill would do."""
    dag, request = _asked(call)
    try:
        foreseen = foresee_backfill(
            call.services.desk, dag, request, by=call.principal.name, pause=time.sleep
        )
    except RunTypeError:
        raise
    except UserError as error:
        raise _unfit(error) from error
    dates = [
        DryRunBackfillResponse(logical_date=one.slot.logical_date)
        for one in foreseen
        if one.outcome.state in {SlotState.MADE, SlotState.CLEARED}
    ]
    return DryRunBackfillCollectionResponse(backfills=dates, total_entries=len(dates))


def _asked(call: Call[Nothing, BackfillPostBody]) -> tuple[DagDetails, BackfillRequest]:
    body = call.body
    for resource in (Resource.BACKFILL, Resource.RUN):
        call.demand(Verb.CREATE, resource, dag_id=body.dag_id)
    latest = body.run_on_latest_version
    request = BackfillRequest(
        from_date=aware(call, body.from_date),
        to_date=aware(call, body.to_date),
        run_backwards=body.run_backwards,
        max_active_runs=body.max_active_runs,
        reprocess=body.reprocess_behavior,
        conf=body.dag_run_conf,
        is_latest_version=True if latest is None else latest,
    )
    details = call.services.store.reads.dag_details(body.dag_id)
    if details is None or not details.record.is_active:
        raise NotFoundError(f"Could not find dag {body.dag_id}")
    return details, request


def _unfit(error: UserError) -> InvalidRequest:
    return InvalidRequest.of(("body",), kind="value_error", message=f"{error.message}. {error.hint}")


def pause_backfill(call: Call[Nothing, Nothing]) -> BackfillResponse:
    """Begin nothing new of a backfill."""
    return _changed(call, BackfillEvent.PAUSE)


def unpause_backfill(call: Call[Nothing, Nothing]) -> BackfillResponse:
    """Let a paused backfill go on."""
    return _changed(call, BackfillEvent.UNPAUSE)


def cancel_backfill(call: Call[Nothing, Nothing]) -> BackfillResponse:
    """End a backfill."""
    return _changed(call, BackfillEvent.CANCEL)


def _changed(call: Call[Any, Any], event: BackfillEvent) -> BackfillResponse:
    row = found_backfill(call)
    if row.backfill.state not in BACKFILL_OPEN:
        raise ConflictError("Backfill is already completed.")
    change_backfill(call.services.desk, row.backfill.backfill_pk, event, by=call.principal.name)
    return _response(found_backfill(call))


def _response(row: BackfillRow) -> BackfillResponse:
    backfill = row.backfill
    return BackfillResponse(
        id=backfill.backfill_pk,
        dag_id=backfill.dag_id,
        from_date=backfill.from_date,
        to_date=backfill.to_date,
        dag_run_conf=backfill.conf,
        is_paused=backfill.state is BackfillState.PAUSED,
        reprocess_behavior=backfill.reprocess,
        max_active_runs=backfill.max_active_runs,
        created_at=backfill.created_at,
        completed_at=backfill.completed_at,
        updated_at=backfill.completed_at or backfill.created_at,
        dag_display_name=row.display_name,
    )


_URL = "/api/v2/backfills"
_READ = Needs(verb=Verb.READ, resource=Resource.BACKFILL, scope=Scope.LISTED)
_EDIT = Needs(verb=Verb.EDIT, resource=Resource.BACKFILL, scope=Scope.LISTED)
_CREATE = Needs(verb=Verb.CREATE, resource=Resource.BACKFILL, scope=Scope.BODY)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        _URL,
        name="list_backfills",
        tag=TAG,
        summary="List the backfills of a DAG.",
        access=_READ,
        query=BackfillsQuery,
        reply=BackfillCollectionResponse,
        handler=list_backfills,
        errors=[400],
    ),
    operation(
        "POST",
        _URL,
        name="create_backfill",
        tag=TAG,
        summary="Make runs of a DAG over a range of dates.",
        access=_CREATE,
        body=BackfillPostBody,
        reply=BackfillResponse,
        handler=post_backfill,
        errors=[400, 404, 409],
    ),
    operation(
        "POST",
        f"{_URL}/dry_run",
        name="create_backfill_dry_run",
        tag=TAG,
        summary="Say of which dates a backfill would make runs.",
        access=_CREATE,
        body=BackfillPostBody,
        reply=DryRunBackfillCollectionResponse,
        handler=dry_run_backfill,
        errors=[400, 404, 409],
    ),
    operation(
        "GET",
        f"{_URL}/{{backfill_id}}",
        name="get_backfill",
        tag=TAG,
        summary="Show a backfill.",
        access=_READ,
        reply=BackfillResponse,
        handler=get_backfill,
        errors=[404],
    ),
    *(
        operation(
            "PUT",
            f"{_URL}/{{backfill_id}}/{verb}",
            name=f"{verb}_backfill",
            tag=TAG,
            summary=summary,
            access=_EDIT,
            reply=BackfillResponse,
            handler=handler,
            errors=[404, 409],
        )
        for verb, summary, handler in (
            ("pause", "Begin nothing new of a backfill.", pause_backfill),
            ("unpause", "Let a paused backfill go on.", unpause_backfill),
            ("cancel", "End a backfill; runs that began go on to their end.", cancel_backfill),
        )
    ),
)
