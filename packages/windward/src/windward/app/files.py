"""Where large values and code snapshots are, by the settings. Loads no database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from windward.errors import NotFoundError
from windward.logs.local import LocalLogStore
from windward.settings import Settings
from windward.store.code import LocalCodeStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from windward.core.retention import StoredObject
    from windward.ports.files import ObjectStore


class LargeXComs:
    """Large values in the object store, which is opened at first use: its library starts threads.

    A process that forks must have none, so the store belongs to the task's own process.
    """

    def __init__(self, url: str, *, threshold_bytes: int) -> None:
        self.threshold_bytes = threshold_bytes
        self._url = url
        self._store: ObjectStore | None = None

    def put(self, name: str, data: bytes) -> str:
        """Store and return the location (a URL)."""
        return self._opened().put(name, data)

    def get(self, location: str) -> bytes:
        """Return the bytes."""
        return self._opened().get(location)

    def delete(self, location: str) -> None:
        """Delete if it is there; raise `NotFoundError` when the location is of another store."""
        self._opened().delete(location)

    def pages(self, limit: int) -> Iterator[Sequence[StoredObject]]:
        """Yield all objects, at most `limit` at a time."""
        yield from self._opened().pages(limit)

    def _opened(self) -> ObjectStore:
        if self._store is None:
            from windward.store.objects import open_object_store

            self._store = open_object_store(self._url)
        return self._store


class MemoryXComs:
    """Large values in memory, for a run that is tested: it takes the same way and leaves nothing behind."""

    def __init__(self, *, threshold_bytes: int) -> None:
        self.threshold_bytes = threshold_bytes
        self._values: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> str:
        """Store and return the location."""
        location = f"memory://{name}"
        self._values[location] = data
        return location

    def get(self, location: str) -> bytes:
        """Return the bytes; raise `NotFoundError`."""
        try:
            return self._values[location]
        except KeyError as error:
            raise NotFoundError(f"no value at `{location}`") from error


def log_store(settings: Settings) -> LocalLogStore:
    """Return the logs of tasks: of this machine, and those that were copied where all machines see them."""
    logging = settings.logging
    if logging.remote_logging and logging.remote_base_log_folder:
        from windward.logs.shipped import ShippedLogStore

        return ShippedLogStore(logging.base_log_folder, logging.remote_base_log_folder)
    return LocalLogStore(logging.base_log_folder)


def code_store(settings: Settings) -> LocalCodeStore:
    """Return the snapshots of DAG code of this home."""
    return LocalCodeStore(settings.home / "code")


def large_values(settings: Settings) -> LargeXComs:
    """Return where values above the threshold go."""
    url = settings.xcom.object_store_url or str(settings.home / "xcom")
    return LargeXComs(url, threshold_bytes=settings.xcom.threshold_bytes)
