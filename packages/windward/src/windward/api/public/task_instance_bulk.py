"""Task instances, changed and deleted many at a time, and deleted one by one; each is named `DAG.RUN.TASK[INDEX]`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from windward.api.contract.bulk import (
    BulkActionResponse,
    BulkBody,
    BulkCreateAction,
    BulkDeleteAction,
    BulkResponse,
    BulkUpdateAction,
    OnAbsence,
)
from windward.api.contract.operation import ANY_DAG, Call, Needs, Nothing, Operation, Reply, Scope, operation
from windward.api.contract.problem import refusal_of
from windward.api.public.task_instance_bodies import BulkTaskInstanceBody, MapIndexQuery
from windward.api.public.task_instance_changes import EDIT, Meant, meant_of_task, patched
from windward.api.public.task_instances import INSTANCES, TAG, TASK, found_instance
from windward.engine.people import tasks
from windward.errors import NotFoundError, UserError, WindwardError
from windward.model.access import Resource, Verb
from windward.model.ids import TaskKey

BulkCall = Call[Nothing, BulkBody[BulkTaskInstanceBody]]
METHOD_NOT_ALLOWED = 405


def delete_task_instance(call: Call[MapIndexQuery, Nothing]) -> Reply:
    """Delete an instance. The answer is `null`, and not nothing, as in Airflow."""
    row = found_instance(call, call.query.map_index)
    tasks.delete_task(call.services.desk, row.run.run, row.record.key)
    return Reply(body=b"null")


def bulk_task_instances(call: BulkCall) -> BulkResponse:
    """Change and delete instances, action by action; an action that may not go on as a whole changes nothing."""
    response = BulkResponse()
    for action in call.body.actions:
        match action:
            case BulkCreateAction():
                response.create = response.create or BulkActionResponse()
                message = "task instances are not made in bulk: runs bring them"
                response.create.errors.append({"error": message, "status_code": METHOD_NOT_ALLOWED})
            case BulkUpdateAction(entities=entities, update_mask=mask, action_on_non_existence=rule):
                response.update = response.update or BulkActionResponse()
                _each(call, entities, Verb.EDIT, response.update, _updating(call, mask or ()), rule)
            case BulkDeleteAction(entities=deleted, action_on_non_existence=rule):
                response.delete = response.delete or BulkActionResponse()
                _each(call, deleted, Verb.DELETE, response.delete, _deleting(call), rule)
    return response


Change = Callable[[Meant, BulkTaskInstanceBody], Sequence[TaskKey]]
"""Changes what an entry means, and returns the instances that it names."""


def _updating(call: BulkCall, mask: Sequence[str]) -> Change:
    wanted = [name for name in mask if name in ("new_state", "note")]
    # A mask that names nothing that can change leaves everything as it is.
    return lambda meant, entity: patched(call, meant, entity, wanted or mask)[0]


def _deleting(call: BulkCall) -> Change:
    desk = call.services.desk

    def delete(meant: Meant, _entity: BulkTaskInstanceBody) -> Sequence[TaskKey]:
        keys = [record.key for record in meant.named(desk.view(meant.run))]
        for key in keys:
            tasks.delete_task(desk, meant.run, key)
        return keys

    return delete


def _each(
    call: BulkCall,
    entities: Sequence[str | BulkTaskInstanceBody],
    verb: Verb,
    outcome: BulkActionResponse,
    change: Change,
    rule: OnAbsence,
) -> None:
    found: list[tuple[Meant, BulkTaskInstanceBody]] = []
    absent: list[WindwardError] = []
    for entry in entities:
        entity = BulkTaskInstanceBody(task_id=entry) if isinstance(entry, str) else entry
        try:
            place = _place(call, entity)
            call.demand(verb, Resource.TASK_INSTANCE, dag_id=place[0])
        except WindwardError as error:
            _refused(outcome, error, _name(entity))
            continue
        try:
            found.append((meant_of_task(call, place, entity.map_index, entity), entity))
        except NotFoundError as error:
            absent.append(error)
    if absent and rule is OnAbsence.FAIL:
        _refused(outcome, NotFoundError("; ".join(str(error) for error in absent)), None)
        return
    for meant, entity in found:
        try:
            keys = change(meant, entity)
        except WindwardError as error:
            _refused(outcome, error, _name(entity))
        else:
            run = meant.run
            outcome.success += [f"{run.dag_id}.{run.run_id}.{key.task_id}[{key.map_index}]" for key in keys]


def _place(call: BulkCall, entity: BulkTaskInstanceBody) -> tuple[str, str, str]:
    dag_id = entity.dag_id or call.text("dag_id")
    run_id = entity.dag_run_id or call.text("dag_run_id")
    if ANY_DAG in (dag_id, run_id):
        raise UserError(
            f"task `{entity.task_id}` does not say of which DAG and run it is",
            hint="With `~` in the path, each entry is an object with a `dag_id` and a `dag_run_id`.",
        )
    return dag_id, run_id, entity.task_id


def _name(entity: BulkTaskInstanceBody) -> str:
    """Return what a caller named, as far as it did; without an index, all instances of a task."""
    index = "" if entity.map_index is None else f"[{entity.map_index}]"
    return ".".join(filter(None, (entity.dag_id, entity.dag_run_id, entity.task_id))) + index


def _refused(outcome: BulkActionResponse, error: WindwardError, name: str | None) -> None:
    refusal = refusal_of(error)
    said = {"error": _words(refusal.body.detail), "status_code": refusal.status}
    outcome.errors.append(said if name is None else {**said, "name": name})


def _words(detail: Any) -> str:
    return detail if isinstance(detail, str) else "; ".join(fault.msg for fault in detail)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "PATCH",
        INSTANCES,
        name="bulk_task_instances",
        tag=TAG,
        summary="Change and delete several task instances, of one run or (`~`) of any.",
        access=EDIT,
        body=BulkBody[BulkTaskInstanceBody],
        reply=BulkResponse,
        handler=bulk_task_instances,
        errors=[400],
    ),
    operation(
        "DELETE",
        TASK,
        name="delete_task_instance",
        tag=TAG,
        summary="Delete a task instance of a run that has ended, with its tries.",
        access=Needs(verb=Verb.DELETE, resource=Resource.TASK_INSTANCE, scope=Scope.PATH),
        query=MapIndexQuery,
        handler=delete_task_instance,
        errors=[404, 409],
    ),
)
