"""Databases that have their tables, which are made once in a process: a thousand tests want them.

Those of SQLite are copied for each test, those of servers are emptied.
"""

import functools
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from windward.store.sql import schema
from windward.store.sql.open import SqlStore, open_store
from windward.store.sql.tables import METADATA


def with_tables(path: Path) -> str:
    """Put a database that is as new there, unless there is one, and return its URL."""
    if not path.exists():
        path.write_bytes(_made())
    return f"sqlite:///{path}"


def empty(store: SqlStore) -> None:
    """Delete all rows: much faster than to make the tables again. Few tables have any, and one question tells which."""
    tables = [table.name for table in reversed(METADATA.sorted_tables)]
    which = " UNION ALL ".join(f"SELECT {n} WHERE EXISTS (SELECT 1 FROM {x})" for n, x in enumerate(tables))
    with store.engine.begin() as connection:
        for number in sorted(row[0] for row in connection.exec_driver_sql(which)):
            connection.exec_driver_sql(f"DELETE FROM {tables[number]}")
        schema.insert_first_rows(connection)


@functools.cache
def _made() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "windward.db")
        open_store(f"sqlite:///{path}", fernet_keys=[Fernet.generate_key().decode()], create=True).close()
        assert [one.name for one in Path(folder).iterdir()] == [path.name], "what was written is in the file"
        return path.read_bytes()
