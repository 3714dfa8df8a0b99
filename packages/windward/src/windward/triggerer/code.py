"""Trigger classes by import path, from installed packages and from the folders of the deployment's own code.

A module of those folders that has changed since it was imported is imported anew for the next trigger; triggers
that run already keep the class they have.
"""

from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path
from typing import Any

from windward.errors import UserError
from windward.sdk.byte_code import check_byte_code


class TriggerCode:
    """Imports classes. Safe for threads: one import at a time."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = tuple(str(folder.resolve()) for folder in folders)
        self._stamps: dict[str, tuple[str, tuple[int, int]]] = {}
        """Module of our folders to its file and that file's change time and size."""
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
            self._forget_changed()
            before = set(sys.modules)
            try:
                module = importlib.import_module(module_name)
            finally:
                self._remember(set(sys.modules) - before)
        found = getattr(module, name, None)
        if found is None:
            raise UserError(
                f"module `{module_name}` has no `{name}`",
                hint="The triggerer imports triggers by the path that `serialize` returns: "
                "define the class at the top of a module in the DAG folder or of an installed package.",
            )
        return found

    def _remember(self, names: set[str]) -> None:
        for name in names:
            path = getattr(sys.modules.get(name), "__file__", None)
            if path and path.startswith(self._folders) and (stamp := _stamp(path)) is not None:
                self._stamps[name] = (path, stamp)

    def _forget_changed(self) -> None:
        """Drop all modules of our folders when any of them changed: they may refer to each other."""
        if all(_stamp(path) == stamp for path, stamp in self._stamps.values()):
            return
        for name in self._stamps:
            sys.modules.pop(name, None)
        self._stamps.clear()
        importlib.invalidate_caches()


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
