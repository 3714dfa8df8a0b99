"""Read models of DAGs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class DagListings(Protocol):
    """What the API shows of DAGs."""

    def tags_of(self, dag_id: str) -> Collection[str]:
        """Return the tags of a DAG, also of one whose file is gone; none when it is not known."""
