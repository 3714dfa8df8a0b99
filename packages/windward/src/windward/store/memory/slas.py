"""Missed SLAs, and links from runs to the tasks that triggered them, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from windward.core.actions import LinkRun
from windward.core.slas import MissSla
from windward.model.slas import SlaMissRecord
from windward.store.memory.tables import Tables


def link_run(tables: Tables, action: LinkRun, put: Callable[..., Any]) -> bool:
    """Note who triggered a run, if there is such a run."""
    if action.run_pk not in tables.runs:
        return False
    put(tables.links, action.run_pk, action.parent)
    return True


def miss_sla(
    tables: Tables, action: MissSla, put: Callable[..., Any], put_callback: Callable[..., Any]
) -> bool:
    """Write misses down, each once, with their callback."""
    if action.run_pk not in tables.runs:
        return False
    for miss in action.misses:
        if (miss.run_pk, miss.task_id) in tables.sla_misses:
            return False
        put(tables.sla_misses, (miss.run_pk, miss.task_id), miss)
    if action.callback is not None:
        put_callback(tables, put, action.run_pk, action.callback, action.reason, task=action.callback_task)
    return True


class MemorySlaReads:
    """Reads of missed SLAs."""

    _tables: Tables

    def load_sla_misses(self, run_pks: Sequence[int]) -> list[SlaMissRecord]:
        """Return the misses of these runs by run and task."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            found = self._tables.sla_misses
            return [found[key] for key in sorted(found) if key[0] in run_pks]

    def list_sla_misses(self, *, dag_id: str | None = None, limit: int) -> list[SlaMissRecord]:
        """Return misses, those found last first."""
        with self._tables.lock:
            found = [miss for miss in self._tables.sla_misses.values() if dag_id in {None, miss.dag_id}]
        found.sort(key=lambda miss: (miss.run_pk, miss.task_id))
        return sorted(found, key=lambda miss: miss.missed_at, reverse=True)[:limit]
