"""Task instances: setting their state, writing notes on them, and saying first what that would change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from windward.api.contract.masks import MaskQuery
from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.public.task_instance_bodies import AnyIndexQuery, PatchTaskInstanceBody
from windward.api.public.task_instance_patches import Meant, foreseen, meant_of_task, patched
from windward.api.public.task_instance_shapes import TaskInstanceCollectionResponse
from windward.api.public.task_instances import INSTANCE, TAG, TASK
from windward.api.public.triggerer_jobs import instance_responses
from windward.core.selection import in_group
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.ids import TaskKey


def patch_task_instance(
    call: Call[AnyIndexQuery, PatchTaskInstanceBody],
) -> TaskInstanceCollectionResponse:
    """Change the instances of a task, or one of them."""
    meant = _of_path(call, call.query.map_index)
    return _shown(call, patched(call, meant, call.body, call.query.update_mask)[0])


def patch_task_instance_by_map_index(
    call: Call[MaskQuery, PatchTaskInstanceBody],
) -> TaskInstanceCollectionResponse:
    """Change an instance of a mapped task."""
    meant = _of_path(call, call.number("map_index"))
    return _shown(call, patched(call, meant, call.body, call.query.update_mask)[0])


def patch_task_instance_dry_run(
    call: Call[AnyIndexQuery, PatchTaskInstanceBody],
) -> TaskInstanceCollectionResponse:
    """Say which instances would change."""
    return _shown(
        call, foreseen(call, _of_path(call, call.query.map_index), call.body, call.query.update_mask)
    )


def patch_task_instance_dry_run_by_map_index(
    call: Call[MaskQuery, PatchTaskInstanceBody],
) -> TaskInstanceCollectionResponse:
    """Say which instances would change."""
    meant = _of_path(call, call.number("map_index"))
    return _shown(call, foreseen(call, meant, call.body, call.query.update_mask))


def patch_task_group_instances(
    call: Call[MaskQuery, PatchTaskInstanceBody],
) -> TaskInstanceCollectionResponse:
    """Change the instances of the tasks of a group; answer with those whose state changed, if any was to."""
    named, marked = patched(call, _of_group(call), call.body, call.query.update_mask)
    return _shown(call, named if marked is None else marked)


def patch_task_group_instances_dry_run(
    call: Call[Nothing, PatchTaskInstanceBody],
) -> TaskInstanceCollectionResponse:
    """Say which instances would change."""
    return _shown(call, foreseen(call, _of_group(call), call.body, ()))


def _of_path(call: Call[Any, PatchTaskInstanceBody], map_index: int | None) -> Meant:
    place = call.text("dag_id"), call.text("dag_run_id"), call.text("task_id")
    return meant_of_task(call, place, map_index, call.body)


def _of_group(call: Call[Any, PatchTaskInstanceBody]) -> Meant:
    dag_id, group_id = call.text("dag_id"), call.text("group_id")
    desk = call.services.desk
    run = desk.run(dag_id, call.text("dag_run_id"))
    names = in_group(desk.view(run).plan, group_id)
    if not names:
        raise NotFoundError(f"Task group '{group_id}' not found in DAG '{dag_id}'")
    return Meant(run, names, None, call.body)


def _shown(call: Call[Any, Any], keys: Collection[TaskKey]) -> TaskInstanceCollectionResponse:
    rows = call.services.listings.instances.by_keys(keys)
    return TaskInstanceCollectionResponse(
        task_instances=instance_responses(call, rows), total_entries=len(rows)
    )


EDIT = Needs(verb=Verb.EDIT, resource=Resource.TASK_INSTANCE, scope=Scope.PATH)
_GROUP = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}"


def _patch(path: str, name: str, summary: str, query: Any, handler: Any, *, is_dry: bool) -> Operation:
    return operation(
        "PATCH",
        path,
        name=name,
        tag=TAG,
        summary=summary,
        access=EDIT,
        query=query,
        body=PatchTaskInstanceBody,
        reply=TaskInstanceCollectionResponse,
        handler=handler,
        errors=[400, 404] if is_dry else [400, 404, 409],
    )


OPERATIONS: tuple[Operation, ...] = (
    _patch(
        f"{_GROUP}/dry_run",
        "patch_task_group_instances_dry_run",
        "Say which instances of a task group would change.",
        Nothing,
        patch_task_group_instances_dry_run,
        is_dry=True,
    ),
    _patch(
        _GROUP,
        "patch_task_group_instances",
        "Set the state of a task group's instances, or write a note on them.",
        MaskQuery,
        patch_task_group_instances,
        is_dry=False,
    ),
    _patch(
        f"{INSTANCE}/dry_run",
        "patch_task_instance_dry_run_by_map_index",
        "Say which instances would change with one of a mapped task.",
        MaskQuery,
        patch_task_instance_dry_run_by_map_index,
        is_dry=True,
    ),
    _patch(
        f"{TASK}/dry_run",
        "patch_task_instance_dry_run",
        "Say which instances would change with those of a task.",
        AnyIndexQuery,
        patch_task_instance_dry_run,
        is_dry=True,
    ),
    _patch(
        TASK,
        "patch_task_instance",
        "Set the state of a task's instances and of those around them, or write a note.",
        AnyIndexQuery,
        patch_task_instance,
        is_dry=False,
    ),
    _patch(
        INSTANCE,
        "patch_task_instance_by_map_index",
        "Set the state of an instance of a mapped task and of those around it, or write a note.",
        MaskQuery,
        patch_task_instance_by_map_index,
        is_dry=False,
    ),
)
