"""Read models of small values that are kept: of task instances and of assets."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from windward.ports.listings.page import Page, PageRequest


class TaskStateRow(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a task instance, as JSON text."""

    key: str
    value: str
    set_at: datetime
    expires_at: datetime | None


class AssetStateRow(msgspec.Struct, frozen=True, kw_only=True):
    """A value of an asset, as JSON text; `by` says who wrote it (`windward.model.writers`)."""

    key: str
    value: str
    set_at: datetime
    by: str


class InstancePlace(msgspec.Struct, frozen=True, kw_only=True):
    """A task instance, by what people call it."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int


class StateListings(Protocol):
    """What the API shows of kept values. What has expired is not found."""

    def of_task(
        self, page: PageRequest, place: InstancePlace, *, now: datetime, key: str | None = None
    ) -> Page[TaskStateRow]:
        """Return the values of an instance by key, or the one of this key."""

    def of_asset(self, page: PageRequest, asset: str, *, key: str | None = None) -> Page[AssetStateRow]:
        """Return the values of an asset, which is given by its name, by key; or the one of this key."""
