"""Many changes in one request: what to create, change and delete, each with its outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from windward.api.contract.operation import Call
from windward.api.contract.problem import refusal_of, words_of
from windward.errors import WindwardError
from windward.model.access import Resource, Verb

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class OnExistence(StrEnum):
    """What to do about an entity that exists already."""

    FAIL = "fail"
    SKIP = "skip"
    OVERWRITE = "overwrite"


class OnAbsence(StrEnum):
    """What to do about an entity that does not exist."""

    FAIL = "fail"
    SKIP = "skip"


class BulkCreateAction(
    msgspec.Struct, Generic[T], kw_only=True, tag_field="action", tag="create", forbid_unknown_fields=True
):
    """Create these."""

    entities: list[T]
    action_on_existence: OnExistence = OnExistence.FAIL


class BulkUpdateAction(
    msgspec.Struct, Generic[T], kw_only=True, tag_field="action", tag="update", forbid_unknown_fields=True
):
    """Change these; with `update_mask`, only these fields."""

    entities: list[T]
    update_mask: list[str] | None = None
    action_on_non_existence: OnAbsence = OnAbsence.FAIL


class BulkDeleteAction(
    msgspec.Struct, Generic[T], kw_only=True, tag_field="action", tag="delete", forbid_unknown_fields=True
):
    """Delete these, by their names or as wholes."""

    entities: list[str | T]
    action_on_non_existence: OnAbsence = OnAbsence.FAIL


class BulkBody(msgspec.Struct, Generic[T], kw_only=True, forbid_unknown_fields=True):
    """Actions, carried out in order."""

    actions: list[BulkCreateAction[T] | BulkUpdateAction[T] | BulkDeleteAction[T]]


class BulkActionResponse(msgspec.Struct, kw_only=True):
    """Names of what was done, and what was refused and why: with its `name`, where it was one entity."""

    success: list[str] = []
    errors: list[dict[str, Any]] = []


class BulkResponse(msgspec.Struct, kw_only=True):
    """One outcome for each kind of action that was asked for."""

    create: BulkActionResponse | None = None
    update: BulkActionResponse | None = None
    delete: BulkActionResponse | None = None


class Entities(Protocol[T_contra]):
    """One kind of thing that can be changed in bulk. Each method raises a `WindwardError` when it is refused."""

    def name_of(self, entity: str | T_contra) -> str:
        """Return what names an entity."""

    def existing(self, names: Sequence[str]) -> set[str]:
        """Return which of these exist."""

    def create(self, entity: T_contra) -> None:
        """Make one; also in place of one that exists."""

    def update(self, entity: T_contra, mask: Sequence[str] | None) -> None:
        """Change one."""

    def delete(self, entity: str | T_contra) -> None:
        """Delete one."""


def carry_out(
    call: Call[Any, Any], body: BulkBody[T], entities: Entities[T], *, resource: Resource
) -> BulkResponse:
    """Carry out the actions in order. An action that may not go on as a whole (`fail`) changes nothing.

    Raises:
        Forbidden: when the caller lacks the right to an action; nothing was changed.
    """
    wanted = {type(action) for action in body.actions}
    for kind, verb in (
        (BulkCreateAction, Verb.CREATE),
        (BulkUpdateAction, Verb.EDIT),
        (BulkDeleteAction, Verb.DELETE),
    ):
        if kind in wanted:
            call.demand(verb, resource)
    response = BulkResponse()
    for action in body.actions:
        match action:
            case BulkCreateAction():
                response.create = response.create or BulkActionResponse()
                _create(action, entities, response.create)
            case BulkUpdateAction():
                response.update = response.update or BulkActionResponse()
                mask = action.update_mask
                _change(
                    action.entities,
                    entities,
                    response.update,
                    lambda entity, mask=mask: entities.update(entity, mask),  # type: ignore[misc]
                    on_absence=action.action_on_non_existence,
                )
            case BulkDeleteAction():
                response.delete = response.delete or BulkActionResponse()
                _change(
                    action.entities,
                    entities,
                    response.delete,
                    entities.delete,
                    on_absence=action.action_on_non_existence,
                )
    return response


def _create(action: BulkCreateAction[T], entities: Entities[T], outcome: BulkActionResponse) -> None:
    names = [entities.name_of(entity) for entity in action.entities]
    existing = entities.existing(names)
    twice = {name for name, count in Counter(names).items() if count > 1}
    if (existing or twice) and action.action_on_existence is OnExistence.FAIL:
        said = f"are named twice: {', '.join(sorted(twice))}"
        if existing:
            said = f"exist already: {', '.join(sorted(existing))}"
        outcome.errors.append({"error": said, "status_code": 409})
        return
    there = set(existing)
    for name, entity in zip(names, action.entities, strict=True):
        is_wanted = name not in there or action.action_on_existence is OnExistence.OVERWRITE
        if is_wanted and _try(outcome, name, lambda entity=entity: entities.create(entity)):  # type: ignore[misc]
            there.add(name)


def _change(
    wanted: Iterable[Any],
    entities: Entities[T],
    outcome: BulkActionResponse,
    change: Callable[[Any], None],
    *,
    on_absence: OnAbsence,
) -> None:
    named = [(entities.name_of(entity), entity) for entity in wanted]
    existing = entities.existing([name for name, _ in named])
    absent = sorted({name for name, _ in named} - existing)
    if absent and on_absence is OnAbsence.FAIL:
        outcome.errors.append({"error": f"do not exist: {', '.join(absent)}", "status_code": 404})
        return
    for name, entity in named:
        if name in existing:
            _try(outcome, name, lambda entity=entity: change(entity))  # type: ignore[misc]


def _try(outcome: BulkActionResponse, name: str, change: Callable[[], None]) -> bool:
    try:
        change()
    except WindwardError as error:
        refusal = refusal_of(error)
        outcome.errors.append(
            {"error": f"{name}: {words_of(refusal.body)}", "status_code": refusal.status, "name": name}
        )
        return False
    outcome.success.append(name)
    return True
