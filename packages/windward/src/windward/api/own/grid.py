"""The grid of a DAG and the timeline of a run: each a screen in one request.

A grid says what it is made of: a client that sends its `cursor` back gets only the runs that differ from then.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Reply, Scope, operation
from windward.api.contract.problem import InvalidRequest
from windward.api.contract.ranges import aware_or_none
from windward.api.grids import STATES, GridColumn, GridGroup, GridTask
from windward.api.services import Services
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.ports.listings.grid import GridRun, NewestVersion

TAG = "Grid"
RUNS_MAX = 365
TIMELINE_MAX = 20_000
CELLS_MAX = 400_000
"""Runs times tasks of one grid: a `limit` that asks for more is cut, as those of lists are."""


class GridQuery(msgspec.Struct, kw_only=True):
    """`before` pages to older runs; `cursor` asks for what differs from an earlier answer."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=RUNS_MAX)] = 30
    before: datetime | None = None
    cursor: str | None = None


class GridResponse(msgspec.Struct, kw_only=True):
    """`tasks` and `groups` are None when they are as they were at `cursor`; `gone` are runs that are not there any more."""

    cursor: str
    state_names: tuple[str, ...]
    tasks: list[GridTask] | None
    groups: list[GridGroup] | None
    runs: list[GridColumn]
    gone: list[str]


class _Answer(msgspec.Struct, kw_only=True):
    """A `GridResponse` whose parts are passed on as they were encoded."""

    cursor: str
    state_names: tuple[str, ...]
    tasks: msgspec.Raw | None
    groups: msgspec.Raw | None
    runs: list[msgspec.Raw]
    gone: list[str]


class TimelineQuery(msgspec.Struct, kw_only=True):
    """How many tries at most."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=TIMELINE_MAX)] = 2000


class TimelineTry(msgspec.Struct, kw_only=True):
    """One try: when it was queued, when it began, when it ended."""

    task_id: str
    map_index: int
    try_number: int
    state: str
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None
    map_label: str | None
    exit: dict[str, Any] | None


class TimelineResponse(msgspec.Struct, kw_only=True):
    """The tries of a run, by when they began. `is_whole` tells whether all are here."""

    tries: list[TimelineTry]
    is_whole: bool


class _Seen(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor says: the tasks, and each run with a checksum of what was shown of it."""

    tasks: int
    runs: dict[str, int]


def get_grid(call: Call[GridQuery, Nothing]) -> Reply:
    """Return the grid, or what differs from an earlier one."""
    services, dag_id = call.services, call.text("dag_id")
    newest = services.listings.grid.newest(dag_id)
    if newest is None:
        raise NotFoundError(f"there is no DAG `{dag_id}`")
    limit = runs_of(call.query.limit, tasks=len(newest.document.tasks))
    before = aware_or_none(call, call.query.before)
    runs = services.listings.grid.runs(dag_id, limit=limit, before=before)
    found = services.listings.grid.cells(runs)
    asked = (dag_id, newest.document_hash, limit, before, call.query.cursor)
    body = services.grids.whole.of(
        asked, (found.token,), lambda: _answer(services, newest, found.runs, call.query.cursor)
    )
    return Reply(body=body)


def _answer(
    services: Services, newest: NewestVersion, found: Sequence[GridRun], cursor: str | None
) -> _Answer:
    seen = _read(cursor)
    layout = services.grids.layout(newest, found)
    columns = services.grids.columns(found, layout)
    is_same_layout = seen is not None and seen.tasks == layout.mark
    known = seen.runs if seen is not None and is_same_layout else {}
    return _Answer(
        cursor=_write(_Seen(layout.mark, {run_id: column.mark for run_id, column in columns.items()})),
        state_names=STATES,
        tasks=None if is_same_layout else layout.tasks,
        groups=None if is_same_layout else layout.groups,
        runs=[column.raw for run_id, column in columns.items() if known.get(run_id) != column.mark],
        gone=sorted(seen.runs.keys() - columns.keys()) if seen is not None else [],
    )


def runs_of(limit: int, *, tasks: int) -> int:
    """Return how many runs of a DAG with so many tasks one grid shows."""
    return max(1, min(limit, CELLS_MAX // max(1, tasks)))


def get_timeline(call: Call[TimelineQuery, Nothing]) -> TimelineResponse:
    """Return when each try of a run was queued, began and ended."""
    run = call.services.store.runs.find_run(call.text("dag_id"), run_id=call.text("dag_run_id"))
    if run is None:
        raise NotFoundError(f"DAG `{call.text('dag_id')}` has no run `{call.text('dag_run_id')}`")
    rows = call.services.listings.grid.timeline(run.run_pk, limit=call.query.limit + 1)
    tries = [
        TimelineTry(
            task_id=row.task_id,
            map_index=row.map_index,
            try_number=row.try_number,
            state=row.state,
            queued_at=row.queued_at,
            start_date=row.start_date,
            end_date=row.end_date,
            map_label=row.map_label,
            exit=msgspec.json.decode(row.exit_fact) if row.exit_fact else None,
        )
        for row in rows[: call.query.limit]
    ]
    return TimelineResponse(tries=tries, is_whole=len(rows) <= call.query.limit)


def _write(seen: _Seen) -> str:
    return base64.urlsafe_b64encode(zlib.compress(msgspec.msgpack.encode(seen))).decode()


def _read(cursor: str | None) -> _Seen | None:
    if not cursor:
        return None
    try:
        raw = zlib.decompressobj().decompress(base64.urlsafe_b64decode(cursor), 1 << 20)
        return msgspec.msgpack.decode(raw, type=_Seen)
    except (ValueError, binascii.Error, zlib.error, msgspec.MsgspecError) as error:
        raise InvalidRequest.of(
            ("query", "cursor"), kind="value_error", message="is not a cursor that an answer gave"
        ) from error


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/dags/{dag_id}/grid",
        name="get_grid",
        tag=TAG,
        summary="Return the newest runs of a DAG with the states of their tasks, or what differs from an earlier answer.",
        access=Needs(verb=Verb.READ, resource=Resource.TASK_INSTANCE, scope=Scope.PATH),
        query=GridQuery,
        reply=GridResponse,
        handler=get_grid,
        is_of_rows=True,
    ),
    operation(
        "GET",
        "/api/windward/v1/dags/{dag_id}/dagRuns/{dag_run_id}/timeline",
        name="get_timeline",
        tag=TAG,
        summary="Return when each try of a run's tasks was queued, began and ended.",
        access=Needs(verb=Verb.READ, resource=Resource.TASK_INSTANCE, scope=Scope.PATH),
        query=TimelineQuery,
        reply=TimelineResponse,
        handler=get_timeline,
        is_of_rows=True,
    ),
)
