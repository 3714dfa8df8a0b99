"""Read models of connections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from windward.ports.listings.page import Page, PageRequest, Pattern


class ConnectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A connection without its password. `extra` is as it was stored: whoever shows it masks it."""

    conn_id: str
    conn_type: str | None
    description: str | None
    host: str | None
    login: str | None
    schema: str | None
    port: int | None
    has_password: bool
    extra: str | None


class ConnectionListings(Protocol):
    """What the API shows of connections."""

    def list(
        self,
        page: PageRequest,
        *,
        conn_id: Pattern = Pattern(),  # noqa: B008 - frozen
    ) -> Page[ConnectionRow]:
        """Return connections, by id unless `page` says otherwise."""

    def one(self, conn_id: str) -> ConnectionRow | None:
        """Return one connection, or None."""

    def existing(self, conn_ids: Iterable[str]) -> set[str]:
        """Return which of these ids there are."""
