"""Task instances, changed and deleted many at a time, and deleted one by one; each is named `DAG.RUN.TASK[INDEX]`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

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
from windward.api.contract.problem import refusal_of, words_of
from windward.api.public.task_instance_bodies import BulkTaskInstanceBody, MapIndexQuery
from windward.api.public.task_instance_changes import EDIT
from windward.api.public.task_instance_patches import (
    Looked,
    Meant,
    looked_at,
    not_found,
    patched,
    patched_together,
)
from windward.api.public.task_instances import INSTANCES, TAG, TASK, found_instance
from windward.engine.people import tasks
from windward.engine.people.runs import known_runs
from windward.errors import NotFoundError, UserError, WindwardError
from windward.model.access import Resource, Verb

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
                _update(call, entities, response.update, mask or (), rule)
            case BulkDeleteAction(entities=deleted, action_on_non_existence=rule):
                response.delete = response.delete or BulkActionResponse()
                _delete(call, deleted, response.delete, rule)
    return response


Entry = tuple[Looked, BulkTaskInstanceBody]


def _update(
    call: BulkCall,
    entities: Sequence[str | BulkTaskInstanceBody],
    outcome: BulkActionResponse,
    mask: Sequence[str],
    rule: OnAbsence,
) -> None:
    """Change what entries mean, those that ask for the same at once; what is refused keeps nobody else from it."""
    wanted = [name for name in mask if name in ("new_state", "note")]
    # A mask that names nothing that can change leaves everything as it is.
    named = wanted or mask
    found = _found(call, entities, Verb.EDIT, outcome, rule)
    alike: dict[object, list[Entry]] = defaultdict(list)
    for place, (looked, entity) in enumerate(found):
        others = place if entity.include_past or entity.include_future else None
        asked = (entity.new_state, entity.note, entity.include_upstream, entity.include_downstream, others)
        alike[asked].append((looked, entity))
    refused: dict[Looked, WindwardError] = {}
    for entries in alike.values():
        refused |= _changed(call, entries, named)
    for looked, entity in found:
        if looked in refused:
            _refused(outcome, refused[looked], _name(entity))
        else:
            outcome.success += _names(looked)


def _changed(call: BulkCall, entries: Sequence[Entry], mask: Sequence[str]) -> dict[Looked, WindwardError]:
    """Change what entries mean that ask for the same; return what was refused."""
    all_looked, body = [looked for looked, _ in entries], entries[0][1]
    try:
        if not (body.include_past or body.include_future):
            return patched_together(call, all_looked, body, mask)
        patched(call, all_looked[0].meant, body, mask)
    except WindwardError as error:
        return dict.fromkeys(all_looked, error)
    return {}


def _delete(
    call: BulkCall,
    entities: Sequence[str | BulkTaskInstanceBody],
    outcome: BulkActionResponse,
    rule: OnAbsence,
) -> None:
    for looked, entity in _found(call, entities, Verb.DELETE, outcome, rule):
        try:
            for key in looked.named:
                tasks.delete_task(call.services.desk, looked.meant.run, key)
        except WindwardError as error:
            _refused(outcome, error, _name(entity))
        else:
            outcome.success += _names(looked)


def _found(
    call: BulkCall,
    entities: Sequence[str | BulkTaskInstanceBody],
    verb: Verb,
    outcome: BulkActionResponse,
    rule: OnAbsence,
) -> list[Entry]:
    """Return what there is of what entries name; none when some is missing and that is not to be."""
    places: list[tuple[tuple[str, str, str], BulkTaskInstanceBody]] = []
    for entry in entities:
        entity = BulkTaskInstanceBody(task_id=entry) if isinstance(entry, str) else entry
        try:
            place = _place(call, entity)
            call.demand(verb, Resource.TASK_INSTANCE, dag_id=place[0])
        except WindwardError as error:
            _refused(outcome, error, _name(entity))
        else:
            places.append((place, entity))
    runs = known_runs(call.services.desk, [place[:2] for place, _ in places])
    there = [(place, entity) for place, entity in places if place[:2] in runs]
    meant = [Meant(runs[place[:2]], [place[2]], entity.map_index, entity) for place, entity in there]
    looked = dict(zip((id(entity) for _, entity in there), looked_at(call, meant), strict=True))
    found, absent = list[Entry](), list[NotFoundError]()
    for place, entity in places:
        one = looked.get(id(entity))
        if one is not None and one.named:
            found.append((one, entity))
        else:
            absent.append(not_found(place, entity.map_index))
    if absent and rule is OnAbsence.FAIL:
        _refused(outcome, NotFoundError("; ".join(str(error) for error in absent)), None)
        return []
    return found


def _names(looked: Looked) -> list[str]:
    run = looked.meant.run
    return [f"{run.dag_id}.{run.run_id}.{key.task_id}[{key.map_index}]" for key in looked.named]


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
    said = {"error": words_of(refusal.body), "status_code": refusal.status}
    outcome.errors.append(said if name is None else {**said, "name": name})


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
