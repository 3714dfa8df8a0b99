"""What is kept of assets: their events, whom each waits for, and what was written through aliases.

Events are written by `RunStore.apply` only; here is what reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from windward.model.records import AssetEventRecord


class AssetStore(Protocol):
    """Reads of asset events, and their deletion."""

    def load_waiting(self, dag_ids: Sequence[str] | None = None) -> dict[str, list[AssetEventRecord]]:
        """Return the events that wait for each of these DAGs (None: all), by `event_pk`; DAGs without any are left out."""

    def load_unrouted(self, *, limit: int) -> list[AssetEventRecord]:
        """Return events of which nobody has decided yet whom they wait for, oldest first."""

    def load_members(self) -> list[tuple[str, str]]:
        """Return (alias, asset key) of what was ever written through aliases."""

    def list_events(
        self,
        *,
        name: str = "",
        uri: str = "",
        alias: str = "",
        after: datetime | None = None,
        before: datetime | None = None,
        newest_first: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> list[AssetEventRecord]:
        """Return events of an asset (by name, URI or both), of an alias's assets, or of all; bounds are inclusive."""

    def consumed_events(self, run_pk: int) -> list[AssetEventRecord]:
        """Return the events that a run was made of, oldest first."""

    def delete_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest events from before a time, also those that still wait for a DAG; return how many."""
