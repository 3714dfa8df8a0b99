"""Pools, with the slots that are taken and wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from windward.core.pool_use import PoolSpan
from windward.model.records import PoolRecord
from windward.model.states import RUN_FINISHED, RunState, TaskState
from windward.ports.listings.page import Page, PageRequest, Pattern
from windward.ports.listings.pools import PoolRow
from windward.store.sql.database import Database
from windward.store.sql.listings.documents import Documents
from windward.store.sql.listings.filters import matching
from windward.store.sql.listings.paging import Paged
from windward.store.sql.tables import DAG_RUN, POOL, TASK_ATTEMPT, TASK_INSTANCE

_KIND_OF = {
    TaskState.RUNNING: "running",
    TaskState.RESTARTING: "running",
    TaskState.QUEUED: "queued",
    TaskState.SCHEDULED: "scheduled",
    TaskState.DEFERRED: "deferred",
}
_PAGED = Paged(
    {
        "pool": POOL.c.name,
        "name": POOL.c.name,
        "id": POOL.c.name,
        "slots": POOL.c.slots,
        "description": POOL.c.description,
        "include_deferred": POOL.c.include_deferred,
    },
    default=("name",),
    unique=("name",),
)


class SqlPoolListings:
    """Read models of pools."""

    def __init__(self, database: Database, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    def list(self, page: PageRequest, *, name: Pattern = Pattern()) -> Page[PoolRow]:  # noqa: B008 - frozen
        """Return pools with their slots."""
        query = sa.select(POOL).where(*matching(POOL.c.name, name))
        used = self._used()
        return _PAGED.page(self._database, query, page, lambda row: _row(row, used))

    def one(self, name: str) -> PoolRow | None:
        """Return one pool, or None."""
        with self._database.reading() as transaction:
            row = transaction.run(sa.select(POOL).where(POOL.c.name == name)).mappings().first()
        return None if row is None else _row(row, self._used())

    def spans(self, begin: datetime, *, limit: int) -> Sequence[PoolSpan]:
        """Return attempts that were queued or ran after `begin`: those of runs that go on or ended since."""
        run, now, past = DAG_RUN.c, TASK_INSTANCE.c, TASK_ATTEMPT.c
        is_recent = run.state.in_([RunState.RUNNING, RunState.QUEUED]) | (
            run.state.in_(sorted(RUN_FINISHED)) & (run.end_date >= begin)
        )
        holds = now.state.in_([TaskState.RUNNING, TaskState.RESTARTING, TaskState.QUEUED])
        queries = [
            sa.select(run.document_hash, one.task_id, one.queued_at, one.start_date, one.end_date)
            .join(DAG_RUN, run.run_pk == one.run_pk)
            .where(is_recent, one.queued_at.is_not(None), ended)
            for one, ended in (
                (now, (now.end_date >= begin) | (now.end_date.is_(None) & holds)),
                (past, past.end_date >= begin),
            )
        ]
        with self._database.reading() as transaction:
            rows: Sequence[Any] = transaction.run(sa.union_all(*queries).limit(limit)).fetchall()
        known = self._documents.load({row[0] for row in rows})
        spans = []
        for document_hash, task_id, queued_at, start_date, end_date in rows:
            document = known.get(document_hash)
            task = document.tasks.get(task_id) if document is not None else None
            if task is not None:
                spans.append(
                    PoolSpan(
                        pool=task.pool,
                        slots=task.pool_slots,
                        queued_at=queued_at,
                        start_date=start_date,
                        end_date=end_date,
                    )
                )
        return spans

    def _used(self) -> Counter[tuple[str, str]]:
        """Return slots by pool and kind: counted in the database by task, priced by the documents."""
        states = [str(state) for state in _KIND_OF]
        query = (
            sa.select(
                DAG_RUN.c.document_hash, TASK_INSTANCE.c.task_id, TASK_INSTANCE.c.state, sa.func.count()
            )
            .join(DAG_RUN, DAG_RUN.c.run_pk == TASK_INSTANCE.c.run_pk)
            .where(
                DAG_RUN.c.state.in_([RunState.RUNNING, RunState.QUEUED]), TASK_INSTANCE.c.state.in_(states)
            )
            .group_by(DAG_RUN.c.document_hash, TASK_INSTANCE.c.task_id, TASK_INSTANCE.c.state)
        )
        with self._database.reading() as transaction:
            counted: Sequence[Any] = transaction.run(query).fetchall()
        known = self._documents.load({row[0] for row in counted})
        used: Counter[tuple[str, str]] = Counter()
        for document_hash, task_id, state, count in counted:
            document = known.get(document_hash)
            task = document.tasks.get(task_id) if document is not None else None
            if task is not None:
                used[task.pool, _KIND_OF[TaskState(state)]] += count * task.pool_slots
        return used


def _row(row: Any, used: Counter[tuple[str, str]]) -> PoolRow:
    pool = PoolRecord(**row)
    return PoolRow(
        pool=pool,
        running_slots=used[pool.name, "running"],
        queued_slots=used[pool.name, "queued"],
        scheduled_slots=used[pool.name, "scheduled"],
        deferred_slots=used[pool.name, "deferred"],
    )
