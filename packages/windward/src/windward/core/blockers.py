"""All that keeps a task instance from its slot at the moment, side by side.

What lives here: the list that a person reads, made by the functions that decide. What may not: the one sentence that
says why, which follows the first of them to its cause (`explain`).
"""

from __future__ import annotations

from windward.core.advance import is_in_window, verdict_of, verdict_of_sources
from windward.core.explain import Blocker, Surroundings, missing_slots
from windward.core.past import ask_past
from windward.core.trigger_rules import Verdict
from windward.core.view import UNSTARTED, RunView
from windward.model.records import TaskRecord
from windward.model.states import RunState, TaskState


def blockers(view: RunView, record: TaskRecord, around: Surroundings) -> tuple[Blocker, ...]:
    """Return what an instance that has not begun waits for, by name; nothing for any other."""
    is_past_rule = record.state is TaskState.SCHEDULED
    if view.number(record.key) is None or not (is_past_rule or record.state in UNSTARTED):
        return ()
    found = [*_of_run(view, around), *missing_slots(view, record, around)]
    if not is_past_rule:
        found += _of_rule(view, record)
    return tuple(sorted(found, key=lambda blocker: blocker.name))


def _of_run(view: RunView, around: Surroundings) -> list[Blocker]:
    found = []
    if view.run.state is not RunState.RUNNING:
        said = f": {view.run.reason}" if view.run.reason else ""
        found.append(Blocker("Dagrun Running", f"the run is {view.run.state}{said}"))
    if not around.has_scheduler:
        found.append(Blocker("Scheduler", "no scheduler has given a sign of life lately"))
    return found


def _of_rule(view: RunView, record: TaskRecord) -> list[Blocker]:
    number = view.plan.number_of[record.task_id]
    if not is_in_window(view.plan.tasks[number], view.run):
        return [Blocker("Execution Date", "the task's own start_date and end_date leave the run's date out")]
    found = []
    verdict, why = verdict_of(view, number, record.map_index)
    if verdict is Verdict.WAIT:
        found.append(Blocker("Trigger Rule", f"it waits for tasks before it, by its rule {why}"))
    elif verdict is not Verdict.RUN:
        found.append(Blocker("Trigger Rule", f"it is about to be {verdict}, by its rule {why}"))
    past = ask_past(view, number, [record])
    if past.waits:
        found.append(Blocker("Previous Dagrun State", past.reason))
    if view.plan.expansions[number] is not None and record.map_index < 0:
        over, why = verdict_of_sources(view, number)
        if over is Verdict.WAIT:
            found.append(Blocker("Task has been mapped", f"it waits to be expanded: {why}"))
    return found
