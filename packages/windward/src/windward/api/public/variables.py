"""Variables. Values of telling names are masked, for everybody."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from windward.api.contract.bulk import BulkBody, BulkResponse, carry_out
from windward.api.contract.masks import MaskQuery, masked
from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.contract.paging import PageQuery, PatternText, page_of, pattern_of
from windward.api.contract.problem import InvalidRequest
from windward.api.public.teams import without_team
from windward.core.secret_values import shown_variable
from windward.engine.people.variables import (
    Variable,
    create_variable,
    delete_variable,
    edit_variable,
    set_variable,
)
from windward.errors import NotFoundError, UserError
from windward.model.access import Resource, Verb
from windward.model.ids import ID_LENGTH_MAX
from windward.ports.listings.variables import VariableRow

TAG = "Variable"
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_LENGTH_MAX)]


class VariableBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A variable. What is no text is stored as JSON."""

    key: Key
    value: Any
    description: str | UnsetType | None = UNSET
    team_name: str | UnsetType | None = UNSET


class VariableResponse(msgspec.Struct, kw_only=True):
    """A variable; what is secret in its value is masked."""

    key: str
    value: str
    description: str | None
    is_encrypted: bool = True
    team_name: str | None = None


class VariableCollectionResponse(msgspec.Struct, kw_only=True):
    """Variables."""

    variables: list[VariableResponse]
    total_entries: int


class VariableQuery(PageQuery, kw_only=True):
    """Which variables."""

    variable_key_pattern: PatternText | None = None
    variable_key_prefix_pattern: PatternText | None = None


def get_variables(call: Call[VariableQuery, Nothing]) -> VariableCollectionResponse:
    """List variables."""
    query = call.query
    page = call.services.listings.variables.list(
        page_of(query), key=pattern_of(query.variable_key_pattern, query.variable_key_prefix_pattern)
    )
    rows = [_response(call, row) for row in page.rows]
    return VariableCollectionResponse(variables=rows, total_entries=page.total or 0)


def get_variable(call: Call[Nothing, Nothing]) -> VariableResponse:
    """Show one variable."""
    return _found(call, call.text("variable_key"))


def post_variable(call: Call[Nothing, VariableBody]) -> VariableResponse:
    """Make a variable."""
    create_variable(call.services.desk, _made(call.body))
    return _found(call, call.body.key)


def patch_variable(call: Call[MaskQuery, VariableBody]) -> VariableResponse:
    """Change a variable."""
    key = call.text("variable_key")
    if call.body.key != key:
        raise UserError(
            f"the body is of variable `{call.body.key}`, the path of `{key}`",
            hint="A variable cannot be renamed: make a new one, and delete this one.",
        )
    _edit(call, call.body, call.query.update_mask)
    return _found(call, key)


def remove_variable(call: Call[Nothing, Nothing]) -> None:
    """Delete a variable."""
    delete_variable(call.services.desk, call.text("variable_key"))


def bulk_variables(call: Call[Nothing, BulkBody[VariableBody]]) -> BulkResponse:
    """Make, change and delete variables."""
    return carry_out(call, call.body, _Variables(call), resource=Resource.VARIABLE)


@dataclass(frozen=True)
class _Variables:
    """Variables, changed in bulk."""

    call: Call[Nothing, BulkBody[VariableBody]]

    def name_of(self, entity: str | VariableBody) -> str:
        return entity if isinstance(entity, str) else entity.key

    def existing(self, names: Sequence[str]) -> set[str]:
        return self.call.services.listings.variables.existing(names)

    def create(self, entity: VariableBody) -> None:
        if self.existing([entity.key]):
            _edit(self.call, entity, ())
        else:
            set_variable(self.call.services.desk, _made(entity))

    def update(self, entity: VariableBody, mask: Sequence[str] | None) -> None:
        _edit(self.call, entity, mask or ())

    def delete(self, entity: str | VariableBody) -> None:
        delete_variable(self.call.services.desk, self.name_of(entity))


def _edit(call: Call[Any, Any], body: VariableBody, mask: Sequence[str]) -> None:
    without_team(body.team_name)
    given = masked(body, mask)
    edit_variable(
        call.services.desk,
        body.key,
        value=_text(given["value"]) if "value" in given else None,
        description=given.get("description", UNSET),
        words=_words(call),
    )


def _made(body: VariableBody) -> Variable:
    without_team(body.team_name)
    description = None if body.description is UNSET else body.description
    return Variable(key=body.key, value=_text(body.value), description=description)


def _text(value: Any) -> str:
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidRequest.of(("body", "value"), kind="value_error", message="holds a NUL character")
        return value
    return json.dumps(value, indent=2)


def _words(call: Call[Any, Any]) -> tuple[str, ...]:
    return tuple(name.lower() for name in call.services.settings.core.sensitive_var_conn_names)


def _found(call: Call[Any, Any], key: str) -> VariableResponse:
    row = call.services.listings.variables.one(key)
    if row is None:
        raise NotFoundError(f"The Variable with key: `{key}` was not found")
    return _response(call, row)


def _response(call: Call[Any, Any], row: VariableRow) -> VariableResponse:
    shown = shown_variable(row.key, row.value, words=_words(call))
    return VariableResponse(key=row.key, value=shown, description=row.description)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/variables",
        name="get_variables",
        tag=TAG,
        summary="List variables; what is secret is masked.",
        access=Needs(verb=Verb.READ, resource=Resource.VARIABLE),
        query=VariableQuery,
        reply=VariableCollectionResponse,
        handler=get_variables,
        errors=[400],
    ),
    operation(
        "POST",
        "/api/v2/variables",
        name="post_variable",
        tag=TAG,
        summary="Make a variable.",
        access=Needs(verb=Verb.CREATE, resource=Resource.VARIABLE),
        body=VariableBody,
        reply=VariableResponse,
        status=201,
        handler=post_variable,
        errors=[400, 409],
    ),
    operation(
        "PATCH",
        "/api/v2/variables",
        name="bulk_variables",
        tag=TAG,
        summary="Make, change and delete variables.",
        access=Needs(verb=Verb.EDIT, resource=Resource.VARIABLE),
        body=BulkBody[VariableBody],
        reply=BulkResponse,
        handler=bulk_variables,
        errors=[400],
    ),
    operation(
        "GET",
        "/api/v2/variables/{variable_key:path}",
        name="get_variable",
        tag=TAG,
        summary="Show a variable; what is secret is masked.",
        access=Needs(verb=Verb.READ, resource=Resource.VARIABLE),
        reply=VariableResponse,
        handler=get_variable,
    ),
    operation(
        "PATCH",
        "/api/v2/variables/{variable_key:path}",
        name="patch_variable",
        tag=TAG,
        summary="Change a variable.",
        access=Needs(verb=Verb.EDIT, resource=Resource.VARIABLE),
        query=MaskQuery,
        body=VariableBody,
        reply=VariableResponse,
        handler=patch_variable,
        errors=[400],
    ),
    operation(
        "DELETE",
        "/api/v2/variables/{variable_key:path}",
        name="delete_variable",
        tag=TAG,
        summary="Delete a variable.",
        access=Needs(verb=Verb.DELETE, resource=Resource.VARIABLE),
        status=204,
        handler=remove_variable,
    ),
)
