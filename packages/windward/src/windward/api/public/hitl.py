"""Questions that tasks ask people, and answering them."""

from __future__ import annotations

from typing import Any

from windward.api.contract.operation import ANY_DAG, Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.paging import page_of, pattern_of
from windward.api.contract.problem import Declined
from windward.api.contract.ranges import moments
from windward.api.public.hitl_shapes import (
    HITLDetail,
    HITLDetailCollection,
    HITLDetailHistory,
    HITLDetailResponse,
    HITLQuery,
    UpdateHITLDetailPayload,
    question_of,
    user_of,
)
from windward.api.public.task_instance_bodies import state_named
from windward.api.public.task_instance_shapes import current_try, instance_response, past_try
from windward.api.public.task_instances import found_instance
from windward.core.human_input import NotAskedError
from windward.engine.people.inputs import answer_input
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.waits import InputRecord, Person
from windward.ports.listings.inputs import InputFilter
from windward.ports.listings.instances import InstanceRow

TAG = "Task Instance"


def get_hitl_details(call: Call[HITLQuery, Nothing]) -> HITLDetailCollection:
    """List the questions of current tries."""
    query, listings, run_id = call.query, call.services.listings, call.text("dag_run_id")
    which = InputFilter(
        reach=call.reach,
        dag_id=call.dag_id,
        run_id=None if run_id == ANY_DAG else run_id,
        task_id=query.task_id,
        map_index=query.map_index,
        dags=pattern_of(query.dag_id_pattern, query.dag_id_prefix_pattern),
        tasks=pattern_of(query.task_id_pattern, query.task_id_prefix_pattern),
        states=tuple(state_named(text) for text in query.state),
        is_answered=query.response_received,
        answered_by_ids=query.responded_by_user_id,
        answered_by_names=query.responded_by_user_name,
        subject=pattern_of(query.subject_search, None),
        text=pattern_of(query.body_search, None),
        asked_at=moments(call, query, "created_at"),
    )
    page = listings.inputs.list(page_of(query), which)
    rows = {row.record.key: row for row in listings.instances.by_keys([one.key for one in page.rows])}
    # What was deleted between the two reads is left out.
    shown = [_detail(rows[asked.key], asked) for asked in page.rows if asked.key in rows]
    return HITLDetailCollection(hitl_details=shown, total_entries=page.total or 0)


def get_hitl_detail(call: Call[Nothing, Nothing]) -> HITLDetail:
    """Show the question of an instance's current try."""
    row = found_instance(call, call.number("map_index"))
    return _detail(row, _asked(call, row, row.record.try_number))


def get_hitl_detail_try_detail(call: Call[Nothing, Nothing]) -> HITLDetailHistory:
    """Show the question of one try of an instance."""
    row, number = found_instance(call, call.number("map_index")), call.number("try_number")
    if number == row.record.try_number:
        shown = current_try(row)
    else:
        tries = call.services.store.reads.attempts(row.record.key)
        attempt = next((one for one in tries if one.try_number == number), None)
        if attempt is None:
            raise NotFoundError(f"task instance `{row.record.task_id}` has no try {number}")
        shown = past_try(row, attempt)
    return HITLDetailHistory(**question_of(_asked(call, row, number)), task_instance=shown)


def update_hitl_detail(call: Call[Nothing, UpdateHITLDetailPayload]) -> HITLDetailResponse:
    """Answer a question."""
    row, name = found_instance(call, call.number("map_index")), call.principal.name
    try:
        answered = answer_input(
            call.services.desk,
            row.run.run,
            row.record,
            chosen=call.body.chosen_options,
            params_input=call.body.params_input,
            by=Person(id=name, name=name),
        )
    except NotAskedError as error:
        raise Declined(f"{error.message}. {error.hint}") from error
    if answered is None or answered.answered_at is None or answered.answered_by is None:
        raise _no_question(row)
    return HITLDetailResponse(
        responded_by=user_of(answered.answered_by),
        responded_at=answered.answered_at,
        chosen_options=list(answered.chosen or ()),
        params_input=answered.params_input,
    )


def _detail(row: InstanceRow, asked: InputRecord) -> HITLDetail:
    return HITLDetail(**question_of(asked), task_instance=instance_response(row))


def _asked(call: Call[Any, Any], row: InstanceRow, try_number: int) -> InputRecord:
    asked = call.services.store.waits.load_input(row.record.key, try_number=try_number)
    if asked is None:
        raise _no_question(row)
    return asked


def _no_question(row: InstanceRow) -> NotFoundError:
    return NotFoundError(
        f"Human-in-the-loop detail does not exist for task `{row.record.task_id}` of run `{row.run.run.run_id}`"
    )


_READ = Needs(verb=Verb.READ, resource=Resource.HUMAN_INPUT, scope=Scope.PATH)
_ONE = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails"
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails",
        name="get_hitl_details",
        tag=TAG,
        summary="List questions; `~` stands for all DAGs, or all runs.",
        access=_READ,
        query=HITLQuery,
        reply=HITLDetailCollection,
        handler=get_hitl_details,
        errors=[400],
    ),
    operation(
        "GET",
        _ONE,
        name="get_hitl_detail",
        tag=TAG,
        summary="Show what a task asks.",
        access=_READ,
        reply=HITLDetail,
        handler=get_hitl_detail,
    ),
    operation(
        "PATCH",
        _ONE,
        name="update_hitl_detail",
        tag=TAG,
        summary="Answer what a task asks; the first answer counts.",
        access=Needs(verb=Verb.EDIT, resource=Resource.HUMAN_INPUT, scope=Scope.PATH),
        body=UpdateHITLDetailPayload,
        reply=HITLDetailResponse,
        handler=update_hitl_detail,
        errors=[400, 409],
    ),
    operation(
        "GET",
        f"{_ONE}/tries/{{try_number}}",
        name="get_hitl_detail_try_detail",
        tag=TAG,
        summary="Show what a task asked in one of its tries.",
        access=_READ,
        reply=HITLDetailHistory,
        handler=get_hitl_detail_try_detail,
    ),
)
