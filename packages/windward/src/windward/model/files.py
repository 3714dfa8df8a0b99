"""What is kept of a DAG file."""

from __future__ import annotations

from datetime import datetime

import msgspec


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one DAG file: its content hash and what the last parse gave."""

    fileloc: str
    content_hash: str
    """Of the file and of every module of the DAG folder that it imported."""
    imports: tuple[str, ...] = ()
    """Paths, relative to the DAG folder, of those modules."""
    dag_ids: tuple[str, ...] = ()
    """The DAGs that the file has. After an import error: those that it had, so that they stay active."""
    error: str | None = None
    """Import error as shown to people, with the author's own traceback lines."""
    warnings: tuple[str, ...] = ()
    parsed_at: datetime | None = None
    duration_s: float = 0.0
