"""Attempts that ought to be started: each is looked at when its time has come, and forgotten once it was started.

An entry in the heap of times cannot be taken out when it is no longer needed, so those are swept out together, before
there are many more of them than of attempts that wait. What follows when an attempt is late is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import timedelta

from windward.engine.timers import StartLate, Timer, Timers
from windward.model.ids import TaskKey
from windward.model.records import TaskRecord
from windward.model.states import TaskState

KEPT_MAX = 10_000
"""Entries that are kept whether they are needed or not; beyond that, as many again as are needed."""


class Starts:
    """Queued attempts in the heap of times."""

    def __init__(
        self,
        timers: Timers,
        find: Callable[[TaskKey], tuple[object, TaskRecord] | None],
        *,
        timeout: timedelta,
        kept_max: int = KEPT_MAX,
    ) -> None:
        self._timers = timers
        self._find = find
        self._timeout = timeout
        self._kept_max = kept_max
        self._room = kept_max

    def watch(self, record: TaskRecord) -> None:
        """Look at a queued attempt again when it ought to have been started."""
        if record.state is TaskState.QUEUED and record.queued_at is not None:
            late = StartLate(record.key, record.fence)
            self._timers.set(record.queued_at + self._timeout, Timer.START_LATE, late)
            self._room -= 1
            if self._room <= 0:
                self._room = max(self._kept_max, self._timers.sweep(Timer.START_LATE, self._is_queued))

    def _is_queued(self, subject: Hashable) -> bool:
        assert isinstance(subject, StartLate), "what this timer is set for"
        found = self._find(subject.key)
        return found is not None and found[1].fence == subject.fence and found[1].state is TaskState.QUEUED
