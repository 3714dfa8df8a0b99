"""Task instances: setting their state, writing notes on them, and saying first what that would change."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from windward.api.contract.masks import MaskQuery, masked
from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.problem import InvalidRequest
from windward.api.public.task_instance_bodies import AnyIndexQuery, PatchTaskInstanceBody
from windward.api.public.task_instance_shapes import (
    TaskInstanceCollectionResponse,
    TaskInstanceState,
)
from windward.api.public.task_instances import INSTANCE, TAG, TASK
from windward.api.public.triggerer_jobs import instance_responses
from windward.core.selection import in_group
from windward.core.view import RunView
from windward.engine.people import tasks
from windward.errors import ConflictError, NotFoundError
from windward.model.access import Resource, Verb
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import TaskState

SETTABLE = (TaskInstanceState.SUCCESS, TaskInstanceState.FAILED, TaskInstanceState.SKIPPED)


class Meant:
    """The instances that a request names: of one task, of one index, or of the tasks of a group."""

    def __init__(
        self, run: RunRecord, names: Collection[str], map_index: int | None, body: PatchTaskInstanceBody
    ) -> None:
        self.run = run
        self.names = tuple(names)
        self._map_index = map_index
        self._body = body

    def named(self, view: RunView) -> list[TaskRecord]:
        """Return them, without what stands around them."""
        return sorted(
            (
                record
                for record in view.all_instances()
                if record.task_id in self.names and self._map_index in (None, record.map_index)
            ),
            key=lambda record: record.key,
        )

    def choose(self, view: RunView) -> list[TaskRecord]:
        """Return them with the tasks above and below them that the body includes."""
        body = self._body
        around = tasks.relatives(
            view, self.names, upstream=body.include_upstream, downstream=body.include_downstream
        ).difference(self.names)
        more = [record for record in view.all_instances() if record.task_id in around]
        return [record for record in (*self.named(view), *more) if record.state is not TaskState.REMOVED]


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
        call, _foreseen(call, _of_path(call, call.query.map_index), call.body, call.query.update_mask)
    )


def patch_task_instance_dry_run_by_map_index(
    call: Call[MaskQuery, PatchTaskInstanceBody],
) -> TaskInstanceCollectionResponse:
    """Say which instances would change."""
    meant = _of_path(call, call.number("map_index"))
    return _shown(call, _foreseen(call, meant, call.body, call.query.update_mask))


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
    return _shown(call, _foreseen(call, _of_group(call), call.body, ()))


def patched(
    call: Call[Any, Any], meant: Meant, body: PatchTaskInstanceBody, mask: Sequence[str]
) -> tuple[list[TaskKey], list[TaskKey] | None]:
    """Write a note and set a state; return the named instances, and those whose state was set (None: none was given).

    Raises:
        ConflictError: when all of them are in that state already; nothing was changed.
    """
    desk, by = call.services.desk, call.principal.name
    given = _given(body, mask)
    mark = _mark(given, meant)
    named = [record.key for record in meant.named(desk.view(meant.run))]
    runs = _runs(call, meant, body) if mark is not None else []
    if mark is not None:
        foreseen = tasks.foreseen_marks(desk, runs, meant.choose, mark, by=by)
        if not any(moves for _, moves in foreseen):
            _refuse_same(meant, mark.state)
    is_noted = "note" in given and (given["note"] is not None or bool(mask))
    if mark is None:
        if is_noted:
            tasks.write_task_note(desk, named, given["note"])
        return named, None
    if is_noted:
        note = tasks.TaskNote(keys=tuple(named), text=given["note"])
        mark = msgspec.structs.replace(mark, note=note)
    marked = tasks.mark_tasks(desk, runs, meant.choose, mark, by=by)
    if not marked:
        _refuse_same(meant, mark.state)
    return named, marked


def _foreseen(
    call: Call[Any, Any], meant: Meant, body: PatchTaskInstanceBody, mask: Sequence[str]
) -> list[TaskKey]:
    desk = call.services.desk
    mark = _mark(_given(body, mask), meant)
    if mark is None:
        return [record.key for record in meant.named(desk.view(meant.run))]
    runs = _runs(call, meant, body)
    foreseen = tasks.foreseen_marks(desk, runs, meant.choose, mark, by=call.principal.name)
    return [move.key for _, moves in foreseen for move in moves]


def _refuse_same(meant: Meant, state: TaskState) -> None:
    what = f"Task id {meant.names[0]} is" if len(meant.names) == 1 else "All task instances in the group are"
    raise ConflictError(f"{what} already in {state} state")


def _given(body: PatchTaskInstanceBody, mask: Sequence[str]) -> Mapping[str, Any]:
    given = {name: value for name, value in masked(body, mask).items() if name in ("new_state", "note")}
    if "new_state" in given and given["new_state"] not in SETTABLE:
        raise InvalidRequest.of(
            ("body", "new_state"),
            kind="value_error",
            message=f"is not one of: {', '.join(SETTABLE)}",
            given=given["new_state"],
        )
    return given


def _mark(given: Mapping[str, Any], meant: Meant) -> tasks.Mark | None:
    if given.get("new_state", UNSET) is UNSET:
        return None
    return tasks.Mark(state=TaskState(given["new_state"]), task_ids=meant.names, resumes=True)


def _runs(call: Call[Any, Any], meant: Meant, body: PatchTaskInstanceBody) -> list[RunRecord]:
    return tasks.with_neighbours(
        call.services.desk, [meant.run], past=body.include_past, future=body.include_future
    )


def meant_of_task(
    call: Call[Any, Any],
    place: tuple[str, str, str],
    map_index: int | None,
    body: PatchTaskInstanceBody,
) -> Meant:
    """Return what a DAG, a run, a task and an index (None: any) name.

    Raises:
        NotFoundError: when there is no such instance.
    """
    dag_id, run_id, task_id = place
    run = call.services.store.runs.find_run(dag_id, run_id=run_id)
    if run is not None:
        indexes = call.services.listings.instances.of_task(dag_id, run_id, task_id)
        if indexes and (map_index is None or map_index in indexes):
            return Meant(run, [task_id], map_index, body)
    raise NotFoundError(
        f"The Task Instance with dag_id: `{dag_id}`, run_id: `{run_id}`, task_id: `{task_id}` "
        f"and map_index: `{map_index}` was not found"
    )


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
