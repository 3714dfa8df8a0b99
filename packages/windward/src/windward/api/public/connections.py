"""Connections: their passwords can be written and never be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from windward.api.contract.bulk import BulkBody, BulkResponse, carry_out
from windward.api.contract.masks import MaskQuery, masked
from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.contract.paging import page_of, pattern_of
from windward.api.public.connection_shapes import (
    ConnectionBody,
    ConnectionCollectionResponse,
    ConnectionQuery,
    ConnectionResponse,
    fields_of,
    given_of,
    shown,
)
from windward.engine.people.connections import (
    create_connection,
    create_default_connections,
    delete_connection,
    edit_connection,
    set_connection,
)
from windward.errors import NotFoundError, UserError
from windward.model.access import Resource, Verb

TAG = "Connection"


def get_connections(call: Call[ConnectionQuery, Nothing]) -> ConnectionCollectionResponse:
    """List connections."""
    query = call.query
    page = call.services.listings.connections.list(
        page_of(query), conn_id=pattern_of(query.connection_id_pattern, query.connection_id_prefix_pattern)
    )
    rows = [shown(row, words=_words(call)) for row in page.rows]
    return ConnectionCollectionResponse(connections=rows, total_entries=page.total or 0)


def get_connection(call: Call[Nothing, Nothing]) -> ConnectionResponse:
    """Show one connection."""
    return _found(call, call.text("connection_id"))


def post_connection(call: Call[Nothing, ConnectionBody]) -> ConnectionResponse:
    """Make a connection."""
    create_connection(call.services.desk, call.body.connection_id, fields_of(given_of(call.body)))
    return _found(call, call.body.connection_id)


def patch_connection(call: Call[MaskQuery, ConnectionBody]) -> ConnectionResponse:
    """Change a connection."""
    conn_id = call.text("connection_id")
    if call.body.connection_id != conn_id:
        raise UserError(
            f"the body is of connection `{call.body.connection_id}`, the path of `{conn_id}`",
            hint="A connection cannot be renamed: make a new one, and delete this one.",
        )
    edit_connection(call.services.desk, conn_id, fields_of(masked(call.body, call.query.update_mask)))
    return _found(call, conn_id)


def remove_connection(call: Call[Nothing, Nothing]) -> None:
    """Delete a connection."""
    delete_connection(call.services.desk, call.text("connection_id"))


def bulk_connections(call: Call[Nothing, BulkBody[ConnectionBody]]) -> BulkResponse:
    """Make, change and delete connections."""
    return carry_out(call, call.body, _Connections(call), resource=Resource.CONNECTION)


def make_defaults(call: Call[Nothing, Nothing]) -> None:
    """Make the connections that hooks take when none is named."""
    create_default_connections(call.services.desk)


@dataclass(frozen=True)
class _Connections:
    """Connections, changed in bulk."""

    call: Call[Nothing, BulkBody[ConnectionBody]]

    def name_of(self, entity: str | ConnectionBody) -> str:
        return entity if isinstance(entity, str) else entity.connection_id

    def existing(self, names: Sequence[str]) -> set[str]:
        return self.call.services.listings.connections.existing(names)

    def create(self, entity: ConnectionBody) -> None:
        fields = fields_of(given_of(entity))
        if self.existing([entity.connection_id]):
            edit_connection(self.call.services.desk, entity.connection_id, fields)
        else:
            set_connection(self.call.services.desk, entity.connection_id, fields)

    def update(self, entity: ConnectionBody, mask: Sequence[str] | None) -> None:
        fields = fields_of(masked(entity, mask or ()))
        edit_connection(self.call.services.desk, entity.connection_id, fields)

    def delete(self, entity: str | ConnectionBody) -> None:
        delete_connection(self.call.services.desk, self.name_of(entity))


def _words(call: Call[Any, Any]) -> tuple[str, ...]:
    return tuple(name.lower() for name in call.services.settings.core.sensitive_var_conn_names)


def _found(call: Call[Any, Any], conn_id: str) -> ConnectionResponse:
    row = call.services.listings.connections.one(conn_id)
    if row is None:
        raise NotFoundError(f"The Connection with connection_id: `{conn_id}` was not found")
    return shown(row, words=_words(call))


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/connections",
        name="get_connections",
        tag=TAG,
        summary="List connections; what is secret is masked.",
        access=Needs(verb=Verb.READ, resource=Resource.CONNECTION),
        query=ConnectionQuery,
        reply=ConnectionCollectionResponse,
        handler=get_connections,
        errors=[400],
    ),
    operation(
        "POST",
        "/api/v2/connections",
        name="post_connection",
        tag=TAG,
        summary="Make a connection.",
        access=Needs(verb=Verb.CREATE, resource=Resource.CONNECTION),
        body=ConnectionBody,
        reply=ConnectionResponse,
        status=201,
        handler=post_connection,
        errors=[400, 409],
    ),
    operation(
        "PATCH",
        "/api/v2/connections",
        name="bulk_connections",
        tag=TAG,
        summary="Make, change and delete connections.",
        access=Needs(verb=Verb.EDIT, resource=Resource.CONNECTION),
        body=BulkBody[ConnectionBody],
        reply=BulkResponse,
        handler=bulk_connections,
        errors=[400],
    ),
    operation(
        "POST",
        "/api/v2/connections/defaults",
        name="create_default_connections",
        tag=TAG,
        summary="Make the connections that hooks take when none is named; those that exist stay.",
        access=Needs(verb=Verb.CREATE, resource=Resource.CONNECTION),
        status=204,
        handler=make_defaults,
    ),
    operation(
        "GET",
        "/api/v2/connections/{connection_id}",
        name="get_connection",
        tag=TAG,
        summary="Show a connection; what is secret is masked.",
        access=Needs(verb=Verb.READ, resource=Resource.CONNECTION),
        reply=ConnectionResponse,
        handler=get_connection,
    ),
    operation(
        "PATCH",
        "/api/v2/connections/{connection_id}",
        name="patch_connection",
        tag=TAG,
        summary="Change a connection; where the body holds the mask, the secret stays.",
        access=Needs(verb=Verb.EDIT, resource=Resource.CONNECTION),
        query=MaskQuery,
        body=ConnectionBody,
        reply=ConnectionResponse,
        handler=patch_connection,
        errors=[400],
    ),
    operation(
        "DELETE",
        "/api/v2/connections/{connection_id}",
        name="delete_connection",
        tag=TAG,
        summary="Delete a connection.",
        access=Needs(verb=Verb.DELETE, resource=Resource.CONNECTION),
        status=204,
        handler=remove_connection,
    ),
)
