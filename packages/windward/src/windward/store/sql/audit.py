"""The audit log on a database, as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from windward.model.accounts import AuditEvent
from windward.store.sql.columns import storable, storable_or_none
from windward.store.sql.database import Database, chunks
from windward.store.sql.tables import AUDIT_EVENT
from windward.store.sql.transaction import Transaction

ID_MAX = 250


class SqlAudit:
    """Adds lines, and deletes old ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write_events(self, events: Sequence[AuditEvent]) -> None:
        """Add lines."""
        rows = [
            {
                "at": one.at,
                "event": one.event[:100],
                "owner": storable(one.owner[:ID_MAX]),
                "status": one.status,
                "dag_id": _cut(one.dag_id),
                "run_id": _cut(one.run_id),
                "task_id": _cut(one.task_id),
                "map_index": one.map_index,
                "try_number": one.try_number,
                "logical_date": one.logical_date,
                "address": storable(one.address[:100]),
                "extra": storable(one.extra),
            }
            for one in events
        ]
        if rows:
            self._database.write(lambda transaction: transaction.run(sa.insert(AUDIT_EVENT), rows))

    def delete_old_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest lines from before a time."""

        def delete(transaction: Transaction) -> int:
            query = sa.select(AUDIT_EVENT.c.event_pk).where(AUDIT_EVENT.c["at"] < before)
            pks = list(transaction.run(query.order_by(AUDIT_EVENT.c["at"]).limit(limit)).scalars())
            for part in chunks(pks):
                transaction.run(sa.delete(AUDIT_EVENT).where(AUDIT_EVENT.c.event_pk.in_(part)))
            return len(pks)

        return self._database.write(delete)


def _cut(text: str | None) -> str | None:
    """Return an id as far as a column holds it: what somebody asked for may be no id at all."""
    return storable_or_none(text[:ID_MAX] if text is not None else None)
