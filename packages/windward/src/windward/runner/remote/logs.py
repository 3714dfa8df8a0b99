"""Logs of attempts on their way to the API server: each from where the server's copy ends."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from windward.errors import ConflictError, WindwardError
from windward.protocol.work import AttemptRef
from windward.runner.remote.api import ExecutionApi

log = logging.getLogger("windward.runner.remote")
CHUNK_BYTES = 256 * 1024
LOOK_S = 0.5
"""Time between two looks at what tasks have written."""


@dataclass
class _Shipped:
    path: str
    file: Path
    token: str
    sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class LogShipping:
    """Ships what is written while it is written.

    A log goes on after its attempt was said to have ended: its last line, and what callbacks write. `done` is a
    descriptor from which the paths of complete logs can be read, a line each.
    """

    def __init__(self, api: ExecutionApi, folder: Path, *, done: int) -> None:
        self._api = api
        self._folder = folder
        self._done = done
        self._unread = b""
        self._logs: dict[AttemptRef, _Shipped] = {}
        self._late: set[str] = set()
        """Complete logs that could not be shipped yet."""
        self._stop = threading.Event()

    def begin(self, ref: AttemptRef, path: str, token: str) -> None:
        """Ship this attempt's log from now on."""
        if path:
            self._logs[ref] = _Shipped(path, self._folder / path, token)

    def renew(self, ref: AttemptRef, token: str) -> None:
        """Use a newer token for an attempt's log."""
        if (shipped := self._logs.get(ref)) is not None:
            shipped.token = token

    def ship(self, ref: AttemptRef) -> None:
        """Ship what one attempt has written so far. Raises as the client does."""
        shipped = self._logs.get(ref)
        while shipped is not None and self._ship(shipped):
            pass

    def run(self) -> None:
        """Ship until `stop`, and what is left then; for a thread of its own."""
        while not self._stop.wait(LOOK_S):
            self._round()
        self._round()

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()

    def _round(self) -> None:
        complete = self._complete()
        for ref, shipped in list(self._logs.items()):
            is_complete = os.fspath(shipped.file) in complete
            try:
                self.ship(ref)
            except WindwardError as error:
                log.debug("log not shipped yet", extra={"path": shipped.path, "error": str(error)})
                if is_complete:
                    self._late.add(os.fspath(shipped.file))
                continue
            if is_complete:
                del self._logs[ref]
                shipped.file.unlink(missing_ok=True)

    def _complete(self) -> set[str]:
        """Return the logs to which nothing will be added."""
        with contextlib.suppress(BlockingIOError):
            self._unread += os.read(self._done, CHUNK_BYTES)
        whole, _, self._unread = self._unread.rpartition(b"\n")
        late, self._late = self._late, set()
        return {os.fsdecode(line) for line in whole.split(b"\n") if line} | late

    def _ship(self, shipped: _Shipped) -> bool:
        """Ship one piece; whether there may be more."""
        with shipped.lock:
            try:
                with shipped.file.open("rb") as file:
                    file.seek(shipped.sent)
                    data = file.read(CHUNK_BYTES)
            except FileNotFoundError:
                return False
            if not data:
                return False
            try:
                shipped.sent = self._api.append_log(shipped.token, shipped.path, shipped.sent, data)
            except ConflictError:
                # The server has less than we believed: it lost its disk, or is another one. Begin anew.
                shipped.sent = 0
                with contextlib.suppress(WindwardError):
                    shipped.sent = self._api.append_log(shipped.token, shipped.path, 0, b"")
            return True
