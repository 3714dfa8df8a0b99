"""The shapes of task instances."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from windward.api.public.dag_versions import DagVersionResponse, version_response
from windward.document import TaskDocument
from windward.model.ids import TaskKey
from windward.model.records import TaskRecord
from windward.model.states import TaskState
from windward.ports.listings.runs import RunRow

_NAMESPACE = UUID("6b1f3c52-6a0e-5d49-9e4b-6f6c6f2f2a11")


class TriggerResponse(msgspec.Struct, kw_only=True):
    """What a deferred instance waits for."""

    id: int
    classpath: str
    kwargs: str
    created_date: datetime
    queue: str | None
    triggerer_id: int | None


class TaskInstanceResponse(msgspec.Struct, kw_only=True):
    """A task instance, as its current try is."""

    id: UUID
    task_id: str
    dag_id: str
    dag_run_id: str
    map_index: int
    logical_date: datetime | None
    run_after: datetime
    start_date: datetime | None
    end_date: datetime | None
    duration: float | None
    state: TaskState | None
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
    note: str | None
    rendered_map_index: str | None
    rendered_fields: dict[str, Any] = {}
    trigger: TriggerResponse | None
    triggerer_job: dict[str, Any] | None
    dag_version: DagVersionResponse | None


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


def instance_id(key: TaskKey) -> UUID:
    """Return the id of a task instance: the same in all of its tries."""
    return uuid.uuid5(_NAMESPACE, f"{key.run_pk}\0{key.task_id}\0{key.map_index}")


def instance_response(row: RunRow, record: TaskRecord, task: TaskDocument | None) -> TaskInstanceResponse:
    """Return an instance of a run as the API shows it; `task` is None when its version of the DAG is gone."""
    run = row.run
    took = (
        (record.end_date - record.start_date).total_seconds()
        if record.start_date and record.end_date
        else None
    )
    return TaskInstanceResponse(
        id=instance_id(record.key),
        task_id=record.task_id,
        dag_id=run.dag_id,
        dag_run_id=run.run_id,
        map_index=record.map_index,
        logical_date=run.logical_date,
        run_after=run.run_after,
        start_date=record.start_date,
        end_date=record.end_date,
        duration=took,
        state=None if record.state is TaskState.NONE else record.state,
        try_number=record.try_number,
        max_tries=record.max_tries,
        task_display_name=(task.display_name if task is not None else None) or record.task_id,
        dag_display_name=row.display_name,
        hostname=None,
        unixname=None,
        pool=task.pool if task is not None else "default_pool",
        pool_slots=task.pool_slots if task is not None else 1,
        queue=task.queue if task is not None else None,
        priority_weight=task.priority_weight if task is not None else None,
        operator=task.operator if task is not None else None,
        operator_name=task.operator if task is not None else None,
        queued_when=record.queued_at,
        scheduled_when=record.queued_at,
        pid=None,
        executor=task.executor if task is not None else None,
        executor_config=msgspec.json.encode(task.executor_config).decode() if task is not None else "{}",
        note=record.note,
        rendered_map_index=record.map_label,
        trigger=None,
        triggerer_job=None,
        dag_version=version_response(row.version) if row.version is not None else None,
    )
