"""The fields of a stored connection, the same in every store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windward.errors import UserError

CONNECTION_FIELDS = ("conn_type", "host", "schema", "login", "password", "port", "extra", "description")


def check_fields(conn_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return all fields of a connection, None where `fields` has none (an empty password is none); raise `UserError` on an unknown one."""
    unknown = sorted(set(fields) - set(CONNECTION_FIELDS))
    if unknown:
        raise UserError(
            f"connection `{conn_id}` has no field `{unknown[0]}`",
            hint=f"Its fields are: {', '.join(CONNECTION_FIELDS)}.",
        )
    checked = {name: fields.get(name) for name in CONNECTION_FIELDS}
    return {**checked, "password": checked["password"] or None}
