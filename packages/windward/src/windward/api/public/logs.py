"""Logs of attempts, as Airflow's clients ask for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from windward.api.attempt_logs import AttemptLog, attempt_log, offset_of, token_of
from windward.api.contract.operation import Call, Needs, Nothing, Operation, Reply, Scope, operation
from windward.api.contract.problem import NotAcceptable
from windward.api.contract.serving import Stream
from windward.errors import UserError
from windward.model.access import Resource, Verb
from windward.model.numbers import Small

TAG = "Task Instance"
NDJSON = "application/x-ndjson"
PAGE_BYTES = 1 << 20
WHOLE_BYTES_MAX = 64 << 20
"""More than this comes in pages, whatever is asked: a client that wants it all takes the stream."""
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_TRY = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}"


class LogsQuery(msgspec.Struct, kw_only=True):
    """Which part: from `token` on, or all of it."""

    full_content: bool = False
    map_index: Small = -1
    token: str | None = None


class MapIndexQuery(msgspec.Struct, kw_only=True):
    """Which instance of a mapped task."""

    map_index: Small = -1


class StructuredLogMessage(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line, with whatever fields its writer gave it beside these. `timestamp` is missing where none was written."""

    event: str
    timestamp: datetime | None = None
    level: str = ""
    logger: str = ""
    source: str = ""


class TaskInstancesLogResponse(msgspec.Struct, kw_only=True):
    """A part of a log, and the token of what follows; None at the end of a log that has ended."""

    content: list[StructuredLogMessage]
    continuation_token: str | None


class _Part(msgspec.Struct, kw_only=True):
    """A `TaskInstancesLogResponse` whose lines are passed on as they were written."""

    content: list[msgspec.Raw]
    continuation_token: str | None


class ExternalLogUrlResponse(msgspec.Struct, kw_only=True):
    """Where a log can be read elsewhere."""

    url: str


def get_log(call: Call[LogsQuery, Nothing]) -> Reply:
    """Return a part of a log as JSON, or all of it as a stream of lines."""
    query = call.query
    log = _log(call, query.map_index)
    accept = call.headers.get("accept", "*/*")
    if NDJSON in accept:
        return Stream(chunks=log.whole(offset_of(query.token)), media_type=NDJSON)
    if not any(kind in accept for kind in ("*/*", "application/*", "application/json")):
        raise NotAcceptable(f"a log is `application/json` or `{NDJSON}`, not `{accept}`")
    return _part(log, offset_of(query.token), is_whole=query.full_content)


def _part(log: AttemptLog, offset: int, *, is_whole: bool) -> Reply:
    goes_on = log.went_on
    content: list[msgspec.Raw] = []
    begin = offset
    while True:
        data, offset, size = log.part(offset, PAGE_BYTES)
        content += [_raw(line) for line in data.split(b"\n") if line]
        if not data or not is_whole or offset - begin >= WHOLE_BYTES_MAX:
            break
    is_end = offset >= size and not goes_on
    return Reply(body=_Part(content=content, continuation_token=None if is_end else token_of(offset)))


def _raw(line: bytes) -> msgspec.Raw:
    """Return a line as it is; one that is no object becomes one, with the line as its event."""
    try:
        _OBJECT.decode(line)
    except msgspec.MsgspecError:
        return msgspec.Raw(msgspec.json.encode({"event": line.decode("utf-8", "replace")}))
    return msgspec.Raw(line)


def get_external_log_url(call: Call[MapIndexQuery, Nothing]) -> ExternalLogUrlResponse:
    """Say where else a log can be read: nowhere, which Airflow tells with the same status."""
    _log(call, call.query.map_index)
    raise UserError("logs are not kept by another system", hint="Read them here: `…/logs/{try_number}`.")


def _log(call: Call[Any, Any], map_index: int) -> AttemptLog:
    return attempt_log(
        call.services,
        dag_id=call.text("dag_id"),
        run_id=call.text("dag_run_id"),
        task_id=call.text("task_id"),
        map_index=map_index,
        try_number=call.number("try_number"),
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        _TRY + "/logs/{try_number}",
        name="get_log",
        tag=TAG,
        summary="Return a part of an attempt's log, or all of it line by line.",
        access=Needs(verb=Verb.READ, resource=Resource.LOG, scope=Scope.PATH),
        query=LogsQuery,
        reply=TaskInstancesLogResponse,
        handler=get_log,
        is_of_logs=True,
        errors=[406, 429],
    ),
    operation(
        "GET",
        _TRY + "/externalLogUrl/{try_number}",
        name="get_external_log_url",
        errors=(400,),
        tag=TAG,
        summary="Say where else an attempt's log can be read.",
        access=Needs(verb=Verb.READ, resource=Resource.LOG, scope=Scope.PATH),
        query=MapIndexQuery,
        reply=ExternalLogUrlResponse,
        handler=get_external_log_url,
    ),
)
