"""What `windward connections` does: reading and writing stored connections, as fields, URIs and JSON."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from windward.app.lookups import LookupBridge, find_connection
from windward.app.session import Session
from windward.cli.arguments import nearest
from windward.cli.connection_given import described, fields_of, given_by, refuse_existing, tell_kept
from windward.cli.files import dumped, format_of, read_mapping, write_text
from windward.cli.output import note, show_one, show_rows
from windward.core.secret_values import shown_host
from windward.engine.people.connections import (
    create_default_connections,
    delete_connection,
    set_connection,
)
from windward.errors import UserError
from windward.sdk.bridge import use_bridge
from windward.sdk.connection import Connection
from windward.sdk.masking import mask_text

PUBLIC = ("conn_id", "conn_type", "host", "schema", "login", "port", "description")
"""Fields that are shown without being asked for; the others may hold secrets."""


def _row(connection: Connection, *, show_values: bool) -> dict[str, Any]:
    row = {name: getattr(connection, name) for name in PUBLIC}
    if show_values:
        row |= {
            "password": connection.password,
            "extra": connection.extra,
            "uri": connection.get_uri(),
        }
    else:
        row["host"] = shown_host(connection.host)
        row |= {"has_password": bool(connection.password), "has_extra": bool(connection.extra)}
    return row


def _stored(session: Session) -> list[Connection]:
    return [
        Connection(conn_id=conn_id, **fields) for conn_id, fields in session.store.secrets.list_connections()
    ]


def _found(session: Session, conn_id: str) -> Connection:
    connections = {connection.conn_id or "": connection for connection in _stored(session)}
    if conn_id not in connections:
        raise UserError(
            f"there is no connection `{conn_id}`",
            hint=f"{nearest(conn_id, connections)}`windward connections list` shows all.",
        )
    return connections[conn_id]


def list_all(args: Namespace, session: Session) -> int:
    """Print all connections."""
    connections = [_found(session, args.conn_id)] if args.conn_id else _stored(session)
    more = ("password", "extra", "uri") if args.show_values else ("has_password", "has_extra")
    rows = [_row(connection, show_values=args.show_values) for connection in connections]
    show_rows(rows, output=args.output, columns=(*PUBLIC, *more))
    return 0


def get(args: Namespace, session: Session) -> int:
    """Print one connection."""
    connection = find_connection(session, args.conn_id) or _found(session, args.conn_id)
    show_one(_row(connection, show_values=args.show_values), output=args.output)
    return 0


def test(args: Namespace, session: Session) -> int:
    """Ask the service of a connection whether it answers."""
    connection = find_connection(session, args.conn_id) or _found(session, args.conn_id)
    with use_bridge(LookupBridge(session)):
        is_well, message = connection.test_connection()
    note(f"connection `{args.conn_id}`: {mask_text(message)}")
    return 0 if is_well else 1


def create_default(_args: Namespace, session: Session) -> int:
    """Add the default connections that are not there."""
    note(f"added {len(create_default_connections(session.desk))} default connections")
    return 0


def add(args: Namespace, session: Session) -> int:
    """Add a connection."""
    given = given_by(args)
    if session.store.secrets.get_connection(args.conn_id) is not None:
        raise refuse_existing(args.conn_id)
    _put(session, args.conn_id, described(args.conn_id, given))
    note(f"added connection `{args.conn_id}`")
    return 0


def _put(session: Session, conn_id: str, connection: Connection) -> None:
    set_connection(session.desk, conn_id, fields_of(connection))


def delete(args: Namespace, session: Session) -> int:
    """Delete a connection."""
    _found(session, args.conn_id)
    delete_connection(session.desk, args.conn_id)
    note(f"deleted connection `{args.conn_id}`")
    return 0


def import_file(args: Namespace, session: Session) -> int:
    """Import connections; all of the file is read before anything is written."""
    connections = {conn_id: described(conn_id, given) for conn_id, given in read_mapping(args.file).items()}
    known = {connection.conn_id for connection in _stored(session)}
    count = 0
    for conn_id, connection in connections.items():
        if conn_id in known and not args.overwrite:
            note(tell_kept(conn_id))
            continue
        _put(session, conn_id, connection)
        count += 1
    note(f"imported {count} of {len(connections)} connections")
    return 0


def export_file(args: Namespace, session: Session) -> int:
    """Write all connections."""
    connections = _stored(session)
    form = format_of(args.file, given=args.file_format)
    if form == "env":
        as_json = args.serialization_format == "json"
        lines = [f"{one.conn_id}={one.as_json() if as_json else one.get_uri()}\n" for one in connections]
        write_text(args.file, "".join(lines))
    else:
        values = {one.conn_id: fields_of(one) for one in connections}
        write_text(args.file, dumped(values, form=form))
    note(f"exported {len(connections)} connections")
    return 0
