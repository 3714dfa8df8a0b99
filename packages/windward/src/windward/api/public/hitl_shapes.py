"""The shapes of questions to people, and of their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from windward.api.contract.paging import PageQuery, PatternText
from windward.api.public.task_instance_shapes import TaskInstanceHistoryResponse, TaskInstanceResponse
from windward.model.numbers import Small
from windward.model.waits import InputRecord, Person

Chosen = Annotated[list[str], msgspec.Meta(min_length=1)]


class HITLUser(msgspec.Struct, kw_only=True):
    """Somebody who may answer, or did."""

    id: str
    name: str


class Question(msgspec.Struct, kw_only=True):
    """A question, and its answer once there is one; that of the time (no `responded_by_user`) is one, too."""

    options: list[str]
    subject: str
    body: str | None = None
    defaults: list[str] | None = None
    multiple: bool = False
    params: dict[str, Any] = {}
    assigned_users: list[HITLUser] = []
    created_at: datetime
    responded_by_user: HITLUser | None = None
    responded_at: datetime | None = None
    chosen_options: list[str] | None = None
    params_input: dict[str, Any] = {}
    response_received: bool = False


class HITLDetail(Question, kw_only=True):
    """The question of an instance's current try."""

    task_instance: TaskInstanceResponse


class HITLDetailHistory(Question, kw_only=True):
    """The question of one try."""

    task_instance: TaskInstanceHistoryResponse


class HITLDetailCollection(msgspec.Struct, kw_only=True):
    """Questions."""

    hitl_details: list[HITLDetail]
    total_entries: int


class UpdateHITLDetailPayload(msgspec.Struct, kw_only=True):
    """An answer."""

    chosen_options: Chosen
    params_input: dict[str, Any] = {}


class HITLDetailResponse(msgspec.Struct, kw_only=True):
    """The answer that was taken."""

    responded_by: HITLUser
    responded_at: datetime
    chosen_options: list[str]
    params_input: dict[str, Any] = {}


class HITLQuery(PageQuery, kw_only=True):
    """Which questions."""

    dag_id_pattern: PatternText | None = None
    dag_id_prefix_pattern: PatternText | None = None
    task_id: str | None = None
    task_id_pattern: PatternText | None = None
    task_id_prefix_pattern: PatternText | None = None
    map_index: Small | None = None
    state: tuple[str, ...] = ()
    response_received: bool | None = None
    responded_by_user_id: tuple[str, ...] = ()
    responded_by_user_name: tuple[str, ...] = ()
    subject_search: PatternText | None = None
    body_search: PatternText | None = None
    created_at_gte: datetime | None = None
    created_at_gt: datetime | None = None
    created_at_lte: datetime | None = None
    created_at_lt: datetime | None = None


def question_of(asked: InputRecord) -> dict[str, Any]:
    """Return the fields of a `Question`."""
    request = asked.request
    return {
        "options": list(request.options),
        "subject": request.subject,
        "body": request.body,
        "defaults": None if request.defaults is None else list(request.defaults),
        "multiple": request.multiple,
        "params": {
            name: {
                "value": field.get("value"),
                "description": field.get("description"),
                "schema": field.get("schema") or {},
            }
            for name, field in request.params.items()
        },
        "assigned_users": [user_of(one) for one in request.assigned_users],
        "created_at": asked.asked_at,
        "responded_by_user": None if asked.answered_by is None else user_of(asked.answered_by),
        "responded_at": asked.answered_at,
        "chosen_options": None if asked.chosen is None else list(asked.chosen),
        "params_input": asked.params_input,
        "response_received": asked.answered_at is not None,
    }


def user_of(person: Person) -> HITLUser:
    """Return a person as the API shows them."""
    return HITLUser(id=person.id, name=person.name)
