"""All read models under one roof."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from windward.ports.listings.assets import AssetListings
from windward.ports.listings.backfills import BackfillListings
from windward.ports.listings.changes import ChangeListings
from windward.ports.listings.connections import ConnectionListings
from windward.ports.listings.dags import DagListings
from windward.ports.listings.documents import DocumentListings
from windward.ports.listings.events import EventListings
from windward.ports.listings.files import FileListings
from windward.ports.listings.grid import GridListings
from windward.ports.listings.inputs import InputListings
from windward.ports.listings.instances import InstanceListings
from windward.ports.listings.pools import PoolListings
from windward.ports.listings.runs import RunListings
from windward.ports.listings.states import StateListings
from windward.ports.listings.variables import VariableListings
from windward.ports.listings.versions import VersionListings
from windward.ports.listings.xcoms import XComListings


class WouldWait(Exception):
    """What may not wait would have to, for the turn to write: it can be done again where it may."""


class Listings(Protocol):
    """One attribute for each resource."""

    @property
    def is_near(self) -> bool:
        """Whether what is read is in a file of this machine: a read waits for nobody."""

    def together(self) -> AbstractContextManager[None]:
        """Let what this thread reads inside be read in one transaction, until it writes."""

    def briefly(self) -> AbstractContextManager[None]:
        """Do as `together` does, but raise `WouldWait` where something would be written."""

    @property
    def changes(self) -> ChangeListings:
        """What is under way, and what has just ended."""

    @property
    def connections(self) -> ConnectionListings:
        """Connections, without their passwords."""

    @property
    def dags(self) -> DagListings:
        """DAGs."""

    @property
    def documents(self) -> DocumentListings:
        """Documents, decoded."""

    @property
    def events(self) -> EventListings:
        """The audit log."""

    @property
    def grid(self) -> GridListings:
        """Grids and timelines."""

    @property
    def instances(self) -> InstanceListings:
        """Task instances."""

    @property
    def pools(self) -> PoolListings:
        """Pools."""

    @property
    def runs(self) -> RunListings:
        """Runs."""

    @property
    def variables(self) -> VariableListings:
        """Variables."""

    @property
    def versions(self) -> VersionListings:
        """Versions of DAGs."""

    @property
    def backfills(self) -> BackfillListings:
        """Backfills."""

    @property
    def files(self) -> FileListings:
        """DAG files."""

    @property
    def xcoms(self) -> XComListings:
        """XComs."""

    @property
    def assets(self) -> AssetListings:
        """Assets."""

    @property
    def states(self) -> StateListings:
        """Small values that are kept."""

    @property
    def inputs(self) -> InputListings:
        """Questions to people."""
