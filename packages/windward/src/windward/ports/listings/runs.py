"""Read models of runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from windward.model.access import DagReach
from windward.model.records import RunRecord
from windward.model.states import RunState, RunType
from windward.ports.listings.page import Between, Page, PageRequest, Pattern
from windward.ports.listings.versions import VersionRow


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run, with what its DAG is called and the version that it is pinned to (None: it was deleted)."""

    run: RunRecord
    display_name: str
    version: VersionRow | None


class RunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs. What is left out (None, or nothing in it) puts no condition on them."""

    reach: DagReach
    dag_ids: tuple[str, ...] | None = None
    run_after: Between[datetime] = Between()
    logical_date: Between[datetime] = Between()
    start_date: Between[datetime] = Between()
    end_date: Between[datetime] = Between()
    updated_at: Between[datetime] = Between()
    """When the run's state changed last."""
    duration: Between[float] = Between()
    conf_contains: str = ""
    run_types: tuple[RunType, ...] = ()
    states: tuple[RunState, ...] = ()
    version_numbers: tuple[int, ...] = ()
    run_id: Pattern = Pattern()
    user: Pattern = Pattern()
    """Who triggered it."""
    dag_id: Pattern = Pattern()
    consumes: str = ""
    """Part of the name or URI of an asset whose events made the run."""


class RunCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many runs of a state were due in the step of time from `at` on."""

    at: datetime
    state: RunState
    count: int


class RunListings(Protocol):
    """What the API shows of runs."""

    def list(self, page: PageRequest, which: RunFilter) -> Page[RunRow]:
        """Return runs, in the order in which they were made unless `page` says otherwise."""

    def one(self, dag_id: str, run_id: str) -> RunRow | None:
        """Return one run, or None."""

    def by_pks(self, run_pks: Collection[int]) -> dict[int, RunRow]:
        """Return runs by their keys; missing ones are left out."""

    def newest(
        self, dag_ids: Sequence[str], *, limit: int, reach: DagReach
    ) -> dict[str, Sequence[RunRecord]]:
        """Return the newest runs of each of these DAGs by `run_after`, the newest first; only of DAGs in reach."""

    def counts(self, dag_id: str, *, begin: datetime, end: datetime, step: timedelta) -> Sequence[RunCount]:
        """Return how many runs of a DAG were due from `begin` until before `end`, by steps and states, in order."""

    def made_of(self, event_pks: Collection[int], *, reach: DagReach) -> dict[int, Sequence[RunRecord]]:
        """Return the runs that events of assets made, by event; those without any are left out."""
