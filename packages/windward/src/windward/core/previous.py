"""What a run knows of the run before it, for `depends_on_past` and `wait_for_downstream`.

Kept true by being told of each change, at the same cost however many instances there are. What may not live
here: what follows from it (`past` says who waits).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from windward.model.states import TaskState

GOOD: frozenset[TaskState] = frozenset({TaskState.SUCCESS, TaskState.SKIPPED})


class PreviousRun:
    """The states of tasks of the previous run that a later run asks about."""

    __slots__ = ("_above", "_bad", "_downstream", "_states")

    def __init__(self, downstream: Mapping[str, Iterable[str]]) -> None:
        """Remember the tasks that are asked about; `downstream` has, for each, the tasks directly after it."""
        self._states: dict[str, dict[int, TaskState]] = {task_id: {} for task_id in downstream}
        self._downstream = {task_id: tuple(below) for task_id, below in downstream.items()}
        self._bad: dict[str, int] = {name: 0 for below in self._downstream.values() for name in below}
        """How many instances of a task after one that is asked about are neither success nor skipped."""
        self._above: dict[str, list[str]] = {name: [] for name in self._bad}
        for task_id, below in self._downstream.items():
            for name in below:
                self._above[name].append(task_id)

    def changed(
        self, task_id: str, map_index: int, *, before: TaskState | None, after: TaskState | None
    ) -> list[tuple[str, int]]:
        """Take in that an instance changed (None: it is not there).

        Return the instances (-1: all of a task) of the later run that may begin because of it.
        """
        touched: list[tuple[str, int]] = []
        states = self._states.get(task_id)
        if states is not None:
            if after is None:
                states.pop(map_index, None)
            else:
                states[map_index] = after
            if after is None or after in GOOD:
                touched.append((task_id, map_index))
        if task_id in self._bad:
            change = _is_bad(after) - _is_bad(before)
            self._bad[task_id] += change
            if change < 0 and self._bad[task_id] == 0:
                touched.extend((name, -1) for name in self._above[task_id])
        return touched

    def state_of(self, task_id: str, map_index: int) -> TaskState | None:
        """Return the state of an instance, or of the task as it was before it was mapped."""
        states = self._states.get(task_id, {})
        found = states.get(map_index)
        return found if found is not None else states.get(-1)

    def is_downstream_done(self, task_id: str) -> bool:
        """Whether all tasks directly after a task succeeded or were skipped."""
        return not any(self._bad[name] for name in self._downstream.get(task_id, ()))


def _is_bad(state: TaskState | None) -> int:
    return int(state is not None and state not in GOOD)
