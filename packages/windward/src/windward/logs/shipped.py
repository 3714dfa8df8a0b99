"""Logs that are copied to an object store when their attempts have ended, and read from there once they are gone here.

What may not live here: when a log is copied (`windward.app.log_shipper`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from windward.errors import NotFoundError
from windward.logs.local import READ_BYTES_MAX, LocalLogStore
from windward.store.objects import CloudObjectStore, LocalObjectStore, open_object_store

FRESH_S = 2.0
"""A copy that was fetched is taken for the newest so long: a longer one replaces it when its try goes on."""


class ShippedLogStore(LocalLogStore):
    """The files of this machine first, then the object store.

    It inherits, against the rule, because following and tailing are the local store's own, by way of `read`.
    """

    def __init__(self, folder: Path, url: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(folder)
        self.is_near = False
        self._url = url.rstrip("/")
        self._store: CloudObjectStore | LocalObjectStore | None = None
        self._monotonic = monotonic
        self._fetched: tuple[str, bytes, float] = ("", b"", 0.0)
        """The log that was read last, and when it was fetched: it is read in pieces."""

    def ship(self, path: str) -> int:
        """Copy a log of this machine, as it is now; return its size here. Raises `NotFoundError`, `UnavailableError`.

        A try that was deferred goes on in a new file, when the first was deleted here or is on another machine: what was
        copied before stays in front of it.
        """
        try:
            data = self.locate(path).read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(f"there is no log at `{path}`") from error
        store = self._opened()
        try:
            there = store.get(store.location_of(path))
        except NotFoundError:
            there = b""
        store.put(path, there[: _begin_in(there, data)] + data)
        return len(data)

    def read(self, path: str, *, offset: int = 0, limit: int = 1 << 20) -> tuple[bytes, int]:
        """Return bytes from `offset`, and the size of the log so far; raise `NotFoundError`."""
        try:
            return super().read(path, offset=offset, limit=limit)
        except NotFoundError:
            data = self._whole(path)
        start = max(offset, 0)
        return data[start : start + max(0, min(limit, READ_BYTES_MAX))], len(data)

    def delete(self, prefix: str) -> int:
        """Delete the log or all logs below a folder, here and there; return how many there were here or there."""
        here = super().delete(prefix)
        return max(here, self._opened().delete_below(prefix))

    def _whole(self, path: str) -> bytes:
        fetched = self._fetched  # another thread may put another there
        if fetched[0] != path or self._monotonic() - fetched[2] >= FRESH_S:
            store = self._opened()
            data = store.get(store.location_of(path))
            self._fetched = fetched = (path, data, self._monotonic())
        return fetched[1]

    def _opened(self) -> CloudObjectStore | LocalObjectStore:
        """Open the store at first use: its library starts threads, and processes that fork must have none."""
        if self._store is None:
            self._store = open_object_store(self._url)
        return self._store


def _begin_in(there: bytes, data: bytes) -> int:
    """Return where in a copy a file begins: at its first line, which has its own time, or behind all that is there."""
    if not data:
        return len(there)
    first = data[: data.find(b"\n") + 1 or len(data)]
    begin = (b"\n" + there).find(b"\n" + first)
    return len(there) if begin < 0 else begin
