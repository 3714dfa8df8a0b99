"""Read models of DAGs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from windward.document import DagDocument
from windward.model.access import DagReach
from windward.model.records import DagRecord
from windward.model.states import RunState
from windward.ports.listings.page import Between, Page, PageRequest, Pattern
from windward.ports.listings.versions import VersionRow
from windward.timetable import Windows


class DagRow(msgspec.Struct, frozen=True, kw_only=True):
    """A DAG with its newest document and what is known of its file."""

    record: DagRecord
    document: DagDocument
    version: VersionRow
    windows: Windows | None = None
    """What a timetable of the author's own wants."""
    has_import_errors: bool = False
    parsed_at: datetime | None = None
    parse_duration_s: float | None = None
    last_changed_at: datetime


class DagFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which DAGs. What is left out (None, or nothing in it) puts no condition on them."""

    reach: DagReach
    active_only: bool = True
    dag_ids: tuple[str, ...] | None = None
    tags: tuple[str, ...] = ()
    needs_all_tags: bool = False
    owners: tuple[str, ...] = ()
    """Parts of names of owners, one of which must fit."""
    dag_id: Pattern = Pattern()
    display_name: Pattern = Pattern()
    is_paused: bool | None = None
    has_import_errors: bool | None = None
    favorite_of: tuple[str, bool] | None = None
    """A user, and whether it must be a favourite of theirs or must not be."""
    last_run_states: tuple[RunState, ...] = ()
    last_run_start: Between[datetime] = Between()
    last_run_end: Between[datetime] = Between()
    timetable_types: tuple[str, ...] = ()
    has_asset_schedule: bool | None = None
    asset: str = ""
    """Part of the name or URI of an asset in the schedule."""

    @property
    def asks_documents(self) -> bool:
        """Whether the documents of all DAGs must be looked at."""
        return bool(self.timetable_types or self.asset or self.has_asset_schedule is not None)


class DagListings(Protocol):
    """What the API shows of DAGs."""

    def tags_of(self, dag_id: str) -> Collection[str]:
        """Return the tags of a DAG, also of one whose file is gone; none when it is not known."""

    def list(
        self, page: PageRequest, which: DagFilter, *, next_run: Callable[[DagRow], datetime | None]
    ) -> Page[DagRow]:
        """Return DAGs by their ids, unless `page` says otherwise; `next_run` tells when the next run of one is due."""

    def ids(self, which: DagFilter) -> Sequence[str]:
        """Return the ids of all these DAGs, sorted; `which` does not ask for documents."""

    def one(self, dag_id: str) -> DagRow | None:
        """Return one DAG, also when its file is gone; None when it is not known."""

    def names_of(self, dag_ids: Collection[str]) -> dict[str, str]:
        """Return what these DAGs are called; those that are not known are left out."""

    def is_favorite(self, user_id: str, dag_id: str) -> bool:
        """Whether a user marked a DAG."""

    def running_count(self, dag_id: str) -> int:
        """Return how many runs of a DAG are running."""

    def tags(self, page: PageRequest, *, reach: DagReach, name: Pattern = Pattern()) -> Page[str]:  # noqa: B008 - frozen
        """Return the tags of active DAGs, each once, by name."""

    def counts(
        self, reach: DagReach, dag_ids: Collection[str]
    ) -> Sequence[tuple[str, str, dict[RunState, int]]]:
        """Return id, name and the number of runs in each state, of these DAGs (all, when none is named) that have runs."""
