"""The words for states, run types and week days as DAG files spell them (`airflow.utils.state`, `.types`, `.weekday`)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum

from windward.model import states


class TaskInstanceState(StrEnum):
    """State of a task instance; one that nothing was decided about has no state, which is None."""

    REMOVED = "removed"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"


class DagRunType(StrEnum):
    """Why a run exists."""

    BACKFILL_JOB = "backfill"
    SCHEDULED = "scheduled"
    MANUAL = "manual"
    OPERATOR_TRIGGERED = "operator_triggered"
    ASSET_TRIGGERED = "asset_triggered"
    DATASET_TRIGGERED = "asset_triggered"
    ASSET_MATERIALIZATION = "asset_materialization"

    @classmethod
    def from_run_id(cls, run_id: str) -> DagRunType:
        """Return the type that a generated run id begins with; manual when it begins with none."""
        return next((kind for kind in cls if run_id.startswith(f"{kind}__")), cls.MANUAL)


class WeekDay(IntEnum):
    """Day of the week, Monday first."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7

    @classmethod
    def get_weekday_number(cls, week_day_str: str) -> int:
        """Return the number of a day's name; raise `AttributeError` for a word that is no day."""
        name = week_day_str.strip().upper()
        if name not in cls.__members__:
            raise AttributeError(f"`{week_day_str}` is no day of the week")
        return cls[name].value

    @classmethod
    def convert(cls, day: str | WeekDay) -> int:
        """Return the number of a day, or of its name."""
        return day.value if isinstance(day, WeekDay) else cls.get_weekday_number(str(day))

    @classmethod
    def validate_week_day(cls, week_day: str | WeekDay | Iterable[str | WeekDay]) -> set[int]:
        """Return the numbers of one day or several; raise `TypeError` for anything else."""
        if isinstance(week_day, str | WeekDay):
            return {cls.convert(week_day)}
        if isinstance(week_day, Iterable):
            return {cls.convert(day) for day in week_day}
        raise TypeError(f"`{week_day!r}` is neither a day of the week nor a collection of them")


_COLORS: dict[str | None, str] = {
    None: "lightblue", "queued": "gray", "running": "lime", "success": "green", "restarting": "violet",
    "failed": "red", "up_for_retry": "gold", "up_for_reschedule": "turquoise", "upstream_failed": "orange",
    "skipped": "hotpink", "removed": "lightgrey", "scheduled": "tan", "deferred": "mediumpurple",
    "awaiting_input": "mediumpurple",
}  # fmt: skip


class State:
    """All states by name, and which of them belong together, as 1.10 and 2.x have them."""

    NONE = None
    REMOVED = TaskInstanceState.REMOVED
    SCHEDULED = TaskInstanceState.SCHEDULED
    QUEUED = TaskInstanceState.QUEUED
    RUNNING = TaskInstanceState.RUNNING
    SUCCESS = TaskInstanceState.SUCCESS
    RESTARTING = TaskInstanceState.RESTARTING
    FAILED = TaskInstanceState.FAILED
    UP_FOR_RETRY = TaskInstanceState.UP_FOR_RETRY
    UP_FOR_RESCHEDULE = TaskInstanceState.UP_FOR_RESCHEDULE
    UPSTREAM_FAILED = TaskInstanceState.UPSTREAM_FAILED
    SKIPPED = TaskInstanceState.SKIPPED
    DEFERRED = TaskInstanceState.DEFERRED
    AWAITING_INPUT = TaskInstanceState.AWAITING_INPUT
    SHUTDOWN = "shutdown"

    task_states: tuple[TaskInstanceState | None, ...] = (None, *TaskInstanceState)
    dag_states: tuple[states.RunState, ...] = (
        states.RunState.QUEUED,
        states.RunState.SUCCESS,
        states.RunState.RUNNING,
        states.RunState.FAILED,
    )
    finished: frozenset[TaskInstanceState] = frozenset(TaskInstanceState(state) for state in states.FINISHED)
    unfinished: frozenset[TaskInstanceState | None] = frozenset({None, *TaskInstanceState}) - finished
    finished_dr_states: frozenset[states.RunState] = states.RUN_FINISHED
    unfinished_dr_states: frozenset[states.RunState] = frozenset(states.RunState) - states.RUN_FINISHED
    failed_states: frozenset[TaskInstanceState] = frozenset({FAILED, UPSTREAM_FAILED})
    success_states: frozenset[TaskInstanceState] = frozenset({SUCCESS, SKIPPED})
    running: frozenset[TaskInstanceState] = frozenset({RUNNING, DEFERRED})
    adoptable_states: frozenset[TaskInstanceState] = frozenset({QUEUED, RUNNING, RESTARTING})
    state_color: dict[str | None, str] = _COLORS

    @classmethod
    def color(cls, state: str | None) -> str:
        """Return the colour of a state, white when it has none."""
        return cls.state_color.get(state, "white")

    @classmethod
    def color_fg(cls, state: str | None) -> str:
        """Return the colour of text on the colour of a state."""
        return "white" if cls.color(state) in {"green", "red"} else "black"
