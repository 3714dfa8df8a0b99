"""Small values that tasks keep, on a database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from windward.errors import ConflictError
from windward.model.ids import TaskKey
from windward.store.sql.columns import storable, to_us
from windward.store.sql.database import Database
from windward.store.sql.tables import ASSET_STATE, TASK_STATE
from windward.store.sql.transaction import Transaction

_INSTANCE = ("run_pk", "task_id", "map_index")


class SqlStates:
    """Small values of task instances and assets."""

    def __init__(self, database: Database) -> None:
        self._database = database
        dialect = database.dialect
        self._put_task = dialect.upsert(
            "task_state", (*_INSTANCE, "state_key"), ("value", "set_at", "expires_at")
        )
        self._put_asset = dialect.upsert("asset_state", ("asset", "state_key"), ("value", "set_by", "set_at"))
        self._fence = dialect.sql(
            "SELECT fence FROM task_instance WHERE run_pk = ? AND task_id = ? AND map_index = ?"
            f"{dialect.share_lock}"
        )

    def get_task_state(self, key: TaskKey, name: str, *, now: datetime) -> str | None:
        """Return a value of an instance, or None."""
        query = sa.select(TASK_STATE.c.value).where(_of(key), TASK_STATE.c.state_key == name, _lasting(now))
        return self._one(query)

    def set_task_state(
        self, key: TaskKey, name: str, value: str, *, fence: int, now: datetime, expires_at: datetime | None
    ) -> None:
        """Insert or replace; raise `ConflictError` if the instance's fence is not `fence` any more."""
        row = (*key, name, storable(value), to_us(now), to_us(expires_at))

        def check_and_set(transaction: Transaction) -> None:
            if [found[0] for found in transaction.select(self._fence, tuple(key))] != [fence]:
                raise ConflictError(
                    f"task instance `{key.task_id}` [{key.map_index}] has another attempt by now"
                )
            transaction.upsert(self._put_task, [row])

        self._database.write(check_and_set)

    def delete_task_state(self, key: TaskKey, name: str | None, *, all_instances: bool = False) -> int:
        """Delete one value, or all; return how many there were."""
        which = _of(key, all_instances=all_instances)
        if name is not None:
            which &= TASK_STATE.c.state_key == name
        return self._delete(sa.delete(TASK_STATE).where(which))

    def list_task_state(self, run_pk: int, *, now: datetime) -> list[tuple[TaskKey, str, str, datetime]]:
        """Return (instance, name, value, set at) of a run by task, map index and name."""
        columns = TASK_STATE.c
        query = (
            sa.select(columns.task_id, columns.map_index, columns.state_key, columns.value, columns.set_at)
            .where(columns.run_pk == run_pk, _lasting(now))
            .order_by(columns.task_id, columns.map_index, columns.state_key)
        )
        with self._database.reading() as transaction:
            rows = transaction.run(query).fetchall()
        return [(TaskKey(run_pk, row[0], row[1]), row[2], row[3], row[4]) for row in rows]

    def get_asset_state(self, asset: str, name: str) -> str | None:
        """Return a value of an asset, or None."""
        which = (ASSET_STATE.c.asset == asset) & (ASSET_STATE.c.state_key == name)
        return self._one(sa.select(ASSET_STATE.c.value).where(which))

    def set_asset_state(self, asset: str, name: str, value: str, *, by: str, now: datetime) -> None:
        """Insert or replace; `by` names who wrote it."""
        row = (asset, name, storable(value), storable(by), to_us(now))
        self._database.write(lambda transaction: transaction.upsert(self._put_asset, [row]))

    def delete_asset_state(self, asset: str, name: str | None) -> int:
        """Delete one value or all of an asset; return how many there were."""
        query = sa.delete(ASSET_STATE).where(ASSET_STATE.c.asset == asset)
        return self._delete(query if name is None else query.where(ASSET_STATE.c.state_key == name))

    def list_asset_state(self, asset: str | None = None) -> list[tuple[str, str, str, str, datetime]]:
        """Return (asset, name, value, by, set at) by asset and name."""
        columns = ASSET_STATE.c
        query = sa.select(columns.asset, columns.state_key, columns.value, columns.set_by, columns.set_at)
        if asset is not None:
            query = query.where(columns.asset == asset)
        with self._database.reading() as transaction:
            rows = transaction.run(query.order_by(columns.asset, columns.state_key)).fetchall()
        return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]

    def count_expired_states(self, *, before: datetime) -> int:
        """Return how many values of instances expired before a time."""
        query = sa.select(sa.func.count()).select_from(TASK_STATE).where(TASK_STATE.c.expires_at <= before)
        with self._database.reading() as transaction:
            return int(transaction.run(query).scalar_one())

    def delete_expired_states(self, *, before: datetime, limit: int) -> int:
        """Delete values of instances that expired before a time; return how many."""
        columns = TASK_STATE.primary_key.columns
        query = sa.select(*columns).where(TASK_STATE.c.expires_at <= before).limit(limit)

        def delete(transaction: Transaction) -> int:
            rows = transaction.run(query).mappings().fetchall()
            for row in rows:
                which = sa.and_(*(TASK_STATE.c[name] == value for name, value in row.items()))
                transaction.run(sa.delete(TASK_STATE).where(which))
            return len(rows)

        return self._database.write(delete)

    def _one(self, query: sa.Select[Any]) -> str | None:
        with self._database.reading() as transaction:
            found: str | None = transaction.run(query).scalar_one_or_none()
        return found

    def _delete(self, query: sa.Delete) -> int:
        return self._database.write(lambda transaction: int(transaction.run(query).rowcount))


def _of(key: TaskKey, *, all_instances: bool = False) -> sa.ColumnElement[bool]:
    which = (TASK_STATE.c.run_pk == key.run_pk) & (TASK_STATE.c.task_id == key.task_id)
    return which if all_instances else which & (TASK_STATE.c.map_index == key.map_index)


def _lasting(now: datetime) -> sa.ColumnElement[bool]:
    return TASK_STATE.c.expires_at.is_(None) | (TASK_STATE.c.expires_at > now)
