"""XComs, as the API shows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from windward.model.ids import TaskKey
from windward.ports.listings.page import Page, PageRequest
from windward.ports.listings.xcoms import XComFilter, XComRow
from windward.protocol.outcomes import XComValue
from windward.store.sql.database import Database
from windward.store.sql.dialect import Dialect
from windward.store.sql.listings.documents import Documents
from windward.store.sql.listings.filters import Condition, matching, visible, within
from windward.store.sql.listings.paging import Paged
from windward.store.sql.rows import XCOM_COLUMNS, xcom_of
from windward.store.sql.tables import DAG, DAG_RUN, XCOM

_X, _R = XCOM.c, DAG_RUN.c
_NAME = sa.func.coalesce(DAG.c.display_name, _R.dag_id)
_FROM = XCOM.join(DAG_RUN, _R.run_pk == _X.run_pk).outerjoin(DAG, DAG.c.dag_id == _R.dag_id)
_PLACE = (_X.run_pk, _X.task_id, _X.map_index, _X.xcom_key, _X.set_at)
_SIZE = (_X.encoding, _X.size_bytes, _X.length, _X.location, _X.preview)
_QUERY = sa.select(
    *_PLACE,
    *_SIZE,
    _R.dag_id,
    _R.run_id,
    _R.logical_date,
    _R.run_after,
    _R.document_hash,
    _NAME.label("name"),
).select_from(_FROM)
_ONE = ("dag_id", "task_id", "run_id", "map_index", "key")
_PAGED = Paged(
    {
        "key": _X.xcom_key,
        "dag_id": _R.dag_id,
        "run_id": _R.run_id,
        "task_id": _X.task_id,
        "map_index": _X.map_index,
        "timestamp": _X.set_at,
        "run_after": _R.run_after,
    },
    default=_ONE,
    unique=_ONE,
)


class SqlXComListings:
    """Read models of XComs."""

    def __init__(self, database: Database, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    def list(self, page: PageRequest, which: XComFilter) -> Page[XComRow]:
        """Return XComs."""
        conditions = _conditions(which, self._database.dialect)
        count = sa.select(_X.run_pk).select_from(_FROM).where(*conditions)
        found = _PAGED.page(self._database, _QUERY.where(*conditions), page, dict, count=count)
        return Page(rows=tuple(self._made(found.rows)), total=found.total)

    def one(
        self, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
    ) -> tuple[XComRow, XComValue] | None:
        """Return one XCom with its value, or None."""
        columns = (_X[name] for name in XCOM_COLUMNS if name in {"data", "backend"})
        query = _QUERY.add_columns(*columns).where(
            _R.dag_id == dag_id,
            _R.run_id == run_id,
            _X.task_id == task_id,
            _X.map_index == map_index,
            _X.xcom_key == key,
        )
        with self._database.reading() as transaction:
            row = transaction.run(query).mappings().one_or_none()
        if row is None:
            return None
        (shown,) = self._made([row])
        return shown, xcom_of([row[name] for name in XCOM_COLUMNS])

    def values(self, task: TaskKey, keys: Collection[str]) -> dict[str, XComValue]:
        """Return values of one instance by key."""
        place = sa.and_(_X.run_pk == task.run_pk, _X.task_id == task.task_id, _X.map_index == task.map_index)
        query = sa.select(_X.xcom_key, *(_X[name] for name in XCOM_COLUMNS))
        with self._database.reading() as transaction:
            rows = transaction.run(query.where(place, _X.xcom_key.in_(sorted(keys)))).fetchall()
        return {row[0]: xcom_of(row[1:]) for row in rows}

    def _made(self, rows: Sequence[Any]) -> Sequence[XComRow]:
        known = self._documents.load({row["document_hash"] for row in rows})
        made = []
        for row in rows:
            document = known.get(row["document_hash"])
            task = document.tasks.get(row["task_id"]) if document is not None else None
            made.append(
                XComRow(
                    key=row["xcom_key"],
                    set_at=row["set_at"],
                    task=TaskKey(row["run_pk"], row["task_id"], row["map_index"]),
                    dag_id=row["dag_id"],
                    run_id=row["run_id"],
                    logical_date=row["logical_date"],
                    run_after=row["run_after"],
                    dag_display_name=row["name"],
                    task_display_name=(task.display_name if task is not None else None) or row["task_id"],
                    encoding=row["encoding"],
                    size_bytes=row["size_bytes"],
                    length=row["length"],
                    location=row["location"],
                    preview=row["preview"],
                )
            )
        return made


def _conditions(which: XComFilter, dialect: Dialect) -> Sequence[Condition]:
    found = [
        *visible(_R.dag_id, which.reach, dialect),
        *within(_R.logical_date, which.logical_date),
        *within(_R.run_after, which.run_after),
        *matching(_X.xcom_key, which.keys),
        *matching(_R.dag_id, which.dags),
        *matching(_NAME, which.dag_names),
        *matching(_R.run_id, which.runs),
        *matching(_X.task_id, which.tasks),
    ]
    for column, value in (
        (_R.dag_id, which.dag_id),
        (_R.run_id, which.run_id),
        (_X.task_id, which.task_id),
        (_X.xcom_key, which.key),
    ):
        if value is not None:
            found.append(column == value)
    found += (_X.map_index == one for one in which.map_indexes)
    return found
