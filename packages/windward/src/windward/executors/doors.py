"""The scheduler's doors: where its sockets are, how they are opened, and that only one scheduler has them.

What lives here: paths, binding, the lock. What may not: messages.

A socket's path may have `PATH_BYTES_MAX` bytes. When the home lies too deep, the sockets are in a private folder
for temporary files, whose name is kept in a file of the run folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from windward.errors import SettingsError

STREAM = "scheduler.sock"
WAKE = "wake.sock"
LOCK = "scheduler.lock"
ELSEWHERE = "sockets"
"""File that names the folder of the sockets when it is not the run folder itself."""
PATH_BYTES_MAX = 103
"""What every kernel takes; Linux would take four more."""
BACKLOG_MAX = 128


def scheduler_socket(run_folder: Path) -> Path:
    """Return where worker hosts connect to."""
    return _folder(run_folder) / STREAM


def wake_socket(run_folder: Path) -> Path:
    """Return where wake-ups are sent to."""
    return _folder(run_folder) / WAKE


@dataclass(frozen=True)
class Doors:
    """Open sockets of the one scheduler of a home. `lock` is an open file, locked; its text names the last scheduler.

    `folder` is the run folder, `paths` are where the sockets are.
    """

    stream: socket.socket
    wake: socket.socket
    lock: int
    folder: Path
    paths: tuple[Path, ...]

    def last_scheduler(self) -> str:
        """Return the name of the scheduler that had the doors before, or nothing."""
        return os.pread(self.lock, 4096, 0).decode(errors="replace").strip()

    def sign(self, scheduler: str) -> None:
        """Leave the name of the scheduler that has the doors now."""
        os.ftruncate(self.lock, 0)
        os.pwrite(self.lock, scheduler.encode(), 0)

    def leave(self) -> None:
        """Close this process's copies, in a child that has no business with them; the doors stay open."""
        self.stream.close()
        self.wake.close()
        os.close(self.lock)

    def close(self) -> None:
        """Take the sockets away and let the lock go."""
        for path in self.paths:
            path.unlink(missing_ok=True)
        self.leave()


def open_doors(run_folder: Path) -> Doors:
    """Bind both sockets; those that a killed scheduler left are replaced.

    Raises:
        SettingsError: when another scheduler of this home lives.
    """
    run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(run_folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise SettingsError(
            f"a scheduler runs on the home `{run_folder.parent}` already",
            hint="Stop it first. A second scheduler needs a home of its own (`WINDWARD_HOME`) and the same database.",
        ) from error
    paths = (scheduler_socket(run_folder), wake_socket(run_folder))
    stream = _bound(paths[0], socket.SOCK_STREAM)
    stream.listen(BACKLOG_MAX)
    return Doors(stream, _bound(paths[1], socket.SOCK_DGRAM), lock, run_folder, paths)


def _bound(path: Path, kind: socket.SocketKind) -> socket.socket:
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, kind)
    door.setblocking(False)
    # The folder is closed to others, so nobody connects between `bind` and `chmod`.
    door.bind(os.fspath(path))
    path.chmod(0o600)
    return door


def _folder(run_folder: Path) -> Path:
    longest = max(len(STREAM), len(WAKE)) + 1
    if len(os.fsencode(run_folder)) + longest <= PATH_BYTES_MAX:
        return run_folder
    named = run_folder / ELSEWHERE
    for _ in range(3):
        with contextlib.suppress(FileNotFoundError):
            folder = Path(named.read_text(encoding="utf-8").strip())
            if _is_private(folder):
                return folder
            named.unlink(missing_ok=True)
        _remember_new_folder(named)
    raise SettingsError(
        f"`{named}` cannot be used to name a folder for sockets",
        hint="Set `WINDWARD_HOME` to a path of fewer than 80 characters.",
    )


def _remember_new_folder(named: Path) -> None:
    """Make a private folder and write its name down, unless another process was first."""
    import tempfile  # few homes need one, and it loads `random`, which has work to do after every fork

    folder = tempfile.mkdtemp(prefix="windward-")
    named.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = named.with_name(f".{named.name}.{os.getpid()}")
    ours.write_text(folder, encoding="utf-8")
    try:
        os.link(ours, named)
    except FileExistsError:
        Path(folder).rmdir()
    finally:
        ours.unlink()


def _is_private(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
