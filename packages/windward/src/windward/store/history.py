"""The history of a row: lines of (time, event, reason), of which the state is the fold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from windward.core.transitions import (
    RUN_TRANSITIONS,
    TASK_TRANSITIONS,
    RunEvent,
    TaskEvent,
    is_legal,
    is_legal_for_run,
)
from windward.model.states import RunState, TaskState

ADDED = "add"
"""The first line of an instance that an expansion inserted. No transition: it stands in `none`."""

Line = tuple[datetime, str, str]


def fold(trail: Iterable[Line]) -> TaskState:
    """Return the state that a task instance's history leads to; assert that each step is legal."""
    state = TaskState.NONE
    for _at, name, _reason in trail:
        if name != ADDED:
            event = TaskEvent(name)
            assert is_legal(event, state), f"`{event}` happened in state `{state}`"
            state = TASK_TRANSITIONS[event][1]
    return state


def fold_run(trail: Iterable[Line], created: RunState = RunState.QUEUED) -> RunState:
    """Return the state that a run's history leads to, from the state it was created in."""
    state = created
    for _at, name, _reason in trail:
        event = RunEvent(name)
        assert is_legal_for_run(event, state), f"`{event}` happened in run state `{state}`"
        state = RUN_TRANSITIONS[event][1]
    return state
