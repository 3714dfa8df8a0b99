"""The grid of a DAG and the timeline of a run, on a database.

What has ended is remembered by its mark: a run that did not change since is not read again, so that a grid of a hundred
runs costs what changed in it.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from windward.core.transitions import TaskEvent
from windward.model.records import RunRecord
from windward.model.states import FINISHED, RUN_FINISHED, TaskState
from windward.ports.listings.grid import GridRun, GridRuns, NewestVersion, TaskCell, TimelineRow
from windward.ports.listings.page import Page
from windward.store.sql.columns import to_us
from windward.store.sql.database import Database, chunks
from windward.store.sql.listings.documents import Documents
from windward.store.sql.listings.unchanged import UnchangedPages
from windward.store.sql.packed import packed, unpacked
from windward.store.sql.rows import RUN_COLUMNS, Unchanged, run_of
from windward.store.sql.tables import TASK_ATTEMPT, TASK_INSTANCE
from windward.store.sql.transaction import Transaction

WHOLE_MAX = 32
"""Sets of runs that have all ended, which are remembered as a whole beside their cells."""
CELLS_MAX = 800_000
"""Cells that are remembered, of runs that have ended: each takes 8 bytes when it is shared, else about 50."""
_MARKS = "run_pk, state, revision, clear_number, end_date, note"
"""What `mark_of` a run that has ended is made of, and its note."""
_COUNTED = (
    "SELECT run_pk, task_id, state, count(*) FROM task_instance "
    "WHERE run_pk IN ({marks}) GROUP BY run_pk, task_id, state"
)
_JOINED = (
    "SELECT run_pk, {join}(state || ' ' || task_id, {newline}) FROM task_instance "
    "WHERE run_pk IN ({marks}) GROUP BY run_pk"
)
"""A text for each run, with a line for each instance: no id has a blank or a new line in it."""
JOINED_RUNS = 25
"""Runs of which all instances are in memory at once, as text; and texts that are remembered while reading."""
_Cells = tuple[tuple[TaskCell, ...], frozenset[str]]
"""The cells of a run, and their tasks."""
_NO_CELLS: _Cells = ((), frozenset())


class SqlGridListings:
    """Implements `windward.ports.listings.grid.GridListings`. Safe to share between threads."""

    def __init__(self, database: Database, documents: Documents, *, cells_max: int = CELLS_MAX) -> None:
        self._cells_max = cells_max
        self._database = database
        self._documents = documents
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, GridRun] = OrderedDict()
        self._kept_cells = 0
        self._records = Unchanged(run_of)
        self._runs = UnchangedPages[RunRecord]()
        self._ended: dict[
            tuple[str, int, datetime | None], tuple[list[tuple[Any, ...]], Sequence[RunRecord]]
        ] = {}
        """Runs that have all ended, with their marks: a quarter of a row tells that it is as it was."""
        self._whole: dict[int, tuple[Sequence[RunRecord], GridRuns]] = {}
        """Of nothing but what is kept, so that it adds nothing to speak of."""

    @property
    def remembered(self) -> int:
        """How many cells are remembered."""
        return self._kept_cells

    def newest(self, dag_id: str) -> NewestVersion | None:
        """Return the newest version of a DAG, or None."""
        text = self._database.dialect.sql("SELECT document_hash FROM dag WHERE dag_id = ?")
        with self._database.reading() as transaction:
            rows = transaction.select(text, (dag_id,))
        known = self._documents.load([rows[0][0]]).get(rows[0][0]) if rows else None
        return NewestVersion(document_hash=rows[0][0], document=known.document) if known is not None else None

    def runs(self, dag_id: str, *, limit: int, before: datetime | None = None) -> Sequence[RunRecord]:
        """Return the newest runs, the newest first."""
        where, values = "dag_id = ?", list[Any]([dag_id])
        if before is not None:
            where += " AND run_after < ?"
            values.append(to_us(before))
        from_where = f"FROM dag_run WHERE {where} ORDER BY run_after DESC, run_pk DESC LIMIT ?"
        asked, given, dialect = (dag_id, limit, before), (*values, limit), self._database.dialect
        is_sqlite = dialect.is_sqlite
        with self._database.reading() as transaction:
            ended = self._ended.get(asked)
            if ended is not None:
                marks = transaction.select(dialect.sql(_marked(from_where, is_sqlite=is_sqlite)), given)
                if unpacked(marks, is_sqlite=is_sqlite) == ended[0]:
                    return ended[1]
            rows = transaction.select(dialect.sql(f"SELECT {', '.join(RUN_COLUMNS)} {from_where}"), given)
        runs = self._runs.of(
            asked, rows, lambda: Page(rows=tuple(self._records.of(row) for row in rows))
        ).rows
        self._remember(asked, runs)
        return runs

    def _remember(self, asked: tuple[str, int, datetime | None], runs: Sequence[RunRecord]) -> None:
        if any(run.state not in RUN_FINISHED for run in runs):
            self._ended.pop(asked, None)
            return
        if len(self._ended) >= WHOLE_MAX:
            self._ended.clear()
        marks = [
            (run.run_pk, str(run.state), run.revision, run.clear_number, to_us(run.end_date), run.note)
            for run in runs
        ]
        self._ended[asked] = (marks, runs)

    def cells(self, runs: Sequence[RunRecord]) -> GridRuns:
        """Return these runs with their tasks."""
        found: dict[int, GridRun] = {}
        with self._lock:
            whole = self._whole.get(id(runs))
            if whole is not None and whole[0] is runs:
                return whole[1]
            for run in runs:
                kept = self._kept.get(run.run_pk)
                if kept is None or run.state not in RUN_FINISHED:
                    continue
                if kept.run is not run and kept.run != run:
                    if kept.mark != mark_of(run):
                        continue
                    # Its tasks are as they were; a note may be another.
                    self._kept[run.run_pk] = kept = msgspec.structs.replace(kept, run=run)
                    self._whole.clear()
                self._kept.move_to_end(run.run_pk)
                found[run.run_pk] = kept
        missing = [run for run in runs if run.run_pk not in found]
        read = self._read([run.run_pk for run in missing])
        shared = {one.task_ids: one.task_ids for one in found.values()}
        with self._lock:
            for run in missing:
                cells, names = read.get(run.run_pk, _NO_CELLS)
                found[run.run_pk] = one = GridRun(
                    run=run,
                    mark=mark_of(run),
                    cells=cells,
                    task_ids=shared.setdefault(names, names),
                )
                if run.state in RUN_FINISHED:
                    self._keep(one)
            made = GridRuns(runs=tuple(found[run.run_pk] for run in runs), token=object())
            if all(self._kept.get(one.run.run_pk) is one for one in made.runs):
                if len(self._whole) >= WHOLE_MAX:
                    self._whole.clear()
                self._whole[id(runs)] = (runs, made)
        return made

    def _keep(self, made: GridRun) -> None:
        before = self._kept.pop(made.run.run_pk, None)
        self._kept_cells += len(made.cells) - (len(before.cells) if before is not None else 0)
        self._kept[made.run.run_pk] = made
        if before is not None:
            self._whole.clear()
        while self._kept_cells > self._cells_max or len(self._kept) > self._cells_max:
            self._whole.clear()
            _, oldest = self._kept.popitem(last=False)
            self._kept_cells -= len(oldest.cells)

    def _read(self, run_pks: Sequence[int]) -> dict[int, _Cells]:
        """Return the cells of runs and their tasks. Instances come as one text for each run, and runs of one text share.

        Most runs of a DAG went as the one before, so that there are few texts to read.
        """
        single: dict[str, TaskCell] = {}
        dialect = self._database.dialect
        with self._database.reading() as transaction:
            if dialect.is_mysql:  # it cuts long texts
                counted = _counted(transaction, run_pks)
                return {
                    run_pk: (tuple(cells.values()), frozenset(cells)) for run_pk, cells in counted.items()
                }
            join, newline = ("group_concat", "char(10)") if dialect.is_sqlite else ("string_agg", "chr(10)")
            found = dict[int, _Cells]()
            of_text = dict[str, _Cells]()
            for some in chunks(run_pks, JOINED_RUNS):
                marks = ", ".join("?" * len(some))
                text = dialect.sql(_JOINED.format(join=join, newline=newline, marks=marks))
                for run_pk, lines in transaction.select(text, tuple(some)):
                    made = of_text.get(lines)
                    if made is None:
                        if len(of_text) >= JOINED_RUNS:
                            of_text.clear()
                        cells = _of_lines(lines.split("\n"), single)
                        made = of_text[lines] = (tuple(cells.values()), frozenset(cells))
                    found[run_pk] = made
        return found

    def timeline(self, run_pk: int, *, limit: int, of: tuple[str, int] | None = None) -> list[TimelineRow]:
        """Return the tries of a run's tasks, by when they began."""
        now, past = TASK_INSTANCE.c, TASK_ATTEMPT.c
        # A try is archived in the state that it was in: one that was not cleared after its end has failed.
        is_end = (past.event == str(TaskEvent.CLEAR)) & past.state.in_([str(state) for state in FINISHED])
        state = sa.case((is_end, past.state), else_=str(TaskState.FAILED)).label("state")
        is_current = (past.task_id == now.task_id) & (past.map_index == now.map_index)
        names = TimelineRow.__struct_fields__

        def wanted(columns: Any) -> Any:
            return sa.true() if of is None else (columns.task_id == of[0]) & (columns.map_index == of[1])

        queries = [
            sa.select(*(now[name] for name in names)).where(
                now.run_pk == run_pk, now.try_number > 0, wanted(now)
            ),
            sa.select(*(state if name == "state" else past[name] for name in names)).where(
                past.run_pk == run_pk,
                past.try_number > 0,
                wanted(past),
                ~sa.exists().where(now.run_pk == run_pk, is_current, now.try_number == past.try_number),
            ),
        ]
        tries = sa.union_all(*queries).subquery()
        begun = sa.func.coalesce(tries.c.start_date, tries.c.queued_at)
        order = (begun, tries.c.task_id, tries.c.map_index, tries.c.try_number)
        query = sa.select(tries).order_by(*order).limit(limit)
        with self._database.reading() as transaction:
            return [TimelineRow(**row) for row in transaction.run(query).mappings()]


def _marked(from_where: str, *, is_sqlite: bool) -> str:
    """Return the query of packed marks, in order."""
    plain = f"SELECT {_MARKS} {from_where}"
    return f"SELECT {packed(_MARKS, is_sqlite=True)} FROM ({plain})" if is_sqlite else plain


def mark_of(run: RunRecord) -> str:
    """Return what differs when anything of a run that has ended may differ."""
    return f"{run.state}.{run.revision}.{run.clear_number}.{to_us(run.end_date)}"


def _of_lines(lines: list[str], single: dict[str, TaskCell]) -> dict[str, TaskCell]:
    """Return the cells of a run of whose instances each has a line, `state task_id`.

    `single` are cells of one instance by line, which all runs share.
    """
    cells: dict[str, TaskCell] = {}
    for line, count in Counter(lines).items():
        made = single.get(line)
        if made is None:
            state, _, task_id = line.partition(" ")
            made = single[line] = _cell(task_id, {state: 1})
        before = cells.get(made.task_id)
        if before is not None or count > 1:
            (state,) = made.counts
            counts = {**(before.counts if before is not None else {}), state: count}
            made = TaskCell(task_id=made.task_id, counts=counts)
        cells[made.task_id] = made
    return cells


def _counted(transaction: Transaction, run_pks: Sequence[int]) -> dict[int, dict[str, TaskCell]]:
    cells: defaultdict[int, dict[str, TaskCell]] = defaultdict(dict)
    for some in chunks(run_pks):
        text = transaction.dialect.sql(_COUNTED.format(marks=", ".join("?" * len(some))))
        for run_pk, task_id, state, count in transaction.select(text, tuple(some)):
            before = cells[run_pk].get(task_id)
            counts = {**(before.counts if before is not None else {}), state: int(count)}
            cells[run_pk][task_id] = _cell(task_id, counts)
    return cells


def _cell(task_id: str, counts: dict[str, int]) -> TaskCell:
    return TaskCell(task_id=sys.intern(task_id), counts=counts)
