"""The states of runs and task instances, and the names of rules. Only closed sets live here."""

from __future__ import annotations

from enum import StrEnum


class TaskState(StrEnum):
    """State of a task instance. `NONE` is what Airflow shows as null: nothing has been decided yet."""

    NONE = "none"
    SCHEDULED = "scheduled"
    """A deferred instance whose trigger fired: it waits for a slot. (What is ready for its first is `NONE`.)"""
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"
    RESTARTING = "restarting"
    REMOVED = "removed"


FINISHED: frozenset[TaskState] = frozenset(
    {
        TaskState.SUCCESS,
        TaskState.FAILED,
        TaskState.SKIPPED,
        TaskState.UPSTREAM_FAILED,
        TaskState.REMOVED,
    }
)
"""States in which nothing more happens unless a person asks for it."""

FAILURES: frozenset[TaskState] = frozenset({TaskState.FAILED, TaskState.UPSTREAM_FAILED})

IN_FLIGHT: frozenset[TaskState] = frozenset({TaskState.QUEUED, TaskState.RUNNING, TaskState.RESTARTING})
"""States that hold an executor slot and pool slots."""

WAITING: frozenset[TaskState] = frozenset(
    {TaskState.SCHEDULED, TaskState.UP_FOR_RETRY, TaskState.UP_FOR_RESCHEDULE}
)
"""States that are past the trigger rule, and become ready for a slot by themselves at `due_at`."""


class RunState(StrEnum):
    """State of a DAG run."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


RUN_FINISHED: frozenset[RunState] = frozenset({RunState.SUCCESS, RunState.FAILED})


class RunType(StrEnum):
    """Why a DAG run exists; also the first part of a generated run id."""

    SCHEDULED = "scheduled"
    MANUAL = "manual"
    BACKFILL = "backfill"
    ASSET_TRIGGERED = "asset_triggered"
    OPERATOR_TRIGGERED = "operator_triggered"
    ASSET_MATERIALIZATION = "asset_materialization"


class TriggeredBy(StrEnum):
    """Who asked for a run."""

    CLI = "cli"
    OPERATOR = "operator"
    REST_API = "rest_api"
    UI = "ui"
    TEST = "test"
    TIMETABLE = "timetable"
    ASSET = "asset"
    BACKFILL = "backfill"


class TriggerRule(StrEnum):
    """When a task may run, told from the states of its direct upstreams."""

    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"
    ALL_DONE_SETUP_SUCCESS = "all_done_setup_success"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    NONE_SKIPPED = "none_skipped"
    ALL_SKIPPED = "all_skipped"
    ALWAYS = "always"

    DUMMY = ALWAYS
    """Airflow 2's name for the same rule, as the next one."""
    NONE_FAILED_OR_SKIPPED = NONE_FAILED_MIN_ONE_SUCCESS


class WeightRule(StrEnum):
    """How a task's effective priority is made from its own and its relatives' weights."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"


class Semantics(StrEnum):
    """Which Airflow's meaning a DAG file has; see the decision on semantics per DAG."""

    AIRFLOW2 = "airflow2"
    AIRFLOW3 = "airflow3"


class Isolation(StrEnum):
    """How an attempt is run on a worker: a forked child of its own, or a warm child that runs many in turn."""

    ISOLATED = "isolated"
    WARM = "warm"


class BackfillState(StrEnum):
    """State of a backfill: whether it still makes runs."""

    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


BACKFILL_OPEN: frozenset[BackfillState] = frozenset({BackfillState.RUNNING, BackfillState.PAUSED})


class SlotState(StrEnum):
    """What became of one date of a backfill."""

    WAITING = "waiting"
    """Its turn has not come."""
    MADE = "made"
    """A run was made for it."""
    CLEARED = "cleared"
    """The run that it had was cleared, to run again."""
    SKIPPED = "skipped"
    """It had a run already, or none could be made; the reason says which."""


class Reprocess(StrEnum):
    """Which existing runs a backfill runs again."""

    NONE = "none"
    FAILED = "failed"
    COMPLETED = "completed"
    """All that have ended, failed or not."""
