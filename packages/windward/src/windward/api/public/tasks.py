"""Tasks, as the newest version of their DAG has them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.public.dag_shapes import shown_params
from windward.api.public.dags import found_dag
from windward.document import DagDocument, TaskDocument
from windward.errors import NotFoundError, UserError
from windward.model.access import Resource, Verb

TAG = "Task"


class TimeDelta(msgspec.Struct, kw_only=True, rename={"type_": "__type"}):
    """A length of time."""

    type_: str = "TimeDelta"
    days: int
    seconds: int
    microseconds: int


class TaskResponse(msgspec.Struct, kw_only=True):
    """A task."""

    task_id: str | None
    task_display_name: str | None
    owner: str | None
    start_date: datetime | None
    end_date: datetime | None
    trigger_rule: str | None
    depends_on_past: bool
    wait_for_downstream: bool
    retries: float | None
    queue: str | None
    pool: str | None
    pool_slots: float | None
    execution_timeout: TimeDelta | None
    retry_delay: TimeDelta | None
    retry_exponential_backoff: float
    priority_weight: float | None
    weight_rule: str | None
    ui_color: str | None
    ui_fgcolor: str | None
    template_fields: list[str] | None
    downstream_task_ids: list[str] | None
    doc_md: str | None
    operator_name: str | None
    params: dict[str, Any] | None
    class_ref: dict[str, str] | None
    is_mapped: bool | None
    extra_links: list[str]


class TaskCollectionResponse(msgspec.Struct, kw_only=True):
    """Tasks."""

    tasks: list[TaskResponse]
    total_entries: int


class TasksQuery(msgspec.Struct, kw_only=True):
    """In which order."""

    order_by: str = "task_id"


_NOT_FOR_ORDER = {
    "template_fields",
    "downstream_task_ids",
    "doc_md",
    "params",
    "class_ref",
    "is_mapped",
    "extra_links",
}
ORDERS = tuple(name for name in TaskResponse.__struct_fields__ if name not in _NOT_FOR_ORDER)


def get_tasks(call: Call[TasksQuery, Nothing]) -> TaskCollectionResponse:
    """List the tasks of a DAG."""
    name = call.query.order_by.removeprefix("-")
    if name not in ORDERS:
        raise UserError(
            f"tasks cannot be ordered by `{name}`", hint=f"Order them by one of: {', '.join(ORDERS)}."
        )
    tasks = _responses(found_dag(call, call.text("dag_id")).document)
    tasks.sort(key=lambda task: _key(getattr(task, name)), reverse=call.query.order_by.startswith("-"))
    return TaskCollectionResponse(tasks=tasks, total_entries=len(tasks))


def _key(value: Any) -> tuple[bool, Any]:
    if isinstance(value, TimeDelta):
        value = (value.days, value.seconds, value.microseconds)
    return (value is None, value)


def get_task(call: Call[Nothing, Nothing]) -> TaskResponse:
    """Show a task."""
    task_id = call.text("task_id")
    for task in _responses(found_dag(call, call.text("dag_id")).document):
        if task.task_id == task_id:
            return task
    raise NotFoundError(f"Task with id {task_id} was not found")


def _responses(document: DagDocument) -> list[TaskResponse]:
    below: dict[str, list[str]] = {task.task_id: [] for task in document.tasks}
    for task in document.tasks:
        for upstream in task.upstream:
            below[upstream].append(task.task_id)
    return [_response(document, task, sorted(below[task.task_id])) for task in document.tasks]


def _response(document: DagDocument, task: TaskDocument, downstream: list[str]) -> TaskResponse:
    """Return a task; it begins no earlier than its DAG, and ends no later."""
    starts = [moment for moment in (task.start_date, document.start_date) if moment is not None]
    ends = [moment for moment in (task.end_date, document.end_date) if moment is not None]
    return TaskResponse(
        task_id=task.task_id,
        task_display_name=task.display_name or task.task_id,
        owner=task.owner,
        start_date=max(starts, default=None),
        end_date=min(ends, default=None),
        trigger_rule=task.trigger_rule,
        depends_on_past=task.depends_on_past,
        wait_for_downstream=task.wait_for_downstream,
        retries=task.retries,
        queue=task.queue,
        pool=task.pool,
        pool_slots=task.pool_slots,
        execution_timeout=_delta(task.execution_timeout_s),
        retry_delay=_delta(task.retry_delay_s),
        retry_exponential_backoff=task.retry_backoff,
        priority_weight=task.priority_weight,
        weight_rule=task.weight_rule,
        ui_color=task.ui_color,
        ui_fgcolor=task.ui_fgcolor,
        template_fields=list(task.template_fields),
        downstream_task_ids=downstream,
        doc_md=task.doc_md,
        operator_name=task.operator,
        params=shown_params(task.params),
        class_ref={"module_path": task.operator_module, "class_name": task.operator},
        is_mapped=task.expansion is not None,
        extra_links=list(task.extra_links),
    )


def _delta(seconds: float | None) -> TimeDelta | None:
    if seconds is None:
        return None
    micros = round(seconds * 1_000_000)
    days, rest = divmod(micros, 86_400_000_000)
    return TimeDelta(days=days, seconds=rest // 1_000_000, microseconds=rest % 1_000_000)


_READ = Needs(verb=Verb.READ, resource=Resource.DAG, scope=Scope.PATH)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/dags/{dag_id}/tasks",
        name="get_tasks",
        tag=TAG,
        summary="List the tasks of a DAG.",
        access=_READ,
        query=TasksQuery,
        reply=TaskCollectionResponse,
        handler=get_tasks,
        errors=[400, 404],
    ),
    operation(
        "GET",
        "/api/v2/dags/{dag_id}/tasks/{task_id}",
        name="get_task",
        tag=TAG,
        summary="Show a task of a DAG.",
        access=_READ,
        reply=TaskResponse,
        handler=get_task,
        errors=[404],
    ),
)
