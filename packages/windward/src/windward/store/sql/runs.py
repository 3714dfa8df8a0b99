"""Runs and task instances on a database: loads, the change feed, and `apply`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from windward.core.actions import Action
from windward.model.ids import TaskKey
from windward.model.records import CallbackRecord, RunParent, RunRecord, TaskRecord
from windward.ports.store import Applied, Guard, Note
from windward.store.columns import CALLBACKS_OPEN, assert_legal
from windward.store.history import Line
from windward.store.sql.apply import (
    RefusedError,
    Unwritable,
    check_guard,
    write_groups,
    write_in_parts,
)
from windward.store.sql.columns import from_us, to_us
from windward.store.sql.database import Database, chunks
from windward.store.sql.moves import Texts
from windward.store.sql.notes import write_notes
from windward.store.sql.rows import RUN_COLUMNS, TASK_COLUMNS, run_of, task_of, trail_of
from windward.store.sql.tables import CALLBACK
from windward.store.sql.transaction import Transaction

_RUNS = f"SELECT {', '.join(RUN_COLUMNS)} FROM dag_run"
_TASKS = f"SELECT {', '.join(TASK_COLUMNS)} FROM task_instance"


class SqlRuns:
    """Loads for the scheduler, and the one way to write."""

    def __init__(self, database: Database, texts: Texts) -> None:
        self._database = database
        self._texts = texts
        self.counters = database.counters

    def apply(
        self,
        groups: Sequence[Sequence[Action]],
        *,
        after: Sequence[Sequence[Action]] = (),
        guard: Guard | None = None,
        notes: Sequence[Note] = (),
    ) -> Applied:
        """Apply groups of actions, each whole or not at all; `after` only if no group was refused."""
        for actions in (*groups, *after):
            for action in actions:
                assert_legal(action)
        texts = self._texts
        unwritable: Unwritable = {}

        def write_all(transaction: Transaction) -> None:
            check_guard(transaction, texts, guard)
            write_groups(transaction, texts, [*groups, *after])
            write_notes(transaction, texts, notes)

        def write_parts(transaction: Transaction) -> list[bool]:
            check_guard(transaction, texts, guard)
            unwritable.clear()
            results = write_in_parts(transaction, texts, groups, unwritable) if groups else []
            if after and all(results):
                results += write_in_parts(transaction, texts, after, unwritable, len(groups))
            elif after:
                results += [False] * len(after)
            for error in unwritable.values() if guard is None else ():
                raise error.__cause__ or error
            write_notes(transaction, texts, notes)
            return results

        try:
            self._database.write(write_all)
        except RefusedError:
            results = tuple(self._database.write(write_parts))
            said = {place: str(error.__cause__).partition("\n")[0] for place, error in unwritable.items()}
            return Applied(results=results, unwritable=said)
        return Applied(results=(True,) * (len(groups) + len(after)))

    def load_open_runs(self) -> list[RunRecord]:
        """Return all runs that are queued or running, by `run_pk`."""
        return self._runs("WHERE state IN ('queued', 'running') ORDER BY run_pk")

    def load_runs(self, run_pks: Sequence[int]) -> list[RunRecord]:
        """Return these runs, by `run_pk`."""
        found: list[RunRecord] = []
        for part in chunks(sorted(set(run_pks))):
            marks = ", ".join("?" * len(part))
            found += self._runs(f"WHERE run_pk IN ({marks}) ORDER BY run_pk", tuple(part))
        return found

    def _runs(self, where: str, values: tuple[Any, ...] = ()) -> list[RunRecord]:
        with self._database.reading() as transaction:
            rows = transaction.select(self._database.dialect.sql(f"{_RUNS} {where}"), values)
        return [run_of(row) for row in rows]

    def load_tasks(self, run_pks: Sequence[int]) -> list[TaskRecord]:
        """Return all task instances of these runs, by key."""
        found: list[TaskRecord] = []
        with self._database.reading() as transaction:
            for part in chunks(sorted(set(run_pks))):
                marks = ", ".join("?" * len(part))
                where = f"WHERE run_pk IN ({marks}) ORDER BY run_pk, task_id, map_index"
                rows = transaction.select(self._database.dialect.sql(f"{_TASKS} {where}"), tuple(part))
                found += [task_of(row) for row in rows]
        return found

    def load_previous_run(self, dag_id: str, before: datetime, *, exclude_pk: int) -> RunRecord | None:
        """Return the run of the DAG with the greatest logical date below `before`, or None."""
        found = self._runs(
            "WHERE dag_id = ? AND logical_date < ? AND run_pk <> ? ORDER BY logical_date DESC LIMIT 1",
            (dag_id, to_us(before), exclude_pk),
        )
        return found[0] if found else None

    def find_run(
        self, dag_id: str, *, run_id: str | None = None, logical_date: datetime | None = None
    ) -> RunRecord | None:
        """Return a run by run id or logical date; with neither, the newest by `run_after`."""
        where, values = "WHERE dag_id = ?", list[Any]([dag_id])
        if run_id is not None:
            where += " AND run_id = ?"
            values.append(run_id)
        if logical_date is not None:
            where += " AND logical_date = ?"
            values.append(to_us(logical_date))
        found = self._runs(f"{where} ORDER BY run_after DESC, run_pk DESC LIMIT 1", tuple(values))
        return found[0] if found else None

    def find_runs_at(self, dag_id: str, logical_dates: Sequence[datetime]) -> list[RunRecord]:
        """Return the runs of the DAG with these logical dates, by date."""
        found: list[RunRecord] = []
        for part in chunks(sorted(set(logical_dates))):
            where = (
                f"WHERE dag_id = ? AND logical_date IN ({', '.join('?' * len(part))}) ORDER BY logical_date"
            )
            found += self._runs(where, (dag_id, *map(to_us, part)))
        return found

    def find_tasks(self, keys: Sequence[TaskKey]) -> list[TaskRecord]:
        """Return these task instances."""
        indexes: dict[tuple[int, str], list[int]] = defaultdict(list)
        for key in dict.fromkeys(keys):
            indexes[key.run_pk, key.task_id].append(key.map_index)
        found: list[TaskRecord] = []
        with self._database.reading() as transaction:
            for place, all_of_one in indexes.items():
                for part in chunks(all_of_one):
                    where = (
                        f"WHERE run_pk = ? AND task_id = ? AND map_index IN ({', '.join('?' * len(part))})"
                    )
                    rows = transaction.select(
                        self._database.dialect.sql(f"{_TASKS} {where}"), (*place, *part)
                    )
                    found += [task_of(row) for row in rows]
        return found

    def load_recoverable_runs(self, *, limit: int) -> list[RunRecord]:
        """Return failed runs that may be run again on their own, by `recover_at`."""
        where = "WHERE recover_at IS NOT NULL AND state = 'failed' ORDER BY recover_at, run_pk LIMIT ?"
        return self._runs(where, (limit,))

    def find_previous(self, dag_id: str, run_id: str, *, state: str | None = None) -> RunRecord | None:
        """Return the run before this one by logical date, the newest of a state when one is given."""
        date = "(SELECT own.logical_date FROM dag_run own WHERE own.dag_id = ? AND own.run_id = ?)"
        where, values = f"WHERE dag_id = ? AND logical_date < {date}", [dag_id, dag_id, run_id]
        if state is not None:
            where += " AND state = ?"
            values.append(state)
        found = self._runs(f"{where} ORDER BY logical_date DESC LIMIT 1", tuple(values))
        return found[0] if found else None

    def find_triggered(self, dag_id: str, parent: RunParent) -> RunRecord | None:
        """Return the newest run of a DAG that this wish of a task instance triggered, or None."""
        found = self._runs(
            "WHERE dag_id = ? AND run_pk IN (SELECT l.run_pk FROM run_link l WHERE l.parent_run_pk = ?"
            " AND l.parent_task_id = ? AND l.parent_map_index = ? AND l.since = ? AND l.place = ?)"
            " ORDER BY run_pk DESC LIMIT 1",
            (dag_id, parent.run_pk, parent.task_id, parent.map_index, to_us(parent.since), parent.place),
        )
        return found[0] if found else None

    def count_runs(
        self,
        dag_id: str,
        *,
        logical_dates: Sequence[datetime] | None,
        run_ids: Sequence[str] | None,
        states: Sequence[str] | None,
    ) -> int:
        """Count runs; None does not restrict."""
        where, values = _matching(
            dag_id, {"logical_date": _all_us(logical_dates), "run_id": run_ids, "state": states}
        )
        with self._database.reading() as transaction:
            sql = self._database.dialect.sql(f"SELECT COUNT(*) FROM dag_run r {where}")
            ((count,),) = transaction.select(sql, values)
        return int(count)

    def find_task_states(
        self,
        dag_id: str,
        *,
        task_ids: Sequence[str] | None,
        run_ids: Sequence[str] | None,
        logical_dates: Sequence[datetime] | None,
        states: Sequence[str] | None,
    ) -> list[tuple[str, str, int, str]]:
        """Return (run_id, task_id, map_index, state) of matching instances, by run, task and map index."""
        where, values = _matching(dag_id, {"logical_date": _all_us(logical_dates), "run_id": run_ids})
        tasks, more = _in({"t.task_id": task_ids, "t.state": states})
        sql = (
            "SELECT r.run_id, t.task_id, t.map_index, t.state"
            " FROM dag_run r JOIN task_instance t ON t.run_pk = r.run_pk"
            f" {where}{tasks} ORDER BY r.run_pk, t.task_id, t.map_index"
        )
        with self._database.reading() as transaction:
            rows = transaction.select(self._database.dialect.sql(sql), values + more)
        return [tuple(row) for row in rows]

    def tally_tasks(
        self,
        dag_id: str,
        *,
        task_ids: Sequence[str] | None,
        run_ids: Sequence[str] | None,
        logical_dates: Sequence[datetime] | None,
    ) -> list[tuple[str, datetime | None, str, str, int]]:
        """Return (run_id, logical_date, task_id, state, count) of matching instances, by run, task and state."""
        where, values = _matching(dag_id, {"logical_date": _all_us(logical_dates), "run_id": run_ids})
        tasks, more = _in({"t.task_id": task_ids})
        sql = (
            "SELECT r.run_id, r.logical_date, t.task_id, t.state, COUNT(*)"
            " FROM dag_run r JOIN task_instance t ON t.run_pk = r.run_pk"
            f" {where}{tasks} GROUP BY r.run_pk, r.run_id, r.logical_date, t.task_id, t.state"
            " ORDER BY r.run_pk, t.task_id, t.state"
        )
        with self._database.reading() as transaction:
            rows = transaction.select(self._database.dialect.sql(sql), values + more)
        return [
            (run_id, from_us(date), task_id, state, int(count))
            for run_id, date, task_id, state, count in rows
        ]

    def find_runs(
        self,
        dag_ids: Sequence[str],
        *,
        run_ids: Sequence[str] | None,
        logical_dates: Sequence[datetime] | None,
        states: Sequence[str] | None,
        run_types: Sequence[str] | None,
        date_from: datetime | None,
        date_to: datetime | None,
        limit: int,
    ) -> list[RunRecord]:
        """Return runs by logical date, then by key, those without a date last; bounds are inclusive."""
        where, values = _in(
            {
                "dag_id": sorted(set(dag_ids)),
                "run_id": run_ids,
                "logical_date": _all_us(logical_dates),
                "state": states,
                "run_type": run_types,
            }
        )
        for bound, sign in ((date_from, ">="), (date_to, "<=")):
            if bound is not None:
                where += f" AND logical_date {sign} ?"
                values = (*values, to_us(bound))
        order = "ORDER BY CASE WHEN logical_date IS NULL THEN 1 ELSE 0 END, logical_date, run_pk"
        return self._runs(f"WHERE {where.removeprefix(' AND ')} {order} LIMIT ?", (*values, limit))

    def load_notes(self, *, after: int, limit: int) -> list[Note]:
        """Return lines of the change feed with a greater `note_pk`, in order."""
        sql = "SELECT note_pk, kind, subject FROM note WHERE note_pk > ? ORDER BY note_pk LIMIT ?"
        with self._database.reading() as transaction:
            rows = transaction.select(self._database.dialect.sql(sql), (after, limit))
        return [Note(kind=kind, subject=subject, note_pk=note_pk) for note_pk, kind, subject in rows]

    def delete_notes(self, *, up_to: int) -> None:
        """Forget lines that the leader has taken in."""
        sql = self._database.dialect.sql("DELETE FROM note WHERE note_pk <= ?")
        self._database.write(lambda transaction: transaction.one(sql, (up_to,)))

    def load_callbacks(self, *, limit: int) -> list[CallbackRecord]:
        """Return DAG-level callbacks that are queued, oldest first."""
        return self._callbacks(("queued",), limit=limit)

    def load_open_callbacks(self, *, limit: int) -> list[CallbackRecord]:
        """Return DAG-level callbacks that are not finished, oldest first."""
        return self._callbacks(CALLBACKS_OPEN, limit=limit)

    def _callbacks(self, states: Sequence[str], *, limit: int) -> list[CallbackRecord]:
        query = sa.select(CALLBACK).where(CALLBACK.c.state.in_(states)).order_by(CALLBACK.c.callback_pk)
        with self._database.reading() as transaction:
            rows = transaction.run(query.limit(limit)).fetchall()
        return [
            CallbackRecord(
                callback_pk=row.callback_pk,
                run_pk=row.run_pk,
                dag_id=row.dag_id,
                kind=row.kind,
                reason=row.reason,
                fence=row.fence,
                tries=row.tries,
                state=row.state,
                owner=row.owner,
                task=None if row.task_id is None else TaskKey(row.run_pk, row.task_id, row.map_index),
                try_number=row.try_number,
                deadline_number=row.deadline_number,
            )
            for row in rows
        ]

    def load_trail(self, key: TaskKey) -> list[Line]:
        """Return the instance's history, oldest first."""
        sql = "SELECT trail FROM task_instance WHERE run_pk = ? AND task_id = ? AND map_index = ?"
        with self._database.reading() as transaction:
            rows = transaction.select(self._database.dialect.sql(sql), tuple(key))
        return trail_of(rows[0][0]) if rows else []


def _all_us(dates: Sequence[datetime] | None) -> list[int | None] | None:
    return None if dates is None else [to_us(date) for date in dates]


def _matching(dag_id: str, columns: Mapping[str, Sequence[Any] | None]) -> tuple[str, tuple[Any, ...]]:
    """Return the condition on runs of a DAG (as `r`) and its values."""
    conditions, values = _in({f"r.{name}": allowed for name, allowed in columns.items()})
    return f"WHERE r.dag_id = ?{conditions}", (dag_id, *values)


def _in(columns: Mapping[str, Sequence[Any] | None]) -> tuple[str, tuple[Any, ...]]:
    """Return `AND column IN (…)` for each column that is restricted, and the values."""
    text, values = "", list[Any]()
    for name, allowed in columns.items():
        if allowed is None:
            continue
        text += f" AND {name} IN ({', '.join('?' * len(allowed))})" if allowed else " AND 1 = 0"
        values += allowed
    return text, tuple(values)
