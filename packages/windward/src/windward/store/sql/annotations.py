"""People's notes, on a database."""

from __future__ import annotations

import sqlalchemy as sa

from windward.model.ids import TaskKey
from windward.store.sql.columns import storable_or_none
from windward.store.sql.database import Database
from windward.store.sql.tables import DAG_RUN, TASK_INSTANCE


class SqlAnnotations:
    """Writes of people's notes."""

    _database: Database

    def set_run_note(self, run_pk: int, text: str | None) -> bool:
        """Replace the note of a run, or remove it; return whether there is such a run."""
        return self._set_note(DAG_RUN, DAG_RUN.c.run_pk == run_pk, text)

    def set_task_note(self, key: TaskKey, text: str | None) -> bool:
        """Replace the note of a task instance, or remove it; return whether there is such an instance."""
        columns = TASK_INSTANCE.c
        which = (columns.run_pk == key.run_pk) & (columns.task_id == key.task_id)
        return self._set_note(TASK_INSTANCE, which & (columns.map_index == key.map_index), text)

    def _set_note(self, table: sa.Table, which: sa.ColumnElement[bool], text: str | None) -> bool:
        there = sa.select(sa.literal(1)).select_from(table).where(which)
        write = sa.update(table).where(which).values(note=storable_or_none(text))
        # The count of changed rows tells nothing: MySQL leaves out those that said the same before.
        return self._database.write(
            lambda transaction: bool(
                transaction.run(there).scalar_one_or_none() and transaction.run(write) is not None
            )
        )
