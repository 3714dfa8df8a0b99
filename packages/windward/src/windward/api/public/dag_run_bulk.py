"""Runs, changed and deleted many at a time; each is named `DAG.RUN` in the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET

from windward.api.contract.bulk import (
    BulkActionResponse,
    BulkBody,
    BulkCreateAction,
    BulkDeleteAction,
    BulkResponse,
    BulkUpdateAction,
    OnAbsence,
)
from windward.api.contract.masks import masked
from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.problem import InvalidRequest, refusal_of, words_of
from windward.api.public.dag_run_changes import wanted_of
from windward.api.public.dag_run_shapes import BulkDAGRunBody
from windward.api.public.dag_runs import TAG, place_of
from windward.engine.people import runs
from windward.errors import NotFoundError, WindwardError
from windward.model.access import Resource, Verb
from windward.model.records import RunRecord

BulkCall = Call[Nothing, BulkBody[BulkDAGRunBody]]
Place = tuple[str, str]
METHOD_NOT_ALLOWED = 405


def bulk_dag_runs(call: BulkCall) -> BulkResponse:
    """Change and delete runs, action by action; an action that may not go on as a whole changes nothing."""
    response = BulkResponse()
    for action in call.body.actions:
        match action:
            case BulkCreateAction():
                response.create = response.create or BulkActionResponse()
                message = "runs are not made in bulk: trigger them by `POST`"
                response.create.errors.append({"error": message, "status_code": METHOD_NOT_ALLOWED})
            case BulkUpdateAction(entities=entities, update_mask=mask, action_on_non_existence=rule):
                response.update = outcome = response.update or BulkActionResponse()
                places = _places(call, entities, Verb.EDIT, outcome)
                _update(call, places, mask or (), outcome, rule)
            case BulkDeleteAction(entities=entities, action_on_non_existence=rule):
                response.delete = outcome = response.delete or BulkActionResponse()
                places = _places(call, entities, Verb.DELETE, outcome)
                _delete(call, places, outcome, rule)
    return response


def _places(call: BulkCall, entities: list[Any], verb: Verb, outcome: BulkActionResponse) -> dict[Place, Any]:
    """Return the entities by DAG and run; those that name none, or that the caller may not touch, are errors."""
    found: dict[Place, Any] = {}
    for entity in entities:
        is_name = isinstance(entity, str)
        try:
            place = place_of(
                call, None if is_name else entity.dag_id, entity if is_name else entity.dag_run_id
            )
            call.demand(verb, Resource.RUN, dag_id=place[0])
        except WindwardError as error:
            _refused(outcome, error, _name(entity))
        else:
            found[place] = entity
    return found


def _update(
    call: BulkCall,
    places: Mapping[Place, Any],
    mask: Sequence[str],
    outcome: BulkActionResponse,
    rule: OnAbsence,
) -> None:
    """Change all of them at once; what is refused keeps nobody else from it."""
    found = _found(call, places, outcome, rule)
    asked: list[tuple[RunRecord, runs.RunChange]] = []
    unclear: dict[int, WindwardError] = {}
    for place, run in found.items():
        try:
            given = masked(places[place], mask)
        except InvalidRequest as error:
            unclear[run.run_pk] = error
            continue
        note = given.get("note")
        asked.append((run, wanted_of(given.get("state"), UNSET if note is None else note)))
    refused = unclear | runs.change_runs(call.services.desk, asked, by=call.principal.name)
    for place, run in found.items():
        if run.run_pk in refused:
            _refused(outcome, refused[run.run_pk], ".".join(place))
        else:
            outcome.success.append(".".join(place))


def _delete(
    call: BulkCall, places: Mapping[Place, Any], outcome: BulkActionResponse, rule: OnAbsence
) -> None:
    for place, run in _found(call, places, outcome, rule).items():
        try:
            runs.delete_run(call.services.desk, run)
        except WindwardError as error:
            _refused(outcome, error, ".".join(place))
        else:
            outcome.success.append(".".join(place))


def _found(
    call: BulkCall, places: Mapping[Place, Any], outcome: BulkActionResponse, rule: OnAbsence
) -> dict[Place, RunRecord]:
    """Return the runs that there are; none when some are missing and that is not to be."""
    found = runs.known_runs(call.services.desk, places)
    absent = sorted(place for place in places if place not in found)
    if absent and rule is OnAbsence.FAIL:
        names = ", ".join(".".join(place) for place in absent)
        _refused(outcome, NotFoundError(f"these runs were not found: {names}"), None)
        return {}
    return {place: found[place] for place in places if place in found}


def _name(entity: Any) -> str:
    """Return what a caller named, as far as it did."""
    if isinstance(entity, str):
        return entity
    return f"{entity.dag_id}.{entity.dag_run_id}" if entity.dag_id else str(entity.dag_run_id)


def _refused(outcome: BulkActionResponse, error: WindwardError, name: str | None) -> None:
    refusal = refusal_of(error)
    said = {"error": words_of(refusal.body), "status_code": refusal.status}
    outcome.errors.append(said if name is None else {**said, "name": name})


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "PATCH",
        "/api/v2/dags/{dag_id}/dagRuns",
        name="bulk_dag_runs",
        tag=TAG,
        summary="Change and delete several runs, of one DAG or (`~`) of any.",
        access=Needs(verb=Verb.EDIT, resource=Resource.RUN, scope=Scope.PATH),
        body=BulkBody[BulkDAGRunBody],
        reply=BulkResponse,
        handler=bulk_dag_runs,
        errors=[400],
    ),
)
