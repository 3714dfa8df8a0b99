"""Task instances, as the API shows them.

The keys of a page are found first, and their runs are joined only if something is asked of them; the rows, runs and
documents of the page are then fetched as a whole. To sort a hundred thousand keys is cheap, to carry rows along is not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any

import sqlalchemy as sa

from windward.core.transitions import TaskEvent
from windward.model.ids import TaskKey
from windward.model.states import TaskState
from windward.ports.listings.instances import ANY_TASK, InstanceFilter, InstanceRow
from windward.ports.listings.page import Page, PageRequest
from windward.ports.listings.runs import RunRow
from windward.store.sql.columns import UtcTime
from windward.store.sql.database import ROWS_PER_STATEMENT_MAX, Database, chunks
from windward.store.sql.listings.documents import Documents, KnownDocument
from windward.store.sql.listings.filters import Condition, matching, seconds_between, visible, within
from windward.store.sql.listings.paging import Columns, Paged, SentBefore, names_in_order
from windward.store.sql.listings.runs import SqlRunListings
from windward.store.sql.listings.traits import has_traits, operator_column
from windward.store.sql.listings.unchanged import UnchangedPages
from windward.store.sql.packed import packed, unpacked
from windward.store.sql.rows import TASK_COLUMNS, Unchanged, task_of, trail_of
from windward.store.sql.tables import DAG_DOCUMENT, DAG_RUN, IS_WRONG, TASK_INSTANCE, WENT_WRONG
from windward.store.sql.transaction import Transaction

_TI = TASK_INSTANCE.c
DURATION = seconds_between(_TI.start_date, _TI.end_date)
_CHANGED: tuple[sa.Column[Any], ...] = (_TI.end_date, _TI.start_date, _TI.queued_at)
_NAMED_INDEX = sa.case((_TI.map_index >= 0, sa.cast(_TI.map_index, sa.String(20))), else_=None)
OPERATOR = "operator"
_PLACE = (_TI.run_pk, _TI.task_id, _TI.map_index)
_OF_RUN: dict[str, Columns] = {
    "logical_date": DAG_RUN.c.logical_date,
    "run_after": DAG_RUN.c.run_after,
    "data_interval_start": DAG_RUN.c.data_interval_start,
    "data_interval_end": DAG_RUN.c.data_interval_end,
    "dag_id": DAG_RUN.c.dag_id,
    "dag_run_id": DAG_RUN.c.run_id,
}
_ORDERS: dict[str, Columns] = {
    "id": _PLACE,
    "task_id": _TI.task_id,
    "state": _TI.state,
    "duration": DURATION,
    "start_date": _TI.start_date,
    "end_date": _TI.end_date,
    "map_index": _TI.map_index,
    "try_number": _TI.try_number,
    "rendered_map_index": (_TI.map_label, _TI.map_index),
    **_OF_RUN,
}


def _paged(operator: sa.ColumnElement[Any]) -> Paged:
    return Paged({**_ORDERS, OPERATOR: operator}, default=("map_index",), unique=("id",))


_PAGED = _paged(sa.null())
_COLUMNS = (
    f"{', '.join(f't.{name}' for name in TASK_COLUMNS)}, t.rendered, "
    f"CASE WHEN t.state = '{TaskState.DEFERRED}' THEN t.trail END"
)
"""What `_made` takes of an instance."""
_WITH_RUN = DAG_RUN.c.run_pk == _TI.run_pk


class SqlInstanceListings:
    """Read models of task instances."""

    def __init__(self, database: Database, documents: Documents, runs: SqlRunListings) -> None:
        self._database = database
        self._is_sqlite = database.dialect.is_sqlite
        self._documents = documents
        self._runs = runs
        self._rows = Unchanged(_instance, key_columns=3)
        self._sent = SentBefore()
        self._pages = UnchangedPages[InstanceRow]()

    def list(self, page: PageRequest, which: InstanceFilter) -> Page[InstanceRow]:
        """Return instances."""
        ordered = set(names_in_order(page))

        def query() -> sa.Select[Any]:
            of_run, made = self._of_run(which), sa.select(*_PLACE)
            if of_run or ordered & {OPERATOR, *_OF_RUN}:
                made = made.join(DAG_RUN, _WITH_RUN)
            return made.where(*_own(which), *of_run)

        def count() -> sa.Select[Any]:
            of_run, made = self._of_run(which), sa.select(_TI.run_pk)
            if of_run:
                made = made.join(DAG_RUN, _WITH_RUN)
            return made.where(*_own(which), *of_run)

        paged, sent = _PAGED, self._sent
        if OPERATOR in ordered:
            paged = _paged(operator_column(self._known(which)))
        if (
            OPERATOR in ordered or which.traits != ANY_TASK
        ):  # of which documents tell, and those are others later
            sent = SentBefore()
        with self._database.reading() as transaction:
            found = paged.plain_page(self._database, query, page, asked=which, sent=sent, count=count)
            read = self._read(transaction, found.rows)
            runs, known = self._around(found.rows)

        def made() -> Page[InstanceRow]:
            rows = self._made(unpacked(read, is_sqlite=self._is_sqlite), runs, known)
            return Page(
                rows=tuple(rows[key] for key in found.rows if key in rows),
                total=found.total,
                next_cursor=found.next_cursor,
                previous_cursor=found.previous_cursor,
            )

        return self._pages.of((page, which), (found, read, runs, known), made)

    def of_task(self, dag_id: str, run_id: str, task_id: str) -> Sequence[int]:
        """Return map indexes."""
        query = (
            sa.select(_TI.map_index)
            .join(DAG_RUN, _WITH_RUN)
            .where(DAG_RUN.c.dag_id == dag_id, DAG_RUN.c.run_id == run_id, _TI.task_id == task_id)
            .order_by(_TI.map_index)
        )
        with self._database.reading() as transaction:
            return [row[0] for row in transaction.run(query)]

    def one(self, dag_id: str, run_id: str, task_id: str, map_index: int) -> InstanceRow | None:
        """Return one instance, or None."""
        text = (
            f"SELECT {_COLUMNS} FROM dag_run r JOIN task_instance t ON t.run_pk = r.run_pk "
            "WHERE r.dag_id = ? AND r.run_id = ? AND t.task_id = ? AND t.map_index = ?"
        )
        with self._database.reading() as transaction:
            rows = transaction.select(self._database.dialect.sql(text), (dag_id, run_id, task_id, map_index))
            made = self._made(rows, *self._around(rows))
        return next(iter(made.values()), None)

    def by_keys(self, keys: Collection[TaskKey]) -> Sequence[InstanceRow]:
        """Return instances by their keys."""
        with self._database.reading() as transaction:
            rows = unpacked(self._read(transaction, sorted(set(keys))), is_sqlite=self._is_sqlite)
            made = self._made(rows, *self._around(rows))
        return [row for _, row in sorted(made.items())]

    def _read(self, transaction: Transaction, keys: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
        """Return rows of `_COLUMNS` by their keys, packed and in no order."""
        rows: list[tuple[Any, ...]] = []
        for some in chunks(keys):
            text = _text_of_keys(len(some), is_sqlite=self._is_sqlite)
            rows += transaction.select(text, tuple(chain.from_iterable(some)))
        return rows

    def runs_with(self, which: InstanceFilter) -> Sequence[int]:
        """Return the keys of runs."""
        of_run, query = self._of_run(which), sa.select(_TI.run_pk).distinct().order_by(_TI.run_pk)
        if of_run:
            query = query.join(DAG_RUN, _WITH_RUN)
        with self._database.reading() as transaction:
            return [row[0] for row in transaction.run(query.where(*_own(which), *of_run))]

    # -- parts -------------------------------------------------------------------------------

    def _of_run(self, which: InstanceFilter) -> Sequence[Condition]:
        """Return the conditions on the runs and on the documents that they are pinned to."""
        run = DAG_RUN.c
        found = [
            *self._of_dag(run.dag_id, which),
            *within(run.run_after, which.run_after),
            *within(run.logical_date, which.logical_date),
            *matching(run.run_id, which.run_id),
        ]
        if not _is_open(which.updated_at):
            found += within(_changed(run.queued_at, run.run_after), which.updated_at)
        if which.run_ids is not None:
            found.append(run.run_id.in_(which.run_ids))
        if which.version_numbers:
            numbered = sa.select(DAG_DOCUMENT.c.document_hash).where(
                DAG_DOCUMENT.c.number.in_(which.version_numbers)
            )
            found.append(run.document_hash.in_(numbered))
        if which.traits != ANY_TASK:
            of_task = has_traits(which.traits, self._known(which))
            if of_task is not None:
                found.append(of_task)
        return found

    def _of_dag(self, dag_id: sa.ColumnElement[Any], which: InstanceFilter) -> Sequence[Condition]:
        found = [*visible(dag_id, which.reach, self._database.dialect), *matching(dag_id, which.dag_id)]
        if which.dag_ids is not None:
            found.append(dag_id.in_(which.dag_ids))
        return found

    def _known(self, which: InstanceFilter) -> dict[str, KnownDocument]:
        """Return the documents that the instances of a filter may be of."""
        if which.run_ids is not None:
            query = sa.select(DAG_RUN.c.document_hash).distinct()
            query = query.where(*self._of_dag(DAG_RUN.c.dag_id, which), DAG_RUN.c.run_id.in_(which.run_ids))
        else:
            query = sa.select(DAG_DOCUMENT.c.document_hash).where(*self._of_dag(DAG_DOCUMENT.c.dag_id, which))
            if which.version_numbers:
                query = query.where(DAG_DOCUMENT.c.number.in_(which.version_numbers))
        with self._database.reading() as transaction:
            hashes = [row[0] for row in transaction.run(query)]
        return self._documents.load(hashes)

    def _around(self, rows: Sequence[Any]) -> tuple[dict[int, RunRow], dict[str, KnownDocument]]:
        """Return the runs of rows that begin with their keys, and the documents of those."""
        runs = self._runs.by_pks({row[0] for row in rows})
        return runs, self._documents.load({run.run.document_hash for run in runs.values()})

    def _made(
        self, rows: Sequence[Any], runs: dict[int, RunRow], known: dict[str, KnownDocument]
    ) -> dict[tuple[Any, ...], InstanceRow]:
        """Return the instances of rows of `_COLUMNS` by their keys."""
        made: dict[tuple[Any, ...], InstanceRow] = {}
        for row in rows:
            run = runs.get(row[0])
            if run is None:
                continue  # deleted between the two reads
            document = known.get(run.run.document_hash)
            key = row[:3]
            made[key] = self._rows.of((*key, run, document, *row))
        return made


def _instance(row: tuple[Any, ...]) -> InstanceRow:
    """Return an instance of its key, its run, its document, and a row of `_COLUMNS`."""
    run, document, record = row[3], row[4], task_of(row[5:])
    task = document.tasks.get(record.task_id) if document is not None else None
    first = document.weights.get(record.task_id) if document is not None else None
    return InstanceRow(
        run=run,
        record=record,
        task=task,
        weight=task.weight_of(record.try_number, first) if task is not None and first is not None else None,
        rendered=row[-2],
        deferred_at=_deferred_at(row[-1]),
    )


@lru_cache(maxsize=2 * ROWS_PER_STATEMENT_MAX)
def _text_of_keys(count: int, *, is_sqlite: bool) -> str:
    """Return the query of so many instances by their keys."""
    columns = packed(_COLUMNS, is_sqlite=is_sqlite)
    if is_sqlite:
        # SQLite finds rows by a triple where it is joined, and not where it is one of a list.
        wanted = ", ".join(["(?, ?, ?)"] * count)
        return (
            f"WITH wanted (run_pk, task_id, map_index) AS (VALUES {wanted}) SELECT {columns} FROM wanted w "
            "CROSS JOIN task_instance t ON t.run_pk = w.run_pk AND t.task_id = w.task_id AND t.map_index = w.map_index"
        )
    marks = ", ".join(["(%s, %s, %s)"] * count)
    return f"SELECT {columns} FROM task_instance t WHERE (t.run_pk, t.task_id, t.map_index) IN ({marks})"


def _own(which: InstanceFilter) -> list[Condition]:
    """Return the conditions on the instances' own rows."""
    found = [
        *within(_TI.start_date, which.start_date),
        *within(_TI.end_date, which.end_date),
        *within(DURATION, which.duration),
        *matching(sa.func.coalesce(_TI.map_label, _NAMED_INDEX), which.map_label),
    ]
    if which.task_ids is not None:
        found.append(_TI.task_id.in_(which.task_ids))
    if which.states:
        found.append(_TI.state.in_([str(state) for state in which.states]))
        if set(which.states) <= set(WENT_WRONG):
            # In the words of the index: a database that is given values of parameters does not see that it fits.
            found.append(sa.literal_column(f"task_instance.{IS_WRONG}"))
    if which.try_numbers:
        found.append(_TI.try_number.in_(which.try_numbers))
    if which.map_indexes:
        found.append(_TI.map_index.in_(which.map_indexes))
    if which.is_mapped:
        found.append(_TI.map_index >= 0)
    return found


def _changed(*before: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return when the state of an instance changed last: before anything happened to it, its run's moments count."""
    return sa.type_coerce(sa.func.coalesce(*_CHANGED, *before, type_=UtcTime), UtcTime)


def _is_open(bounds: Any) -> bool:
    return all(bound is None for bound in (bounds.gte, bounds.gt, bounds.lte, bounds.lt))


def _deferred_at(trail: str | None) -> datetime | None:
    if trail is None:
        return None
    defers = (TaskEvent.DEFER, TaskEvent.DEFER_AT_START)
    return next((at for at, event, _ in reversed(trail_of(trail)) if event in defers), None)
