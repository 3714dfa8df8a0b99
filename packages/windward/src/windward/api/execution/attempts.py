"""Attempts: leave to start, calls of user code, logs, the end. For the token of that attempt, and nothing else."""

from __future__ import annotations

import msgspec

from windward.api.contract.operation import Call, ForAttempt, Nothing, Operation, operation
from windward.api.contract.problem import InvalidRequest
from windward.api.execution.values import fault_of_call, fault_of_ending, fetched, stored_call, stored_ending
from windward.core.paths import is_log_path_of
from windward.errors import ConflictError, NotFoundError
from windward.model.numbers import Position
from windward.protocol import calls
from windward.protocol.messages import FRAME_BYTES_MAX, StartGranted
from windward.protocol.outcomes import Ending

TAG = "Execution"
LOG_CHUNK_BYTES_MAX = 1 << 20
_ATTEMPT = ForAttempt()


class CallBody(msgspec.Struct, kw_only=True):
    """What user code asks."""

    call: calls.Call


class Answered(msgspec.Struct, kw_only=True):
    """The answer."""

    answer: calls.Answer


class EndBody(msgspec.Struct, kw_only=True):
    """How the attempt ended."""

    ending: Ending


class LogQuery(msgspec.Struct, kw_only=True):
    """Which log, by its path as the start gave it, and where in it the bytes belong."""

    path: str
    offset: Position


class LogSize(msgspec.Struct, kw_only=True):
    """How long the log is now."""

    size: int


def start(call: Call[Nothing, Nothing]) -> StartGranted:
    """Ask for leave to run user code."""
    claims = call.attempt
    return call.execution.door.start(claims.host_id, claims.ref)


def ask(call: Call[Nothing, CallBody]) -> Answered:
    """Answer user code."""
    claims, execution = call.attempt, call.execution
    if fault := fault_of_call(call.body.call):
        return Answered(answer=calls.Refused(code="invalid", message=fault))
    wanted = stored_call(call.body.call, claims.ref, execution.values, dag_id=claims.dag_id)
    return Answered(answer=fetched(execution.door.answer(claims.ref, wanted), execution.values))


def end(call: Call[Nothing, EndBody]) -> None:
    """Take the end of an attempt."""
    claims, execution = call.attempt, call.execution
    if fault := fault_of_ending(call.body.ending):
        raise InvalidRequest.of(("body", "ending"), kind="value_error", message=fault)
    ending = stored_ending(call.body.ending, claims.ref, execution.values, dag_id=claims.dag_id)
    execution.door.end(claims.host_id, claims.ref, ending)


def append_log(call: Call[LogQuery, bytes]) -> LogSize:
    """Append to the attempt's log. What is there already is not written twice."""
    query, logs = call.query, call.execution.logs
    ref = call.attempt.ref
    if not is_log_path_of(query.path, call.execution.door.log_folder(ref), ref.task_id):
        raise InvalidRequest.of(
            ("query", "path"), kind="value_error", message="is not a log of this attempt", given=query.path
        )
    try:
        _, size = logs.read(query.path, limit=0)
    except NotFoundError:
        size = 0
    if query.offset > size:
        raise ConflictError(f"the log has {size} bytes: send those from there on")
    fresh = call.body[size - query.offset :]
    if fresh:
        logs.append(query.path, fresh)
    return LogSize(size=size + len(fresh))


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "POST",
        "/execution/v1/attempt/start",
        name="start_attempt",
        tag=TAG,
        summary="Ask for leave to run an attempt's user code; it is given once.",
        access=_ATTEMPT,
        reply=StartGranted,
        handler=start,
        errors=[409],
        is_quiet=True,
    ),
    operation(
        "POST",
        "/execution/v1/attempt/call",
        name="ask",
        tag=TAG,
        summary="Ask what user code may ask: XComs, variables, connections, runs, assets, states.",
        access=_ATTEMPT,
        body=CallBody,
        body_max=FRAME_BYTES_MAX * 2,
        reply=Answered,
        handler=ask,
        is_quiet=True,
    ),
    operation(
        "POST",
        "/execution/v1/attempt/end",
        name="end_attempt",
        tag=TAG,
        summary="Say how an attempt ended; may be said again.",
        access=_ATTEMPT,
        body=EndBody,
        body_max=FRAME_BYTES_MAX * 2,
        status=204,
        handler=end,
        is_quiet=True,
    ),
    operation(
        "POST",
        "/execution/v1/attempt/log",
        name="append_log",
        tag=TAG,
        summary="Append bytes to an attempt's log, from an offset on.",
        access=_ATTEMPT,
        query=LogQuery,
        body=bytes,
        body_max=LOG_CHUNK_BYTES_MAX,
        reply=LogSize,
        handler=append_log,
        errors=[409],
        is_quiet=True,
    ),
)
