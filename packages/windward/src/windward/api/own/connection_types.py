"""Types of connections: which fields each uses, and how they are named."""

from __future__ import annotations

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.model.access import Resource, Verb
from windward.ports.installed import ConnectionType, FieldKind


class ConnectionFieldResponse(msgspec.Struct, kw_only=True):
    """A field of a connection; without a label it has its usual one. `lines` is text of several lines."""

    name: str
    label: str
    placeholder: str
    hint: str
    kind: FieldKind
    is_secret: bool
    choices: list[str]


class ConnectionTypeResponse(msgspec.Struct, kw_only=True):
    """A type of connections: `fields` that it uses of those that all have, and keys of the extra that it reads."""

    connection_type: str
    name: str
    package_name: str
    fields: list[ConnectionFieldResponse]
    extras: list[ConnectionFieldResponse]


class ConnectionTypeCollectionResponse(msgspec.Struct, kw_only=True):
    """All types that something is known of; a connection may have any other."""

    connection_types: list[ConnectionTypeResponse]
    total_entries: int


def get_connection_types(call: Call[Nothing, Nothing]) -> ConnectionTypeCollectionResponse:
    """List the types of connections."""
    found = [_shown(one) for one in call.services.installed.connection_types()]
    return ConnectionTypeCollectionResponse(connection_types=found, total_entries=len(found))


def _shown(one: ConnectionType) -> ConnectionTypeResponse:
    return msgspec.convert(one, ConnectionTypeResponse, from_attributes=True)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/connection-types",
        name="get_connection_types",
        tag="Connection",
        summary="List types of connections with the fields that each uses, as installed packages declare them.",
        access=Needs(verb=Verb.READ, resource=Resource.CONNECTION),
        reply=ConnectionTypeCollectionResponse,
        handler=get_connection_types,
    ),
)
