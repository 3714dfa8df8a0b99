"""Connections, as people change them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windward.core.secret_values import edited_connection
from windward.engine.people.changes import note_change
from windward.engine.people.desk import Desk
from windward.errors import ConflictError, InvalidIdError, NotFoundError, UserError
from windward.model.ids import ID_LENGTH_MAX

Fields = Mapping[str, Any]
"""conn_type, host, schema, login, password, port, extra, description; what is left out is None."""

DEFAULTS: dict[str, Fields] = {
    "aws_default": {"conn_type": "aws"},
    "fs_default": {"conn_type": "fs", "extra": '{"path": "/"}'},
    "google_cloud_default": {"conn_type": "google_cloud_platform", "schema": "default"},
    "http_default": {"conn_type": "http", "host": "https://www.httpbin.org/"},
    "kubernetes_default": {"conn_type": "kubernetes"},
    "mysql_default": {"conn_type": "mysql", "host": "mysql", "login": "root"},
    "postgres_default": {
        "conn_type": "postgres",
        "host": "postgres",
        "login": "postgres",
        "schema": "airflow",
    },
    "redis_default": {"conn_type": "redis", "host": "redis", "port": 6379, "extra": '{"db": 0}'},
    "spark_default": {"conn_type": "spark", "host": "yarn"},
    "sqlite_default": {"conn_type": "sqlite", "host": "sqlite_default.db"},
    "ssh_default": {"conn_type": "ssh", "host": "localhost"},
}
"""Connections that hooks take when nobody names one; none holds a secret."""


def checked_conn_id(conn_id: str) -> str:
    """Return an id that a connection may have.

    Raises:
        InvalidIdError: when it may not.
    """
    if not conn_id.strip() or len(conn_id) > ID_LENGTH_MAX or not conn_id.isprintable():
        raise InvalidIdError(
            f"`{conn_id}` is not the id of a connection", hint=f"Use 1 to {ID_LENGTH_MAX} characters."
        )
    return conn_id


def find_connection(desk: Desk, conn_id: str) -> dict[str, Any]:
    """Return all fields of a connection.

    Raises:
        NotFoundError: when there is none of that id.
    """
    found = desk.store.secrets.get_connection(conn_id)
    if found is None:
        raise NotFoundError(f"The Connection with connection_id: `{conn_id}` was not found")
    return found


def set_connection(desk: Desk, conn_id: str, fields: Fields) -> None:
    """Make a connection, or replace it.

    Raises:
        InvalidIdError: when its id cannot be one.
        UserError: when it has no type, or a field that no connection has.
    """
    checked_conn_id(conn_id)
    if not fields.get("conn_type"):
        raise UserError(f"connection `{conn_id}` has no type", hint="Give one, such as `postgres` or `http`.")
    before = desk.store.secrets.get_connection(conn_id)
    desk.store.secrets.set_connection(conn_id, fields)
    note_change("connection", conn_id, before=before, after=dict(fields))


def create_connection(desk: Desk, conn_id: str, fields: Fields) -> None:
    """Make a connection.

    Raises:
        InvalidIdError: when its id cannot be one.
        ConflictError: when it exists.
    """
    if desk.store.secrets.get_connection(checked_conn_id(conn_id)) is not None:
        raise ConflictError(f"The Connection with connection_id: `{conn_id}` already exists")
    set_connection(desk, conn_id, fields)


def edit_connection(desk: Desk, conn_id: str, fields: Fields) -> None:
    """Change what is given of a connection. Where it holds the mask, as lists show it, the secret stays.

    Raises:
        NotFoundError: when there is none of that id.
    """
    set_connection(desk, conn_id, edited_connection(fields, find_connection(desk, conn_id)))


def delete_connection(desk: Desk, conn_id: str) -> None:
    """Delete a connection.

    Raises:
        NotFoundError: when there is none of that id.
    """
    before = find_connection(desk, conn_id)
    if not desk.store.secrets.delete_connection(conn_id):
        raise NotFoundError(f"The Connection with connection_id: `{conn_id}` was not found")
    note_change("connection", conn_id, before=before)


def create_default_connections(desk: Desk) -> list[str]:
    """Make the default connections that are not there; return their ids."""
    known = {conn_id for conn_id, _ in desk.store.secrets.list_connections()}
    missing = [conn_id for conn_id in DEFAULTS if conn_id not in known]
    for conn_id in missing:
        set_connection(desk, conn_id, DEFAULTS[conn_id])
    return missing
