"""The seam between the processor and whoever knows what a DAG is: an imported module in, documents out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType

from windward.document import DagDocument
from windward.protocol.outcomes import DeadXCom
from windward.timetable import Dates, Windows


@dataclass(frozen=True)
class Source:
    """An imported DAG file. `root` is the DAG folder, `fileloc` the path below it."""

    module: ModuleType
    data: bytes
    root: str
    fileloc: str


@dataclass(frozen=True)
class Declared:
    """A DAG of a file: its document, or the error that it has of its own.

    `also_in` names other files of the DAG folder whose modules hold the same DAG by a name of theirs.
    """

    dag_id: str
    outcome: DagDocument | BaseException
    also_in: tuple[str, ...] = ()
    windows: Windows | None = None
    """What a timetable of the author's own wants, when the DAG has one."""
    dates: tuple[tuple[datetime, datetime, Dates], ...] = ()
    """What it said of ranges that somebody asked for."""


@dataclass(frozen=True)
class Author:
    """How modules become documents: `prepare` runs once in the template, `declare` in each child after the import."""

    declare: Callable[[Source], Iterable[Declared]]
    prepare: Callable[[], object] = object
    begin: Callable[[str, float], float] = lambda _path, timeout_s: timeout_s
    """Runs in each child before the import, with the file's path; returns how long the import may take, in seconds."""
    purge: Callable[[Sequence[DeadXCom]], Iterable[tuple[int, str]]] = lambda _items: ()
    """Has backends purge values that are gone: yields the `dead_pk` of each, with an error or without."""
    secrets_ttl_s: float = 0.0
    """How long answers of secrets backends to one file are kept for the next; 0 keeps none."""
