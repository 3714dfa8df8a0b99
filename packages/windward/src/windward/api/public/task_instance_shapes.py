"""The shapes of task instances and of their tries, as they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from hashlib import sha1
from typing import Annotated, Any
from uuid import UUID

import msgspec

from windward.api.contract.operation import Reply
from windward.api.encoded import Encoded, EncodedPages
from windward.api.public.dag_versions import DagVersionResponse, version_response
from windward.api.public.jobs import JobResponse
from windward.core.transitions import TaskEvent
from windward.model.ids import TaskKey, hostname_of
from windward.model.states import FINISHED, TaskState
from windward.ports.listings.instances import InstanceFilter, InstanceRow
from windward.ports.listings.page import TOTAL_MAX, Page, PageRequest
from windward.ports.reads import AttemptRecord

_NAMESPACE = UUID("6b1f3c52-6a0e-5d49-9e4b-6f6c6f2f2a11")
SHORT_BITS = 48
DEFAULT_POOL = "default_pool"
UuidText = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uuid"})]


class TaskInstanceState(StrEnum):
    """States that a task instance is shown in; nothing, when nothing has been decided of it."""

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


_SHOWN = {state: None if state is TaskState.NONE else TaskInstanceState(state) for state in TaskState}


class TriggerResponse(msgspec.Struct, kw_only=True):
    """What a deferred instance waits for. Its arguments are encrypted, and not shown."""

    id: int
    classpath: str
    kwargs: str
    created_date: datetime
    queue: str | None
    triggerer_id: int | None


class TaskInstanceHistoryResponse(msgspec.Struct, kw_only=True):
    """One try of a task instance."""

    task_id: str
    dag_id: str
    dag_run_id: str
    map_index: int
    start_date: datetime | None
    end_date: datetime | None
    duration: float | None
    state: TaskInstanceState | None
    try_number: int
    max_tries: int
    task_display_name: str
    dag_display_name: str
    hostname: str | None
    unixname: str | None
    pool: str
    pool_slots: int
    queue: str | None
    priority_weight: int | None
    operator: str | None
    operator_name: str | None
    queued_when: datetime | None
    scheduled_when: datetime | None
    pid: int | None
    executor: str | None
    executor_config: str
    dag_version: DagVersionResponse | None


class TaskInstanceHistoryCollectionResponse(msgspec.Struct, kw_only=True):
    """Tries."""

    task_instances: list[TaskInstanceHistoryResponse]
    total_entries: int


class TaskInstanceResponse(TaskInstanceHistoryResponse, kw_only=True):
    """A task instance, as its current try is."""

    id: UuidText
    logical_date: datetime | None
    run_after: datetime
    note: str | None
    rendered_map_index: str | None
    rendered_fields: dict[str, Any] = {}
    trigger: TriggerResponse | None
    triggerer_job: JobResponse | None


class TaskInstanceCollectionResponse(msgspec.Struct, kw_only=True):
    """Task instances. With a cursor, `total_entries` counts no further than `total_entries_limit`."""

    task_instances: list[TaskInstanceResponse]
    total_entries: int | None = None
    total_entries_limit: int | None = None
    next_cursor: str | None = None
    previous_cursor: str | None = None


class NewTaskResponse(msgspec.Struct, kw_only=True):
    """A task that a run would get."""

    task_id: str
    task_display_name: str


class ClearTaskInstanceCollectionResponse(msgspec.Struct, kw_only=True):
    """What would be cleared."""

    task_instances: list[TaskInstanceResponse]
    total_entries: int


class NewTaskCollectionResponse(msgspec.Struct, kw_only=True):
    """What would be added, in the place of what would be cleared."""

    task_instances: list[NewTaskResponse]
    total_entries: int


class TaskDependencyResponse(msgspec.Struct, kw_only=True):
    """One thing that an instance waits for."""

    name: str
    reason: str


class TaskDependencyCollectionResponse(msgspec.Struct, kw_only=True):
    """What an instance waits for."""

    dependencies: list[TaskDependencyResponse]


def instance_id(key: TaskKey) -> str:
    """Return the id of a task instance, the same in all of its tries: a UUID of version 5.

    Lists show a hundred, and the module `uuid` takes four times as long.
    """
    name = f"{key.run_pk}\0{key.task_id}\0{key.map_index}"
    text = sha1(_NAMESPACE.bytes + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


def instance_response(row: InstanceRow, job: JobResponse | None = None) -> TaskInstanceResponse:
    """Return an instance as the API shows it, with the triggerer that has its trigger."""
    record, run = row.record, row.run.run
    named = record.map_label or (str(record.map_index) if record.map_index >= 0 else None)
    return TaskInstanceResponse(
        **_common(row),
        **_times(record.queued_at, record.start_date, record.end_date),
        id=instance_id(record.key),
        logical_date=run.logical_date,
        run_after=run.run_after,
        state=_shown(record.state),
        try_number=record.try_number,
        hostname=_hostname(record.owner),
        **_process(row, record.exit_fact),
        note=record.note,
        rendered_map_index=named,
        rendered_fields=_fields(row.rendered),
        trigger=_trigger(row, job),
        triggerer_job=job,
    )


class _Instances(msgspec.Struct, kw_only=True):
    """A `TaskInstanceCollectionResponse` whose instances are passed on as they were encoded."""

    task_instances: list[msgspec.Raw]
    total_entries: int | None
    total_entries_limit: int | None
    next_cursor: str | None
    previous_cursor: str | None


_ENCODED, _PAGES = Encoded[InstanceRow](instance_response), EncodedPages()


def instances_response(
    page: Page[InstanceRow],
    request: PageRequest,
    *,
    which: InstanceFilter | None,
    jobs: Mapping[TaskKey, JobResponse],
) -> Reply:
    """Return a page of instances as the API shows it: a `TaskInstanceCollectionResponse`."""

    def shape() -> _Instances:
        return _Instances(
            task_instances=[_ENCODED.of(row.record.key, row, jobs.get(row.record.key)) for row in page.rows],
            total_entries=page.total,
            total_entries_limit=TOTAL_MAX if request.cursor is not None else None,
            next_cursor=page.next_cursor,
            previous_cursor=page.previous_cursor,
        )

    return Reply(body=_PAGES.of((request, which), (page, *jobs.values()), shape))


def current_try(row: InstanceRow) -> TaskInstanceHistoryResponse:
    """Return the current try of an instance."""
    record = row.record
    return TaskInstanceHistoryResponse(
        **_common(row),
        **_times(record.queued_at, record.start_date, record.end_date),
        state=_shown(record.state),
        try_number=record.try_number,
        hostname=_hostname(record.owner),
        **_process(row, record.exit_fact),
    )


def past_try(row: InstanceRow, attempt: AttemptRecord) -> TaskInstanceHistoryResponse:
    """Return an earlier try of an instance. One that ended for another try failed, whatever came after it."""
    is_end = attempt.event == TaskEvent.CLEAR and attempt.state in FINISHED
    return TaskInstanceHistoryResponse(
        **_common(row),
        **_times(attempt.queued_at, attempt.start_date, attempt.end_date),
        state=TaskInstanceState(attempt.state) if is_end else TaskInstanceState.FAILED,
        try_number=attempt.try_number,
        hostname=_hostname(attempt.owner),
        **_process(row, attempt.exit_fact),
    )


def _common(row: InstanceRow) -> dict[str, Any]:
    """Return what an instance and all of its tries have alike."""
    record, run, task = row.record, row.run.run, row.task
    return {
        "task_id": record.task_id,
        "dag_id": run.dag_id,
        "dag_run_id": run.run_id,
        "map_index": record.map_index,
        "max_tries": record.max_tries,
        "task_display_name": (task.display_name if task is not None else None) or record.task_id,
        "dag_display_name": row.run.display_name,
        "pool": task.pool if task is not None else DEFAULT_POOL,
        "pool_slots": task.pool_slots if task is not None else 1,
        "queue": task.queue_of(record.try_number) if task is not None else None,
        "priority_weight": row.weight,
        "operator": task.operator if task is not None else None,
        "operator_name": task.operator if task is not None else None,
        "executor": task.executor if task is not None else None,
        "executor_config": str(task.executor_config) if task is not None else "{}",
        "dag_version": version_response(row.run.version) if row.run.version is not None else None,
    }


class _Process(msgspec.Struct, frozen=True):
    """What an exit fact says of the process."""

    pid: int | None = None
    unixname: str | None = None


_PROCESS = msgspec.json.Decoder(_Process)


def _process(row: InstanceRow, exit_fact: str | None) -> dict[str, Any]:
    """Return which process ran a try and as whom; a worker tells it when the try has ended."""
    said = _PROCESS.decode(exit_fact) if exit_fact else _Process()
    wanted = row.task.run_as_user if row.task is not None else None
    return {"pid": said.pid, "unixname": said.unixname or wanted}


def _times(queued: datetime | None, start: datetime | None, end: datetime | None) -> dict[str, Any]:
    return {
        "queued_when": queued,
        "scheduled_when": queued,
        "start_date": start,
        "end_date": end,
        "duration": (end - start).total_seconds() if start is not None and end is not None else None,
    }


def _shown(state: TaskState) -> TaskInstanceState | None:
    return _SHOWN[state]


def _hostname(owner: str | None) -> str | None:
    return None if owner is None else hostname_of(owner)


def _fields(rendered: str | None) -> dict[str, Any]:
    found = msgspec.json.decode(rendered) if rendered else {}
    return found if isinstance(found, dict) else {}


def _trigger(row: InstanceRow, job: JobResponse | None) -> TriggerResponse | None:
    record = row.record
    if record.state is not TaskState.DEFERRED or record.trigger_class is None or row.deferred_at is None:
        return None
    return TriggerResponse(
        id=UUID(instance_id(record.key)).int % (1 << SHORT_BITS),
        classpath=record.trigger_class,
        kwargs="{}",
        created_date=row.deferred_at,
        queue=None,
        triggerer_id=None if job is None else job.id,
    )
