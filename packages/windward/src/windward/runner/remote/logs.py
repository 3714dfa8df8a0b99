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
    refs: set[AttemptRef] = field(default_factory=set)
    """Attempts that write to the file: a try goes on in another one after a deferral."""
    done: int = 0
    """How many of them will write nothing more."""
    base: int | None = None
    """How long the server's copy was when this file began; None until the server was asked."""
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
        self._logs: dict[str, _Shipped] = {}
        """By path of the file, as `done` tells it."""
        self._changing = threading.Lock()
        """So that no log is given up while another attempt begins to write to it."""
        self._stop = threading.Event()

    def begin(self, ref: AttemptRef, path: str, token: str) -> None:
        """Ship this attempt's log from now on."""
        if not path:
            return
        file = self._folder / path
        with self._changing:
            shipped = self._logs.setdefault(os.fspath(file), _Shipped(path, file, token))
            shipped.token = token
            shipped.refs.add(ref)

    def renew(self, ref: AttemptRef, token: str) -> None:
        """Use a newer token for an attempt's log."""
        if (shipped := self._of(ref)) is not None:
            shipped.token = token

    def ship(self, ref: AttemptRef) -> None:
        """Ship what one attempt has written so far. Raises as the client does."""
        if (shipped := self._of(ref)) is not None:
            self._ship_all(shipped)

    def run(self) -> None:
        """Ship until `stop`, and what is left then; for a thread of its own."""
        while not self._stop.wait(LOOK_S):
            self._round()
        self._round()

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()

    def _round(self) -> None:
        for path in self._complete():
            if (done := self._logs.get(path)) is not None:
                done.done += 1
        with self._changing:
            under_way = list(self._logs.items())
        for key, shipped in under_way:
            try:
                self._ship_all(shipped)
            except WindwardError as error:
                log.debug("log not shipped yet", extra={"path": shipped.path, "error": str(error)})
                continue
            with self._changing:
                if shipped.done >= len(shipped.refs):
                    del self._logs[key]
                    shipped.file.unlink(missing_ok=True)

    def _complete(self) -> list[str]:
        """Return the files to which an attempt will add nothing, once for each attempt."""
        with contextlib.suppress(BlockingIOError):
            self._unread += os.read(self._done, CHUNK_BYTES)
        whole, _, self._unread = self._unread.rpartition(b"\n")
        return [os.fsdecode(line) for line in whole.split(b"\n") if line]

    def _of(self, ref: AttemptRef) -> _Shipped | None:
        with self._changing:
            return next((shipped for shipped in self._logs.values() if ref in shipped.refs), None)

    def _ship_all(self, shipped: _Shipped) -> None:
        while self._ship(shipped):
            pass

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
            if shipped.base is None:
                # An earlier part of the try may be there, from this worker or from another.
                shipped.base = self._size_there(shipped)
            try:
                offset = shipped.base + shipped.sent
                shipped.sent = self._api.append_log(shipped.token, shipped.path, offset, data) - shipped.base
            except ConflictError:
                # The server has less than we believed: it lost its disk, or is another one. Go on from there.
                size = self._size_there(shipped)
                shipped.base, shipped.sent = min(shipped.base, size), max(0, size - shipped.base)
            return True

    def _size_there(self, shipped: _Shipped) -> int:
        return self._api.append_log(shipped.token, shipped.path, 0, b"")
