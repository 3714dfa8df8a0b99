"""What is asked for of task instances: queries and bodies."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from windward.api.contract.masks import MaskQuery
from windward.api.contract.operation import Call
from windward.api.contract.paging import PatternText, pattern_of
from windward.api.contract.problem import InvalidRequest
from windward.api.contract.ranges import Bounds, BoundsQuery, lengths, moments
from windward.api.public.task_instance_shapes import TaskInstanceState
from windward.model.numbers import NotNegative, Small
from windward.model.states import TaskState
from windward.ports.listings.instances import InstanceFilter, TaskTraits

UNDECIDED = ("none", "no_status")
"""Names, in a query, of the state of an instance of which nothing has been decided; a body says null."""
NOTE_MAX = 1000
Note = Annotated[str, msgspec.Meta(max_length=NOTE_MAX)]


class MappedQuery(BoundsQuery, kw_only=True):
    """Which instances of a mapped task."""

    state: tuple[str, ...] = ()
    pool: tuple[str, ...] = ()
    pool_name_pattern: PatternText | None = None
    pool_name_prefix_pattern: PatternText | None = None
    queue: tuple[str, ...] = ()
    queue_name_pattern: PatternText | None = None
    queue_name_prefix_pattern: PatternText | None = None
    executor: tuple[str, ...] = ()
    version_number: tuple[Small, ...] = ()
    try_number: tuple[Small, ...] = ()
    operator: tuple[str, ...] = ()
    operator_name_pattern: PatternText | None = None
    operator_name_prefix_pattern: PatternText | None = None
    map_index: tuple[Small, ...] = ()
    rendered_map_index_pattern: PatternText | None = None
    rendered_map_index_prefix_pattern: PatternText | None = None


class InstancesQuery(MappedQuery, kw_only=True):
    """Which instances."""

    cursor: str | None = None
    task_id: str | None = None
    task_display_name_pattern: PatternText | None = None
    task_display_name_prefix_pattern: PatternText | None = None
    task_group_id: str | None = None
    dag_id_pattern: PatternText | None = None
    dag_id_prefix_pattern: PatternText | None = None
    run_id_pattern: PatternText | None = None
    run_id_prefix_pattern: PatternText | None = None


class TaskInstancesBatchBody(Bounds, kw_only=True):
    """Which instances, of all DAGs."""

    dag_ids: list[str] | None = None
    dag_run_ids: list[str] | None = None
    task_ids: list[str] | None = None
    state: list[TaskInstanceState | None] | None = None
    pool: list[str] | None = None
    queue: list[str] | None = None
    executor: list[str] | None = None
    page_offset: NotNegative = 0
    page_limit: NotNegative = 100
    order_by: str | None = None


class PatchTaskInstanceBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change of instances, and of which around them. An empty note takes it away."""

    new_state: TaskInstanceState | UnsetType | None = UNSET
    note: Note | UnsetType | None = UNSET
    include_upstream: bool = False
    include_downstream: bool = False
    include_future: bool = False
    include_past: bool = False


class MapIndexQuery(msgspec.Struct, kw_only=True):
    """Which instance of a task: -1 is that of a task that is not mapped."""

    map_index: Small = -1


class BulkTaskInstanceBody(PatchTaskInstanceBody, kw_only=True, forbid_unknown_fields=True):
    """Instances of a task, and what to change of them. Without a `map_index`, all of the task's are meant."""

    task_id: str
    map_index: Small | None = None
    dag_id: str | None = None
    dag_run_id: str | None = None


class ClearTaskInstancesBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which instances to run again: of a run, or of all runs between two dates.

    An entry of `task_ids` is a task, or a task with a map index. Only failed ones are meant unless `only_failed` is false.
    """

    dry_run: bool = True
    start_date: datetime | None = None
    end_date: datetime | None = None
    only_failed: bool = True
    only_running: bool = False
    reset_dag_runs: bool = True
    task_ids: list[str | tuple[str, Small]] | None = None
    dag_run_id: str | None = None
    include_upstream: bool = False
    include_downstream: bool = False
    include_future: bool = False
    include_past: bool = False
    run_on_latest_version: bool | None = None
    prevent_running_task: bool = False
    note: Note | None = None


class AnyIndexQuery(MaskQuery, kw_only=True):
    """Which instance of a task (all, when it is left out), and which fields of the body count."""

    map_index: Small | None = None


def filter_of_query(call: Call[Any, Any], query: MappedQuery, **more: Any) -> InstanceFilter:
    """Return what a query asks for; `more` are further fields of the filter."""
    traits = TaskTraits(
        pools=query.pool,
        pool=pattern_of(query.pool_name_pattern, query.pool_name_prefix_pattern),
        queues=query.queue,
        queue=pattern_of(query.queue_name_pattern, query.queue_name_prefix_pattern),
        executors=query.executor,
        operators=query.operator,
        operator=pattern_of(query.operator_name_pattern, query.operator_name_prefix_pattern),
    )
    if isinstance(query, InstancesQuery):
        traits = msgspec.structs.replace(
            traits,
            display_name=pattern_of(query.task_display_name_pattern, query.task_display_name_prefix_pattern),
            group_id=query.task_group_id or None,
        )
        more = {
            "dag_id": pattern_of(query.dag_id_pattern, query.dag_id_prefix_pattern),
            "run_id": pattern_of(query.run_id_pattern, query.run_id_prefix_pattern),
            **({"task_ids": (query.task_id,)} if query.task_id else {}),
            **more,
        }
    return InstanceFilter(
        reach=call.reach,
        updated_at=moments(call, query, "updated_at"),
        states=tuple(state_named(text) for text in query.state),
        version_numbers=query.version_number,
        try_numbers=query.try_number,
        map_indexes=query.map_index,
        map_label=pattern_of(query.rendered_map_index_pattern, query.rendered_map_index_prefix_pattern),
        traits=traits,
        **_bounds(call, query),
        **more,
    )


def filter_of_body(call: Call[Any, Any], body: TaskInstancesBatchBody) -> InstanceFilter:
    """Return what a body asks for."""
    return InstanceFilter(
        reach=call.reach,
        dag_ids=tuple(body.dag_ids) if body.dag_ids else None,
        run_ids=tuple(body.dag_run_ids) if body.dag_run_ids else None,
        task_ids=tuple(body.task_ids) if body.task_ids else None,
        states=tuple(TaskState.NONE if state is None else TaskState(state) for state in body.state or ()),
        traits=TaskTraits(
            pools=tuple(body.pool or ()), queues=tuple(body.queue or ()), executors=tuple(body.executor or ())
        ),
        **_bounds(call, body),
    )


def _bounds(call: Call[Any, Any], given: MappedQuery | TaskInstancesBatchBody) -> dict[str, Any]:
    return {
        "run_after": moments(call, given, "run_after"),
        "logical_date": moments(call, given, "logical_date"),
        "start_date": moments(call, given, "start_date"),
        "end_date": moments(call, given, "end_date"),
        "duration": lengths(given, "duration"),
    }


def state_named(text: str) -> TaskState:
    """Return the state that a query means.

    Raises:
        InvalidRequest: when it means none.
    """
    if text in UNDECIDED:
        return TaskState.NONE
    try:
        return TaskState(text)
    except ValueError:
        raise InvalidRequest.of(
            ("query", "state"),
            kind="enum",
            message=f"is no state; they are: {', '.join([*TaskInstanceState, *UNDECIDED])}",
            given=text,
        ) from None
