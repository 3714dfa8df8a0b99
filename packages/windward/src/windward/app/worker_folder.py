"""The folder of a worker of another machine: code, logs on their way, and a socket, for as long as it lives."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "windward-worker-"
_LOCK = "lock"
TRIES_MAX = 10


@contextmanager
def own_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder below `parent`, which goes at the end; those of workers that were killed go at once.

    A lock tells that a folder is in use. The processes that a worker forks share it.
    """
    remove_left(parent)
    folder, lock = _locked(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_left(parent: Path) -> None:
    """Remove the folders of this user's workers whose processes are gone."""
    for folder in sorted(parent.glob(f"{PREFIX}*")):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:  # it went meanwhile, or was never a worker's
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)


def _locked(parent: Path) -> tuple[Path, int]:
    for _ in range(TRIES_MAX):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder, lock
        os.close(lock)  # another one began meanwhile, and took it for one that was left
    raise OSError(f"a folder below `{parent}` goes whenever it is made")
