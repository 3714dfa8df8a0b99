"""Bodies of connections, and what of a connection is shown: never its password."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from windward.api.contract.paging import PageQuery, PatternText
from windward.api.contract.problem import InvalidRequest
from windward.api.public.teams import without_team
from windward.core.secret_values import shown_extra, shown_host
from windward.ports.listings.connections import ConnectionRow

CONN_ID_MAX = 200
PORT_MAX = 2**31 - 1
ConnId = Annotated[str, msgspec.Meta(pattern=r"^[\w.-]+$", min_length=1, max_length=CONN_ID_MAX)]
Port = Annotated[int, msgspec.Meta(ge=0, le=PORT_MAX)]
FIELDS = ("conn_type", "description", "host", "login", "schema", "port", "password", "extra")


class ConnectionBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A connection. `extra` is the text of a JSON object."""

    connection_id: ConnId
    conn_type: Annotated[str, msgspec.Meta(min_length=1)]
    description: str | UnsetType | None = UNSET
    host: str | UnsetType | None = UNSET
    login: str | UnsetType | None = UNSET
    schema: str | UnsetType | None = UNSET
    port: Port | UnsetType | None = UNSET
    password: str | UnsetType | None = UNSET
    extra: str | UnsetType | None = UNSET
    team_name: str | UnsetType | None = UNSET


class ConnectionTestRequestBody(ConnectionBody, kw_only=True, forbid_unknown_fields=True):
    """A connection to test, and whether to keep it when it answers."""

    commit_on_success: bool = False
    executor: str | None = None
    queue: str | None = None


class ConnectionResponse(msgspec.Struct, kw_only=True):
    """A connection; its password, credentials in its host and what is secret in its extras are masked."""

    connection_id: str
    conn_type: str
    description: str | None
    host: str | None
    login: str | None
    schema: str | None
    port: int | None
    password: Literal["***"] | None
    extra: str | None
    team_name: str | None = None


class ConnectionCollectionResponse(msgspec.Struct, kw_only=True):
    """Connections."""

    connections: list[ConnectionResponse]
    total_entries: int


class ConnectionTestResponse(msgspec.Struct, kw_only=True):
    """Whether a service answers, and what it said."""

    status: bool
    message: str


class ConnectionTestQueuedResponse(msgspec.Struct, kw_only=True):
    """A test that was begun; `token` asks for what came of it."""

    token: str
    connection_id: str
    state: str


class AsyncConnectionTestResponse(msgspec.Struct, kw_only=True):
    """A test that was begun, and what came of it so far."""

    token: str
    connection_id: str
    state: str
    created_at: datetime
    result_message: str | None = None


class ConnectionQuery(PageQuery, kw_only=True):
    """Which connections."""

    connection_id_pattern: PatternText | None = None
    connection_id_prefix_pattern: PatternText | None = None


def fields_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a connection among those of a body that were given.

    Raises:
        InvalidRequest: when one cannot be stored.
    """
    without_team(given.get("team_name"))
    fields = {name: given[name] for name in FIELDS if name in given}
    for name, value in fields.items():
        if isinstance(value, str) and "\0" in value:
            raise InvalidRequest.of(("body", name), kind="value_error", message="holds a NUL character")
    if fields.get("extra") is not None:
        fields["extra"] = fields["extra"] or "{}"
        _check_extra(fields["extra"])
    return fields


def given_of(body: ConnectionBody) -> dict[str, Any]:
    """Return what a body gives."""
    return {name: getattr(body, name) for name in body.__struct_fields__ if getattr(body, name) is not UNSET}


def shown(row: ConnectionRow, *, words: Collection[str]) -> ConnectionResponse:
    """Return what may be seen of a connection; `words` are further parts of names that tell of a secret."""
    return ConnectionResponse(
        connection_id=row.conn_id,
        conn_type=row.conn_type or "",
        description=row.description,
        host=shown_host(row.host, words=words),
        login=row.login,
        schema=row.schema,
        port=row.port,
        password="***" if row.has_password else None,
        extra=shown_extra(row.extra, words=words),
    )


def _check_extra(text: str) -> None:
    try:
        is_object = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        raise InvalidRequest.of(
            ("body", "extra"),
            kind="value_error",
            message='is not the text of a JSON object, such as `{"a": 1}`',
        )
