"""Frozen snapshots of stored rows: what the store gives to decisions. No behaviour beyond derived facts.

All times are aware UTC datetimes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from windward.model.ids import TaskKey
from windward.model.states import RunState, RunType, TaskState, TriggeredBy


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of all records: frozen, keyword-only, comparable."""


class DagRecord(Record, frozen=True):
    """A DAG as the scheduler sees it. `document_hash` names its newest document."""

    dag_id: str
    document_hash: str
    is_paused: bool = False
    is_active: bool = True
    fileloc: str = ""
    last_run_after: datetime | None = None
    """`run_after` of the last run that the schedule made."""
    last_interval_start: datetime | None = None
    last_interval_end: datetime | None = None
    failed_in_a_row: int = 0


class RunRecord(Record, frozen=True):
    """A DAG run. `run_pk` is its row id, made by whoever creates it; `run_id` is what people see."""

    run_pk: int
    dag_id: str
    run_id: str
    run_type: RunType
    state: RunState
    document_hash: str
    run_after: datetime
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    queued_at: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    conf: dict[str, Any] = {}
    triggered_by: TriggeredBy = TriggeredBy.TIMETABLE
    triggering_user: str | None = None
    note: str | None = None
    clear_number: int = 0
    is_idle_class: bool = False
    """Backfill and recovery: takes only slots that no scheduled or manual work waits for."""
    reason: str = ""
    """Why the run is in its state, in one sentence."""
    revision: int = 0
    """Grows each time somebody else than the scheduler changes the run's tasks: what was decided on an
    older revision is refused."""


class TaskRecord(Record, frozen=True):
    """A task instance together with its current attempt.

    `fence` grows by one each time an attempt is queued and each time one is revoked: a message that
    carries an older fence is refused. `try_number` is 0 before the first attempt.
    """

    run_pk: int
    task_id: str
    map_index: int = -1
    state: TaskState = TaskState.NONE
    fence: int = 0
    try_number: int = 0
    max_tries: int = 0
    owner: str | None = None
    """Id of the worker host that was granted the start."""
    queued_at: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    due_at: datetime | None = None
    """When an `up_for_retry` or `up_for_reschedule` instance becomes ready again."""
    first_start_date: datetime | None = None
    """Start of the first attempt since the last clear; sensors count their timeout from it."""
    return_length: int | None = None
    """Length of the returned list or dict, when there is one: mapped successors expand to it."""
    lost_count: int = 0
    """Attempts lost to our side (worker gone), which do not use up the author's retries."""
    map_label: str | None = None
    """The rendered `map_index_template`."""
    skip_by: str | None = None
    """Task id of the branch that decided to skip this instance; a clear of it keeps the skip."""
    note: str | None = None
    reason: str = ""
    exit_fact: str | None = None
    """How the last attempt ended, as JSON of `windward.protocol.outcomes.ExitFact`."""

    @property
    def key(self) -> TaskKey:
        """The instance's key."""
        return TaskKey(self.run_pk, self.task_id, self.map_index)


class PoolRecord(Record, frozen=True):
    """A pool: `slots` < 0 means no limit."""

    name: str
    slots: int
    description: str = ""
    include_deferred: bool = False


class HostRecord(Record, frozen=True):
    """A worker host with the end of its lease."""

    host_id: str
    hostname: str
    pid: int
    queues: tuple[str, ...]
    capacity: int
    lease_until: datetime


class CallbackRecord(Record, frozen=True):
    """A DAG-level callback that a worker has to run; a row of an outbox, fenced like an attempt."""

    callback_pk: int
    run_pk: int
    dag_id: str
    kind: str
    """`success` or `failure`."""
    reason: str
    fence: int = 0
    tries: int = 0
    state: str = "queued"
    """`queued`, `submitted`, `started`, `done`, `failed`."""
    owner: str | None = None
    """Id of the worker host that it was handed to."""
    task: TaskKey | None = None
    """The task instance that decided the run, for the callback's context."""
