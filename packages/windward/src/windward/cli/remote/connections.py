"""`windward connections` against a server, which never shows a password."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from windward.cli.arguments import nearest
from windward.cli.columns import CONNECTION_COLUMNS
from windward.cli.connection_given import described, fields_of, given_by, refuse_existing, tell_kept
from windward.cli.files import read_mapping
from windward.cli.output import note, show_one, show_rows
from windward.cli.remote.asking import LOOKED_AT_MAX, path, put_all
from windward.client.server import Json, Server
from windward.errors import NotFoundError, UserError
from windward.sdk.connection import Connection


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
    given = given_by(args)
    if _one(server, args.conn_id) is not None:
        raise refuse_existing(args.conn_id)
    server.send("POST", path("connections"), _body(args.conn_id, described(args.conn_id, given)))
    note(f"added connection `{args.conn_id}`")
    return 0


def import_file(args: Namespace, server: Server) -> int:
    """Import connections; all of the file is read before anything is written."""
    connections = {conn_id: described(conn_id, given) for conn_id, given in read_mapping(args.file).items()}
    known = {one["connection_id"] for one in server.pages(path("connections"), "connections")}
    wanted = []
    for conn_id, connection in connections.items():
        if conn_id in known and not args.overwrite:
            note(tell_kept(conn_id))
        else:
            wanted.append(_body(conn_id, connection))
    put_all(server, "connections", wanted)
    note(f"imported {len(wanted)} of {len(connections)} connections")
    return 0


def _body(conn_id: str, connection: Connection) -> Json:
    return {"connection_id": conn_id, **fields_of(connection)}


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
    before = _count(server)
    server.send("POST", path("connections", "defaults"))
    note(f"added {_count(server) - before} default connections")
    return 0


def _count(server: Server) -> int:
    count: int = server.get(path("connections"), limit=1)["total_entries"]
    return count


def _refuse_values(args: Namespace) -> None:
    if args.show_values:
        raise UserError(
            "a server shows no secrets of connections",
            hint="Leave `--show-values` out, or run the command where the database is.",
        )


def _one(server: Server, conn_id: str) -> Json | None:
    try:
        return server.get(path("connections", conn_id))
    except NotFoundError:
        return None


def _found(server: Server, conn_id: str) -> Json:
    found = _one(server, conn_id)
    if found is None:
        known = [
            one["connection_id"]
            for one in server.pages(path("connections"), "connections", limit=LOOKED_AT_MAX)
        ]
        raise UserError(
            f"there is no connection `{conn_id}`",
            hint=f"{nearest(conn_id, known)}`windward connections list` shows all.",
        )
    return found


def _row(one: Json) -> dict[str, Any]:
    fields = {name: one[name] for name in CONNECTION_COLUMNS if name != "conn_id"}
    return {
        "conn_id": one["connection_id"],
        **fields,
        "has_password": one["password"] is not None,
        "has_extra": bool(one["extra"]),
    }
