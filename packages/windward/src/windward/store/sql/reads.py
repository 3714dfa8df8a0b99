"""Reads for people, on a database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from windward.document import decode
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import DagRecord, RunParent, RunRecord, TaskRecord
from windward.model.states import RunState, TaskState
from windward.ports.reads import LIST_LIMIT_MAX, AttemptRecord, DagDetails, DagSummary
from windward.store.history import Line
from windward.store.sql.catalog import file_of
from windward.store.sql.columns import to_us
from windward.store.sql.database import Database
from windward.store.sql.rows import RUN_COLUMNS, TASK_COLUMNS, run_of, task_of, trail_of
from windward.store.sql.tables import (
    DAG,
    DAG_DOCUMENT,
    DAG_FILE,
    DAG_RUN,
    RUN_LINK,
    TASK_ATTEMPT,
    TASK_INSTANCE,
)

_PLAIN = tuple(
    name for name in DagSummary.__struct_fields__ if name not in {"owners", "tags", "has_import_errors"}
)
_RECORD = DagRecord.__struct_fields__


class SqlReads:
    """What the command line and the API show."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list_dags(
        self,
        *,
        active_only: bool = True,
        tags: Sequence[str] = (),
        offset: int = 0,
        limit: int = LIST_LIMIT_MAX,
    ) -> list[DagSummary]:
        """Return DAGs by id."""
        has_errors = sa.exists().where(DAG_FILE.c.fileloc == DAG.c.fileloc, DAG_FILE.c.error.is_not(None))
        query = sa.select(DAG, has_errors.label("has_import_errors")).order_by(DAG.c.dag_id)
        if active_only:
            query = query.where(DAG.c.is_active)
        limit = min(limit, LIST_LIMIT_MAX)
        if not tags:
            query = query.offset(offset).limit(limit)
        with self._database.reading() as transaction:
            rows = transaction.run(query).mappings().fetchall()
        if tags:
            # Tags are looked at here: DAGs are thousands at most, and no database reads JSON as another does.
            rows = [row for row in rows if set(tags) & set(row["tags"])][offset : offset + limit]
        return [_summary(row) for row in rows]

    def dag_details(self, dag_id: str) -> DagDetails | None:
        """Return one DAG with its newest document, or None."""
        is_newest = DAG_DOCUMENT.c.document_hash == DAG.c.document_hash
        query = sa.select(DAG, DAG_DOCUMENT.c.number, DAG_DOCUMENT.c.body).join(DAG_DOCUMENT, is_newest)
        with self._database.reading() as transaction:
            row = transaction.run(query.where(DAG.c.dag_id == dag_id)).mappings().first()
        if row is None:
            return None
        return DagDetails(
            record=DagRecord(**{name: row[name] for name in _RECORD}),
            document=decode(bytes(row["body"])),
            number=row["number"],
            first_seen_at=row["first_seen_at"],
            last_changed_at=row["last_changed_at"],
            paused_at=row["paused_at"],
            paused_reason=row["paused_reason"],
        )

    def list_runs(
        self,
        *,
        dag_id: str | None = None,
        states: Sequence[RunState] = (),
        run_after_from: datetime | None = None,
        run_after_to: datetime | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> list[RunRecord]:
        """Return runs, the newest first."""
        wheres, values = ["1 = 1"], list[Any]()
        if dag_id is not None:
            wheres.append("dag_id = ?")
            values.append(dag_id)
        if states:
            wheres.append(f"state IN ({', '.join('?' * len(states))})")
            values.extend(str(state) for state in states)
        for where, bound in (("run_after >= ?", run_after_from), ("run_after <= ?", run_after_to)):
            if bound is not None:
                wheres.append(where)
                values.append(to_us(bound))
        text = f"SELECT {', '.join(RUN_COLUMNS)} FROM dag_run WHERE {' AND '.join(wheres)}"
        text += " ORDER BY run_after DESC, run_pk DESC LIMIT ? OFFSET ?"
        with self._database.reading() as transaction:
            page = (min(limit, LIST_LIMIT_MAX), offset)
            rows = transaction.select(self._database.dialect.sql(text), (*values, *page))
        return [run_of(row) for row in rows]

    def run_parent(self, run_pk: int) -> RunParent | None:
        """Return the task instance that triggered a run, or None."""
        with self._database.reading() as transaction:
            row = transaction.run(sa.select(RUN_LINK).where(RUN_LINK.c.run_pk == run_pk)).fetchone()
        if row is None:
            return None
        return RunParent(
            run_pk=row.parent_run_pk,
            dag_id=row.parent_dag_id,
            run_id=row.parent_run_id,
            task_id=row.parent_task_id,
            map_index=row.parent_map_index,
            since=row.since,
            place=row.place,
        )

    def task_states(self, run_pk: int) -> list[TaskRecord]:
        """Return the task instances of a run by task id and map index."""
        text = f"SELECT {', '.join(TASK_COLUMNS)} FROM task_instance WHERE run_pk = ? ORDER BY task_id, map_index"
        with self._database.reading() as transaction:
            return [task_of(row) for row in transaction.select(self._database.dialect.sql(text), (run_pk,))]

    def tasks_in(self, states: Collection[TaskState]) -> list[TaskRecord]:
        """Return task instances in these states of running runs."""
        columns = ", ".join(f"task_instance.{name}" for name in TASK_COLUMNS)
        text = (
            f"SELECT {columns} FROM dag_run JOIN task_instance ON task_instance.run_pk = dag_run.run_pk "
            f"WHERE dag_run.state = ? AND task_instance.state IN ({', '.join('?' * len(states))}) "
            "ORDER BY task_instance.run_pk, task_instance.task_id, task_instance.map_index"
        )
        values = (str(RunState.RUNNING), *(str(state) for state in states))
        with self._database.reading() as transaction:
            return [task_of(row) for row in transaction.select(self._database.dialect.sql(text), values)]

    def attempts(self, key: TaskKey) -> list[AttemptRecord]:
        """Return archived attempts by try number."""
        table = TASK_ATTEMPT
        query = sa.select(table).where(_is(table, key)).order_by(table.c.try_number)
        with self._database.reading() as transaction:
            rows = transaction.run(query).mappings().fetchall()
        return [AttemptRecord(**{**row, "state": TaskState(row["state"])}) for row in rows]

    def rendered_fields(self, key: TaskKey) -> str | None:
        """Return the rendered template fields as JSON text."""
        with self._database.reading() as transaction:
            query = sa.select(TASK_INSTANCE.c.rendered).where(_is(TASK_INSTANCE, key))
            rendered: str | None = transaction.run(query).scalar()
        return rendered

    def run_trail(self, run_pk: int) -> list[Line]:
        """Return the run's history, oldest first."""
        with self._database.reading() as transaction:
            text = transaction.run(sa.select(DAG_RUN.c.trail).where(DAG_RUN.c.run_pk == run_pk)).scalar()
        return trail_of(text or "")

    def import_errors(self) -> list[FileRecord]:
        """Return the files whose last parse failed, by path."""
        query = sa.select(DAG_FILE).where(DAG_FILE.c.error.is_not(None)).order_by(DAG_FILE.c.fileloc)
        with self._database.reading() as transaction:
            return [file_of(row) for row in transaction.run(query).mappings()]


def _is(table: sa.Table, key: TaskKey) -> sa.ColumnElement[bool]:
    return (
        (table.c.run_pk == key.run_pk)
        & (table.c.task_id == key.task_id)
        & (table.c.map_index == key.map_index)
    )


def _summary(row: Any) -> DagSummary:
    return DagSummary(
        owners=tuple(row["owners"]),
        tags=tuple(row["tags"]),
        has_import_errors=bool(row["has_import_errors"]),
        **{name: row[name] for name in _PLAIN},
    )
