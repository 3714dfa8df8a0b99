"""What describes a connection: single flags, JSON or a URI, on the command line and in files."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from windward.engine.people.connections import checked_conn_id
from windward.errors import UserError
from windward.sdk.connection import FIELDS, Connection, from_text
from windward.sdk.exceptions import AirflowException


def given_by(args: Namespace) -> Any:
    """Return what the flags of `connections add` give: an object of fields, or a text.

    Raises:
        UserError: when they give nothing, or two things.
    """
    names = {name: f"conn_{'type' if name == 'conn_type' else name}" for name in FIELDS}
    single = {name: value for name, flag in names.items() if (value := getattr(args, flag)) is not None}
    ways = [way for way in (args.conn_uri, args.conn_json, single or None) if way is not None]
    if len(ways) != 1:
        raise UserError(
            f"connection `{args.conn_id}` is described {'in two ways' if ways else 'by nothing'}",
            hint="Give one of `--conn-uri`, `--conn-json`, or `--conn-type` with the other fields.",
        )
    return sys.stdin.read() if ways[0] == "-" else ways[0]


def described(conn_id: str, given: Any) -> Connection:
    """Return the connection that fields, JSON or a URI describe.

    Raises:
        UserError: when they describe none.
    """
    checked_conn_id(conn_id)
    try:
        connection = (
            from_text(given, conn_id=conn_id)
            if isinstance(given, str)
            else Connection.from_json(given, conn_id)
        )
        connection.get_extra_dejson()
    except (AirflowException, ValueError, TypeError) as error:
        raise UserError(
            f"connection `{conn_id}` cannot be read: {str(error).partition(chr(10))[0]}",
            hint=f"Write a URI, or an object of the fields {', '.join(FIELDS)}; `extra` is JSON.",
        ) from error
    if not connection.conn_type:
        raise UserError(
            f"connection `{conn_id}` has no type",
            hint="Begin the URI with it, as in `postgres://host/db`, or give one.",
        )
    return connection


def fields_of(connection: Connection) -> dict[str, Any]:
    """Return all fields of a connection."""
    return {name: getattr(connection, name) for name in FIELDS}


def refuse_existing(conn_id: str) -> UserError:
    """Return the error for a connection that exists already."""
    return UserError(
        f"connection `{conn_id}` exists already",
        hint=f"Delete it by `windward connections delete {conn_id}`, or give another id.",
    )


def tell_kept(conn_id: str) -> str:
    """Return what is said of a connection that an import leaves alone."""
    return f"connection `{conn_id}` exists already and was left as it is; `--overwrite` replaces it"
