"""Files: task logs, large values, code snapshots."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from windward.core.retention import StoredObject


class LogStore(Protocol):
    """Where attempts' logs are. A path is relative, with `/`, made by `windward.core.paths.log_path`."""

    @property
    def is_near(self) -> bool:
        """Whether they are in a folder of this machine, and nowhere else: to read one waits for nobody."""

    def append(self, path: str, data: bytes) -> None:
        """Append whole lines; the folder is made when needed."""

    def read(self, path: str, *, offset: int = 0, limit: int = 1 << 20) -> tuple[bytes, int]:
        """Return bytes from `offset`, and the size of the log so far."""

    def delete(self, prefix: str) -> int:
        """Delete all logs below a folder; return how many."""


class ObjectStore(Protocol):
    """Large values by URL: a local folder, S3, GCS, Azure."""

    def put(self, name: str, data: bytes) -> str:
        """Store and return the location (a URL).

        `name` is relative, with `/`; the caller makes it unique per attempt (its fence belongs into it),
        because an object may be deleted long after its XCom. Raise `UnavailableError`.
        """

    def get(self, location: str) -> bytes:
        """Return the bytes; raise `NotFoundError`."""

    def delete(self, location: str) -> None:
        """Delete if it is there."""

    def pages(self, limit: int) -> Iterator[Sequence[StoredObject]]:
        """Yield all objects, at most `limit` at a time; raise `UnavailableError`."""


class CodeStore(Protocol):
    """Content-addressed snapshots of DAG code: a manifest of (relative path → file hash)."""

    def save(self, root: Path, paths: Mapping[str, bytes]) -> str:
        """Keep the contents under their hashes; return the snapshot's hash (the `code_hash` of documents).

        Keys of `paths` are relative to `root`, the DAG folder, with `/`; another key is a `ValueError`.
        """

    def materialise(self, code_hash: str) -> Path:
        """Return a folder that holds the snapshot's files under their relative paths; `NotFoundError`.

        The folder is shared by all who ask; its files are read-only. Safe to call from several processes.
        """

    def manifest(self, code_hash: str) -> dict[str, str]:
        """Return relative path → SHA-256 of the content; raise `NotFoundError`."""

    def snapshots(self) -> list[tuple[str, datetime]]:
        """Return (code hash, when it was last saved) of every snapshot."""

    def discard(self, code_hashes: Collection[str], *, saved_before: datetime) -> int:
        """Delete these snapshots and contents that no other has; return how many.

        One that was saved again at `saved_before` or later stays. Safe beside a `save` in another process.
        """
