"""Logs of attempts on their way to the API server: each from where the server's copy ends."""

from __future__ import annotations

import contextlib
import logging
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
    """Ships what is written while it is written; `finish` ships the rest of one attempt."""

    def __init__(self, api: ExecutionApi, folder: Path) -> None:
        self._api = api
        self._folder = folder
        self._logs: dict[AttemptRef, _Shipped] = {}
        self._stop = threading.Event()

    def begin(self, ref: AttemptRef, path: str, token: str) -> None:
        """Ship this attempt's log from now on."""
        if path:
            self._logs[ref] = _Shipped(path, self._folder / path, token)

    def renew(self, ref: AttemptRef, token: str) -> None:
        """Use a newer token for an attempt's log."""
        if (shipped := self._logs.get(ref)) is not None:
            shipped.token = token

    def finish(self, ref: AttemptRef) -> None:
        """Ship the rest, and delete the file: the server has it. Raises as the client does."""
        shipped = self._logs.get(ref)
        if shipped is None:
            return
        while self._ship(shipped):
            pass
        del self._logs[ref]
        shipped.file.unlink(missing_ok=True)

    def forget(self, ref: AttemptRef) -> None:
        """Ship no more of an attempt; its file stays."""
        self._logs.pop(ref, None)

    def run(self) -> None:
        """Ship until `stop`; for a thread of its own."""
        while not self._stop.wait(LOOK_S):
            for shipped in list(self._logs.values()):
                try:
                    self._ship(shipped)
                except WindwardError as error:
                    log.debug("log not shipped yet", extra={"path": shipped.path, "error": str(error)})

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()

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
