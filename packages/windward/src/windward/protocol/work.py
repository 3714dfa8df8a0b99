"""What a worker is asked to do: submissions, and the context that comes with a granted start."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from windward.model.numbers import Small, Wide
from windward.model.states import Isolation, RunType, Semantics
from windward.protocol.fired import Resumption


class AttemptRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """Names one attempt. `fence` makes it unique: a message with an older fence is refused."""

    run_pk: Wide
    task_id: str
    map_index: Small
    fence: Small
    callback_pk: Wide | None = None
    """Set when this is not a task but a callback (then `task_id` is empty)."""


class Submission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An attempt to prepare; user code may run only after the start was granted."""

    ref: AttemptRef
    dag_id: str
    fileloc: str
    code_hash: str
    isolation: Isolation = Isolation.ISOLATED
    queue: str = "default"
    run_as_user: str | None = None
    is_idle_class: bool = False
    """Whether the attempt takes only what others leave, of the processor too."""


class RunContext(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The DAG run, as a task sees it."""

    run_pk: int
    dag_id: str
    run_id: str
    run_type: RunType
    run_after: datetime
    state: str = "running"
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    queued_at: datetime | None = None
    conf: dict[str, Any] = {}
    triggered_by: str = "timetable"
    triggering_user: str | None = None
    note: str | None = None
    clear_number: int = 0


class TaskContext(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="task"):
    """What a child needs beyond its DAG file to run one attempt; comes with the granted start."""

    run: RunContext
    dag_id: str
    task_id: str
    map_index: int
    try_number: int
    max_tries: int
    start_date: datetime
    semantics: Semantics
    queued_at: datetime | None = None
    first_start_date: datetime | None = None
    """Start of the first attempt since the last clear."""
    reschedule_count: int = 0
    owner: str = ""
    timezone: str = "UTC"
    prev_logical_date: datetime | None = None
    next_logical_date: datetime | None = None
    """Neighbours by the schedule, for the context keys of Airflow 2."""
    log_path: str = ""
    """Relative path of the attempt's log below the log folder."""
    resumption: Resumption | None = None
    """Set when the attempt goes on after a deferral."""


class SlaItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task that missed its SLA."""

    task_id: str
    logical_date: datetime
    missed_at: datetime


class LateTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task instance of a late run that has not succeeded."""

    task_id: str
    map_index: int
    state: str


class SlaReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an SLA callback of Airflow 2 is told: the misses, and what holds the run up."""

    misses: tuple[SlaItem, ...]
    blocking: tuple[LateTask, ...]


class CallbackContext(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="callback"):
    """What a child needs to run a callback in a process of its own.

    `kind`: `success`, `failure` and `deadline` are the DAG's, `running` is for listeners, `task_failure` and `task_retry` those of a task whose process
    could not run them itself.
    """

    run: RunContext
    dag_id: str
    kind: str
    reason: str
    semantics: Semantics
    timezone: str = "UTC"
    task_id: str | None = None
    """The task that decided the run's end, when there is one: its instance is `ti` in the context."""
    map_index: int = -1
    try_number: int = 0
    max_tries: int = 0
    slas: SlaReport | None = None
    """Set for the kind `sla_miss`."""
    task_start_date: datetime | None = None
    deadline_number: int | None = None
    deadline_name: str | None = None
    deadline_due_at: datetime | None = None
    """The deadline that was missed: its place in the DAG's list, its name, and when it was."""
    log_path: str = ""
