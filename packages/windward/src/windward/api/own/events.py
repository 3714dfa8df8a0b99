"""Server-sent events: what changes, as it changes. A client that comes back goes on where it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool

from windward.api.changes import Change
from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.serving import Stream
from windward.core.access import is_within
from windward.model.access import Resource, Verb

BEAT_S = 15.0
"""A comment is sent after so much silence, so that a connection that is dead is found."""
TAGS_S = 30.0
"""How long the tags of a DAG are believed."""
STREAM_S_MAX = 300.0
"""How long a stream goes on: whoever listens comes back where they were, and is asked again who they are."""
UNKNOWN = -1
"""Stands for a number that this process did not give."""
NUMBER_DIGITS_MAX = 18


class EventsQuery(msgspec.Struct, kw_only=True):
    """Of which DAG; of all that may be seen, without one."""

    dag_id: str | None = None


async def stream_events(call: Call[EventsQuery, Nothing]) -> Stream:
    """Send changes until the client goes."""
    after = _after(call.headers.get("last-event-id", ""), name=call.services.changes.name)
    return Stream(
        chunks=_chunks(call, after), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


def _after(last: str, *, name: str) -> int | None:
    """Return the number that a client heard last; None of one that comes first."""
    if not last:
        return None
    whose, _, number = last.partition("-")
    is_ours = whose == name and number.isascii() and number.isdigit() and len(number) <= NUMBER_DIGITS_MAX
    return int(number) if is_ours else UNKNOWN


async def _chunks(call: Call[EventsQuery, Nothing], after: int | None) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    sees, until_s = _Sight(call), time.monotonic() + STREAM_S_MAX
    with call.services.changes.listening(after=after) as changes:
        while (left_s := until_s - time.monotonic()) > 0:
            try:
                change = await asyncio.wait_for(changes.get(), min(BEAT_S, left_s))
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if await sees(change.dag_id):
                yield _event(change, name=call.services.changes.name)


def _event(change: Change, *, name: str) -> bytes:
    data: Any = {"dag_id": change.dag_id}
    if change.run is not None:
        data = {name: value for name, value in msgspec.structs.asdict(change.run).items() if name != "run_pk"}
    return b"id: %s-%d\nevent: %s\ndata: %s\n\n" % (
        name.encode(),
        change.number,
        change.kind.encode(),
        msgspec.json.encode(data),
    )


class _Sight:
    """What one listener may see, and wants to."""

    def __init__(self, call: Call[EventsQuery, Nothing]) -> None:
        self._call = call
        self._known: dict[str, tuple[float, bool]] = {}

    async def __call__(self, dag_id: str | None) -> bool:
        """Whether the listener is told of a change of this DAG; of all of them, when it is None."""
        reach, only = self._call.reach, self._call.query.dag_id
        if dag_id is None:
            return True
        if only is not None and dag_id != only:
            return False
        if reach.is_all:
            return True
        asked_s, is_seen = self._known.get(dag_id, (0.0, False))
        if not asked_s or time.monotonic() - asked_s > TAGS_S:
            tags = await run_in_threadpool(self._call.services.tags_of, dag_id) if reach.needs_tags else ()
            is_seen = is_within(reach, dag_id, tags)
            self._known[dag_id] = (time.monotonic(), is_seen)
        return is_seen


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/events",
        name="stream_events",
        tag="Events",
        summary="Send what changes, as server-sent events: runs with their counts, DAGs, and when to read all again.",
        access=Needs(verb=Verb.READ, resource=Resource.RUN, scope=Scope.LISTED),
        query=EventsQuery,
        reply=bytes,
        handler=stream_events,
        errors=[429],
        media_types=["text/event-stream"],
    ),
)
