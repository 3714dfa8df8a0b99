"""Logs as files below one folder: the `LogStore` that needs nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from windward.errors import InvalidIdError, NotFoundError
from windward.logs.raw import append_bytes

READ_BYTES_MAX = 16 * 1024 * 1024
_CHUNK_BYTES = 1 << 20


class LocalLogStore:
    """Implements `windward.ports.files.LogStore`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_near = True

    def append(self, path: str, data: bytes) -> None:
        """Append whole lines; the folder is made when needed."""
        append_bytes(os.fspath(self.locate(path)), data)

    def read(self, path: str, *, offset: int = 0, limit: int = _CHUNK_BYTES) -> tuple[bytes, int]:
        """Return bytes from `offset`, and the size of the log so far; raise `NotFoundError`."""
        try:
            with self.locate(path).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(max(offset, 0))
                return file.read(max(0, min(limit, READ_BYTES_MAX))), size
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFoundError(f"there is no log at `{path}`") from error

    def tail(self, path: str, *, lines: int = 100) -> tuple[bytes, int]:
        """Return the last whole lines, and the size of the log so far; raise `NotFoundError`."""
        _, size = self.read(path, limit=0)
        start, data = size, b""
        while start > 0 and data.count(b"\n") <= lines and size - start < READ_BYTES_MAX:
            step = min(_CHUNK_BYTES, start)
            start -= step
            data = self.read(path, offset=start, limit=step)[0] + data
        whole = data[: data.rfind(b"\n") + 1]
        wanted = whole.splitlines(keepends=True)[-lines:] if lines > 0 else []
        return b"".join(wanted), start + len(whole)

    def follow(
        self, path: str, *, offset: int = 0, wait: Callable[[], bool], limit: int = _CHUNK_BYTES
    ) -> Iterator[bytes]:
        """Yield whole lines as they are written, from `offset` on.

        `wait` is called when nothing new is there: it waits as it likes and returns False when the writer is done;
        what was written until then is still yielded. The log need not exist yet.
        """
        rest = b""
        goes_on = True
        while True:
            try:
                data, _ = self.read(path, offset=offset, limit=limit)
            except NotFoundError:
                data = b""
            offset += len(data)
            rest += data
            if (end := rest.rfind(b"\n") + 1) > 0:
                yield rest[:end]
                rest = rest[end:]
            if not data:
                if not goes_on:
                    break
                goes_on = wait()
        if rest:
            yield rest

    def delete(self, prefix: str) -> int:
        """Delete the log or all logs below a folder; return how many."""
        target = self.locate(prefix)
        if target.is_file():
            target.unlink()
            return 1
        if not target.is_dir():
            return 0
        import shutil  # maps three libraries, and workers delete no logs

        count = sum(1 for found in target.rglob("*") if found.is_file())
        shutil.rmtree(target)
        return count

    def locate(self, path: str) -> Path:
        """Return the file of a log; raise `InvalidIdError` for a path that leads, or could lead, out of the folder."""
        parts = PurePosixPath(path).parts
        is_plain = bool(parts) and not path.startswith("/") and "\0" not in path and "\\" not in path
        target = self.folder.joinpath(*parts) if is_plain and ".." not in parts else None
        if target is None or not _is_within(os.path.realpath(target), os.path.realpath(self.folder)):
            raise InvalidIdError(
                f"`{path}` is not the path of a log", hint="Use a relative path made of ids, without `..`."
            )
        return target


def _is_within(path: str, folder: str) -> bool:
    """Whether one real path leads to a folder or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
