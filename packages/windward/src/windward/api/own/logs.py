"""Logs, byte by byte: from any offset, and on while the task runs."""

from __future__ import annotations

from typing import Annotated

import msgspec

from windward.api.attempt_logs import attempt_log
from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.serving import Stream
from windward.model.access import Resource, Verb
from windward.model.numbers import WIDE_MAX

NDJSON = "application/x-ndjson"
_PATH = "/api/windward/v1/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/logs/{try_number}"


class LogQuery(msgspec.Struct, kw_only=True):
    """`offset` counts bytes; a client that was cut off goes on behind those that it has."""

    offset: Annotated[int, msgspec.Meta(ge=0, le=WIDE_MAX)] = 0
    follow: bool = False


def stream_log(call: Call[LogQuery, Nothing]) -> Stream:
    """Send the log, one JSON object a line."""
    log = attempt_log(
        call.services,
        dag_id=call.text("dag_id"),
        run_id=call.text("dag_run_id"),
        task_id=call.text("task_id"),
        map_index=call.number("map_index"),
        try_number=call.number("try_number"),
    )
    _, size = log.read(0, 0)
    chunks = log.follow(call.query.offset) if call.query.follow else log.whole(call.query.offset)
    return Stream(chunks=chunks, media_type=NDJSON, headers={"x-windward-log-size": str(size)})


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        _PATH,
        name="stream_log",
        tag="Logs",
        summary="Send an attempt's log from an offset on, line by line; with `follow`, until the attempt has ended.",
        access=Needs(verb=Verb.READ, resource=Resource.LOG, scope=Scope.PATH),
        query=LogQuery,
        reply=bytes,
        handler=stream_log,
        errors=[429],
        media_types=[NDJSON],
    ),
)
