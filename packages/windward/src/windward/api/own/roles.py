"""Roles: the built-in ones, and those of one's own."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.own.shapes import RoleResponse, role_response
from windward.core.access import BUILT_IN_ROLES
from windward.core.accounts import read_permission
from windward.engine.people import accounts as people
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.accounts import Role

TAG = "Role"
BASE = "/api/windward/v1/roles"
ONE = f"{BASE}/{{role}}"
PERMISSIONS_MAX = 2_000
Permissions = Annotated[list[str], msgspec.Meta(max_length=PERMISSIONS_MAX)]


class RoleBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A role to make."""

    name: str
    permissions: Permissions


class RolePatchBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All that a role shall permit."""

    permissions: Permissions


class RoleCollectionResponse(msgspec.Struct, kw_only=True):
    """Roles."""

    roles: list[RoleResponse]
    total_entries: int


def get_roles(call: Call[Nothing, Nothing]) -> RoleCollectionResponse:
    """List roles."""
    roles = [role_response(role) for role in _roles(call)]
    return RoleCollectionResponse(roles=roles, total_entries=len(roles))


def get_role(call: Call[Nothing, Nothing]) -> RoleResponse:
    """Show one role."""
    name = call.text("role")
    role = next((one for one in _roles(call) if one.name == name), None)
    if role is None:
        raise NotFoundError(f"there is no role `{name}`")
    return role_response(role)


def post_role(call: Call[Nothing, RoleBody]) -> RoleResponse:
    """Make a role."""
    role = Role(name=call.body.name, permissions=frozenset(map(read_permission, call.body.permissions)))
    people.create_role(call.services.account_desk, role, by=call.principal)
    return role_response(role)


def patch_role(call: Call[Nothing, RolePatchBody]) -> RoleResponse:
    """Replace what a role permits."""
    permissions = frozenset(map(read_permission, call.body.permissions))
    desk = call.services.account_desk
    return role_response(people.edit_role(desk, call.text("role"), permissions, by=call.principal))


def remove_role(call: Call[Nothing, Nothing]) -> None:
    """Delete a role."""
    people.delete_role(call.services.account_desk, call.text("role"), by=call.principal)


def _roles(call: Call[Any, Any]) -> list[Role]:
    built_in = [
        Role(name=name, permissions=permissions, is_built_in=True)
        for name, permissions in BUILT_IN_ROLES.items()
    ]
    return [*built_in, *call.services.account_desk.accounts.list_roles()]


def _needs(verb: Verb) -> Needs:
    return Needs(verb=verb, resource=Resource.ROLE)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET", BASE, name="get_roles", tag=TAG, summary="List roles.", access=_needs(Verb.READ),
        reply=RoleCollectionResponse, handler=get_roles,
    ),
    operation(
        "POST", BASE, name="post_role", tag=TAG, summary="Make a role.", access=_needs(Verb.CREATE),
        body=RoleBody, reply=RoleResponse, status=201, handler=post_role, errors=[400, 409],
    ),
    operation(
        "GET", ONE, name="get_role", tag=TAG, summary="Show a role.", access=_needs(Verb.READ),
        reply=RoleResponse, handler=get_role,
    ),
    operation(
        "PATCH", ONE, name="patch_role", tag=TAG, summary="Replace what a role permits.",
        access=_needs(Verb.EDIT), body=RolePatchBody, reply=RoleResponse, handler=patch_role, errors=[400],
    ),
    operation(
        "DELETE", ONE, name="delete_role", tag=TAG, summary="Delete a role, and take it from its users.",
        access=_needs(Verb.DELETE), status=204, handler=remove_role, errors=[400],
    ),
)  # fmt: skip
