"""Trigger classes by import path, from installed packages and from the folders of the deployment's own code.

A module of those folders that has changed since it was imported is imported anew for the next trigger; triggers
that run already keep the class they have.
"""

from __future__ import annotations

import importlib
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from windward.errors import UserError
from windward.sdk.byte_code import check_byte_code

_COARSE_NS = 20_000_000
"""How far the clock of file times may be behind the one that we read."""


class Stamp(NamedTuple):
    """What differs when a file was written, or another was put in its place. No tool can set the change time."""

    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int


_UNKNOWN = Stamp(0, 0, 0, 0)


class TriggerCode:
    """Imports classes. Safe for threads: one import at a time."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = tuple(str(folder.resolve()) for folder in folders)
        self._stamps: dict[str, tuple[str, Stamp]] = {}
        """Module of our folders to its file and that file as it was read."""
        self._lock = threading.Lock()
        check_byte_code(self._folders)
        for folder in self._folders:
            if folder not in sys.path:
                sys.path.append(folder)

    def load(self, class_path: str) -> Any:
        """Return the class; raise `UserError` when there is none, or whatever its module raises."""
        module_name, _, name = class_path.rpartition(".")
        if not module_name:
            raise UserError(
                f"`{class_path}` is no import path of a trigger",
                hint="`serialize` returns the path of the class, such as `my_triggers.MyTrigger`.",
            )
        with self._lock:
            module = self._import(module_name)
            if not self._is_settled():
                # Once more, and at rest: triggers that come together are to have one class, as they share streams by it.
                time.sleep(_COARSE_NS / 1e9)
                module = self._import(module_name)
        found = getattr(module, name, None)
        if found is None:
            raise UserError(
                f"module `{module_name}` has no `{name}`",
                hint="The triggerer imports triggers by the path that `serialize` returns: "
                "define the class at the top of a module in the DAG folder or of an installed package.",
            )
        return found

    def _import(self, module_name: str) -> ModuleType:
        self._forget_changed()
        before = set(sys.modules)
        began_ns = time.time_ns() - _COARSE_NS
        try:
            return importlib.import_module(module_name)
        finally:
            self._remember(set(sys.modules) - before, began_ns)

    def _is_settled(self) -> bool:
        """Whether no file was changed while it was imported, or just before."""
        return all(stamp != _UNKNOWN for _, stamp in self._stamps.values())

    def _remember(self, names: set[str], began_ns: int) -> None:
        """Note what was imported. A file that changed meanwhile may have been read before: next time it is read anew."""
        prefixes = tuple(f"{folder}/" for folder in self._folders)
        for name in names:
            path = getattr(sys.modules.get(name), "__file__", None)
            if path and path.startswith(prefixes) and (stamp := _stamp(path)) is not None:
                self._stamps[name] = (path, stamp if stamp.ctime_ns < began_ns else _UNKNOWN)

    def _forget_changed(self) -> None:
        """Drop all modules of our folders when any of them changed: they may refer to each other."""
        if all(_stamp(path) == stamp for path, stamp in self._stamps.values()):
            return
        for name in self._stamps:
            sys.modules.pop(name, None)
        self._stamps.clear()
        importlib.invalidate_caches()


def _stamp(path: str) -> Stamp | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return Stamp(found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
