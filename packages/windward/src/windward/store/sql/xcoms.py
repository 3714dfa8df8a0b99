"""XComs on a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from windward.core.paths import LOGS_SCHEME
from windward.errors import ConflictError, NotFoundError
from windward.model.ids import TaskKey
from windward.model.states import RUN_FINISHED
from windward.ports.store import Note
from windward.protocol.outcomes import DeadXCom, XComValue
from windward.store.sql.apply import write_xcoms
from windward.store.sql.columns import to_us
from windward.store.sql.database import Database, chunks
from windward.store.sql.deletion import bury_xcoms, of_instance
from windward.store.sql.moves import Texts
from windward.store.sql.notes import write_notes
from windward.store.sql.rows import XCOM_COLUMNS, xcom_of, xcom_row
from windward.store.sql.tables import DAG_RUN, DEAD_OBJECT, TASK_INSTANCE, XCOM
from windward.store.sql.transaction import Transaction

_VALUE = tuple(XCOM.c[name] for name in XCOM_COLUMNS)
_DATE = sa.func.coalesce(DAG_RUN.c.logical_date, DAG_RUN.c.run_after)


class SqlXComs:
    """XComs and where large ones are."""

    def __init__(self, database: Database, texts: Texts) -> None:
        self._database = database
        self._texts = texts
        lock = database.dialect.share_lock
        self._fence = database.dialect.sql(
            f"SELECT fence FROM task_instance WHERE run_pk = ? AND task_id = ? AND map_index = ?{lock}"
        )

    def get_xcom(
        self, dag_id: str, run_id: str, key: str, *, task_id: str | None, map_index: int | None,
        include_prior_dates: bool = False,
    ) -> XComValue | None:  # fmt: skip
        """Return one value, or None."""
        query = (
            sa.select(*_VALUE).join(DAG_RUN, DAG_RUN.c.run_pk == XCOM.c.run_pk).where(XCOM.c.xcom_key == key)
        )
        query = query.where(_runs(dag_id, run_id, include_prior_dates=include_prior_dates))
        if map_index is not None:
            query = query.where(XCOM.c.map_index == map_index)
        if include_prior_dates:
            query = query.order_by(*_newest_run(run_id))
        if task_id is None:
            query = query.order_by(XCOM.c.set_at.desc(), XCOM.c.task_id.desc(), XCOM.c.map_index.desc())
        else:
            query = query.where(XCOM.c.task_id == task_id).order_by(XCOM.c.map_index)
        with self._database.reading() as transaction:
            row = transaction.run(query.limit(1)).first()
        return None if row is None else xcom_of(row)

    def get_xcoms(
        self, dag_id: str, run_id: str, key: str, *, task_ids: Sequence[str],
        map_indexes: Sequence[int] | None, include_prior_dates: bool, offset: int, limit: int,
    ) -> tuple[list[tuple[str, int, str, XComValue]], int]:  # fmt: skip
        """Return a page of (task_id, map_index, run_id, value), and the count of all."""
        if not include_prior_dates:
            return self._xcoms_of_run(dag_id, run_id, key, task_ids, map_indexes, offset, limit)
        place = sa.func.row_number().over(
            partition_by=(XCOM.c.task_id, XCOM.c.map_index), order_by=_newest_run(run_id)
        )
        query = (
            sa.select(XCOM.c.run_pk, XCOM.c.task_id, XCOM.c.map_index, DAG_RUN.c.run_id, place.label("place"))
            .join(DAG_RUN, DAG_RUN.c.run_pk == XCOM.c.run_pk)
            .where(XCOM.c.xcom_key == key, XCOM.c.task_id.in_(task_ids))
            .where(_runs(dag_id, run_id, include_prior_dates=include_prior_dates))
        )
        if map_indexes is not None:
            query = query.where(XCOM.c.map_index.in_(map_indexes))
        newest = query.subquery()
        is_value = (
            (XCOM.c.run_pk == newest.c.run_pk)
            & (XCOM.c.task_id == newest.c.task_id)
            & (XCOM.c.map_index == newest.c.map_index)
            & (XCOM.c.xcom_key == key)
        )
        page = (
            sa.select(newest.c.task_id, newest.c.map_index, newest.c.run_id, *_VALUE)
            .join(XCOM, is_value)
            .where(newest.c.place == 1)
            .order_by(newest.c.task_id, newest.c.map_index)
            .offset(offset)
            .limit(limit)
        )
        count = sa.select(sa.func.count()).select_from(newest).where(newest.c.place == 1)
        with self._database.reading() as transaction:
            rows = transaction.run(page).fetchall()
            total = transaction.run(count).scalar_one()
        return [(row[0], row[1], row[2], xcom_of(row[3:])) for row in rows], total

    def _xcoms_of_run(
        self, dag_id: str, run_id: str, key: str, task_ids: Sequence[str],
        map_indexes: Sequence[int] | None, offset: int, limit: int,
    ) -> tuple[list[tuple[str, int, str, XComValue]], int]:  # fmt: skip
        """As `get_xcoms`, by the primary key alone: each instance of a mapped task may ask for one of them all."""
        is_run = (DAG_RUN.c.dag_id == dag_id) & (DAG_RUN.c.run_id == run_id)
        run_pk = sa.select(DAG_RUN.c.run_pk).where(is_run).scalar_subquery()
        asked = (XCOM.c.run_pk == run_pk) & XCOM.c.task_id.in_(task_ids) & (XCOM.c.xcom_key == key)
        if map_indexes is not None:
            asked &= XCOM.c.map_index.in_(map_indexes)
        page = (
            sa.select(XCOM.c.task_id, XCOM.c.map_index, *_VALUE)
            .where(asked)
            .order_by(XCOM.c.task_id, XCOM.c.map_index)
            .offset(offset)
            .limit(limit)
        )
        with self._database.reading() as transaction:
            rows = transaction.run(page).fetchall()
            total = transaction.run(sa.select(sa.func.count()).select_from(XCOM).where(asked)).scalar_one()
        return [(row[0], row[1], run_id, xcom_of(row[2:])) for row in rows], total

    def set_xcom(self, key: TaskKey, name: str, value: XComValue, *, fence: int, now: datetime) -> None:
        """Store a value; raise `ConflictError` if the instance has another fence."""
        put = (*key, name, *xcom_row(value), to_us(now))

        def check_and_set(transaction: Transaction) -> None:
            # The lock makes a move that raises the fence wait until the value is in, or this see the new fence.
            rows = transaction.select(self._fence, (key.run_pk, key.task_id, key.map_index))
            if [row[0] for row in rows] != [fence]:
                raise ConflictError(
                    f"task instance `{key.task_id}` [{key.map_index}] has another attempt by now"
                )
            write_xcoms(transaction, self._texts, [put])

        self._database.write(check_and_set)

    def edit_xcom(
        self, key: TaskKey, name: str, value: XComValue | None, *, is_new: bool, now: datetime,
        return_length: int | UnsetType | None = UNSET,
    ) -> None:  # fmt: skip
        """Store a value in the name of an instance, or delete it."""
        which = of_instance(XCOM, key) & (XCOM.c.xcom_key == name)
        own_row = of_instance(TASK_INSTANCE, key)

        def edit(transaction: Transaction) -> None:
            if return_length is not UNSET:
                # The run first, as whoever applies decisions does.
                raised = DAG_RUN.c.revision + 1
                transaction.run(
                    sa.update(DAG_RUN).where(DAG_RUN.c.run_pk == key.run_pk).values(revision=raised)
                )
            # The lock makes one wait for the other: nothing else keeps two from finding no value.
            found = transaction.run(sa.select(TASK_INSTANCE.c.fence).where(own_row).with_for_update()).first()
            is_there = (
                transaction.run(sa.select(XCOM.c.size_bytes).where(which).with_for_update()).first()
                is not None
            )
            if found is None or (not is_new and not is_there):
                raise NotFoundError(f"task instance `{key.task_id}` [{key.map_index}] has no value `{name}`")
            if is_new and is_there:
                raise ConflictError(f"task instance `{key.task_id}` [{key.map_index}] has a value `{name}`")
            if value is None:
                bury_xcoms(transaction, which)
                transaction.run(sa.delete(XCOM).where(which))
            else:
                write_xcoms(transaction, self._texts, [(*key, name, *xcom_row(value), to_us(now))])
            if return_length is not UNSET:
                transaction.run(sa.update(TASK_INSTANCE).where(own_row).values(return_length=return_length))
                write_notes(transaction, self._texts, [Note(kind="run", subject=str(key.run_pk))])

        self._database.write(edit)

    def delete_xcoms(self, key: TaskKey, name: str | None, *, is_purged: bool = False) -> list[str]:
        """Delete the instance's values; return the locations of large ones."""
        which = (
            (XCOM.c.run_pk == key.run_pk)
            & (XCOM.c.task_id == key.task_id)
            & (XCOM.c.map_index == key.map_index)
        )
        if name is not None:
            which &= XCOM.c.xcom_key == name
        query = sa.select(XCOM.c.location).where(which).order_by(XCOM.c.xcom_key)

        def delete(transaction: Transaction) -> list[str]:
            locations = list(transaction.run(query.with_for_update()).scalars())
            if is_purged:
                transaction.run(sa.update(XCOM).where(which).values(backend=None))
            bury_xcoms(transaction, which)
            transaction.run(sa.delete(XCOM).where(which))
            return [str(location) for location in locations if location is not None]

        return self._database.write(delete)

    def load_dead_objects(self, *, limit: int, of_logs: bool = False) -> list[str]:
        """Return locations that no XCom refers to any more, or folders of logs whose run is gone."""
        oldest = sa.func.min(DEAD_OBJECT.c.dead_pk)
        # An object belongs to one run, whose XComs are few: no index on locations is needed.
        is_alive = sa.exists().where(
            XCOM.c.run_pk == DEAD_OBJECT.c.run_pk, XCOM.c.location == DEAD_OBJECT.c.location
        )
        is_logs = DEAD_OBJECT.c.location.startswith(LOGS_SCHEME)
        query = (
            sa.select(DEAD_OBJECT.c.location)
            .where(~is_alive, DEAD_OBJECT.c.backend.is_(None), is_logs if of_logs else ~is_logs)
            .group_by(DEAD_OBJECT.c.location)
            .order_by(oldest)
        )
        with self._database.reading() as transaction:
            return [str(location) for location in transaction.run(query.limit(limit)).scalars()]

    def forget_dead_objects(self, locations: Sequence[str]) -> None:
        """Forget locations whose objects were deleted."""

        def forget(transaction: Transaction) -> None:
            for part in chunks(locations):
                transaction.run(sa.delete(DEAD_OBJECT).where(DEAD_OBJECT.c.location.in_(part)))

        self._database.write(forget)

    def load_dead_xcoms(self, *, limit: int, of: TaskKey | None = None) -> list[DeadXCom]:
        """Return values that are gone and have to be purged."""
        dead = DEAD_OBJECT.c
        is_asked = dead.backend.is_not(None) & ~_has_successor()
        if of is not None:
            is_asked &= of_instance(DEAD_OBJECT, of)
        else:
            is_open = DAG_RUN.c.state.not_in([str(state) for state in RUN_FINISHED])
            is_asked &= ~sa.exists().where(DAG_RUN.c.run_pk == dead.run_pk, is_open)
        query = sa.select(*(dead[name] for name in _DEAD_COLUMNS)).where(is_asked)
        with self._database.reading() as transaction:
            rows = transaction.run(query.order_by(dead.tries, dead.dead_pk).limit(limit))
            return [_dead_of(row) for row in rows]

    def settle_dead_xcoms(self, purged: Sequence[int], *, failed: Sequence[int] = ()) -> None:
        """Forget what was purged, but for objects in the object store, and count what failed."""
        dead = DEAD_OBJECT.c

        def settle(transaction: Transaction) -> None:
            for part in chunks(purged):
                is_done = dead.dead_pk.in_(part)
                transaction.run(sa.delete(DEAD_OBJECT).where(is_done, dead.location == ""))
                transaction.run(sa.update(DEAD_OBJECT).where(is_done).values(backend=None, data=None))
            for part in chunks(failed):
                counted = sa.update(DEAD_OBJECT).where(dead.dead_pk.in_(part))
                transaction.run(counted.values(tries=dead.tries + 1))

        self._database.write(settle)


_DEAD_COLUMNS = (
    "dead_pk", "run_pk", "dag_id", "run_id", "task_id", "map_index", "xcom_key",
    "encoding", "data", "location", "backend", "tries",
)  # fmt: skip


def _dead_of(row: Any) -> DeadXCom:
    return DeadXCom(
        dead_pk=row.dead_pk,
        dag_id=row.dag_id,
        run_id=row.run_id,
        task_id=row.task_id,
        map_index=row.map_index,
        key=row.xcom_key,
        value=XComValue(
            encoding=row.encoding,
            data=None if row.data is None else bytes(row.data),
            location=row.location or None,
            backend=row.backend,
        ),
        tries=row.tries,
    )


def _has_successor() -> sa.ColumnElement[bool]:
    """Whether a value that took the place of a dead one stands for the same thing elsewhere."""
    dead, x = DEAD_OBJECT.c, XCOM.c
    is_place = (
        (x.run_pk == dead.run_pk)
        & (x.task_id == dead.task_id)
        & (x.map_index == dead.map_index)
        & (x.xcom_key == dead.xcom_key)
    )
    is_same_data = (x.data == dead.data) | (x.data.is_(None) & dead.data.is_(None))
    is_same = (x.encoding == dead.encoding) & (sa.func.coalesce(x.location, "") == dead.location)
    return sa.exists().where(is_place, is_same, is_same_data)


def _runs(dag_id: str, run_id: str, *, include_prior_dates: bool) -> sa.ColumnElement[bool]:
    is_run = (DAG_RUN.c.dag_id == dag_id) & (DAG_RUN.c.run_id == run_id)
    if not include_prior_dates:
        return is_run
    run = DAG_RUN.alias("asked")
    date = (
        sa.select(sa.func.coalesce(run.c.logical_date, run.c.run_after))
        .where(run.c.dag_id == dag_id, run.c.run_id == run_id)
        .scalar_subquery()
    )
    return is_run | ((DAG_RUN.c.dag_id == dag_id) & (date > _DATE))


def _newest_run(run_id: str) -> tuple[Any, ...]:
    is_other = DAG_RUN.c.run_id != run_id
    return (is_other, _DATE.desc(), DAG_RUN.c.run_pk.desc())
