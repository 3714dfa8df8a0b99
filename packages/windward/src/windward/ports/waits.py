"""Questions to people and deadlines of runs: written by `RunStore.apply`, read here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from windward.model.ids import TaskKey
from windward.model.waits import DeadlineRecord, InputRecord
from windward.ports.slas import SlaReads


class WaitStore(SlaReads, Protocol):
    """Reads of questions and deadlines."""

    def load_input(self, key: TaskKey, *, try_number: int) -> InputRecord | None:
        """Return the question of one try of an instance, or None."""

    def list_inputs(self, *, run_pk: int | None = None, open_only: bool, limit: int) -> list[InputRecord]:
        """Return questions, the newest first; `open_only`: those without an answer."""

    def load_deadlines(self, run_pks: Sequence[int]) -> list[DeadlineRecord]:
        """Return the deadlines of these runs by run and number."""

    def list_deadlines(
        self, *, dag_id: str | None = None, missed_only: bool, limit: int
    ) -> list[DeadlineRecord]:
        """Return deadlines, the latest `due_at` first."""
