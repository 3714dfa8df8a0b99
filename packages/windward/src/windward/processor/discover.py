"""Which files of the DAG folder may hold DAGs: `.py` files and zip packages, less what is ignored.

Only listing and reading live here; what to do with a found file is decided in `plan`. Nothing is imported.
"""

# Paths are texts here: thousands are looked at in each scan.
# ruff: noqa: PTH112, PTH113, PTH116

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from windward.processor.fingerprint import Fingerprints, Stamp, is_text
from windward.processor.ignore import FolderRules, is_ignored, parse_rules

IGNORE_FILE = ".airflowignore"
FILES_MAX = 100_000
"""Files looked at in one scan: a DAG folder that is the root of a disk is a mistake."""


@dataclass(frozen=True)
class Found:
    """One file to parse. `fileloc` is relative to the DAG folder, with `/`; inside a zip: `pack.zip/inner.py`."""

    fileloc: str
    source: str
    """The file on disk, relative to the DAG folder: `fileloc`, or the zip around it."""
    stamp: Stamp
    content_hash: str = ""
    """Of the source."""


@dataclass(frozen=True)
class Listing:
    """What a scan found. `folders` are all folders looked into, `problems` what people should know.

    `unreadable` are folders and files, relative to the DAG folder, of which nobody can say what is in them.
    """

    files: tuple[Found, ...] = ()
    folders: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Folder:
    path: str
    relative: str
    rules: tuple[FolderRules, ...]


@dataclass
class _Scan:
    found: list[Found] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    looked_at: int = 0


def discover(root: Path, fingerprints: Fingerprints, *, syntax: str, is_safe_mode: bool) -> Listing:
    """List the files below `root` that may hold DAGs, by name.

    A folder that can be reached in two ways (links, loops of links) is listed once, by its real place if
    that is below the root. Contents are read only when the stat of a file changed.
    """
    scan = _Scan()
    seen: set[tuple[int, int]] = set()
    folders = [_Folder(str(root), "", ())]
    links: list[_Folder] = []
    while folders or links:
        folder = folders.pop() if folders else links.pop(0)
        try:
            stat = os.stat(folder.path)
            if (stat.st_dev, stat.st_ino) in seen:
                continue
            seen.add((stat.st_dev, stat.st_ino))
            _list_folder(folder, scan, fingerprints, syntax, is_safe_mode, folders, links)
        except OSError as error:
            is_removed = isinstance(error, FileNotFoundError) and not os.path.isdir(folder.path)
            if not folder.relative or not is_removed:
                scan.unreadable.append(folder.relative)
                scan.problems.append(f"folder `{folder.path}` cannot be read: {error.strerror}")
        if scan.looked_at > FILES_MAX:
            scan.unreadable += [left.relative for left in (*folders, *links)]
            scan.problems.append(
                f"the DAG folder holds more than {FILES_MAX} files; the rest is not looked at"
            )
            break
    return Listing(
        tuple(sorted(scan.found, key=lambda found: found.fileloc)),
        tuple(scan.folders),
        tuple(scan.unreadable),
        tuple(scan.problems),
    )


def _list_folder(
    folder: _Folder, scan: _Scan, fingerprints: Fingerprints, syntax: str, is_safe_mode: bool,  # noqa: FBT001 - inner
    folders: list[_Folder], links: list[_Folder],
) -> None:  # fmt: skip
    with os.scandir(folder.path) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    scan.folders.append(folder.path)
    scan.looked_at += len(entries)
    rules = folder.rules
    if any(entry.name == IGNORE_FILE for entry in entries):
        own = _read_rules(f"{folder.path}/{IGNORE_FILE}", folder.relative, syntax)
        rules = (*rules, own)
        scan.problems += own.problems
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        relative = f"{folder.relative}/{entry.name}" if folder.relative else entry.name
        try:
            is_folder = entry.is_dir()
        except OSError as error:  # A link to itself, or to where we may not look.
            if not is_ignored(relative, is_folder=True, rules=rules):
                scan.unreadable.append(relative)
                scan.problems.append(f"`{relative}` cannot be followed: {error.strerror}")
            continue
        if not is_folder and not entry.name.endswith((".py", ".zip")):
            continue
        if is_ignored(relative, is_folder=is_folder, rules=rules):
            continue
        if not is_text(entry.name):
            shown = relative.encode("ascii", errors="backslashreplace").decode()
            scan.problems.append(
                f"the name of `{shown}` in the DAG folder is not UTF-8: it is not read until it is renamed"
            )
            continue
        if is_folder:
            (links if entry.is_symlink() else folders).append(_Folder(entry.path, relative, rules))
        else:
            _add_files_of(entry.path, relative, scan, fingerprints, is_safe_mode=is_safe_mode)


def _read_rules(path: str, folder: str, syntax: str) -> FolderRules:
    text = Path(path).read_bytes().decode("utf-8", errors="replace")
    return parse_rules(text, folder=folder, syntax=syntax)


def _add_files_of(
    path: str, relative: str, scan: _Scan, fingerprints: Fingerprints, *, is_safe_mode: bool
) -> None:
    if not os.path.isfile(path):
        return  # A link to nowhere, a pipe, a socket: editors leave such things behind.
    try:
        print_ = fingerprints.look_at(relative)
    except FileNotFoundError:
        return  # It was just removed.
    except OSError as error:
        scan.unreadable.append(relative)
        scan.problems.append(f"file `{path}` cannot be read: {error.strerror}")
        return
    if not relative.endswith(".zip"):
        if print_.may_hold_dags or not is_safe_mode:
            scan.found.append(Found(relative, relative, print_.stamp, print_.content_hash))
        return
    for member in print_.members:
        if member.may_hold_dags or not is_safe_mode:
            scan.found.append(Found(f"{relative}/{member.name}", relative, print_.stamp, print_.content_hash))
    if print_.is_damaged:
        scan.unreadable.append(relative)  # Its modules are not gone: it may not be copied whole.
        scan.found.append(Found(relative, relative, print_.stamp, print_.content_hash))


def read_source(root: Path, found_source: str, fileloc: str) -> bytes:
    """Return the bytes of a found file, from inside the zip when it is in one."""
    if fileloc == found_source:
        return (root / found_source).read_bytes()
    with zipfile.ZipFile(root / found_source) as pack:
        return pack.read(fileloc[len(found_source) + 1 :])
