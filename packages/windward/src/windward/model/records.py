"""Frozen snapshots of stored rows: what the store gives to decisions. No behaviour beyond derived facts.

All times are aware UTC datetimes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from windward.model.ids import TaskKey
from windward.model.states import (
    BackfillState,
    Reprocess,
    RunState,
    RunType,
    SlotState,
    TaskState,
    TriggeredBy,
)


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
    older revision is refused. It is greater than the fence of any instance that was deleted, so an instance that
    is added begins with it: what an attempt of a deleted one still says is refused, too."""
    backfill_pk: int | None = None
    """The backfill whose limit the run counts against; a run that a person clears leaves its backfill."""
    recoveries: int = 0
    """How often the run was run again on its own since it was made or cleared by a person."""
    recover_at: datetime | None = None
    """When a failed run may run again on its own, if there is nothing better to do."""
    is_recovery_stopped: bool = False
    """Whether a person said that the run, or a task of it, is failed: it is left so."""


class RunParent(Record, frozen=True):
    """The task instance that triggered a run."""

    run_pk: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    since: datetime
    """Start of the instance's first attempt since its last clear: all attempts since then are one wish."""
    place: int = 0
    """Which of the runs that one attempt triggers, in order: code that runs again asks again in that order."""


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
    trigger_class: str | None = None
    """Import path of the trigger that the try waits for, or was resumed by and has not ended since."""
    exit_fact: str | None = None
    """How the last attempt ended, as JSON of `windward.protocol.outcomes.ExitFact`."""

    @property
    def key(self) -> TaskKey:
        """The instance's key."""
        return TaskKey(self.run_pk, self.task_id, self.map_index)


class TriggerRecord(Record, frozen=True):
    """A deferral: the trigger that a task instance waits for, and where the try goes on after it.

    The bytes are packed values: only user code reads them.
    """

    run_pk: int
    task_id: str
    map_index: int
    fence: int
    """The attempt that the trigger speaks for."""
    class_path: str
    kwargs: bytes
    next_method: str
    next_kwargs: bytes
    resumed: bytes | None = None
    """What became of the trigger, as JSON of `windward.protocol.fired.Resumed`; None while it is waited for."""

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


class BackfillRecord(Record, frozen=True, kw_only=True):
    """Runs that somebody asked for, over a range of dates. A DAG has one open backfill at most."""

    backfill_pk: int
    """Small: people type it."""
    dag_id: str
    from_date: datetime
    to_date: datetime
    state: BackfillState = BackfillState.RUNNING
    run_backwards: bool = False
    max_active_runs: int = 10
    reprocess: Reprocess = Reprocess.NONE
    conf: dict[str, Any] = {}
    is_latest_version: bool = False
    """Whether runs that are run again take the newest version of the DAG."""
    is_idle_class: bool = True
    """Whether its tasks take only slots that nothing else waits for."""
    created_by: str | None = None
    created_at: datetime
    completed_at: datetime | None = None
    """When it was completed or cancelled."""
    reason: str = ""
    """Why it is in its state, in one sentence."""


class BackfillSlot(Record, frozen=True):
    """One date of a backfill, in the order of `ordinal`."""

    backfill_pk: int
    ordinal: int
    run_after: datetime
    logical_date: datetime
    interval_start: datetime
    interval_end: datetime
    state: SlotState = SlotState.WAITING
    run_pk: int | None = None
    """The run of the date, made or found."""
    reason: str = ""


class HostRecord(Record, frozen=True):
    """A worker host, or a triggerer, with the end of its lease."""

    host_id: str
    hostname: str
    pid: int
    queues: tuple[str, ...]
    capacity: int
    lease_until: datetime
    kind: str = "worker"
    """`worker` or `triggerer`."""
    is_draining: bool = False
    """Whether a person wants it to be given nothing new."""


class AssetEventRecord(Record, frozen=True):
    """An asset was written: by a task, by a watcher, or as somebody said.

    `event_pk` is made by whoever makes the event, and grows with time.
    """

    event_pk: int
    asset_key: str
    name: str
    uri: str
    at: datetime
    extra: dict[str, Any] = {}
    aliases: tuple[str, ...] = ()
    """The aliases that it was written through."""
    source_dag_id: str | None = None
    source_run_id: str | None = None
    source_task_id: str | None = None
    source_map_index: int = -1
    source_interval_start: datetime | None = None
    """The data interval of the run that wrote it."""
    source_interval_end: datetime | None = None
    reported_by: str | None = None
    """Who said so, when no task did."""


DEADLINE_KIND = "deadline"
DEADLINE_REFERENCE_KIND = "deadline_reference"
"""Not a callback but a question to an author's class, with the same way to a worker: what a deadline counts from."""


class CallbackRecord(Record, frozen=True):
    """A callback that a worker has to run; a row of an outbox, fenced like an attempt."""

    callback_pk: int
    run_pk: int
    dag_id: str
    kind: str
    """`success`, `failure`, `sla_miss` and `deadline` of the DAG; `task_failure`, `task_retry` of an attempt that could not call back, `task_success`, `task_skipped` too of one that its trigger has ended."""
    reason: str
    fence: int = 0
    tries: int = 0
    state: str = "queued"
    """`queued`, `submitted`, `started`, `done`, `failed`."""
    owner: str | None = None
    """Id of the worker host that it was handed to."""
    task: TaskKey | None = None
    """The task instance that it is about, or that decided the run."""
    try_number: int = 0
    """The try that ended, when it is about a task; the instance may have gone on since."""
    deadline_number: int | None = None
    """The deadline that was missed, or is asked for."""
