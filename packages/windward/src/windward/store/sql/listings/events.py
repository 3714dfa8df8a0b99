"""The audit log, as the API shows it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from windward.model.access import DagReach
from windward.model.accounts import AuditEvent
from windward.ports.listings.events import EventFilter, EventRow
from windward.ports.listings.page import Page, PageRequest
from windward.store.sql.database import Database
from windward.store.sql.listings.filters import Condition, matching, visible, within
from windward.store.sql.listings.paging import Paged
from windward.store.sql.tables import AUDIT_EVENT, DAG

_E = AUDIT_EVENT.c
_PAGED = Paged(
    {
        "id": _E.event_pk,
        "event_log_id": _E.event_pk,
        "dttm": _E["at"],
        "when": _E["at"],
        "dag_id": _E.dag_id,
        "task_id": _E.task_id,
        "run_id": _E.run_id,
        "event": _E.event,
        "logical_date": _E.logical_date,
        "owner": _E.owner,
        "extra": _E.extra,
    },
    default=("id",),
    unique=("id",),
)


class SqlEventListings:
    """Read models of the audit log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, page: PageRequest, which: EventFilter, *, reach: DagReach) -> Page[EventRow]:
        """Return lines about DAGs within the reach."""
        conditions = [*_conditions(which), *visible(_E.dag_id, reach, self._database.dialect)]
        count = sa.select(_E.event_pk).where(*conditions)
        return _PAGED.page(self._database, _query().where(*conditions), page, _event, count=count)

    def one(self, event_pk: int, *, reach: DagReach) -> EventRow | None:
        """Return one line, or None."""
        seen = visible(_E.dag_id, reach, self._database.dialect)
        with self._database.reading() as transaction:
            query = _query().where(_E.event_pk == event_pk, *seen)
            row = transaction.run(query).mappings().one_or_none()
        return None if row is None else _event(row)


def _query() -> sa.Select[Any]:
    joined = AUDIT_EVENT.outerjoin(DAG, DAG.c.dag_id == _E.dag_id)
    return sa.select(AUDIT_EVENT, DAG.c.display_name).select_from(joined)


def _conditions(which: EventFilter) -> list[Condition]:
    found: list[Condition] = []
    for name in ("dag_id", "task_id", "run_id", "map_index", "try_number", "owner", "event"):
        value = getattr(which, name)
        if value is not None:
            found.append(_E[name] == value)
    if which.included:
        found.append(_E.event.in_(list(which.included)))
    if which.excluded:
        found.append(_E.event.not_in(list(which.excluded)))
    found += within(_E["at"], which.at)
    patterns = ((_E.dag_id, which.dag), (_E.task_id, which.task), (_E.run_id, which.run),
                (_E.owner, which.who), (_E.event, which.what))  # fmt: skip
    for column, pattern in patterns:
        found += matching(column, pattern)
    return found


def _event(row: Any) -> EventRow:
    event = AuditEvent(
        at=row["at"],
        event=row["event"],
        owner=row["owner"],
        status=row["status"],
        dag_id=row["dag_id"],
        run_id=row["run_id"],
        task_id=row["task_id"],
        map_index=row["map_index"],
        try_number=row["try_number"],
        logical_date=row["logical_date"],
        address=row["address"],
        extra=row["extra"],
        event_pk=row["event_pk"],
    )
    return EventRow(event=event, dag_display_name=row["display_name"])
