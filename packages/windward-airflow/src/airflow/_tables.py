"""The tables of names: which modules Airflow has, which names they hold, and what each stands for.

The tables are files in `_names`, one per area, each a small part of TOML that this module reads at the price of
splitting lines: `["module"]` headers, `Name = "value"` lines, comments. An area is loaded when one of its modules is
asked for. What may not live here: importing anything that a table names.

A value is one of::

    "windward.sdk.dag:DAG"                      an attribute of one of our modules
    "windward.sdk.macros"                       one of our modules itself
    "windward.sdk.dag:DAG | now airflow.sdk.DAG"   the same, deprecated
    "airflow.providers.…:Name"                  deprecated: the name has moved there
    "later | Use a task group."                 Airflow has it, this version of Windward does not; what to do

The key `"@moved"` makes all names of a module deprecated: they are found in the module that it names.
The key `"@later"` is the advice for all names of a module that give none of their own.
The key `"@package"` says that a module has others below it, in other tables or in other people's folders.
"""

from __future__ import annotations

import os
from enum import Enum
from typing import NamedTuple

FOLDER = os.path.join(os.path.dirname(__file__), "_names")  # noqa: PTH118, PTH120 - pathlib costs more than the reading
_SUFFIX = ".toml"
_REST = "core"
"""The area of modules that no other file is for."""


class Kind(Enum):
    """What using a name means."""

    CURRENT = "current"
    DEPRECATED = "deprecated"
    LATER = "later"


class Entry(NamedTuple):
    """A name of a module: what it stands for, and what to use or do instead."""

    kind: Kind
    target: str
    """`module:attribute`, or a module; empty when there is none yet."""
    advice: str
    """Deprecated: the name to use. Later: a sentence, or nothing."""


class NamedModule:
    """A module that exists because a table says so."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_package = False
        self._values: dict[str, str] = {}
        self._moved = ""
        self._later = ""

    def add(self, key: str, value: str) -> None:
        """Take one line of a table."""
        match key:
            case "@moved":
                self._moved = value
            case "@later":
                self._later = value
            case "@package":
                self.is_package = True
            case _:
                self._values[key] = value

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that Airflow has in this module, as far as the table goes."""
        return tuple(self._values)

    def entry(self, name: str) -> Entry | None:
        """Return what `name` stands for, or None."""
        value = self._values.get(name)
        if value is None:
            return None
        target, _, note = value.partition(" | ")
        if target == "later":
            return Entry(Kind.LATER, "", note or self._later)
        if note:
            return Entry(Kind.DEPRECATED, target, note.removeprefix("now "))
        if target.startswith("airflow."):
            return Entry(Kind.DEPRECATED, target, target.replace(":", "."))
        if self._moved:
            return Entry(Kind.DEPRECATED, target, f"{self._moved}.{name}")
        return Entry(Kind.CURRENT, target, "")


_areas: frozenset[str] | None = None
_loaded: dict[str, dict[str, NamedModule]] = {}


def module(name: str) -> NamedModule | None:
    """Return the module that a table calls `name`, or None."""
    return _load(_area_of(name)).get(name)


def areas() -> frozenset[str]:
    """Return the names of all areas."""
    global _areas  # noqa: PLW0603 - a cache
    if _areas is None:
        _areas = frozenset(
            name.removesuffix(_SUFFIX)
            for name in os.listdir(FOLDER)  # noqa: PTH208 - pathlib costs more than the reading
            if name.endswith(_SUFFIX)
        )
    return _areas


def modules() -> dict[str, NamedModule]:
    """Return every module of every table."""
    return {name: one for area in sorted(areas()) for name, one in _load(area).items()}


def parse(text: str) -> dict[str, dict[str, str]]:
    """Read a table: module to name to value."""
    found: dict[str, dict[str, str]] = {}
    lines: dict[str, str] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            lines = found.setdefault(line[2:-2], {})
        else:
            key, _, value = line.partition(" = ")
            lines[key.strip('"')] = value[1:-1]
    return found


def _area_of(name: str) -> str:
    parts = name.split(".", 3)[1:3]
    for area in ("_".join(parts), parts[0] if parts else _REST):
        if area in areas():
            return area
    return _REST


def _load(area: str) -> dict[str, NamedModule]:
    known = _loaded.get(area)
    if known is None:
        with open(os.path.join(FOLDER, area + _SUFFIX), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            known = _built(parse(file.read()))
        _loaded[area] = known
    return known


def _built(table: dict[str, dict[str, str]]) -> dict[str, NamedModule]:
    """Return the modules of a table and the packages above them."""
    built: dict[str, NamedModule] = {}
    for name, lines in table.items():
        one = built.setdefault(name, NamedModule(name))
        for key, value in lines.items():
            one.add(key, value)
        parent = name.rpartition(".")[0]
        while parent:
            built.setdefault(parent, NamedModule(parent)).is_package = True
            parent = parent.rpartition(".")[0]
    return built
