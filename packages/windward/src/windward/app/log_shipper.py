"""The process beside a worker host that copies logs to an object store after their attempts have ended.

It is a process of its own because the client of an object store has threads, and a worker host, which forks, must not.
The host writes paths into its standard input and never waits for it. What was not copied when it ended is found again by
its start: every log that is younger than the mark that it leaves when nothing is left to do.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import logging
import os
import selectors
import subprocess
import sys
import time
from pathlib import Path

from windward.errors import NotFoundError, WindwardError
from windward.logs.shipped import ShippedLogStore

QUIET_S = 2.0
"""A log is copied so long after its attempt's end, and again as long as callbacks or orphans write to it."""
RETRY_S = 15.0
OVERLAP_S = 60.0
"""Logs that are so much older than the mark are copied again after a start."""
DRAIN_S_MAX = 20.0
_MARK = ".shipped"
_READ_BYTES = 65_536
log = logging.getLogger("windward.app.log_shipper")


class Shipping:
    """The host's end: starts the process, and starts it again when it died."""

    def __init__(self, folder: Path, url: str, *, deletes: bool) -> None:
        self._setup = json.dumps({"folder": str(folder), "url": url, "deletes": deletes}).encode() + b"\n"
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = -1

    def start(self) -> None:
        """Start the process."""
        read, self._pipe = os.pipe2(os.O_CLOEXEC)
        os.write(self._pipe, self._setup)
        os.set_blocking(self._pipe, False)
        command = [sys.executable, "-P", "-m", "windward.app.log_shipper"]
        self._process = subprocess.Popen(command, stdin=read)
        os.close(read)

    def done(self, path: str) -> None:
        """Tell that an attempt has ended whose log is at `path`."""
        try:
            os.write(self._pipe, path.encode() + b"\n")
        except BlockingIOError:  # it is far behind; its next start finds what it was not told
            log.warning("a log is not copied now: the copying process is far behind", extra={"path": path})
        except OSError:
            log.warning("the process that copies logs has died and is started again")
            os.close(self._pipe)
            self.start()

    def close(self) -> None:
        """Let it finish what it knows of, and wait for it, bounded."""
        if self._process is not None:
            os.close(self._pipe)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(DRAIN_S_MAX + 5)


class _Shipper:
    def __init__(self, store: ShippedLogStore, *, deletes: bool) -> None:
        self._store = store
        self._deletes = deletes
        self._due: list[tuple[float, str]] = []
        self._copied: dict[str, int] = {}
        """Path to its size when it was copied; waits for the look that finds it unchanged."""
        self._gives_up = False
        """Whether a log stays without a copy at the end: the next start finds it by the mark, which stays where it is."""

    def add(self, path: str, *, at: float) -> None:
        heapq.heappush(self._due, (at, path))

    def find_missed(self) -> None:
        """Take up logs that are younger than the mark."""
        mark = self._store.folder / _MARK
        if not mark.exists():
            return
        since = mark.stat().st_mtime - OVERLAP_S
        for found in self._store.folder.rglob("*.log"):
            if found.is_file() and found.stat().st_mtime > since:
                self.add(found.relative_to(self._store.folder).as_posix(), at=0.0)

    def wait_s(self) -> float | None:
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None

    def work(self, *, all_now: bool = False) -> None:
        while self._due and (all_now or self._due[0][0] <= time.monotonic()):
            self._one(heapq.heappop(self._due)[1], is_last=all_now)
        if not self._due and not self._gives_up:
            self._store.folder.mkdir(parents=True, exist_ok=True)
            (self._store.folder / _MARK).touch()

    def _one(self, path: str, *, is_last: bool) -> None:
        try:
            file = self._store.locate(path)
            if self._copied.get(path) == (file.stat().st_size if file.exists() else None):
                del self._copied[path]
                if self._deletes:
                    file.unlink(missing_ok=True)
                return
            self._copied[path] = self._store.ship(path)
        except NotFoundError:
            self._copied.pop(path, None)
            return
        except WindwardError as error:
            log.warning("a log cannot be copied yet", extra={"path": path, "error": str(error)})
            if is_last:
                self._gives_up = True
            else:
                self.add(path, at=time.monotonic() + RETRY_S)
            return
        if not is_last:
            self.add(path, at=time.monotonic() + QUIET_S)


def main() -> int:
    """Copy what is named on standard input, until it ends."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="log-shipper %(levelname)s %(message)s"
    )
    source = sys.stdin.fileno()
    setup, rest = _first_line(source)
    store = ShippedLogStore(Path(str(setup["folder"])), str(setup["url"]))
    shipper = _Shipper(store, deletes=bool(setup["deletes"]))
    shipper.find_missed()
    rest = _take_lines(shipper, store, rest)
    with selectors.DefaultSelector() as selector:
        selector.register(source, selectors.EVENT_READ)
        while True:
            if selector.select(shipper.wait_s()):
                data = os.read(source, _READ_BYTES)
                if not data:
                    shipper.work(all_now=True)
                    return 0
                rest = _take_lines(shipper, store, rest + data)
            shipper.work()


def _first_line(source: int) -> tuple[dict[str, object], bytes]:
    data = b""
    while b"\n" not in data:
        part = os.read(source, _READ_BYTES)
        if not part:
            sys.exit(0)
        data += part
    line, _, rest = data.partition(b"\n")
    return json.loads(line), rest


def _take_lines(shipper: _Shipper, store: ShippedLogStore, data: bytes) -> bytes:
    """Take the paths of whole lines; return what is no whole line yet."""
    *lines, rest = data.split(b"\n")
    for line in lines:
        with contextlib.suppress(ValueError):  # a path outside of the folder is none of ours
            path = Path(line.decode()).relative_to(store.folder).as_posix()
            shipper.add(path, at=time.monotonic() + QUIET_S)
    return rest


if __name__ == "__main__":
    sys.exit(main())
