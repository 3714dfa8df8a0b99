"""The grid of a DAG and the timeline of a run: each a screen in one request.

A grid says what it is made of: a client that sends its `cursor` back gets only the runs that differ from then.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from datetime import datetime
from typing import Annotated, Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.problem import InvalidRequest
from windward.document import DagDocument
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.states import RUN_FINISHED, TaskState
from windward.ports.listings.grid import GridRun, TaskCell

TAG = "Grid"
RUNS_MAX = 365
TIMELINE_MAX = 20_000
_STATES = tuple(str(state) for state in TaskState)
_NUMBER_OF = {state: number for number, state in enumerate(_STATES)}
_EMPTY = -1
"""In place of a state: the run has no instance of the task."""


class GridQuery(msgspec.Struct, kw_only=True):
    """`before` pages to older runs; `cursor` asks for what differs from an earlier answer."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=RUNS_MAX)] = 30
    before: datetime | None = None
    cursor: str | None = None


class GridTask(msgspec.Struct, kw_only=True):
    """A task of the newest version, in topological order; those of older runs that it has no more stand behind."""

    task_id: str
    label: str
    group_id: str | None
    operator: str
    is_mapped: bool
    is_setup: bool
    is_teardown: bool
    upstream: list[str]
    is_gone: bool = False


class GridGroup(msgspec.Struct, kw_only=True):
    """A task group."""

    group_id: str
    label: str
    parent_id: str | None
    tooltip: str


class GridColumn(msgspec.Struct, kw_only=True):
    """One run. `states` has a number for each task of `tasks`: an index into `state_names`, or -1 for none.

    Of a mapped task it is the worst or least finished state of its instances, and `mapped` has the counts.
    """

    dag_run_id: str
    run_type: str
    state: str
    run_after: datetime
    logical_date: datetime | None
    start_date: datetime | None
    end_date: datetime | None
    version_hash: str
    note: str | None
    states: list[int]
    mapped: dict[str, dict[str, int]]


class GridResponse(msgspec.Struct, kw_only=True):
    """`tasks` and `groups` are None when they are as they were at `cursor`; `gone` are runs that are not there any more."""

    cursor: str
    state_names: tuple[str, ...]
    tasks: list[GridTask] | None
    groups: list[GridGroup] | None
    runs: list[GridColumn]
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


def get_grid(call: Call[GridQuery, Nothing]) -> GridResponse:
    """Return the grid, or what differs from an earlier one."""
    services, dag_id = call.services, call.text("dag_id")
    document = services.listings.grid.newest(dag_id)
    if document is None:
        raise NotFoundError(f"there is no DAG `{dag_id}`")
    seen = _read(call.query.cursor)
    runs = services.listings.grid.runs(dag_id, limit=call.query.limit, before=call.query.before)
    found = services.listings.grid.cells(runs)
    tasks = _tasks(document, found)
    order = {task.task_id: place for place, task in enumerate(tasks)}
    layout = zlib.crc32(msgspec.json.encode(tasks))
    is_same_layout = seen is not None and seen.tasks == layout
    columns, marks = [], dict[str, int]()
    for one in found:
        mark = zlib.crc32(f"{one.mark}.{one.run.note}.{layout}".encode() + _cells_mark(one))
        marks[one.run.run_id] = mark
        if not is_same_layout or seen is None or seen.runs.get(one.run.run_id) != mark:
            columns.append(_column(one, order))
    return GridResponse(
        cursor=_write(_Seen(layout, marks)),
        state_names=_STATES,
        tasks=None if is_same_layout else tasks,
        groups=None if is_same_layout else _groups(document),
        runs=columns,
        gone=sorted(seen.runs.keys() - marks.keys()) if seen is not None else [],
    )


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


_WORST_FIRST = tuple(
    str(state)
    for state in (
        TaskState.FAILED, TaskState.UPSTREAM_FAILED, TaskState.UP_FOR_RETRY, TaskState.RUNNING, TaskState.RESTARTING,
        TaskState.AWAITING_INPUT, TaskState.UP_FOR_RESCHEDULE, TaskState.DEFERRED, TaskState.QUEUED,
        TaskState.SCHEDULED, TaskState.NONE, TaskState.SUCCESS, TaskState.SKIPPED, TaskState.REMOVED,
    )
)  # fmt: skip
"""Of many instances, the one that a person should see first."""


def _column(one: GridRun, order: dict[str, int]) -> GridColumn:
    states, mapped = [_EMPTY] * len(order), dict[str, dict[str, int]]()
    for cell in one.cells:
        place = order.get(cell.task_id)
        if place is None:
            continue
        states[place] = _NUMBER_OF[_shown(cell)]
        if sum(cell.counts.values()) > 1:
            mapped[cell.task_id] = cell.counts
    run = one.run
    return GridColumn(
        dag_run_id=run.run_id,
        run_type=run.run_type,
        state=run.state,
        run_after=run.run_after,
        logical_date=run.logical_date,
        start_date=run.start_date,
        end_date=run.end_date,
        version_hash=run.document_hash,
        note=run.note,
        states=states,
        mapped=mapped,
    )


def _shown(cell: TaskCell) -> str:
    if len(cell.counts) == 1:
        return next(iter(cell.counts))
    return next(state for state in _WORST_FIRST if state in cell.counts)


def _cells_mark(one: GridRun) -> bytes:
    """Return what tells the cells of a run under way apart; those of one that has ended are told by its mark."""
    return b"" if one.run.state in RUN_FINISHED else msgspec.json.encode(one.cells)


def _tasks(document: DagDocument, runs: list[GridRun]) -> list[GridTask]:
    tasks = [
        GridTask(
            task_id=task.task_id,
            label=task.label or task.task_id,
            group_id=task.group_id,
            operator=task.operator,
            is_mapped=task.expansion is not None or task.mapped_group is not None,
            is_setup=task.is_setup,
            is_teardown=task.is_teardown,
            upstream=list(task.upstream),
        )
        for task in document.tasks
    ]
    known = {task.task_id for task in tasks}
    gone = frozenset[str]().union(*{run.task_ids for run in runs}) - known
    return tasks + [
        GridTask(
            task_id=task_id, label=task_id, group_id=None, operator="", is_mapped=False, is_setup=False,
            is_teardown=False, upstream=[], is_gone=True,
        )
        for task_id in sorted(gone)
    ]  # fmt: skip


def _groups(document: DagDocument) -> list[GridGroup]:
    return [
        GridGroup(
            group_id=group.group_id,
            label=group.label or group.group_id,
            parent_id=group.parent,
            tooltip=group.tooltip,
        )
        for group in document.groups
    ]


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
    ),
)
