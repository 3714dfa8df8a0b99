"""All read models under one roof."""

from __future__ import annotations

from typing import Protocol

from windward.ports.listings.dags import DagListings
from windward.ports.listings.pools import PoolListings


class Listings(Protocol):
    """One attribute for each resource."""

    @property
    def dags(self) -> DagListings:
        """DAGs."""

    @property
    def pools(self) -> PoolListings:
        """Pools."""
