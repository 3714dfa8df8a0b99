"""Read models of XComs. Values are shown one at a time: a page of them says what there is, and how each begins."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

import msgspec

from windward.model.access import DagReach
from windward.model.ids import TaskKey
from windward.ports.listings.page import Between, Page, PageRequest, Pattern
from windward.protocol.outcomes import XComValue


class XComRow(msgspec.Struct, frozen=True, kw_only=True):
    """An XCom without its value: where it is, what its DAG and task are called, and how much of what there is."""

    key: str
    set_at: datetime
    task: TaskKey
    dag_id: str
    run_id: str
    logical_date: datetime | None
    run_after: datetime
    dag_display_name: str
    task_display_name: str
    encoding: str
    size_bytes: int
    length: int | None
    location: str | None
    """Where the value is, when it is not in the database."""
    preview: str
    """The text that was made of the value when it was written."""


class XComFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which XComs. What is left out (None, or nothing in it) puts no condition on them."""

    reach: DagReach
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    key: str | None = None
    map_indexes: tuple[int, ...] = ()
    """All of these: two that differ leave nothing."""
    keys: Pattern = Pattern()
    dags: Pattern = Pattern()
    dag_names: Pattern = Pattern()
    """What the DAG is called."""
    runs: Pattern = Pattern()
    tasks: Pattern = Pattern()
    logical_date: Between[datetime] = Between()
    run_after: Between[datetime] = Between()


class XComListings(Protocol):
    """What the API shows of XComs."""

    def list(self, page: PageRequest, which: XComFilter) -> Page[XComRow]:
        """Return XComs, by DAG, task, run, map index and key unless `page` says otherwise."""

    def one(
        self, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
    ) -> tuple[XComRow, XComValue] | None:
        """Return one XCom with its value, or None."""

    def values(self, task: TaskKey, keys: Collection[str]) -> dict[str, XComValue]:
        """Return values of one instance by key; missing ones are left out."""
