"""Which worker hosts of a home are dead for sure: each holds a lock on a file of the run folder while it lives.

The kernel gives a lock back when the host and all that it forked are gone, however they ended, so that a scheduler
that starts after a power cut need not wait for leases of hosts that cannot come back. Only files live here.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

_PREFIX, _SUFFIX = "worker-", ".lock"


@contextlib.contextmanager
def hold_host_lock(run_folder: Path, host_id: str) -> Iterator[None]:
    """Be known as alive inside the block."""
    path = run_folder / f"{_PREFIX}{host_id}{_SUFFIX}"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def bury_dead_hosts(run_folder: Path, bury: Callable[[str], None]) -> None:
    """Call `bury` with the id of each host that died without taking its file away; take the file away."""
    for path in run_folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # it lives
        else:
            bury(path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX))
            path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
