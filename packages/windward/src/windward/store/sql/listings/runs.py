"""Runs, as the API shows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from windward.model.access import DagReach
from windward.model.records import RunRecord
from windward.model.states import RunState
from windward.ports.listings.page import Page, PageRequest
from windward.ports.listings.runs import RunCount, RunFilter, RunRow
from windward.ports.listings.versions import VersionRow
from windward.store.sql.columns import EPOCH, UtcTime, from_us
from windward.store.sql.database import Database, chunks
from windward.store.sql.dialect import Dialect
from windward.store.sql.listings.filters import (
    Condition,
    containing,
    holds,
    matching,
    seconds_between,
    visible,
    within,
)
from windward.store.sql.listings.paging import ALIKE, Paged, SentBefore, raw
from windward.store.sql.listings.unchanged import UnchangedPages
from windward.store.sql.packed import packed, unpacked
from windward.store.sql.rows import RUN_COLUMNS, Unchanged, run_of
from windward.store.sql.tables import ASSET_EVENT, ASSET_USE, DAG, DAG_DOCUMENT, DAG_RUN
from windward.store.sql.transaction import Transaction

DURATION = seconds_between(DAG_RUN.c.start_date, DAG_RUN.c.end_date)
UPDATED_AT: sa.ColumnElement[Any] = sa.type_coerce(
    sa.func.coalesce(
        DAG_RUN.c.end_date, DAG_RUN.c.start_date, DAG_RUN.c.queued_at, DAG_RUN.c.run_after, type_=UtcTime
    ),
    UtcTime,
)
"""When the state of a run changed last."""
_RUN = tuple(raw(DAG_RUN.c[name]).label(f"run_{number}") for number, name in enumerate(RUN_COLUMNS))
_COLUMNS = (
    f"{', '.join(f'r.{name}' for name in RUN_COLUMNS)}, v.number, coalesce(v.stored_at, d.first_seen_at), "
    "d.display_name"
)
_FROM_WHERE = (
    " FROM dag_run r LEFT JOIN dag d ON d.dag_id = r.dag_id "
    "LEFT JOIN dag_document v ON v.document_hash = r.document_hash WHERE "
)
_ROWS = f"SELECT {_COLUMNS}{_FROM_WHERE}"
"""Runs with what their DAG is called and their version, as `_row` takes them; documents of before it was kept when they
were stored are as old as their DAG."""
_PAGED = Paged(
    {
        "id": DAG_RUN.c.run_pk,
        "dag_id": DAG_RUN.c.dag_id,
        "run_id": DAG_RUN.c.run_id,
        "dag_run_id": DAG_RUN.c.run_id,
        "state": DAG_RUN.c.state,
        "logical_date": DAG_RUN.c.logical_date,
        "run_after": DAG_RUN.c.run_after,
        "start_date": DAG_RUN.c.start_date,
        "end_date": DAG_RUN.c.end_date,
        "updated_at": UPDATED_AT,
        "conf": DAG_RUN.c.conf,
        "duration": DURATION,
        "partition_date": ALIKE,
    },
    default=("id",),
    unique=("id",),
)


class SqlRunListings:
    """Read models of runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = Unchanged(_row)
        self._sent = SentBefore()
        self._pages = UnchangedPages[RunRow]()

    def list(self, page: PageRequest, which: RunFilter) -> Page[RunRow]:
        """Return runs."""

        def query() -> sa.Select[Any]:
            # What is put in order is narrow: whole rows are read of the page alone.
            made = sa.select(DAG_RUN.c.run_pk).where(*_conditions(which, self._database.dialect))
            if which.version_numbers:
                made = made.join(DAG_DOCUMENT, DAG_DOCUMENT.c.document_hash == DAG_RUN.c.document_hash)
            return made

        with self._database.reading() as transaction:
            found = _PAGED.plain_page(self._database, query, page, asked=which, sent=self._sent)
            read = self._read(transaction, [run_pk for (run_pk,) in found.rows])

        def made() -> Page[RunRow]:
            rows = self._by_pk(read)
            return Page(
                rows=tuple(rows[run_pk] for (run_pk,) in found.rows if run_pk in rows),
                total=found.total,
                next_cursor=found.next_cursor,
                previous_cursor=found.previous_cursor,
            )

        return self._pages.of((page, which), (found, read), made)

    def one(self, dag_id: str, run_id: str) -> RunRow | None:
        """Return one run, or None."""
        with self._database.reading() as transaction:
            text = self._database.dialect.sql(f"{_ROWS}r.dag_id = ? AND r.run_id = ?")
            rows = transaction.select(text, (dag_id, run_id))
        return self._rows.of(rows[0]) if rows else None

    def by_pks(self, run_pks: Collection[int]) -> dict[int, RunRow]:
        """Return runs by their keys."""
        with self._database.reading() as transaction:
            read = self._read(transaction, sorted(set(run_pks)))
        return self._by_pk(read)

    def _read(self, transaction: Transaction, run_pks: Sequence[int]) -> Sequence[tuple[Any, ...]]:
        """Return rows of `_ROWS`, packed."""
        found: list[tuple[Any, ...]] = []
        dialect = self._database.dialect
        for some in chunks(run_pks):
            marks = ", ".join("?" * len(some))
            text = f"SELECT {packed(_COLUMNS, is_sqlite=dialect.is_sqlite)}{_FROM_WHERE}r.run_pk IN ({marks})"
            found += transaction.select(dialect.sql(text), tuple(some))
        return found

    def _by_pk(self, read: Sequence[tuple[Any, ...]]) -> dict[int, RunRow]:
        """Return the runs of packed rows by their keys."""
        return {
            row[0]: self._rows.of(row) for row in unpacked(read, is_sqlite=self._database.dialect.is_sqlite)
        }

    def newest(
        self, dag_ids: Sequence[str], *, limit: int, reach: DagReach
    ) -> dict[str, Sequence[RunRecord]]:
        """Return the newest runs of each of these DAGs: a few steps in an index for each."""
        dialect = self._database.dialect
        known = sa.select(DAG.c.dag_id).where(
            DAG.c.dag_id.in_(dag_ids), *visible(DAG.c.dag_id, reach, dialect)
        )
        text = dialect.sql(f"{_ROWS}r.dag_id = ? ORDER BY r.run_after DESC, r.run_pk DESC LIMIT {int(limit)}")
        with self._database.reading() as transaction:
            seen = {row[0] for row in transaction.run(known)}
            return {
                dag_id: [self._rows.of(row).run for row in transaction.select(text, (dag_id,))]
                for dag_id in dag_ids
                if dag_id in seen
            }

    def counts(self, dag_id: str, *, begin: datetime, end: datetime, step: timedelta) -> Sequence[RunCount]:
        """Return how many runs of a DAG there are by time: one walk along the index of its runs."""
        due = raw(DAG_RUN.c.run_after)
        # Written out: PostgreSQL takes the same expression with two parameters for two.
        step_us: sa.ColumnElement[int] = sa.literal_column(
            str(step // timedelta(microseconds=1)), sa.BigInteger
        )
        at = (due - due % step_us).label("at")
        query = (
            sa.select(at, raw(DAG_RUN.c.state), sa.func.count())
            .where(DAG_RUN.c.dag_id == dag_id, DAG_RUN.c.run_after >= begin, DAG_RUN.c.run_after < end)
            .group_by(at, DAG_RUN.c.state)
            .order_by(at, DAG_RUN.c.state)
        )
        with self._database.reading() as transaction:
            return [
                RunCount(at=EPOCH + timedelta(microseconds=int(us)), state=RunState(state), count=int(count))
                for us, state, count in transaction.run(query)
            ]

    def made_of(self, event_pks: Collection[int], *, reach: DagReach) -> dict[int, Sequence[RunRecord]]:
        """Return the runs that events made."""
        found: dict[int, list[RunRecord]] = {}
        with self._database.reading() as transaction:
            for some in chunks(sorted(set(event_pks))):
                query = (
                    sa.select(*_RUN, ASSET_USE.c.event_pk)
                    .join(ASSET_USE, ASSET_USE.c.run_pk == DAG_RUN.c.run_pk)
                    .where(ASSET_USE.c.event_pk.in_(some))
                    .where(*visible(DAG_RUN.c.dag_id, reach, self._database.dialect))
                    .order_by(DAG_RUN.c.run_pk)
                )
                for row in transaction.run(query):
                    found.setdefault(row[-1], []).append(run_of(row))
        return {event_pk: tuple(runs) for event_pk, runs in found.items()}


def _conditions(which: RunFilter, dialect: Dialect) -> list[Condition]:
    run = DAG_RUN.c
    found = [
        *visible(run.dag_id, which.reach, dialect),
        *within(run.run_after, which.run_after),
        *within(run.logical_date, which.logical_date),
        *within(run.start_date, which.start_date),
        *within(run.end_date, which.end_date),
        *within(UPDATED_AT, which.updated_at),
        *within(DURATION, which.duration),
        *matching(run.run_id, which.run_id),
        *matching(run.triggering_user, which.user),
        *matching(run.dag_id, which.dag_id),
    ]
    if which.dag_ids is not None:
        found.append(run.dag_id.in_(which.dag_ids))
    if which.run_types:
        found.append(run.run_type.in_([str(one) for one in which.run_types]))
    if which.states:
        found.append(run.state.in_([str(one) for one in which.states]))
    if which.version_numbers:
        found.append(DAG_DOCUMENT.c.number.in_(which.version_numbers))
    if which.conf_contains:
        # The stored text is JSON without blanks between its parts.
        text = which.conf_contains.replace('": ', '":').replace(', "', ',"')
        found.append(holds(run.conf, text, dialect))
    if which.consumes:
        found.append(run.run_pk.in_(_consumers(which.consumes)))
    return found


def _consumers(text: str) -> sa.Select[Any]:
    """Return the runs that were made of events of assets whose name or URI holds a text."""
    of_asset = sa.or_(containing(ASSET_EVENT.c.name, text), containing(ASSET_EVENT.c.uri, text))
    return (
        sa.select(ASSET_USE.c.run_pk)
        .join(ASSET_EVENT, ASSET_EVENT.c.event_pk == ASSET_USE.c.event_pk)
        .where(ASSET_USE.c.run_pk.is_not(None), of_asset)
    )


def _row(row: tuple[Any, ...]) -> RunRow:
    """Return the run of a row of `_ROWS`."""
    run = run_of(row[: len(RUN_COLUMNS)])
    number, stored_at, name = row[len(RUN_COLUMNS) :]
    version = None
    if number is not None:
        version = VersionRow(
            document_hash=run.document_hash,
            number=number,
            dag_id=run.dag_id,
            display_name=name or run.dag_id,
            stored_at=from_us(stored_at) or EPOCH,
        )
    return RunRow(run=run, display_name=name or run.dag_id, version=version)
