"""Notes that people leave on runs and task instances. They decide nothing: the last writer wins."""

from __future__ import annotations

from typing import Protocol

from windward.model.ids import TaskKey


class AnnotationWrites(Protocol):
    """Writes of people's notes."""

    def set_run_note(self, run_pk: int, text: str | None) -> bool:
        """Replace the note of a run, or remove it; return whether there is such a run."""

    def set_task_note(self, key: TaskKey, text: str | None) -> bool:
        """Replace the note of a task instance, or remove it; return whether there is such an instance."""
