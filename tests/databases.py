"""SQLite databases that have their tables: made once in a process, and copied for each test that wants one.

To make the tables takes a tenth of a second, and a thousand tests want them.
"""

import functools
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from windward.store.sql.open import open_store


def with_tables(path: Path) -> str:
    """Put a database that is as new there, unless there is one, and return its URL."""
    if not path.exists():
        path.write_bytes(_made())
    return f"sqlite:///{path}"


@functools.cache
def _made() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "windward.db")
        open_store(f"sqlite:///{path}", fernet_keys=[Fernet.generate_key().decode()], create=True).close()
        assert [one.name for one in Path(folder).iterdir()] == [path.name], "what was written is in the file"
        return path.read_bytes()
