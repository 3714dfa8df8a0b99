"""Missed SLAs, on a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from windward.core.slas import MissSla
from windward.model.slas import SlaMissRecord
from windward.store.sql.columns import to_us
from windward.store.sql.database import Database, chunks
from windward.store.sql.tables import DAG_RUN, SLA_MISS
from windward.store.sql.transaction import Row

SLA_COLUMNS = ("run_pk", "task_id", "dag_id", "due_at", "missed_at")
_READ = (SLA_MISS, DAG_RUN.c.run_id, DAG_RUN.c.logical_date)


def sla_rows(action: MissSla) -> list[Row]:
    """Return the values of `SLA_COLUMNS` for each miss."""
    return [
        (miss.run_pk, miss.task_id, miss.dag_id, to_us(miss.due_at), to_us(miss.missed_at))
        for miss in action.misses
    ]


class SqlSlaReads:
    """Reads of missed SLAs."""

    _database: Database

    def load_sla_misses(self, run_pks: Sequence[int]) -> list[SlaMissRecord]:
        """Return the misses of these runs by run and task."""
        found: list[SlaMissRecord] = []
        for part in chunks(sorted(set(run_pks))):
            query = _query().where(SLA_MISS.c.run_pk.in_(part))
            found += self._sla_misses(query.order_by(SLA_MISS.c.run_pk, SLA_MISS.c.task_id))
        return found

    def list_sla_misses(self, *, dag_id: str | None = None, limit: int) -> list[SlaMissRecord]:
        """Return misses, those found last first."""
        query = _query()
        if dag_id is not None:
            query = query.where(SLA_MISS.c.dag_id == dag_id)
        order = (SLA_MISS.c.missed_at.desc(), SLA_MISS.c.run_pk, SLA_MISS.c.task_id)
        return self._sla_misses(query.order_by(*order).limit(limit))

    def _sla_misses(self, query: sa.Select[Any]) -> list[SlaMissRecord]:
        with self._database.reading() as transaction:
            rows = transaction.run(query).mappings().fetchall()
        return [SlaMissRecord(**row) for row in rows]


def _query() -> sa.Select[Any]:
    return sa.select(*_READ).join(DAG_RUN, DAG_RUN.c.run_pk == SLA_MISS.c.run_pk)
