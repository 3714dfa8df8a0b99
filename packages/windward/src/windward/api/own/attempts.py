"""One task instance from inside: each attempt with how its process ended, and how large its XComs are and where."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.paging import OffsetQuery, page_of
from windward.api.public.dag_runs import found_run
from windward.model.access import Resource, Verb
from windward.model.ids import hostname_of
from windward.ports.listings.xcoms import XComFilter

TAG = "Task Instance"
ATTEMPTS_MAX = 1000
_INSTANCE = "/api/windward/v1/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}"


class AttemptResponse(msgspec.Struct, kw_only=True):
    """One attempt. `exit` is what is known of the end of its process: `kind`, and an exit code, signal, error, CPU, memory."""

    try_number: int
    state: str
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None
    hostname: str | None
    exit: dict[str, Any] | None


class AttemptCollectionResponse(msgspec.Struct, kw_only=True):
    """The attempts of an instance, the first one first. `is_whole` tells whether all are here."""

    dag_id: str
    dag_run_id: str
    task_id: str
    map_index: int
    attempts: list[AttemptResponse]
    is_whole: bool


class XComSizeResponse(msgspec.Struct, kw_only=True):
    """An XCom without its value. `location` is where a large one is kept; `length` how many parts a list has."""

    key: str
    timestamp: datetime
    encoding: str
    size_bytes: int
    length: int | None
    location: str | None


class XComSizeCollectionResponse(msgspec.Struct, kw_only=True):
    """XComs of one instance, by key."""

    xcoms: list[XComSizeResponse]
    total_entries: int


def get_attempts(call: Call[Nothing, Nothing]) -> AttemptCollectionResponse:
    """List the attempts of an instance."""
    run, task_id, map_index = found_run(call).run, call.text("task_id"), call.number("map_index")
    rows = call.services.listings.grid.timeline(run.run_pk, limit=ATTEMPTS_MAX + 1, of=(task_id, map_index))
    attempts = [
        AttemptResponse(
            try_number=row.try_number,
            state=row.state,
            queued_at=row.queued_at,
            start_date=row.start_date,
            end_date=row.end_date,
            hostname=None if row.owner is None else hostname_of(row.owner),
            exit=msgspec.json.decode(row.exit_fact) if row.exit_fact else None,
        )
        for row in sorted(rows[:ATTEMPTS_MAX], key=lambda row: row.try_number)
    ]
    return AttemptCollectionResponse(
        dag_id=run.dag_id,
        dag_run_id=run.run_id,
        task_id=task_id,
        map_index=map_index,
        attempts=attempts,
        is_whole=len(rows) <= ATTEMPTS_MAX,
    )


def get_xcom_sizes(call: Call[OffsetQuery, Nothing]) -> XComSizeCollectionResponse:
    """List the XComs of an instance with their sizes."""
    which = XComFilter(
        reach=call.reach,
        dag_id=call.text("dag_id"),
        run_id=call.text("dag_run_id"),
        task_id=call.text("task_id"),
        map_indexes=(call.number("map_index"),),
    )
    found = call.services.listings.xcoms.list(page_of(call.query), which)
    return XComSizeCollectionResponse(
        xcoms=[
            XComSizeResponse(
                key=row.key,
                timestamp=row.set_at,
                encoding=row.encoding,
                size_bytes=row.size_bytes,
                length=row.length,
                location=None if row.location is None else without_credentials(row.location),
            )
            for row in found.rows
        ],
        total_entries=found.total or 0,
    )


def without_credentials(address: str) -> str:
    """Return an address without the name and password that it may carry, and without what stands behind `?`."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        f"{_INSTANCE}/attempts",
        name="get_attempts",
        tag=TAG,
        summary="List the attempts of a task instance, with how the process of each ended.",
        access=Needs(verb=Verb.READ, resource=Resource.TASK_INSTANCE, scope=Scope.PATH),
        reply=AttemptCollectionResponse,
        handler=get_attempts,
    ),
    operation(
        "GET",
        f"{_INSTANCE}/xcoms",
        name="get_xcom_sizes",
        tag="XCom",
        summary="List what a task instance passed on: how large each value is, and where a large one is kept.",
        access=Needs(verb=Verb.READ, resource=Resource.XCOM, scope=Scope.PATH),
        query=OffsetQuery,
        reply=XComSizeCollectionResponse,
        handler=get_xcom_sizes,
    ),
)
