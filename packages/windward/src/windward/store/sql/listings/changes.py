"""What changes, read again and again while somebody watches."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import sqlalchemy as sa

from windward.model.states import RunState
from windward.ports.listings.changes import DagPulse, RunPulse
from windward.store.sql.database import Database, chunks
from windward.store.sql.tables import DAG, DAG_FILE, DAG_RUN, TASK_INSTANCE

_OPEN = (str(RunState.QUEUED), str(RunState.RUNNING))
_COLUMNS = tuple(DAG_RUN.c[name] for name in RunPulse.__struct_fields__ if name != "counts")


class SqlChangeListings:
    """Implements `windward.ports.listings.changes.ChangeListings`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def runs(self, *, ended_since: datetime, limit: int) -> list[RunPulse]:
        """Return the runs that are queued, running, or ended since then, the newest first."""
        run = DAG_RUN.c
        # Two branches, each by an index: an OR over both columns would read the whole table.
        is_open = sa.select(*_COLUMNS).where(run.state.in_(_OPEN))
        has_ended = sa.select(*_COLUMNS).where(
            run.state.in_([RunState.SUCCESS, RunState.FAILED]), run.end_date >= ended_since
        )
        query = (
            sa.union_all(is_open, has_ended).order_by(sa.desc("run_after"), sa.desc("run_pk")).limit(limit)
        )
        counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
        with self._database.reading() as transaction:
            rows = transaction.run(query).mappings().fetchall()
            begun = [row["run_pk"] for row in rows if row["state"] != RunState.QUEUED]
            for some in chunks(begun):
                task = TASK_INSTANCE.c
                counting = sa.select(task.run_pk, task.state, sa.func.count()).group_by(
                    task.run_pk, task.state
                )
                for run_pk, state, count in transaction.run(counting.where(task.run_pk.in_(some))):
                    counts[run_pk][state] = count
        return [RunPulse(**row, counts=counts.get(row["run_pk"], {})) for row in rows]

    def dags(self) -> DagPulse:
        """Return the pulse of all DAGs."""
        of_dags = sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((DAG.c.is_paused, 1), else_=0)), 0),
            sa.func.max(DAG.c.last_changed_at),
        ).where(DAG.c.is_active)
        of_files = sa.select(sa.func.count()).select_from(DAG_FILE).where(DAG_FILE.c.error.is_not(None))
        with self._database.reading() as transaction:
            dags, paused, last_changed_at = transaction.run(of_dags).one()
            errors = transaction.run(of_files).scalar() or 0
        return DagPulse(dags=dags, paused=int(paused), last_changed_at=last_changed_at, import_errors=errors)
