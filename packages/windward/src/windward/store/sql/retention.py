"""What housekeeping reads and deletes, on a database. Each batch is one short transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from windward.core.retention import DocumentFacts, DocumentUse, EndedRun
from windward.ports.retention import DeletedXComs
from windward.store.facts import facts_of
from windward.store.sql.database import Database, chunks
from windward.store.sql.deletion import FINISHED_RUNS, bury_xcoms, delete_runs, is_depended_on_no_more
from windward.store.sql.logins import delete_expired
from windward.store.sql.tables import DAG, DAG_DOCUMENT, DAG_RUN, DEAD_OBJECT, TASK_INSTANCE, XCOM
from windward.store.sql.transaction import Transaction

_IS_FINISHED = DAG_RUN.c.state.in_(FINISHED_RUNS)
_XCOM_KEY = (XCOM.c.run_pk, XCOM.c.task_id, XCOM.c.map_index, XCOM.c.xcom_key)


class SqlRetention:
    """Reads and deletes for housekeeping."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load_document_uses(self, *, after: str, limit: int) -> list[DocumentUse]:
        """Return a page of documents, by hash."""
        table = DAG_DOCUMENT
        query = (
            sa.select(table.c.document_hash, table.c.dag_id, DAG.c.dag_id.is_not(None).label("is_current"))
            .join(
                DAG,
                (DAG.c.dag_id == table.c.dag_id) & (DAG.c.document_hash == table.c.document_hash),
                isouter=True,
            )
            .where(table.c.document_hash > after)
            .order_by(table.c.document_hash)
            .limit(limit)
        )
        with self._database.reading() as transaction:
            return [
                DocumentUse(document_hash=row[0], dag_id=row[1], is_current=bool(row[2]))
                for row in transaction.run(query)
            ]

    def load_document_facts(self, hashes: Sequence[str]) -> dict[str, DocumentFacts]:
        """Return facts by hash."""
        found: dict[str, DocumentFacts] = {}
        columns = (DAG_DOCUMENT.c.document_hash, DAG_DOCUMENT.c.body)
        with self._database.reading() as transaction:
            for part in chunks(hashes):
                rows = transaction.run(sa.select(*columns).where(DAG_DOCUMENT.c.document_hash.in_(part)))
                found.update((str(row.document_hash), facts_of(bytes(row.body))) for row in rows)
        return found

    def load_needed_documents(self, hashes: Sequence[str], *, ended_since: datetime) -> set[str]:
        """Return the hashes that a DAG, an open run or a recent one refers to."""
        name = DAG_DOCUMENT.c.document_hash
        is_old = _IS_FINISHED & (DAG_RUN.c.end_date < ended_since)
        is_run = sa.exists().where(DAG_RUN.c.document_hash == name, sa.not_(is_old))
        is_newest = sa.exists().where(DAG.c.document_hash == name, DAG.c.dag_id == DAG_DOCUMENT.c.dag_id)
        found: set[str] = set()
        with self._database.reading() as transaction:
            for part in chunks(hashes):
                query = sa.select(name).where(name.in_(part), is_newest | is_run)
                found.update(transaction.run(query).scalars())
        return found

    def load_ended_runs(
        self, *, before: datetime, after: tuple[datetime, int] | None, limit: int
    ) -> list[EndedRun]:
        """Return a page of finished runs, by end."""
        columns = (DAG_RUN.c.run_pk, DAG_RUN.c.dag_id, DAG_RUN.c.end_date)
        end, pk = DAG_RUN.c.end_date, DAG_RUN.c.run_pk
        is_old = end < before
        if after is not None:
            # Not a comparison of pairs: MySQL would not use its index for one.
            is_old &= (end >= after[0]) & ((end > after[0]) | (pk > after[1]))
        found: list[EndedRun] = []
        with self._database.reading() as transaction:
            # One query a state, because each reads its index in order and stops at the limit.
            for state in FINISHED_RUNS:
                query = sa.select(*columns).where(DAG_RUN.c.state == state, is_old)
                rows = transaction.run(query.order_by(end, pk).limit(limit))
                found += [EndedRun(run_pk=row[0], dag_id=row[1], end_date=row[2]) for row in rows]
        return sorted(found, key=lambda run: (run.end_date, run.run_pk))[:limit]

    def delete_xcoms_of(
        self, run_pks: Sequence[int], *, ended_before: datetime, limit: int, bytes_max: int
    ) -> DeletedXComs:
        """Delete a batch of XComs of runs that are over."""
        asked = sorted(set(run_pks))
        size = sa.case((XCOM.c.location.is_(None), XCOM.c.size_bytes), else_=0).label("size")
        query = sa.select(*_XCOM_KEY, size).where(XCOM.c.run_pk.in_(asked)).order_by(*_XCOM_KEY)
        with self._database.reading() as transaction:
            found = list(transaction.run(query.limit(limit)))
        if not found:
            return DeletedXComs(count=0)
        keys = found[: _fitting([int(row.size) for row in found], bytes_max)]
        last = keys[-1]
        is_old = _IS_FINISHED & (DAG_RUN.c.end_date < ended_before)
        pks = sorted({key.run_pk for key in keys})

        def delete(transaction: Transaction) -> tuple[int, list[int]]:
            # Locked: nobody clears a run while its values go.
            runs = sa.select(DAG_RUN.c.run_pk).where(DAG_RUN.c.run_pk.in_(pks), is_old)
            locked = list(transaction.run(runs.order_by(DAG_RUN.c.run_pk).with_for_update()).scalars())
            if not locked:
                return 0, locked
            up_to = sa.tuple_(*_XCOM_KEY[1:]) <= sa.tuple_(last.task_id, last.map_index, last.xcom_key)
            which = XCOM.c.run_pk.in_(locked) & ((XCOM.c.run_pk < last.run_pk) | up_to)
            bury_xcoms(transaction, which)
            return transaction.run(sa.delete(XCOM).where(which)).rowcount, locked

        count, locked = self._database.write(delete)
        if len(found) < limit and len(keys) == len(found):
            return DeletedXComs(count=count)
        first = last.run_pk if last.run_pk in locked else last.run_pk + 1
        return DeletedXComs(count=count, left=tuple(pk for pk in asked if pk >= first))

    def delete_ended_runs(self, *, before: datetime, runs_max: int, tasks_max: int) -> list[tuple[str, str]]:
        """Delete a batch of old runs."""
        with self._database.reading() as transaction:
            rows = [
                row for state in FINISHED_RUNS for row in transaction.run(_old_runs(state, before, runs_max))
            ]
        pks = [row.run_pk for row in sorted(rows, key=lambda row: (row.end_date, row.run_pk))[:runs_max]]
        if not pks:
            return []

        def delete(transaction: Transaction) -> list[tuple[str, str]]:
            runs = sa.select(DAG_RUN.c.run_pk, DAG_RUN.c.dag_id, DAG_RUN.c.run_id).where(
                DAG_RUN.c.run_pk.in_(pks), _IS_FINISHED, DAG_RUN.c.end_date < before
            )
            still = {row.run_pk: row for row in transaction.run(runs.with_for_update())}
            counts = (
                sa.select(TASK_INSTANCE.c.run_pk, sa.func.count())
                .where(TASK_INSTANCE.c.run_pk.in_(list(still)))
                .group_by(TASK_INSTANCE.c.run_pk)
            )
            tasks = {row[0]: int(row[1]) for row in transaction.run(counts)} if still else {}
            left = [pk for pk in pks if pk in still]
            chosen = left[: _fitting([tasks.get(pk, 0) for pk in left], tasks_max)]
            delete_runs(transaction, chosen)
            return [(still[pk].dag_id, still[pk].run_id) for pk in chosen]

        return self._database.write(delete)

    def load_forsaken(self, objects: Sequence[tuple[int, str]]) -> list[str]:
        """Return locations of runs that are over which no XCom names."""
        pks = sorted({run_pk for run_pk, _ in objects})
        over: set[int] = set()
        named: set[tuple[int, str]] = set()
        with self._database.reading() as transaction:
            for part in chunks(pks):
                runs = sa.select(DAG_RUN.c.run_pk).where(DAG_RUN.c.run_pk.in_(part), _IS_FINISHED)
                over.update(transaction.run(runs).scalars())
            for part in chunks(sorted(over)):
                values = sa.select(XCOM.c.run_pk, XCOM.c.location).where(
                    XCOM.c.run_pk.in_(part), XCOM.c.location.is_not(None)
                )
                named.update((row.run_pk, str(row.location)) for row in transaction.run(values))
                unpurged = sa.select(DEAD_OBJECT.c.run_pk, DEAD_OBJECT.c.location).where(
                    DEAD_OBJECT.c.run_pk.in_(part), DEAD_OBJECT.c.backend.is_not(None)
                )  # their backends have to read them first
                named.update((row.run_pk, str(row.location)) for row in transaction.run(unpurged))
        return [
            location for run_pk, location in objects if run_pk in over and (run_pk, location) not in named
        ]

    def delete_expired_logins(self, *, before: datetime, limit: int) -> int:
        """Delete what was given out to people and expired."""
        return self._database.write(
            lambda transaction: delete_expired(transaction, before=before, limit=limit)
        )


def _old_runs(state: str, before: datetime, limit: int) -> sa.Select[Any]:
    """Return the query of runs in a state that may go: old, and not the one that an open run depends on."""
    return (
        sa.select(DAG_RUN.c.run_pk, DAG_RUN.c.end_date)
        .where(DAG_RUN.c.state == state, DAG_RUN.c.end_date < before)
        .where(is_depended_on_no_more())
        .order_by(DAG_RUN.c.end_date, DAG_RUN.c.run_pk)
        .limit(limit)
    )


def _fitting(sizes: Sequence[int], total_max: int) -> int:
    """Return how many of the first sizes are within `total_max` together; at least one, if there is one."""
    total = 0
    for number, size in enumerate(sizes):
        total += size
        if number and total > total_max:
            return number
    return len(sizes)
