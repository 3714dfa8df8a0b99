"""Deletion of runs with all that belongs to them, and of what is older than people want to keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from windward.errors import UserError
from windward.model.states import RUN_FINISHED
from windward.store.sql.database import Database, Transaction, chunks
from windward.store.sql.tables import (
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

OF_A_RUN = (
    XCOM, DEFERRAL, TASK_ATTEMPT, TASK_INSTANCE, CALLBACK, RUN_LINK, SLA_MISS, HUMAN_INPUT, DEADLINE, TASK_STATE,
)  # fmt: skip
"""What goes with a run."""
CLEANABLE = ("dag_run", "task_attempt", "xcom")
BATCH_SIZE = 500
BATCHES_MAX = 1_000_000


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """What a cleaning deleted, or would delete: rows per table. Locations of objects are on the list of dead objects."""

    rows: dict[str, int]


def delete_runs(transaction: Transaction, run_pks: Sequence[int]) -> int:
    """Delete runs, children first; large XComs go to the list of dead objects. Return how many runs."""
    count = 0
    for part in chunks(sorted(run_pks)):
        bury_xcoms(transaction, XCOM.c.run_pk.in_(part))
        for table in OF_A_RUN:
            transaction.run(sa.delete(table).where(table.c.run_pk.in_(part)))
        count += transaction.run(sa.delete(DAG_RUN).where(DAG_RUN.c.run_pk.in_(part))).rowcount
    return count


def delete_backfills(transaction: Transaction, backfill_pks: Sequence[int]) -> None:
    """Delete backfills with their dates; their runs stay."""
    for part in chunks(sorted(backfill_pks)):
        for table in (BACKFILL_SLOT, BACKFILL):
            transaction.run(sa.delete(table).where(table.c.backfill_pk.in_(part)))


def bury_xcoms(transaction: Transaction, which: sa.ColumnElement[bool]) -> None:
    """Put the locations of XComs that are about to go on the list of dead objects."""
    gone = sa.select(XCOM.c.run_pk, XCOM.c.location).where(which, XCOM.c.location.is_not(None))
    transaction.run(sa.insert(DEAD_OBJECT).from_select(["run_pk", "location"], gone))


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
    ) -> Cleaned:
        """Delete what ended before a time; count only with `dry_run`.

        `dag_run`: finished runs with all that belongs to them, and documents that no run and no DAG refers to;
        `task_attempt`: archived attempts; `xcom`: XComs of finished runs. Raise `UserError` on another table.
        """
        unknown = sorted(set(tables) - set(CLEANABLE))
        if unknown:
            raise UserError(
                f"table `{unknown[0]}` cannot be cleaned", hint=f"Tables to clean: {', '.join(CLEANABLE)}."
            )
        rows = {}
        for table in (name for name in CLEANABLE if name in tables):
            query = _doomed(table, before)
            rows[table] = self._count(query) if dry_run else self._delete(table, query, batch_size)
        if "dag_run" in tables and not dry_run:
            self._database.write(_delete_documents)
        return Cleaned(rows=rows)

    def _count(self, query: sa.Select[Any]) -> int:
        with self._database.reading() as transaction:
            return int(transaction.run(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one())

    def _delete(self, table: str, query: sa.Select[Any], batch_size: int) -> int:
        def delete(transaction: Transaction) -> int:
            rows = transaction.run(query.limit(batch_size)).mappings().fetchall()
            if table == "dag_run":
                delete_runs(transaction, [row["run_pk"] for row in rows])
                return len(rows)
            source = XCOM if table == "xcom" else TASK_ATTEMPT
            for row in rows:
                which = sa.and_(*(source.c[name] == value for name, value in row.items()))
                if source is XCOM:
                    bury_xcoms(transaction, which)
                transaction.run(sa.delete(source).where(which))
            return len(rows)

        count = 0
        for _ in range(BATCHES_MAX):
            deleted = self._database.write(delete)
            count += deleted
            if deleted < batch_size:
                break
        return count


def _doomed(table: str, before: datetime) -> sa.Select[Any]:
    """Return the query of the keys of what has to go."""
    is_over = DAG_RUN.c.state.in_([str(state) for state in RUN_FINISHED]) & (DAG_RUN.c.end_date < before)
    if table == "dag_run":
        return sa.select(DAG_RUN.c.run_pk).where(is_over).order_by(DAG_RUN.c.run_pk)
    if table == "xcom":
        return (
            sa.select(*XCOM.primary_key.columns)
            .join(DAG_RUN, DAG_RUN.c.run_pk == XCOM.c.run_pk)
            .where(is_over)
        )
    return sa.select(*TASK_ATTEMPT.primary_key.columns).where(TASK_ATTEMPT.c.end_date < before)


def _delete_documents(transaction: Transaction) -> None:
    is_run = sa.exists().where(DAG_RUN.c.document_hash == DAG_DOCUMENT.c.document_hash)
    is_newest = sa.exists().where(DAG.c.document_hash == DAG_DOCUMENT.c.document_hash)
    transaction.run(sa.delete(DAG_DOCUMENT).where(~is_run, ~is_newest))
