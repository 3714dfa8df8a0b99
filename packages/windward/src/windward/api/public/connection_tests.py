"""Asking the services of connections whether they answer; off unless `[core] test_connection` says otherwise."""

from __future__ import annotations

from typing import Any

from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.contract.problem import InvalidRequest, SwitchedOff
from windward.api.public.connection_shapes import (
    AsyncConnectionTestResponse,
    ConnectionBody,
    ConnectionTestQueuedResponse,
    ConnectionTestRequestBody,
    ConnectionTestResponse,
    fields_of,
    given_of,
)
from windward.core.access import is_allowed
from windward.core.secret_values import connection_to_test
from windward.engine.people.connections import edit_connection, set_connection
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb

TAG = "Connection"
TOKEN_HEADER = "Airflow-Connection-Test-Token"


def test_connection(call: Call[Nothing, ConnectionBody]) -> ConnectionTestResponse:
    """Ask whether the service answers."""
    _demand_enabled(call)
    conn_id, fields = call.body.connection_id, fields_of(given_of(call.body))
    is_well, message = call.services.connection_tests.test(
        conn_id, connection_to_test(fields, _stored(call, conn_id))
    )
    return ConnectionTestResponse(status=is_well, message=message)


def enqueue_connection_test(call: Call[Nothing, ConnectionTestRequestBody]) -> ConnectionTestQueuedResponse:
    """Begin to ask whether the service answers; keep the connection then, when that is wanted."""
    _demand_enabled(call)
    body, desk = call.body, call.services.desk
    executor = call.services.settings.core.executor
    if body.executor is not None and body.executor.lower().removesuffix("executor") != executor:
        raise InvalidRequest.of(
            ("body", "executor"),
            kind="value_error",
            message=f"is not configured; `{executor}` is",
            given=body.executor,
        )
    conn_id, fields = body.connection_id, fields_of(given_of(body))
    stored = call.services.store.secrets.get_connection(conn_id)
    if stored is not None and body.commit_on_success:
        call.demand(Verb.EDIT, Resource.CONNECTION)

    def keep() -> None:
        if body.commit_on_success:
            if desk.store.secrets.get_connection(conn_id) is None:
                set_connection(desk, conn_id, fields)
            else:
                edit_connection(desk, conn_id, fields)

    token, test = call.services.connection_tests.enqueue(
        conn_id, connection_to_test(fields, _stored(call, conn_id)), now=call.services.now(), then=keep
    )
    return ConnectionTestQueuedResponse(token=token, connection_id=conn_id, state=test.state)


def get_connection_test(call: Call[Nothing, Nothing]) -> AsyncConnectionTestResponse:
    """Say what came of a test so far."""
    token = call.headers.get(TOKEN_HEADER)
    if token is None:
        raise InvalidRequest.of(("header", TOKEN_HEADER), kind="missing", message="Field required")
    test = call.services.connection_tests.find(token, now=call.services.now())
    if test is None:
        raise NotFoundError("no test of a connection has this token")
    return AsyncConnectionTestResponse(
        token=token,
        connection_id=test.connection_id,
        state=test.state,
        created_at=test.created_at,
        result_message=test.message,
    )


def _demand_enabled(call: Call[Any, Any]) -> None:
    if not call.services.connection_tests.is_enabled:
        raise SwitchedOff(
            "connections cannot be tested here: `[core] test_connection` is not `enabled`",
            hint="Set it to `enabled` where the server runs, and start the server anew.",
        )


def _stored(call: Call[Any, Any], conn_id: str) -> dict[str, Any] | None:
    """Return the stored connection whose secrets may be used, if the caller may see that there is one."""
    if not is_allowed(call.principal, Verb.READ, Resource.CONNECTION):
        return None
    return call.services.store.secrets.get_connection(conn_id)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "POST",
        "/api/v2/connections/test",
        name="test_connection",
        tag=TAG,
        summary="Ask the service of a connection whether it answers.",
        access=Needs(verb=Verb.CREATE, resource=Resource.CONNECTION),
        body=ConnectionBody,
        reply=ConnectionTestResponse,
        handler=test_connection,
        errors=[400],
    ),
    operation(
        "GET",
        "/api/v2/connections/enqueue-test",
        name="get_connection_test",
        tag=TAG,
        summary="Say what came of a test that was begun.",
        access=Needs(verb=Verb.READ, resource=Resource.CONNECTION),
        reply=AsyncConnectionTestResponse,
        handler=get_connection_test,
        headers=[TOKEN_HEADER],
        errors=[404],
    ),
    operation(
        "POST",
        "/api/v2/connections/enqueue-test",
        name="enqueue_connection_test",
        tag=TAG,
        summary="Begin to ask the service of a connection whether it answers.",
        access=Needs(verb=Verb.CREATE, resource=Resource.CONNECTION),
        body=ConnectionTestRequestBody,
        reply=ConnectionTestQueuedResponse,
        status=202,
        handler=enqueue_connection_test,
        errors=[400, 409],
    ),
)
