"""What is stored of deferrals: written by `RunStore.apply` with the moves they belong to, read here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from windward.model.ids import TaskKey
from windward.model.records import TriggerRecord


class DeferralStore(Protocol):
    """Deferrals, by task instance. Arguments and payloads are encrypted at rest by the store."""

    def load_deferrals(self, keys: Sequence[TaskKey]) -> dict[TaskKey, TriggerRecord]:
        """Return the deferrals of these instances (those that have none are left out)."""
