"""DAGs, as the API shows them."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from windward.store.sql.database import Database
from windward.store.sql.tables import DAG


class SqlDagListings:
    """Read models of DAGs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tags_of(self, dag_id: str) -> Collection[str]:
        """Return the tags of a DAG."""
        with self._database.reading() as transaction:
            tags = transaction.run(sa.select(DAG.c.tags).where(DAG.c.dag_id == dag_id)).scalar()
        return tuple(tags or ())
