"""What DAG files give roles over their DAGs: kept beside the documents that say so, for each request to be read."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from windward.core.file_grants import holder_of
from windward.document import DagDocument
from windward.store.sql.columns import storable
from windward.store.sql.database import chunks
from windward.store.sql.dialect import Dialect
from windward.store.sql.transaction import Transaction

KIND = "dag"
"""Of the rows: the holder is a role, the resource and the verb are words of the file."""
_COLUMNS = ("kind", "holder", "resource", "verb", "dag_id")


class FileGrantTexts:
    """The statements of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        marks = ", ".join("?" * len(_COLUMNS))
        self.insert = dialect.sql(f"INSERT INTO access_grant ({', '.join(_COLUMNS)}) VALUES ({marks})")

    def delete(self, count: int) -> str:
        """Return the statement that forgets what the files of `count` DAGs say."""
        marks = ", ".join("?" * count)
        return self._dialect.sql(f"DELETE FROM access_grant WHERE kind = '{KIND}' AND dag_id IN ({marks})")


def put_file_grants(
    transaction: Transaction,
    texts: FileGrantTexts,
    documents: Mapping[str, DagDocument],
    *,
    new: Collection[str],
) -> None:
    """Store what changed documents, by DAG, give to roles; of the DAGs that are `new`, nothing is known yet."""
    for part in chunks(sorted(set(documents) - set(new))):
        transaction.one(texts.delete(len(part)), tuple(part))
    rows = [
        (KIND, storable(holder_of(role)), storable(thing), storable(word), dag_id)
        for dag_id, document in sorted(documents.items())
        for role, things in document.access_control.items()
        for thing, words in things.items()
        for word in words
    ]
    if rows:
        transaction.many(texts.insert, rows)
