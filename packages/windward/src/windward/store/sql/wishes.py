"""What people wish, on a database: marks on DAGs, files to be read again, runs to be forgotten."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from windward.model.ids import TaskKey
from windward.model.states import RunState, TaskState
from windward.ports.store import Note
from windward.store.sql.columns import to_us
from windward.store.sql.database import Database
from windward.store.sql.deletion import delete_instance, delete_runs, of_instance
from windward.store.sql.moves import Texts
from windward.store.sql.notes import write_notes
from windward.store.sql.tables import DAG_RUN, FAVORITE, PARSE_REQUEST, TASK_INSTANCE
from windward.store.sql.transaction import Transaction


class SqlWishes:
    """The part of the catalogue that people write."""

    def __init__(self, database: Database, texts: Texts) -> None:
        self._database = database
        self._texts = texts

    def delete_run(self, run_pk: int, *, states: Collection[RunState]) -> bool:
        """Delete a run in one of these states."""
        wanted = [str(state) for state in states]
        query = sa.select(DAG_RUN.c.run_pk).where(DAG_RUN.c.run_pk == run_pk, DAG_RUN.c.state.in_(wanted))

        def delete(transaction: Transaction) -> bool:
            found = list(transaction.run(query.with_for_update()).scalars())
            delete_runs(transaction, found)
            write_notes(transaction, self._texts, [Note(kind="run", subject=str(pk)) for pk in found])
            return bool(found)

        return self._database.write(delete)

    def delete_task(
        self, key: TaskKey, *, states: Collection[RunState], except_in: Collection[TaskState]
    ) -> bool:
        """Delete a task instance of a run in one of these states."""
        run, spared = DAG_RUN.c, [str(state) for state in except_in]
        is_over = sa.and_(run.run_pk == key.run_pk, run.state.in_([str(state) for state in states]))
        instance = sa.select(TASK_INSTANCE.c.fence).where(
            of_instance(TASK_INSTANCE, key), TASK_INSTANCE.c.state.not_in(spared)
        )

        def delete(transaction: Transaction) -> bool:
            # The run first, as whoever applies decisions does.
            revision = transaction.run(sa.select(run.revision).where(is_over).with_for_update()).scalar()
            fence = transaction.run(instance.with_for_update()).scalar()
            if revision is None or fence is None:
                return False
            transaction.run(sa.update(DAG_RUN).where(is_over).values(revision=max(revision, fence) + 1))
            delete_instance(transaction, key)
            write_notes(transaction, self._texts, [Note(kind="run", subject=str(key.run_pk))])
            return True

        return self._database.write(delete)

    def add_favorite(self, user_id: str, dag_id: str, *, now: datetime) -> None:
        """Mark a DAG for a user."""
        upsert = self._database.dialect.upsert("favorite", ("user_id", "dag_id"), ("marked_at",))
        self._database.write(lambda transaction: transaction.upsert(upsert, [(user_id, dag_id, to_us(now))]))

    def remove_favorite(self, user_id: str, dag_id: str) -> bool:
        """Take a user's mark away."""
        delete = sa.delete(FAVORITE).where(FAVORITE.c.user_id == user_id, FAVORITE.c.dag_id == dag_id)
        return self._database.write(lambda transaction: transaction.run(delete).rowcount > 0)

    def ask_parse(self, fileloc: str, *, now: datetime) -> None:
        """Ask that a file is read again."""
        upsert = self._database.dialect.upsert("parse_request", ("fileloc",), ("asked_at",))
        self._database.write(lambda transaction: transaction.upsert(upsert, [(fileloc, to_us(now))]))

    def take_parse_requests(self) -> list[str]:
        """Return the files to be read again, and forget them."""
        query = sa.select(PARSE_REQUEST.c.fileloc).order_by(PARSE_REQUEST.c.fileloc)
        with self._database.reading() as transaction:
            asked = list(transaction.run(query).scalars())
        if asked:  # the usual answer is none, and costs no write
            delete = sa.delete(PARSE_REQUEST).where(PARSE_REQUEST.c.fileloc.in_(asked))
            self._database.write(lambda transaction: transaction.run(delete).rowcount)
        return asked
