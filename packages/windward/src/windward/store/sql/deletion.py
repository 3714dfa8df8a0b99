"""Deletion of runs with all that belongs to them, and of what is older than people want to keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa

from windward.core.paths import LOGS_SCHEME, run_log_folder
from windward.errors import UserError
from windward.model.ids import TaskKey
from windward.model.states import RUN_FINISHED
from windward.ports.store import SUPERSEDED_KEPT
from windward.store.sql.archive import Archive
from windward.store.sql.database import Database, chunks
from windward.store.sql.tables import (
    ASSET_EVENT,
    ASSET_USE,
    AUDIT_EVENT,
    BACKFILL,
    BACKFILL_SLOT,
    CALLBACK,
    DAG,
    DAG_DOCUMENT,
    DAG_RUN,
    DEAD_OBJECT,
    DEADLINE,
    DEFERRAL,
    HUMAN_INPUT,
    RUN_LINK,
    SLA_MISS,
    TASK_ATTEMPT,
    TASK_INSTANCE,
    TASK_STATE,
    XCOM,
)
from windward.store.sql.transaction import Transaction

OF_A_RUN = (
    XCOM, DEFERRAL, TASK_ATTEMPT, TASK_INSTANCE, CALLBACK, RUN_LINK, SLA_MISS, HUMAN_INPUT, DEADLINE, TASK_STATE,
)  # fmt: skip
"""What goes with a run."""
OF_AN_INSTANCE = (XCOM, DEFERRAL, TASK_ATTEMPT, TASK_INSTANCE, HUMAN_INPUT, TASK_STATE)
"""What goes with a task instance."""
CLEANABLE = ("dag_run", "task_attempt", "xcom", "backfill", "asset_event", "audit_event")
FINISHED_RUNS = tuple(sorted(str(state) for state in RUN_FINISHED))
BATCH_SIZE = 500
BATCHES_MAX = 1_000_000


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """What a cleaning deleted, or would delete: rows per table. Locations of objects are on the list of dead objects."""

    rows: dict[str, int]
    archives: tuple[str, ...] = ()
    """Tables that hold copies of what was deleted."""


def delete_runs(transaction: Transaction, run_pks: Sequence[int]) -> int:
    """Delete runs, children first; large XComs and logs go to the list of dead objects. Return how many runs."""
    count = 0
    for part in chunks(sorted(run_pks)):
        bury_xcoms(transaction, XCOM.c.run_pk.in_(part))
        _bury_logs(transaction, part)
        for table in OF_A_RUN:
            transaction.run(sa.delete(table).where(table.c.run_pk.in_(part)))
        count += transaction.run(sa.delete(DAG_RUN).where(DAG_RUN.c.run_pk.in_(part))).rowcount
    return count


def delete_instance(transaction: Transaction, key: TaskKey) -> None:
    """Delete a task instance with its tries and what it stored; large XComs go to the list of dead objects."""
    bury_xcoms(transaction, of_instance(XCOM, key))
    for table in OF_AN_INSTANCE:
        transaction.run(sa.delete(table).where(of_instance(table, key)))


def of_instance(table: sa.Table, key: TaskKey) -> sa.ColumnElement[bool]:
    """Return the condition on rows that belong to a task instance."""
    return sa.and_(
        table.c.run_pk == key.run_pk, table.c.task_id == key.task_id, table.c.map_index == key.map_index
    )


def delete_backfills(transaction: Transaction, backfill_pks: Sequence[int]) -> None:
    """Delete backfills with their dates; their runs stay."""
    for part in chunks(sorted(backfill_pks)):
        for table in (BACKFILL_SLOT, BACKFILL):
            transaction.run(sa.delete(table).where(table.c.backfill_pk.in_(part)))


def bury_xcoms(transaction: Transaction, which: sa.ColumnElement[bool]) -> None:
    """Put what XComs that are about to go leave behind on the list of dead objects."""
    x, run = XCOM.c, sa.and_(DAG_RUN.c.run_pk == XCOM.c.run_pk)
    columns = {
        "run_pk": x.run_pk,
        "location": sa.func.coalesce(x.location, ""),
        "backend": x.backend,
        "dag_id": sa.select(DAG_RUN.c.dag_id).where(run).scalar_subquery(),
        "run_id": sa.select(DAG_RUN.c.run_id).where(run).scalar_subquery(),
        "task_id": x.task_id,
        "map_index": x.map_index,
        "xcom_key": x.xcom_key,
        "encoding": x.encoding,
        "data": sa.case((x.backend.is_not(None), x.data)),
        "tries": sa.literal(0),
    }
    is_more = x.location.is_not(None) | x.backend.is_not(None)
    gone = sa.select(*(value.label(name) for name, value in columns.items())).where(which, is_more)
    transaction.run(sa.insert(DEAD_OBJECT).from_select(list(columns), gone))


def _bury_logs(transaction: Transaction, run_pks: Sequence[int]) -> None:
    """Put the folders of these runs' logs on the list of dead objects."""
    query = sa.select(DAG_RUN.c.run_pk, DAG_RUN.c.dag_id, DAG_RUN.c.run_id).where(
        DAG_RUN.c.run_pk.in_(run_pks)
    )
    rows = [
        {"run_pk": row.run_pk, "location": LOGS_SCHEME + run_log_folder(row.dag_id, row.run_id)}
        for row in transaction.run(query)
    ]
    if rows:
        transaction.run(sa.insert(DEAD_OBJECT), rows)


class Cleaner:
    """Retention: deletes in small transactions, so that nobody waits long."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def clean(
        self,
        before: datetime,
        *,
        tables: Sequence[str] = CLEANABLE,
        dry_run: bool = False,
        batch_size: int = BATCH_SIZE,
        archive_at: datetime | None = None,
    ) -> Cleaned:
        """Delete what ended before a time; count only with `dry_run`.

        `dag_run`: finished runs with all that belongs to them, and documents that no run and no DAG refers to;
        `task_attempt`: archived attempts; `xcom`: XComs of finished runs; `backfill`: those that are over, with
        their dates; `asset_event`: events; `audit_event`: lines of the audit log. Raise `UserError` on another table. With `archive_at`, rows are copied
        to archives of that time first.
        """
        unknown = sorted(set(tables) - set(CLEANABLE))
        if unknown:
            raise UserError(
                f"table `{unknown[0]}` cannot be cleaned", hint=f"Tables to clean: {', '.join(CLEANABLE)}."
            )
        rows = {}
        archive = Archive(self._database, at=archive_at) if archive_at is not None and not dry_run else None
        for table in (name for name in CLEANABLE if name in tables):
            query = _doomed(table, before)
            if archive is not None:
                archive.prepare(_PARTS[table])
            rows[table] = (
                self._count(query) if dry_run else self._delete(table, query, before, batch_size, archive)
            )
        if "dag_run" in tables and not dry_run:
            self._database.write(partial(_delete_documents, before=before))
        return Cleaned(rows=rows, archives=tuple(archive.drop_empty()) if archive is not None else ())

    def _count(self, query: sa.Select[Any]) -> int:
        with self._database.reading() as transaction:
            return int(transaction.run(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one())

    def _delete(
        self, table: str, query: sa.Select[Any], before: datetime, batch_size: int, archive: Archive | None
    ) -> int:
        parts = _PARTS[table]

        def delete(transaction: Transaction) -> tuple[int, int]:
            found = transaction.run(query.limit(batch_size)).fetchall()
            keys = _still_over(transaction, found, before) if table in _OF_RUNS else found
            for some in chunks(keys, _KEYS_AT_ONCE):
                if archive is not None:
                    for part in parts:
                        archive.copy(transaction, part, _among(part, query, some))
                self._delete_rows(transaction, table, query, some)
            return len(found), len(keys)

        count = 0
        for _ in range(BATCHES_MAX):
            found, deleted = self._database.write(delete)
            count += deleted
            if found < batch_size:
                break
        return count

    def _delete_rows(
        self, transaction: Transaction, table: str, query: sa.Select[Any], keys: Sequence[Any]
    ) -> None:
        if table == "dag_run":
            delete_runs(transaction, [key[0] for key in keys])
            return
        for part in reversed(_PARTS[table]):
            which = _among(part, query, keys)
            if part is XCOM:
                bury_xcoms(transaction, which)
            transaction.run(sa.delete(part).where(which))


_PARTS: dict[str, tuple[sa.Table, ...]] = {
    "dag_run": (DAG_RUN, TASK_INSTANCE, TASK_ATTEMPT, XCOM),
    "task_attempt": (TASK_ATTEMPT,),
    "xcom": (XCOM,),
    "backfill": (BACKFILL, BACKFILL_SLOT),
    "asset_event": (ASSET_EVENT, ASSET_USE),
    "audit_event": (AUDIT_EVENT,),
}
"""What goes together; each has the columns that the keys of the first are named by. Children stand last."""
_OF_RUNS = frozenset({"dag_run", "xcom"})
"""Tables whose rows go because their runs are over; a key begins with the run's."""
_KEYS_AT_ONCE = 100


def _among(table: sa.Table, query: sa.Select[Any], keys: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Return the condition on rows that belong to these keys, of the columns that the query names."""
    columns = [table.c[column.name] for column in query.selected_columns]
    if len(columns) == 1:
        found: sa.ColumnElement[bool] = columns[0].in_([key[0] for key in keys])
        return found
    return sa.or_(*(sa.and_(*(c == value for c, value in zip(columns, key, strict=True))) for key in keys))


def _doomed(table: str, before: datetime) -> sa.Select[Any]:
    """Return the query of the keys of what has to go."""
    is_over = _is_over(before)
    if table == "dag_run":
        return sa.select(DAG_RUN.c.run_pk).where(is_over, is_depended_on_no_more()).order_by(DAG_RUN.c.run_pk)
    if table == "xcom":
        return (
            sa.select(*XCOM.primary_key.columns)
            .join(DAG_RUN, DAG_RUN.c.run_pk == XCOM.c.run_pk)
            .where(is_over)
        )
    if table == "backfill":
        return sa.select(BACKFILL.c.backfill_pk).where(BACKFILL.c.completed_at < before)
    if table == "asset_event":
        return sa.select(ASSET_EVENT.c.event_pk).where(ASSET_EVENT.c.at < before)
    if table == "audit_event":
        return sa.select(AUDIT_EVENT.c.event_pk).where(AUDIT_EVENT.c["at"] < before)
    return sa.select(*TASK_ATTEMPT.primary_key.columns).where(TASK_ATTEMPT.c.end_date < before)


def _is_over(before: datetime) -> sa.ColumnElement[bool]:
    return DAG_RUN.c.state.in_(FINISHED_RUNS) & (DAG_RUN.c.end_date < before)


def is_depended_on_no_more() -> sa.ColumnElement[bool]:
    """Return the condition on runs that no open run, and none to come, asks about the past."""
    later = DAG_RUN.alias("later")
    next_state = (
        sa.select(later.c.state)
        .where(later.c.dag_id == DAG_RUN.c.dag_id, later.c.logical_date > DAG_RUN.c.logical_date)
        .order_by(later.c.logical_date)
        .limit(1)
        .correlate(DAG_RUN)
        .scalar_subquery()
    )
    return DAG_RUN.c.logical_date.is_(None) | next_state.in_(FINISHED_RUNS)


def _still_over(transaction: Transaction, keys: Sequence[Any], before: datetime) -> list[Any]:
    """Return the keys whose runs are over, and stay so until the transaction ends: somebody may clear one."""
    over: set[int] = set()
    for part in chunks(sorted({key[0] for key in keys})):
        runs = sa.select(DAG_RUN.c.run_pk).where(DAG_RUN.c.run_pk.in_(part), _is_over(before))
        over.update(transaction.run(runs.order_by(DAG_RUN.c.run_pk).with_for_update()).scalars())
    return [key for key in keys if key[0] in over]


def _delete_documents(transaction: Transaction, *, before: datetime) -> None:
    is_run = sa.exists().where(DAG_RUN.c.document_hash == DAG_DOCUMENT.c.document_hash)
    is_newest = sa.exists().where(DAG.c.document_hash == DAG_DOCUMENT.c.document_hash)
    # A run may be being made of a document that was replaced a moment ago (decision 0014).
    is_late = sa.exists().where(
        DAG.c.dag_id == DAG_DOCUMENT.c.dag_id, DAG.c.last_changed_at > before - SUPERSEDED_KEPT
    )
    transaction.run(sa.delete(DAG_DOCUMENT).where(~is_run, ~is_newest, ~is_late))
