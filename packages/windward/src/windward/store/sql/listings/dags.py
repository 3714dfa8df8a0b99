"""DAGs, as the API shows them.

What only a document says (the schedule, the assets in it, the next run) is looked at here and not by the database:
DAGs are thousands at most, their documents are decoded once and kept, and few lists ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from windward.model.access import DagReach
from windward.model.records import DagRecord
from windward.model.states import RunState
from windward.ports.listings.dags import DagFilter, DagRow
from windward.ports.listings.page import Page, PageRequest, Pattern
from windward.ports.listings.versions import VersionRow
from windward.store.sql.columns import EPOCH, from_us, json_text, time_of
from windward.store.sql.database import Database, chunks
from windward.store.sql.dialect import Dialect
from windward.store.sql.listings.documents import Documents
from windward.store.sql.listings.filters import (
    Condition,
    containing,
    fits,
    has_tag,
    matching,
    visible,
    within,
)
from windward.store.sql.listings.paging import Paged, SentBefore, raw
from windward.store.sql.listings.versions import VERSION_COLUMNS
from windward.store.sql.rows import Unchanged
from windward.store.sql.tables import DAG, DAG_DOCUMENT, DAG_FILE, DAG_RUN, FAVORITE, TIMETABLE_WINDOW
from windward.timetable import (
    AssetLeaf,
    CustomSchedule,
    Schedule,
    Windows,
    by_time,
    condition_of,
    leaves,
    timetable_type,
)

NEXT_RUN = "next_dagrun"
_HAS_ERRORS = DAG_FILE.c.error.is_not(None)
_LAST_RUN = DAG_RUN.alias("last_run")
_NEWEST = DAG_RUN.alias("newest")
_LAST_PK = (
    sa.select(_NEWEST.c.run_pk)
    .where(_NEWEST.c.dag_id == DAG.c.dag_id)
    .order_by(_NEWEST.c.run_after.desc(), _NEWEST.c.run_pk.desc())
    .limit(1)
    .correlate(DAG)
    .scalar_subquery()
)
_IS_LAST_RUN = sa.and_(_LAST_RUN.c.dag_id == DAG.c.dag_id, _LAST_RUN.c.run_pk == _LAST_PK)
_QUERY = (
    sa.select(
        *(raw(DAG.c[name]) for name in DagRecord.__struct_fields__),
        raw(DAG.c.last_changed_at),
        _HAS_ERRORS.label("has_import_errors"),
        raw(DAG_FILE.c.parsed_at),
        DAG_FILE.c.duration_s,
        *map(raw, VERSION_COLUMNS),
    )
    .join(DAG_DOCUMENT, DAG_DOCUMENT.c.document_hash == DAG.c.document_hash)
    .outerjoin(DAG_FILE, DAG_FILE.c.fileloc == DAG.c.fileloc)
)
# Of a DAG without runs it is null, whatever the column says.
_LAST_STATE: sa.ColumnElement[str] = sa.type_coerce(_LAST_RUN.c.state, sa.String())
_OF_LAST_RUN = {"last_run_state", "last_run_start_date", "state", "start_date"}
_PAGED = Paged(
    {
        "dag_id": DAG.c.dag_id,
        "dag_display_name": DAG.c.display_name,
        "last_run_state": _LAST_STATE,
        "last_run_start_date": _LAST_RUN.c.start_date,
        "state": _LAST_STATE,
        "start_date": _LAST_RUN.c.start_date,
    },
    default=("dag_id",),
    unique=("dag_id",),
)


class SqlDagListings:
    """Read models of DAGs."""

    def __init__(self, database: Database, documents: Documents) -> None:
        self._database = database
        self._documents = documents
        self._rows = Unchanged(_dag)
        self._sent = SentBefore()
        self._sent_for_one = SentBefore()

    def tags_of(self, dag_id: str) -> Collection[str]:
        """Return the tags of a DAG."""
        text = self._database.dialect.sql("SELECT tags FROM dag WHERE dag_id = ?")
        with self._database.reading() as transaction:
            rows = transaction.select(text, (dag_id,))
        return tuple(msgspec.json.decode(rows[0][0]) or ()) if rows else ()

    def list(
        self, page: PageRequest, which: DagFilter, *, next_run: Callable[[DagRow], datetime | None]
    ) -> Page[DagRow]:
        """Return DAGs."""
        by_next = [name for name in page.order_by if name.removeprefix("-") == NEXT_RUN]
        if by_next:
            return self._by_next_run(page, which, next_run, descends=by_next[0].startswith("-"))

        def query() -> sa.Select[Any]:
            made = _QUERY
            named = {name.removeprefix("-") for name in page.order_by}
            if named & _OF_LAST_RUN or _asks_last_run(which):
                made = made.outerjoin(_LAST_RUN, _IS_LAST_RUN)
            made = made.where(*_conditions(which, self._database.dialect))
            if which.asks_documents:
                chosen = [
                    row.record.dag_id for row in self._found(made) if _agrees(row.document.schedule, which)
                ]
                made = made.where(DAG.c.dag_id.in_(chosen))
            return made

        # Other DAGs are chosen when documents are others.
        sent = SentBefore() if which.asks_documents else self._sent
        found = _PAGED.plain_page(self._database, query, page, asked=which, sent=sent)
        return Page(
            rows=tuple(self._made(found.rows)),
            total=found.total,
            next_cursor=found.next_cursor,
            previous_cursor=found.previous_cursor,
        )

    def _by_next_run(
        self,
        page: PageRequest,
        which: DagFilter,
        next_run: Callable[[DagRow], datetime | None],
        *,
        descends: bool,
    ) -> Page[DagRow]:
        query = _QUERY
        if _asks_last_run(which):
            query = query.outerjoin(_LAST_RUN, _IS_LAST_RUN)
        rows = self._found(query.where(*_conditions(which, self._database.dialect)).order_by(DAG.c.dag_id))
        agreed = [(next_run(row), row) for row in rows if _agrees(row.document.schedule, which)]
        known = [(at, row) for at, row in agreed if at is not None]
        known.sort(key=lambda pair: pair[0], reverse=descends)
        ordered = [row for _, row in known] + [row for at, row in agreed if at is None]
        return Page(rows=tuple(ordered[page.offset : page.offset + page.limit]), total=len(ordered))

    def ids(self, which: DagFilter) -> Sequence[str]:
        """Return the ids of all these DAGs."""
        assert not which.asks_documents, "nobody changes DAGs by their schedules"
        query = sa.select(DAG.c.dag_id).outerjoin(DAG_FILE, DAG_FILE.c.fileloc == DAG.c.fileloc)
        query = query.where(*_conditions(which, self._database.dialect)).order_by(DAG.c.dag_id)
        with self._database.reading() as transaction:
            return transaction.run(query).scalars().all()

    def one(self, dag_id: str) -> DagRow | None:
        """Return one DAG, or None."""
        with self._database.reading() as transaction:
            rows = self._sent_for_one.rows(transaction, dag_id, lambda: _QUERY.where(DAG.c.dag_id == dag_id))
        return next(iter(self._made(rows)), None)

    def names_of(self, dag_ids: Collection[str]) -> dict[str, str]:
        """Return what DAGs are called."""
        found: dict[str, str] = {}
        with self._database.reading() as transaction:
            for some in chunks(sorted(set(dag_ids))):
                marks = ", ".join("?" * len(some))
                text = f"SELECT dag_id, display_name FROM dag WHERE dag_id IN ({marks})"
                found.update(transaction.select(self._database.dialect.sql(text), tuple(some)))
        return found

    def is_favorite(self, user_id: str, dag_id: str) -> bool:
        """Whether a user marked a DAG."""
        query = sa.select(FAVORITE.c.dag_id).where(_marked_by(user_id), FAVORITE.c.dag_id == dag_id)
        with self._database.reading() as transaction:
            return transaction.run(query).first() is not None

    def running_count(self, dag_id: str) -> int:
        """Return how many runs are running."""
        is_running = DAG_RUN.c.state == str(RunState.RUNNING)
        query = sa.select(sa.func.count()).where(DAG_RUN.c.dag_id == dag_id, is_running)
        with self._database.reading() as transaction:
            return int(transaction.run(query).scalar() or 0)

    def tags(self, page: PageRequest, *, reach: DagReach, name: Pattern = Pattern()) -> Page[str]:  # noqa: B008 - frozen
        """Return the tags of active DAGs."""
        query = sa.select(DAG.c.tags).where(
            DAG.c.is_active, *visible(DAG.c.dag_id, reach, self._database.dialect)
        )
        with self._database.reading() as transaction:
            found = {tag for tags in transaction.run(query.distinct()).scalars() for tag in tags}
        ordered = sorted((tag for tag in found if fits(tag, name)), reverse=page.order_by == ("-name",))
        return Page(rows=tuple(ordered[page.offset : page.offset + page.limit]), total=len(ordered))

    def counts(
        self, reach: DagReach, dag_ids: Collection[str]
    ) -> Sequence[tuple[str, str, dict[RunState, int]]]:
        """Return how many runs DAGs have in each state."""
        query = (
            sa.select(DAG_RUN.c.dag_id, DAG.c.display_name, DAG_RUN.c.state, sa.func.count())
            .join(DAG, DAG.c.dag_id == DAG_RUN.c.dag_id)
            .where(*visible(DAG_RUN.c.dag_id, reach, self._database.dialect))
            .group_by(DAG_RUN.c.dag_id, DAG.c.display_name, DAG_RUN.c.state)
            .order_by(DAG_RUN.c.dag_id)
        )
        if dag_ids:
            query = query.where(DAG_RUN.c.dag_id.in_(sorted(dag_ids)))
        found: dict[str, tuple[str, str, dict[RunState, int]]] = {}
        with self._database.reading() as transaction:
            for dag_id, display_name, state, count in transaction.run(query):
                found.setdefault(dag_id, (dag_id, display_name, {}))[2][RunState(state)] = int(count)
        return tuple(found.values())

    def _found(self, query: sa.Select[Any]) -> Sequence[DagRow]:
        """Return the DAGs of a query of `_QUERY`'s columns."""
        with self._database.reading() as transaction:
            rows, _ = transaction.send(query)
        return self._made(rows)

    def _made(self, rows: Sequence[tuple[Any, ...]]) -> Sequence[DagRow]:
        """Return the DAGs of rows of `_QUERY`."""
        known = self._documents.load(row[1] for row in rows)
        # Of a document that was deleted between two reads nothing is shown.
        return self._with_windows(
            [self._rows.of((row[0], known[row[1]], *row)) for row in rows if row[1] in known]
        )

    def _with_windows(self, rows: Sequence[DagRow]) -> Sequence[DagRow]:
        own = [
            row.record.dag_id for row in rows if isinstance(by_time(row.document.schedule), CustomSchedule)
        ]
        if not own:
            return rows
        windows: dict[str, Windows] = {}
        with self._database.reading() as transaction:
            for some in chunks(own):
                table = TIMETABLE_WINDOW
                query = sa.select(table.c.dag_id, table.c.body).where(table.c.dag_id.in_(some))
                windows |= {
                    row[0]: msgspec.json.decode(row[1], type=Windows) for row in transaction.run(query)
                }
        return [msgspec.structs.replace(row, windows=windows.get(row.record.dag_id)) for row in rows]


def _dag(row: tuple[Any, ...]) -> DagRow:
    """Return the DAG of its id, its document, and a row of `_QUERY`."""
    _, known, *read = row
    dag_id, document_hash, is_paused, is_active, fileloc, run_after, start, end, failed_in_a_row = read[:9]
    changed_at, has_errors, parsed_at, duration_s, number, stored_at, name = read[9:]
    return DagRow(
        record=DagRecord(
            dag_id=dag_id,
            document_hash=document_hash,
            is_paused=bool(is_paused),
            is_active=bool(is_active),
            fileloc=fileloc,
            last_run_after=from_us(run_after),
            last_interval_start=from_us(start),
            last_interval_end=from_us(end),
            failed_in_a_row=failed_in_a_row,
        ),
        document=known.document,
        version=VersionRow(
            document_hash=document_hash,
            number=number,
            dag_id=dag_id,
            display_name=name or dag_id,
            stored_at=from_us(stored_at) or EPOCH,
        ),
        has_import_errors=bool(has_errors),
        parsed_at=from_us(parsed_at),
        parse_duration_s=duration_s,
        last_changed_at=time_of(changed_at),
    )


def _conditions(which: DagFilter, dialect: Dialect) -> list[Condition]:
    found = [
        *visible(DAG.c.dag_id, which.reach, dialect),
        *matching(DAG.c.dag_id, which.dag_id),
        *matching(DAG.c.display_name, which.display_name),
        *within(_LAST_RUN.c.start_date, which.last_run_start),
        *within(_LAST_RUN.c.end_date, which.last_run_end),
    ]
    if which.active_only:
        found.append(DAG.c.is_active)
    if which.dag_ids is not None:
        found.append(DAG.c.dag_id.in_(which.dag_ids))
    if which.tags:
        each = [has_tag(tag, dialect) for tag in which.tags]
        found.append(sa.and_(*each) if which.needs_all_tags else sa.or_(*each))
    if which.owners:
        stored = sa.type_coerce(DAG.c.owners, sa.Text())
        found.append(sa.or_(*(containing(stored, json_text(owner)[1:-1]) for owner in which.owners)))
    if which.is_paused is not None:
        found.append(DAG.c.is_paused == which.is_paused)
    if which.has_import_errors is not None:
        found.append(_HAS_ERRORS if which.has_import_errors else sa.not_(_HAS_ERRORS))
    if which.favorite_of is not None:
        user_id, is_wanted = which.favorite_of
        marked = DAG.c.dag_id.in_(sa.select(FAVORITE.c.dag_id).where(_marked_by(user_id)))
        found.append(marked if is_wanted else sa.not_(marked))
    if which.last_run_states:
        found.append(_LAST_RUN.c.state.in_([str(state) for state in which.last_run_states]))
    return found


def _marked_by(user_id: str) -> Condition:
    return FAVORITE.c.user_id == user_id


def _asks_last_run(which: DagFilter) -> bool:
    bounds = (which.last_run_start, which.last_run_end)
    return bool(which.last_run_states) or any(
        part is not None for one in bounds for part in msgspec.structs.astuple(one)
    )


def _agrees(schedule: Schedule, which: DagFilter) -> bool:
    """Whether a schedule is as the filter wants it."""
    if which.timetable_types and timetable_type(schedule) not in which.timetable_types:
        return False
    condition = condition_of(schedule)
    if which.has_asset_schedule is not None and (condition is not None) is not which.has_asset_schedule:
        return False
    if not which.asset:
        return True
    assets = (
        [leaf for leaf in leaves(condition) if isinstance(leaf, AssetLeaf)] if condition is not None else []
    )
    text = which.asset.lower()
    return any(text in asset.name.lower() or text in asset.uri.lower() for asset in assets)
