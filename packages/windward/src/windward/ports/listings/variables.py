"""Read models of variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from windward.ports.listings.page import Page, PageRequest, Pattern


class VariableRow(msgspec.Struct, frozen=True, kw_only=True):
    """A variable. `value` is as it was stored: whoever shows it masks it."""

    key: str
    value: str
    description: str | None


class VariableListings(Protocol):
    """What the API shows of variables."""

    def list(self, page: PageRequest, *, key: Pattern = Pattern()) -> Page[VariableRow]:  # noqa: B008 - frozen
        """Return variables, by key unless `page` says otherwise."""

    def one(self, key: str) -> VariableRow | None:
        """Return one variable, or None."""

    def existing(self, keys: Iterable[str]) -> set[str]:
        """Return which of these keys there are."""
