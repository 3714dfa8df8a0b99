"""Documents beside lists: decoded once, and kept while they are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from windward.document import DagDocument


class DocumentListings(Protocol):
    """A cache by hash: what a hash names never changes."""

    def plain(self, hashes: Iterable[str]) -> dict[str, DagDocument]:
        """Return documents by hash; those that were deleted are left out."""
