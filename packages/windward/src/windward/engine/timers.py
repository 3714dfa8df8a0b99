"""What becomes due by itself: one heap of times, each with what to look at then."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from enum import StrEnum
from heapq import heapify, heappop, heappush
from itertools import count
from typing import NamedTuple

from windward.model.ids import TaskKey


class Timer(StrEnum):
    """What to look at when the time has come."""

    TASK_DUE = "task_due"
    """A retry or reschedule: subject is the task key."""
    RUN_DUE = "run_due"
    """A queued run whose `run_after` lies ahead: subject is the DAG id."""
    RUN_TIMEOUT = "run_timeout"
    """Subject is the run's pk."""
    SLOT_DUE = "slot_due"
    """The next slot of a schedule: subject is the DAG id."""
    START_LATE = "start_late"
    """An attempt ought to have been started by now: subject is a `StartLate`."""
    HOST_LATE = "host_late"
    """A host's lease ends: subject is the host id."""
    RECOVERY_DUE = "recovery_due"
    """A failed run may run again on its own: subject is a `RecoveryDue`."""
    WATCH_DUE = "watch_due"
    """A watcher that failed is tried again: subject is its key."""
    TRIGGERER_LATE = "triggerer_late"
    """A triggerer's lease ends: subject is the host id."""
    TRIGGERER_MISSED = "triggerer_missed"
    """A triggerer that left triggers behind has been gone for a while: subject is the host id."""
    DEADLINE = "deadline"
    """A run ought to be over: subject is a `DeadlineDue`."""
    SLA_DUE = "sla_due"
    """Tasks of a run ought to have ended by now: subject is (the run's pk, the moment)."""
    CALLBACK_LATE = "callback_late"
    """A callback ought to have been started by now: subject is its row id."""


class StartLate(NamedTuple):
    """An attempt that ought to be started."""

    key: TaskKey
    fence: int


class Timers:
    """A heap of (due, timer, subject). Entries are hints: whoever takes one looks whether it still holds."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Timer, Hashable]] = []
        self._order = count()

    def set(self, due: datetime, timer: Timer, subject: Hashable) -> None:
        """Look at `subject` at `due`."""
        heappush(self._heap, (due, next(self._order), timer, subject))

    def next_due(self) -> datetime | None:
        """Return when the next entry is due."""
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: datetime, *, limit: int) -> list[tuple[Timer, Hashable]]:
        """Take entries that are due, at most `limit`."""
        taken: list[tuple[Timer, Hashable]] = []
        while self._heap and self._heap[0][0] <= now and len(taken) < limit:
            _, _, timer, subject = heappop(self._heap)
            taken.append((timer, subject))
        return taken

    def sweep(self, timer: Timer, is_needed: Callable[[Hashable], bool]) -> int:
        """Forget the entries of one kind that are not needed any more; return how many of the kind are left."""
        self._heap = [entry for entry in self._heap if entry[2] is not timer or is_needed(entry[3])]
        heapify(self._heap)
        return sum(entry[2] is timer for entry in self._heap)

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._heap)
