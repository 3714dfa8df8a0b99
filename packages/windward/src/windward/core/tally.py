"""How the upstreams of a task have ended so far, as counts. Counts are all that trigger rules may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from windward.model.states import TaskState


class Tally(NamedTuple):
    """Counts of upstream task instances; `total` includes those that have not finished."""

    total: int = 0
    success: int = 0
    failed: int = 0
    skipped: int = 0
    upstream_failed: int = 0
    removed: int = 0
    setup_total: int = 0
    setup_success: int = 0
    setup_skipped: int = 0

    @classmethod
    def of(cls, states: Iterable[TaskState]) -> Tally:
        """Count plain states (no setups)."""
        seen = list(states)
        return cls(
            total=len(seen),
            success=seen.count(TaskState.SUCCESS),
            failed=seen.count(TaskState.FAILED),
            skipped=seen.count(TaskState.SKIPPED),
            upstream_failed=seen.count(TaskState.UPSTREAM_FAILED),
            removed=seen.count(TaskState.REMOVED),
        )

    @classmethod
    def sum(cls, *parts: Sequence[int] | None) -> Tally:
        """Add up tallies, of which some may be missing."""
        return cls(*map(sum, zip(*(part for part in parts if part is not None), strict=True)))

    @property
    def done(self) -> int:
        """How many have finished, in whatever way."""
        return self.success + self.failed + self.skipped + self.upstream_failed + self.removed

    @property
    def all_done(self) -> bool:
        """Whether every upstream has finished."""
        return self.done >= self.total

    @property
    def any_failed(self) -> bool:
        """Whether an upstream failed, itself or for want of its own upstreams."""
        return self.failed + self.upstream_failed > 0


FIELD_OF: dict[TaskState, int] = {
    TaskState.SUCCESS: 1,
    TaskState.FAILED: 2,
    TaskState.SKIPPED: 3,
    TaskState.UPSTREAM_FAILED: 4,
    TaskState.REMOVED: 5,
}
"""Which field of a tally a finished state counts in."""
_SETUP_FIELD_OF: dict[TaskState, int] = {TaskState.SUCCESS: 7, TaskState.SKIPPED: 8}
_TOTAL_FIELD = 0
_SETUP_TOTAL_FIELD = 6
TALLY_FIELDS = len(Tally._fields)


def count(tally: list[int], state: TaskState, sign: int, *, is_setup: bool) -> None:
    """Count an instance in (+1) or out (-1)."""
    tally[_TOTAL_FIELD] += sign
    field = FIELD_OF.get(state)
    if field is not None:
        tally[field] += sign
    if is_setup:
        tally[_SETUP_TOTAL_FIELD] += sign
        setup_field = _SETUP_FIELD_OF.get(state)
        if setup_field is not None:
            tally[setup_field] += sign


def end(tally: list[int], state: TaskState, number: int, *, is_setup: bool) -> None:
    """Count instances that were counted already as ended."""
    tally[FIELD_OF[state]] += number
    if is_setup and (field := _SETUP_FIELD_OF.get(state)) is not None:
        tally[field] += number
