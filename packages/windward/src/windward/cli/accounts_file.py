"""Files of users and roles, as they are exported and imported."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from windward.cli.files import read_text
from windward.core.access import BUILT_IN_ROLES
from windward.core.accounts import read_permission
from windward.errors import UserError
from windward.model.accounts import Role, User


class _UserEntry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A user of a file. `firstname` and `lastname` are Airflow's names of the same."""

    username: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    firstname: str = ""
    lastname: str = ""
    roles: list[str] = []
    grants: list[str] = []
    is_active: bool = True


class _RoleEntry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: str
    permissions: list[str] = []


def users_of(file: str, *, now: datetime) -> list[User]:
    """Return the users of a file.

    Raises:
        UserError: when it does not have the form.
    """
    return [
        User(
            user_id="",
            username=one.username,
            email=one.email,
            first_name=one.first_name or one.firstname,
            last_name=one.last_name or one.lastname,
            roles=tuple(name.lower() if name.lower() in BUILT_IN_ROLES else name for name in one.roles),
            grants=frozenset(map(read_permission, one.grants)),
            is_active=one.is_active,
            created_at=now,
        )
        for one in _read(file, _UserEntry)
    ]


def roles_of(file: str) -> list[Role]:
    """Return the roles of a file.

    Raises:
        UserError: when it does not have the form.
    """
    return [
        Role(name=one.name, permissions=frozenset(map(read_permission, one.permissions)))
        for one in _read(file, _RoleEntry)
    ]


def _read(file: str, kind: Any) -> list[Any]:
    import yaml

    try:
        found: list[Any] = msgspec.convert(yaml.safe_load(read_text(file)), list[kind])
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise UserError(
            f"`{file}` cannot be imported: {error}", hint="`export` writes a file of the right form."
        ) from error
    return found
