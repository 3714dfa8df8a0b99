"""Byte code of the deployment's own modules, trusted only for the very source that it was made from.

Python takes byte code for that of a file with the same size and the same second of change. Two saves within a
second, or a tool that keeps times, leave another source with both. Here a cache names the hash of its source
(a checked hash-based `.pyc`, which every Python reads): it is as fast, and none is out of date.
"""

# Paths are texts here, as the import system has them.
# ruff: noqa: PTH100, PTH112

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from importlib.util import MAGIC_NUMBER

_CHECKED = MAGIC_NUMBER + (0b11).to_bytes(4, "little")
"""How byte code begins that names the hash of its source, and is to be checked against it."""
_OF_NO_SOURCE = _CHECKED + bytes(8)
"""Has Python compile the source, and keep what it made with its hash."""
_FOLDERS: set[str] = set()


class CheckedLoader(SourceFileLoader):
    """Loads a module from its source, or from byte code of exactly that source."""

    def get_data(self, path: str) -> bytes:
        """Return the content of a file; byte code that does not name its source is taken for that of another."""
        if path == self.path or not path.endswith(".pyc"):
            return super().get_data(path)
        try:
            data = super().get_data(path)
        except OSError:
            return _OF_NO_SOURCE
        return data if data.startswith(_CHECKED) else _OF_NO_SOURCE


def check_byte_code(folders: Iterable[str]) -> None:
    """Have modules below these folders loaded so from now on, in this process."""
    new = {os.path.abspath(folder) for folder in folders}
    new |= {os.path.realpath(folder) for folder in new}
    if new <= _FOLDERS:
        return
    if not _FOLDERS:
        sys.path_hooks.insert(0, _finder)
    _FOLDERS.update(new)
    for path in [path for path in sys.path_importer_cache if _is_below(path)]:
        del sys.path_importer_cache[path]


def _finder(path: str) -> FileFinder:
    """Be a hook of the import system."""
    if not _is_below(path) or not os.path.isdir(path):
        raise ImportError(f"`{path}` is none of the deployment's own folders", path=path)
    return FileFinder(
        path,
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (CheckedLoader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )


def _is_below(path: str) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in _FOLDERS)
