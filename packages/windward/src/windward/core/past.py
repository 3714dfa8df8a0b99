"""`depends_on_past` and `wait_for_downstream`: what the previous run says of a task."""

from __future__ import annotations

import msgspec

from windward.core.view import PastTask, RunView
from windward.model.records import TaskRecord
from windward.model.states import TaskState

GOOD: frozenset[TaskState] = frozenset({TaskState.SUCCESS, TaskState.SKIPPED})


class Past(msgspec.Struct, frozen=True, gc=False):
    """Which instances of a task still wait for the previous run."""

    waiting_indexes: frozenset[int]
    reason: str = ""

    @property
    def waits(self) -> bool:
        """Whether any instance waits."""
        return bool(self.waiting_indexes)


NOT_ASKED = Past(frozenset())


def ask_past(view: RunView, number: int, undecided: list[TaskRecord]) -> Past:
    """Return which of the undecided instances of a task wait for the previous run."""
    task = view.plan.tasks[number]
    if not (task.depends_on_past or task.wait_for_downstream) or view.is_first:
        return NOT_ASKED
    waiting = []
    reason = ""
    for record in undecided:
        before = view.past.get(task.task_id, {})
        past = before.get(record.map_index) or before.get(-1)
        problem = _problem(past, task.task_id, waits_below=task.wait_for_downstream)
        if past is None and task.ignore_first_depends_on_past:
            problem = ""
        if problem:
            waiting.append(record.map_index)
            reason = problem
    return Past(frozenset(waiting), reason)


def _problem(past: PastTask | None, task_id: str, *, waits_below: bool) -> str:
    if past is None:
        return f"the previous run has no instance of `{task_id}`"
    if past.state not in GOOD:
        return f"`{task_id}` is {past.state} in the previous run"
    if waits_below and not past.downstream_done:
        return f"tasks after `{task_id}` have not all succeeded in the previous run"
    return ""


def past_of(previous: RunView, number: int) -> dict[int, PastTask]:
    """Return how the instances of a task stand in the previous run, by map index."""
    plan = previous.plan
    downstream_done = all(
        record.state in GOOD for below in plan.downstream[number] for record in previous.instances(below)
    )
    return {
        record.map_index: PastTask(record.state, downstream_done) for record in previous.instances(number)
    }
