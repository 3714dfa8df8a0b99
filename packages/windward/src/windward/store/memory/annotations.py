"""People's notes, in memory."""

from __future__ import annotations

import msgspec

from windward.model.ids import TaskKey
from windward.store.memory.tables import Tables


class MemoryAnnotations:
    """Writes of people's notes."""

    _tables: Tables

    def set_run_note(self, run_pk: int, text: str | None) -> bool:
        """Replace the note of a run, or remove it; return whether there is such a run."""
        with self._tables.lock:
            run = self._tables.runs.get(run_pk)
            if run is None:
                return False
            self._tables.runs[run_pk] = msgspec.structs.replace(run, note=text)
            self._tables.wrote(1)
            return True

    def set_task_note(self, key: TaskKey, text: str | None) -> bool:
        """Replace the note of a task instance, or remove it; return whether there is such an instance."""
        with self._tables.lock:
            tasks = self._tables.tasks.get(key.run_pk, {})
            task = tasks.get((key.task_id, key.map_index))
            if task is None:
                return False
            tasks[key.task_id, key.map_index] = msgspec.structs.replace(task, note=text)
            self._tables.wrote(1)
            return True
