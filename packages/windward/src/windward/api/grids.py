"""What of grids was put into JSON already: most of a grid is as it was when somebody looked last.

A part is what its parts are, so nothing here is ever out of date: it is used again for the same records and made anew
for others. Bounded by bytes, and shared by threads.
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from windward.api.encoded import EncodedPages
from windward.model.states import RUN_FINISHED, TaskState
from windward.ports.listings.grid import GridRun, NewestVersion, TaskCell

LAYOUTS_MAX = 32
COLUMNS_BYTES_MAX = 16 << 20
STATES = tuple(str(state) for state in TaskState)
_NUMBER_OF = {state: number for number, state in enumerate(STATES)}
_EMPTY = -1
"""In place of a state: the run has no instance of the task."""


class GridTask(msgspec.Struct, kw_only=True):
    """A task of the newest version, in topological order; those of older runs that it has no more stand behind.

    `labels` are those of the edges to it, by the task that they come from.
    """

    task_id: str
    label: str
    group_id: str | None
    operator: str
    is_mapped: bool
    is_setup: bool
    is_teardown: bool
    upstream: list[str]
    labels: dict[str, str] = {}
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


class _Column(GridColumn, kw_only=True):
    """A `GridColumn` whose parts are passed on as they were encoded."""

    states: msgspec.Raw  # type: ignore[assignment]
    mapped: msgspec.Raw  # type: ignore[assignment]


class _States(msgspec.Struct, frozen=True, kw_only=True):
    """The states of a run's tasks in a layout, as JSON. Runs that share their cells share them."""

    states: msgspec.Raw
    mapped: msgspec.Raw


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The lines of a grid: `tasks` and `groups` as JSON, each task's line, and what tells it from others."""

    tasks: msgspec.Raw
    groups: msgspec.Raw
    order: dict[str, int]
    mark: int


@dataclass(frozen=True, kw_only=True)
class Column:
    """A run in a layout: as JSON, and what tells it from what a client has seen of it."""

    found: GridRun
    layout: Layout
    mark: int
    raw: msgspec.Raw


class Grids:
    """Remembers layouts, and columns of runs that have ended."""

    def __init__(self, *, columns_bytes_max: int = COLUMNS_BYTES_MAX) -> None:
        self._bytes_max = columns_bytes_max
        self._lock = threading.Lock()
        self._layouts: OrderedDict[tuple[str, frozenset[frozenset[str]]], Layout] = OrderedDict()
        self._columns: OrderedDict[int, Column] = OrderedDict()
        self._bytes = 0
        self.whole = EncodedPages()
        """Answers of which no part has changed."""

    @property
    def remembered_bytes(self) -> int:
        """How much the columns take that are remembered."""
        return self._bytes

    def layout(self, newest: NewestVersion, runs: Sequence[GridRun]) -> Layout:
        """Return the lines of these runs beside each other."""
        key = (newest.document_hash, frozenset(run.task_ids for run in runs))
        with self._lock:
            kept = self._layouts.get(key)
            if kept is not None:
                self._layouts.move_to_end(key)
                return kept
        made = _layout(newest, frozenset[str]().union(*key[1]))
        with self._lock:
            self._layouts[key] = made
            while len(self._layouts) > LAYOUTS_MAX:
                self._layouts.popitem(last=False)
        return made

    def columns(self, runs: Sequence[GridRun], layout: Layout) -> dict[str, Column]:
        """Return runs in a layout, by id."""
        states = dict[int, _States]()
        return {run.run.run_id: self._column(run, layout, states) for run in runs}

    def _column(self, found: GridRun, layout: Layout, states: dict[int, _States]) -> Column:
        with self._lock:
            kept = self._columns.get(found.run.run_pk)
            if kept is not None and kept.found is found and kept.layout is layout:
                self._columns.move_to_end(found.run.run_pk)
                return kept
        shown = states.get(id(found.cells))
        if shown is None:
            shown = states[id(found.cells)] = _states(found.cells, layout)
        made = _column(found, layout, shown)
        if found.run.state in RUN_FINISHED:
            self._keep(made)
        return made

    def _keep(self, made: Column) -> None:
        with self._lock:
            before = self._columns.pop(made.found.run.run_pk, None)
            self._bytes += _size(made) - (_size(before) if before is not None else 0)
            self._columns[made.found.run.run_pk] = made
            while self._bytes > self._bytes_max:
                _, oldest = self._columns.popitem(last=False)
                self._bytes -= _size(oldest)


_COLUMN_BYTES = 500
"""What a column takes beside its JSON."""


def _size(column: Column) -> int:
    return len(memoryview(column.raw)) + _COLUMN_BYTES


_WORST_FIRST = tuple(
    str(state)
    for state in (
        TaskState.FAILED, TaskState.UPSTREAM_FAILED, TaskState.UP_FOR_RETRY, TaskState.RUNNING, TaskState.RESTARTING,
        TaskState.AWAITING_INPUT, TaskState.UP_FOR_RESCHEDULE, TaskState.DEFERRED, TaskState.QUEUED,
        TaskState.SCHEDULED, TaskState.NONE, TaskState.SUCCESS, TaskState.SKIPPED, TaskState.REMOVED,
    )
)  # fmt: skip
"""Of many instances, the one that a person should see first."""


def _states(cells: tuple[TaskCell, ...], layout: Layout) -> _States:
    order = layout.order
    states, mapped = [_EMPTY] * len(order), dict[str, dict[str, int]]()
    for cell in cells:
        place = order.get(cell.task_id)
        if place is None:
            continue
        if len(cell.counts) == 1:  # nearly always: a grid has a hundred thousand of them
            ((state, count),) = cell.counts.items()
        else:
            state, count = _shown(cell), sum(cell.counts.values())
        states[place] = _NUMBER_OF[state]
        if count > 1:
            mapped[cell.task_id] = cell.counts
    encode = msgspec.json.encode
    return _States(states=msgspec.Raw(encode(states)), mapped=msgspec.Raw(encode(mapped)))


def _column(found: GridRun, layout: Layout, states: _States) -> Column:
    run = found.run
    shown = _Column(
        dag_run_id=run.run_id,
        run_type=run.run_type,
        state=run.state,
        run_after=run.run_after,
        logical_date=run.logical_date,
        start_date=run.start_date,
        end_date=run.end_date,
        version_hash=run.document_hash,
        note=run.note,
        states=states.states,
        mapped=states.mapped,
    )
    # What a run that has ended was made of is told by its mark: a part of what others did with it since.
    cells = b"" if run.state in RUN_FINISHED else msgspec.json.encode(found.cells)
    return Column(
        found=found,
        layout=layout,
        mark=zlib.crc32(f"{found.mark}.{run.note}.{layout.mark}".encode() + cells),
        raw=msgspec.Raw(msgspec.json.encode(shown)),
    )


def _shown(cell: TaskCell) -> str:
    return next(state for state in _WORST_FIRST if state in cell.counts)


def _layout(newest: NewestVersion, of_runs: frozenset[str]) -> Layout:
    document = newest.document
    labels: dict[str, dict[str, str]] = {}
    for edge in document.edges:
        labels.setdefault(edge.downstream, {})[edge.upstream] = edge.label
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
            labels=labels.get(task.task_id, {}),
        )
        for task in document.tasks
    ]
    tasks += [
        GridTask(
            task_id=task_id, label=task_id, group_id=None, operator="", is_mapped=False, is_setup=False,
            is_teardown=False, upstream=[], is_gone=True,
        )
        for task_id in sorted(of_runs - {task.task_id for task in tasks})
    ]  # fmt: skip
    groups = [
        GridGroup(
            group_id=group.group_id,
            label=group.label or group.group_id,
            parent_id=group.parent,
            tooltip=group.tooltip,
        )
        for group in document.groups
    ]
    raw = msgspec.json.encode(tasks)
    return Layout(
        tasks=msgspec.Raw(raw),
        groups=msgspec.Raw(msgspec.json.encode(groups)),
        order={task.task_id: place for place, task in enumerate(tasks)},
        mark=zlib.crc32(raw),
    )
