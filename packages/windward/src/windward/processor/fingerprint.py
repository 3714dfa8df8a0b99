"""Content hashes of what DAG files depend on, cached by stat so that an unchanged file is never read again.

A dependency is a text:

- `lib/tables.py`: a file of the DAG folder that was imported, or opened for reading
- `conf/`: a folder of the DAG folder whose names were listed
- `lib/tables?`: a module that was looked for in the DAG folder and not found

(`results` and `answers` add `dag:…`, `var:…` and `conn:…`, which are not on disk.) Only reading and hashing
live here; who depends on what is recorded in `imports`.
"""

# Paths are texts here: thousands are looked at in each scan.
# ruff: noqa: PTH112, PTH113, PTH116, PTH118, PTH123, PTH208

from __future__ import annotations

import hashlib
import os
import re
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

FILE_BYTES_MAX = 64 * 1024 * 1024
"""Larger files are named by their stat instead of their content."""
RACY_S = 2.0
"""A file changed less than this before it was read may change again without changing its stat."""
ABSENT = "absent"

_SAFE = re.compile(rb"airflow|windward", re.IGNORECASE)
_SAFE_TOO = re.compile(rb"dag|asset", re.IGNORECASE)


class Stamp(NamedTuple):
    """What stat says of a file."""

    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int


class Member(NamedTuple):
    """A module at the top of a zip package."""

    name: str
    may_hold_dags: bool


@dataclass(frozen=True)
class FilePrint:
    """What is known of a file's content. `members` are set for zip packages."""

    stamp: Stamp
    content_hash: str
    may_hold_dags: bool = False
    members: tuple[Member, ...] = ()
    is_damaged: bool = False
    is_settled: bool = True


def hash_bytes(data: bytes) -> str:
    """Return the name of a content: 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(data).hexdigest()[:32]


def is_text(name: str) -> bool:
    """Whether a name in the file system can be sent and stored: bytes that are not UTF-8 come as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def stamp_of(path: str) -> Stamp | None:
    """Return what stat says of a path now, None when nothing stands there."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return Stamp(stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)


def may_hold_dags(source: bytes) -> bool:
    """Whether safe mode lets a file through: it speaks of Airflow or Windward, and of a DAG or an asset."""
    return bool(_SAFE.search(source) and _SAFE_TOO.search(source))


class Fingerprints:
    """Owns the cache of one DAG folder. Grows with the folder; `forget_others` keeps it from outliving it."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._files: dict[str, FilePrint] = {}
        self.files_read = 0
        """Files whose content was read since the start."""

    def of_file(self, relative: str) -> FilePrint | None:
        """Return what is known of a file, reading it only if its stat changed; None when it cannot be read."""
        try:
            return self.look_at(relative)
        except OSError:
            return None

    def look_at(self, relative: str) -> FilePrint:
        """Return what `of_file` does; raise `OSError` when the file cannot be read."""
        path = f"{self._root}/{relative}"
        try:
            stat = os.stat(path)
            stamp = Stamp(stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)
            known = self._files.get(relative)
            if known is not None and known.stamp == stamp and known.is_settled:
                return known
            self._files[relative] = made = self._read(path, stamp)
        except OSError:
            self._files.pop(relative, None)
            raise
        return made

    def of_dependency(self, dependency: str) -> str:
        """Return the hash of what a dependency is now, `absent` when it is not there."""
        if dependency.endswith("?"):
            return self._of_module(dependency[:-1])
        if dependency.endswith("/") or not dependency:
            return self._of_folder(dependency)
        print_ = self.of_file(dependency)
        return ABSENT if print_ is None else print_.content_hash

    def forget_others(self, keep: set[str]) -> None:
        """Drop what is not in `keep`."""
        for relative in self._files.keys() - keep:
            del self._files[relative]

    def _of_module(self, name: str) -> str:
        path = os.path.join(self._root, name)
        kinds = [
            kind
            for kind, is_there in (
                ("module", os.path.isfile(f"{path}.py")),
                ("package", os.path.isfile(f"{path}/__init__.py")),
                ("folder", os.path.isdir(path)),
            )
            if is_there
        ]
        return "+".join(kinds) or ABSENT

    def _of_folder(self, dependency: str) -> str:
        try:
            names = os.listdir(os.path.join(self._root, dependency))
        except OSError:
            return ABSENT
        seen = sorted(name for name in names if not name.startswith(".") and name != "__pycache__")
        return hash_bytes("\0".join(seen).encode(errors="surrogateescape"))

    def _read(self, path: str, stamp: Stamp) -> FilePrint:
        self.files_read += 1
        is_settled = time.time_ns() - stamp.mtime_ns > RACY_S * 1e9
        if path.endswith(".zip"):
            return _read_zip(path, stamp, is_settled=is_settled)
        if stamp.size > FILE_BYTES_MAX:
            return FilePrint(stamp, hash_bytes(repr(stamp).encode()))
        with open(path, "rb") as file:
            data = file.read()
        return FilePrint(stamp, hash_bytes(data), may_hold_dags(data), is_settled=is_settled)


def _read_zip(path: str, stamp: Stamp, *, is_settled: bool) -> FilePrint:
    with open(path, "rb") as file:
        content_hash = hashlib.file_digest(file, "sha256").hexdigest()[:32]
    try:
        with zipfile.ZipFile(path) as pack:
            members = tuple(
                Member(name, may_hold_dags(pack.read(name)))
                for name in sorted(pack.namelist())
                if name.endswith(".py") and "/" not in name
            )
    except (zipfile.BadZipFile, RuntimeError, OSError, NotImplementedError):
        return FilePrint(stamp, content_hash, is_damaged=True, is_settled=is_settled)
    return FilePrint(stamp, content_hash, members=members, is_settled=is_settled)
