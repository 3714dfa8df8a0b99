"""Events of assets, as the API shows them, and what of them waits for DAGs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from windward.model.access import DagReach
from windward.model.records import AssetEventRecord
from windward.ports.listings.assets import AssetEventFilter, QueuedRow
from windward.ports.listings.page import Page, PageRequest
from windward.store.sql.assets import COLUMNS, event_of
from windward.store.sql.columns import UtcTime
from windward.store.sql.database import Database
from windward.store.sql.dialect import Dialect
from windward.store.sql.listings.filters import Column, Condition, matching, visible, within
from windward.store.sql.listings.paging import Paged
from windward.store.sql.tables import ASSET_EVENT, ASSET_USE, DAG

QUEUED_MAX = 10_000
_ID_DIGITS = 12
_E, _U = ASSET_EVENT.c, ASSET_USE.c
_QUERY = sa.select(*(_E[name] for name in COLUMNS))
_PAGED = Paged(
    {
        "id": _E.event_pk,
        "timestamp": _E["at"],
        "source_dag_id": _E.source_dag_id,
        "source_run_id": _E.source_run_id,
        "source_task_id": _E.source_task_id,
        "source_map_index": _E.source_map_index,
    },
    default=("timestamp",),
    unique=("id",),
)


def events_of(
    database: Database, page: PageRequest, which: AssetEventFilter, dags: DagReach
) -> Page[AssetEventRecord]:
    """Return events that no DAG made, or one within the reach."""
    found: list[Condition] = [*within(_E["at"], which.at), *matching(_E.name, which.name)]
    if which.asset_id is not None:
        found.append(is_asset(_E.asset_key, which.asset_id))
    for name in ("source_dag_id", "source_run_id", "source_task_id", "source_map_index"):
        value = getattr(which, name)
        if value is not None:
            found.append(_E[name] == value)
    if which.taken_by is not None:
        found.append(_E.event_pk.in_(sa.select(_U.event_pk).where(_U.run_pk == which.taken_by)))
    found += shown_events(dags, database.dialect)
    count = sa.select(_E.event_pk).where(*found)
    return _PAGED.page(database, _QUERY.where(*found), page, _event, count=count)


def shown_events(dags: DagReach, dialect: Dialect) -> list[Condition]:
    """Return the condition that no DAG made an event, or one within the reach; none when all are."""
    seen = visible(_E.source_dag_id, dags, dialect)
    return [sa.or_(_E.source_dag_id.is_(None), *seen)] if seen else []


def queued_of(
    database: Database,
    dags: DagReach,
    *,
    asset_id: int | None,
    dag_id: str | None,
    before: datetime | None,
) -> Sequence[QueuedRow]:
    """Return what waits for DAGs within the reach."""
    since = sa.func.min(_E["at"], type_=UtcTime).label("since")
    query = (
        sa.select(_U.dag_id, _E.asset_key, since, sa.func.max(DAG.c.display_name).label("name"))
        .select_from(
            ASSET_USE.join(ASSET_EVENT, _E.event_pk == _U.event_pk).outerjoin(DAG, DAG.c.dag_id == _U.dag_id)
        )
        .where(_U.run_pk.is_(None), *visible(_U.dag_id, dags, database.dialect))
        .group_by(_U.dag_id, _E.asset_key)
        .order_by(_U.dag_id, _E.asset_key)
        .limit(QUEUED_MAX)
    )
    if asset_id is not None:
        query = query.where(is_asset(_E.asset_key, asset_id))
    if dag_id is not None:
        query = query.where(_U.dag_id == dag_id)
    if before is not None:
        query = query.where(_E["at"] < before)
    with database.reading() as transaction:
        rows = transaction.run(query).fetchall()
    return [
        QueuedRow(
            dag_id=row.dag_id, display_name=row.name or row.dag_id, asset_key=row.asset_key, since=row.since
        )
        for row in rows
    ]


def is_asset(asset_key: Column, asset_id: int) -> Condition:
    """Return the condition that a key is of the asset with this number, which is how the key begins."""
    digits = f"{asset_id:0{_ID_DIGITS}x}" if asset_id >= 0 else ""
    if len(digits) != _ID_DIGITS:
        return sa.false()
    return sa.and_(asset_key >= digits, asset_key < f"{digits}g")


def _event(row: Any) -> AssetEventRecord:
    return event_of([row[name] for name in COLUMNS])
