"""Which files a sensor waits for are there: the same look for the sensor and its trigger; and `FSHook`.

What lives here: looking. What may not: waiting.
"""

from __future__ import annotations

import os
from glob import glob
from pathlib import Path

from windward.sdk.connection import Connection
from windward.sdk.exceptions import AirflowNotFoundException
from windward.sdk.hook import BaseHook


class FSHook(BaseHook):
    """A place in the file system: the connection's extra has its `path`; without a connection it is `/`."""

    conn_name_attr = "fs_conn_id"
    default_conn_name = "fs_default"
    conn_type = "fs"
    hook_name = "File (path)"

    def __init__(self, fs_conn_id: str = default_conn_name, **kwargs: str) -> None:
        super().__init__(**kwargs)
        self.fs_conn_id = fs_conn_id
        self.conn: Connection | None = None
        try:
            self.conn = self.get_connection(fs_conn_id)
        except AirflowNotFoundException:
            if fs_conn_id != self.default_conn_name:
                raise
        self.basepath: str = (self.conn.extra_dejson.get("path", "") if self.conn is not None else "") or ""

    def get_conn(self) -> None:
        """Return nothing: there is nothing to connect to."""

    def get_path(self) -> str:
        """Return the folder that paths are relative to."""
        return self.basepath

    def test_connection(self) -> tuple[bool, str]:
        """Return whether the folder exists, and a sentence about it."""
        path = self.get_path()
        if not path:
            return False, "File Path is undefined."
        there = Path(path).exists()
        return there, f"Path {path} {'exists' if there else 'does not exist'}."


def find_files(pattern: str, *, recursive: bool) -> list[str]:
    """Return the files that match a glob; a folder counts when there is any file below it."""
    found = []
    for path in sorted(glob(pattern, recursive=recursive)):  # noqa: PTH207 - patterns may be absolute
        if Path(path).is_file() or (Path(path).is_dir() and any(files for _, _, files in os.walk(path))):
            found.append(path)
    return found
