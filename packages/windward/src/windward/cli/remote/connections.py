"""`windward connections` against a server, which never shows a password."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import Any

from windward.cli.columns import CONNECTION_COLUMNS
from windward.cli.output import note, show_one, show_rows
from windward.cli.remote.asking import path
from windward.client.server import Json, Server
from windward.errors import NotFoundError, UserError

FIELDS = ("description", "host", "login", "password", "schema", "port", "extra")


def list_all(args: Namespace, server: Server) -> int:
    """Print all connections."""
    _refuse_values(args)
    found = (
        [_found(server, args.conn_id)]
        if args.conn_id
        else list(server.pages(path("connections"), "connections", order_by="connection_id"))
    )
    columns = (*CONNECTION_COLUMNS, "has_password", "has_extra")
    show_rows([_row(one) for one in found], output=args.output, columns=columns)
    return 0


def get(args: Namespace, server: Server) -> int:
    """Print one connection."""
    _refuse_values(args)
    show_one(_row(_found(server, args.conn_id)), output=args.output)
    return 0


def add(args: Namespace, server: Server) -> int:
    """Add a connection."""
    single = {
        name: value for name in ("type", *FIELDS) if (value := getattr(args, f"conn_{name}")) is not None
    }
    ways = [way for way in (args.conn_uri, args.conn_json, single or None) if way is not None]
    if len(ways) != 1:
        raise UserError(
            f"connection `{args.conn_id}` is described {'in two ways' if ways else 'by nothing'}",
            hint="Give one of `--conn-uri`, `--conn-json`, or `--conn-type` with the other fields.",
        )
    given = single or _read(args)
    kind = given.pop("type", None) or given.pop("conn_type", None)
    if not kind:
        raise UserError(f"connection `{args.conn_id}` has no type", hint="Give one by `--conn-type`.")
    body = {"connection_id": args.conn_id, "conn_type": kind, **given}
    server.send("POST", path("connections"), {**body, "extra": _text(body.get("extra"))})
    note(f"added connection `{args.conn_id}`")
    return 0


def _read(args: Namespace) -> dict[str, Any]:
    """Return the fields that a URI or JSON says."""
    from windward.sdk.connection_uri import parse

    text = args.conn_uri if args.conn_uri is not None else args.conn_json
    text = (sys.stdin.read() if text == "-" else text).strip()
    try:
        fields = json.loads(text) if text.startswith("{") else parse(text)
    except ValueError as error:
        raise UserError(
            f"connection `{args.conn_id}` cannot be read: {error}",
            hint="Write a URI, or an object of the fields of a connection.",
        ) from error
    fields.pop("conn_id", None)
    return {name: value for name, value in fields.items() if value not in (None, "")}


def _text(extra: Any) -> str | None:
    return extra if extra is None or isinstance(extra, str) else json.dumps(extra)


def delete(args: Namespace, server: Server) -> int:
    """Delete a connection."""
    _found(server, args.conn_id)
    server.send("DELETE", path("connections", args.conn_id))
    note(f"deleted connection `{args.conn_id}`")
    return 0


def test(args: Namespace, server: Server) -> int:
    """Let the server ask the service of a connection whether it answers."""
    found = _found(server, args.conn_id)
    body = {name: value for name, value in found.items() if name != "team_name"}
    answer = server.send("POST", path("connections", "test"), body)
    note(f"connection `{args.conn_id}`: {answer['message']}")
    return 0 if answer["status"] else 1


def create_default(_args: Namespace, server: Server) -> int:
    """Add the default connections that are not there."""
    server.send("POST", path("connections", "defaults"))
    note("the default connections are there")
    return 0


def _refuse_values(args: Namespace) -> None:
    if args.show_values:
        raise UserError(
            "a server shows no secrets of connections",
            hint="Leave `--show-values` out, or run the command where the database is.",
        )


def _found(server: Server, conn_id: str) -> Json:
    try:
        return server.get(path("connections", conn_id))
    except NotFoundError as error:
        raise UserError(
            f"there is no connection `{conn_id}`", hint="`windward connections list` shows all."
        ) from error


def _row(one: Json) -> dict[str, Any]:
    fields = {name: one[name] for name in CONNECTION_COLUMNS if name != "conn_id"}
    return {
        "conn_id": one["connection_id"],
        **fields,
        "has_password": one["password"] is not None,
        "has_extra": bool(one["extra"]),
    }
