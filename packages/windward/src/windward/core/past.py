"""`depends_on_past` and `wait_for_downstream`: what the previous run says of a task."""

from __future__ import annotations

import msgspec

from windward.core.plan import DagPlan
from windward.core.previous import GOOD, PreviousRun
from windward.core.view import RunView
from windward.model.records import TaskRecord
from windward.model.states import TaskState


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
    previous = view.previous
    below_done = previous is not None and previous.is_downstream_done(task.task_id)
    waiting = []
    reason = ""
    for record in undecided:
        state = previous.state_of(task.task_id, record.map_index) if previous is not None else None
        if state is None and task.ignore_first_depends_on_past:
            continue
        problem = _problem(state, task.task_id, below_done=below_done or not task.wait_for_downstream)
        if problem:
            waiting.append(record.map_index)
            reason = problem
    return Past(frozenset(waiting), reason)


def _problem(state: TaskState | None, task_id: str, *, below_done: bool) -> str:
    if state is None:
        return f"the previous run has no instance of `{task_id}`"
    if state not in GOOD:
        return f"`{task_id}` is {state} in the previous run"
    if not below_done:
        return f"tasks after `{task_id}` have not all succeeded in the previous run"
    return ""


def previous_of(previous: RunView, plan: DagPlan) -> PreviousRun:
    """Return what a run of `plan` has to know of the run before it."""
    downstream: dict[str, tuple[str, ...]] = {}
    for number in plan.asks_past:
        task_id = plan.tasks[number].task_id
        earlier = previous.plan.number_of.get(task_id)
        if earlier is not None:
            below = previous.plan.downstream[earlier]
            downstream[task_id] = tuple(previous.plan.tasks[other].task_id for other in below)
    found = PreviousRun(downstream)
    names = {*downstream, *(name for below in downstream.values() for name in below)}
    for name in names:
        for record in previous.instances(previous.plan.number_of[name]):
            found.changed(name, record.map_index, before=None, after=record.state)
    return found
