"""The table of young children: processes that were made for an attempt lately, and still take a processor's time.

Most tasks are over soon, and a process costs more to make, to begin and to end than most of them compute. As many young
children at a time as there are processors keep all of these busy. More would only take turns, copy more pages for it,
and leave the scheduler and the API server next to them a smaller part than they need.
"""

from __future__ import annotations

import os

from windward.runner.held import Held, Step
from windward.runner.linux import boot_clock, is_computing

YOUNG_MAX = max(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
"""Young children at a time."""
LOOK_S = 0.015
"""From this age on it is looked at what a child does: one that sleeps or waits leaves the processors to others."""
UNSTARTED_S = 0.05
"""How long a child that waits for its grant is young: the scheduler of a far host may take longer to give it."""
GROWN_S = 0.2
"""From this age on a child is not young any more: what computes for long shares the processors with the others."""
AGAIN_S = 0.005
"""When to look again at what a child of middle age does."""


class Young:
    """Knows the attempts whose processes are young."""

    def __init__(self) -> None:
        self._since: dict[Held, float] = {}

    def add(self, held: Held) -> None:
        """An attempt was given its process."""
        self._since[held] = boot_clock()

    def remove(self, held: Held) -> None:
        """The attempt is over, or not ours any more."""
        self._since.pop(held, None)

    def wait_s(self, next_one: Held) -> float:
        """Return 0 when there is room for one more, else the seconds after which it is worth looking again.

        Children of the idle class do not count for other work: they leave the processors to it.
        """
        counted = [held for held in self._since if next_one.work.is_idle_class or not held.work.is_idle_class]
        if len(counted) < YOUNG_MAX:
            return 0.0
        now = boot_clock()
        ages = [now - self._since[held] for held in counted]
        grown = [held for held, age in zip(counted, ages, strict=True) if _has_grown(held, age)]
        for held in grown:
            del self._since[held]
        if len(counted) - len(grown) < YOUNG_MAX:
            return 0.0
        return max(AGAIN_S, LOOK_S - max(ages))


def _has_grown(held: Held, age_s: float) -> bool:
    """Whether the process of an attempt leaves room for another now."""
    if age_s < LOOK_S:
        return False
    if held.step is not Step.RUNNING:
        return age_s >= UNSTARTED_S
    return age_s >= GROWN_S or not is_computing(held.pid)
