"""Small values that tasks keep: of a task instance over its tries, and of an asset over all runs."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from windward.model.ids import TaskKey


class StateStore(Protocol):
    """Key and value, the value as JSON text. What has expired is not found."""

    def get_task_state(self, key: TaskKey, name: str, *, now: datetime) -> str | None:
        """Return a value of an instance, or None."""

    def set_task_state(
        self, key: TaskKey, name: str, value: str, *, fence: int, now: datetime, expires_at: datetime | None
    ) -> None:
        """Insert or replace; raise `ConflictError` if the instance's fence is not `fence` any more."""

    def delete_task_state(self, key: TaskKey, name: str | None, *, all_instances: bool = False) -> int:
        """Delete one value (or all of the instance, or of all instances of its task); return how many there were."""

    def list_task_state(self, run_pk: int, *, now: datetime) -> list[tuple[TaskKey, str, str, datetime]]:
        """Return (instance, name, value, set at) of a run by task, map index and name."""

    def get_asset_state(self, asset: str, name: str) -> str | None:
        """Return a value of an asset, or None."""

    def set_asset_state(self, asset: str, name: str, value: str, *, by: str, now: datetime) -> None:
        """Insert or replace; `by` names who wrote it."""

    def delete_asset_state(self, asset: str, name: str | None) -> int:
        """Delete one value or all of an asset; return how many there were."""

    def list_asset_state(self, asset: str | None = None) -> list[tuple[str, str, str, str, datetime]]:
        """Return (asset, name, value, by, set at) by asset and name."""

    def count_expired_states(self, *, before: datetime) -> int:
        """Return how many values of instances expired before a time."""

    def delete_expired_states(self, *, before: datetime, limit: int) -> int:
        """Delete values of instances that expired before a time; return how many."""
