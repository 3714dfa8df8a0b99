"""Missed SLAs: written by `RunStore.apply`, read here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from windward.model.slas import SlaMissRecord


class SlaReads(Protocol):
    """Reads of missed SLAs."""

    def load_sla_misses(self, run_pks: Sequence[int]) -> list[SlaMissRecord]:
        """Return the misses of these runs by run and task."""

    def list_sla_misses(self, *, dag_id: str | None = None, limit: int) -> list[SlaMissRecord]:
        """Return misses, those found last first."""
