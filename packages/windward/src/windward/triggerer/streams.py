"""Streams that several triggers share: one task reads the source, and each member gets every event it has to give.

All in the event loop's thread. A stream is known by its key from its first member to its last, or to its end; what
ends it is raised in every member, whose triggers fail and begin anew with a new stream.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Self

from windward.protocol.work import AttemptRef
from windward.sdk.masking import MASKER
from windward.sdk.triggers.base import BaseEventTrigger
from windward.sdk.triggers.shared_stream import REJECT, AckTimeout, SharedStreamProducer
from windward.triggerer.acks import Acks
from windward.triggerer.bridge import CURRENT, Current
from windward.triggerer.logs import TriggerLog

log = logging.getLogger("windward.triggerer.streams")
LOOKS_PER_TIMEOUT = 10
"""How often in the time that a member has for an event the stream looks for members that are late."""


@dataclass(frozen=True)
class StreamLimits:
    """What holds for every shared stream. Durations are seconds."""

    queue_size: int = 1024
    """Events that a member may be behind; one further behind fails."""
    ack_timeout_s: float = 300.0
    """How long a member may take to be done with an event of a producer."""
    cohort_grace_s: float = 0.0
    """How long a new stream waits for more members before it reads."""


class StreamEndedError(Exception):
    """The source of a shared stream has no more: it should yield for ever, or raise."""


class FellBehindError(Exception):
    """A trigger has more unread events of its shared stream than `[triggerer] shared_stream_subscriber_queue_size`."""


class Member:
    """One trigger's view of a stream: what its `filter_shared_stream` iterates over."""

    def __init__(self, ref: AttemptRef, current: Current | None, stream: _Stream) -> None:
        self.ref = ref
        self.current = current
        self._stream = stream
        self._events: asyncio.Queue[tuple[Any, int]] = asyncio.Queue()
        self._before: int | None = None
        """The event that the filter has before it."""
        self._error: BaseException | None = None
        self._came = asyncio.Event()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        """Return the next event; raise what ended the stream, or this member's part in it, at once."""
        self._close_window()
        while self._error is None and self._events.empty():
            self._came.clear()
            await self._came.wait()
        if self._error is not None:
            raise self._error
        raw, self._before = self._events.get_nowait()
        if self._stream.acks is not None:
            REJECT.set(self._reject)
        return raw

    def said(self, number: int) -> None:
        """Note that the trigger said something, of the event that it has before it."""
        if self._stream.acks is not None and self._before is not None:
            self._stream.acks.said(self._before, self.ref, number)

    def leave(self, error: BaseException | None) -> None:
        """End the membership; `error` is what the filter raised, and failed at, if it did."""
        self._before = None
        self._stream.remove(self, has_failed=error is not None)

    def offer(self, raw: Any, event: int, limit: int) -> bool:
        """Append an event; False when the member has too many unread."""
        if self._events.qsize() >= limit:
            return False
        self._events.put_nowait((raw, event))
        self._came.set()
        return True

    def fail(self, error: BaseException) -> None:
        """Let the trigger fail the next time that it asks."""
        self._error = self._error or error
        self._came.set()

    def _close_window(self) -> None:
        before, self._before = self._before, None
        if before is not None and self._stream.acks is not None:
            REJECT.set(None)
            self._stream.acks.past(before, self.ref)
            self._stream.look()

    def _reject(self) -> None:
        if self._before is not None and self._stream.acks is not None:
            self._stream.acks.reject(self._before, self.ref)
            self._stream.look()


class Streams:
    """The shared streams of one triggerer."""

    def __init__(self, limits: StreamLimits, now_s: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._now_s = now_s
        self._streams: dict[tuple[type, Hashable], _Stream] = {}

    def join(self, ref: AttemptRef, trigger: BaseEventTrigger, key: Hashable) -> Member:
        """Return a trigger's membership of the stream of its class and key, which begins with its first member."""
        name = (type(trigger), key)
        stream = self._streams.get(name)
        if stream is None:
            stream = _Stream(trigger, self._limits, self._now_s, lambda: self._forget(name))
            self._streams[name] = stream
        return stream.add(ref)

    def accepted(self, ref: AttemptRef, number: int) -> None:
        """Note that what a trigger said is in the database."""
        for stream in list(self._streams.values()):
            if stream.acks is not None:
                stream.acks.accepted(ref, number)
                stream.look()

    async def end(self) -> None:
        """End all streams; what is resolved is passed before."""
        streams = list(self._streams.values())
        for stream in streams:
            stream.stop()
        await asyncio.gather(*(stream.ended() for stream in streams))

    def _forget(self, name: tuple[type, Hashable]) -> None:
        self._streams.pop(name, None)


class _Stream:
    """One reader and its members."""

    def __init__(
        self,
        trigger: BaseEventTrigger,
        limits: StreamLimits,
        now_s: Callable[[], float],
        forget: Callable[[], None],
    ) -> None:
        cls, base = type(trigger), BaseEventTrigger
        self._class = cls
        self._kwargs = trigger.serialize()[1]
        self._limits = limits
        self._now_s = now_s
        self._forget = forget
        self._members: dict[AttemptRef, Member] = {}
        made, default = cls.create_shared_stream_producer, base.create_shared_stream_producer
        has_producer = getattr(made, "__func__", made) is not getattr(default, "__func__", default)
        self.acks: Acks | None = Acks() if has_producer else None
        self._changed = asyncio.Event()
        self._is_over = False
        self._current = self._current_of_all()
        context = copy_context()
        context.run(CURRENT.set, self._current)
        self._task = asyncio.get_running_loop().create_task(self._live(), context=context)

    # -- members -------------------------------------------------------------------------

    def add(self, ref: AttemptRef) -> Member:
        member = Member(ref, CURRENT.get(), self)
        self._members[ref] = member
        return member

    def remove(self, member: Member, *, has_failed: bool) -> None:
        self._members.pop(member.ref, None)
        if self.acks is not None:
            if has_failed:
                self.acks.fail(member.ref)
            else:
                self.acks.leave(member.ref)
            self.look()
        if not self._members:
            self.stop()
        elif self._current is not None and self._current.ref == member.ref:
            self._follow(next(iter(self._members.values())))

    def look(self) -> None:
        """Let the stream look whether its producer may pass something."""
        self._changed.set()

    def stop(self) -> None:
        """End the stream; a member that comes now gets a new one."""
        if not self._is_over:
            self._is_over = True
            self._forget()
            self._task.cancel()

    async def ended(self) -> None:
        await asyncio.wait([self._task])

    def _current_of_all(self) -> Current | None:
        """Return the reader's place: it asks in the name of a member, and writes to the triggerer's log."""
        first = CURRENT.get()
        return Current(first.ref, first.name, TriggerLog(None, MASKER)) if first is not None else None

    def _follow(self, member: Member) -> None:
        if self._current is not None and member.current is not None:
            self._current.ref, self._current.name = member.current.ref, member.current.name
            self._task.set_name(member.current.name)

    def _fail(self, error: BaseException) -> None:
        if not self._is_over:
            self._is_over = True
            self._forget()
        log.warning("a shared stream of `%s` ended: %s", self._class.__name__, error)
        for member in self._members.values():
            member.fail(error)

    # -- the reader ----------------------------------------------------------------------

    async def _live(self) -> None:
        try:
            await asyncio.sleep(self._limits.cohort_grace_s)
            if self.acks is None:
                await self._read(self._class.open_shared_stream(self._kwargs))
            else:
                await self._produce(self._class.create_shared_stream_producer(self._kwargs), self.acks)
        except asyncio.CancelledError as error:
            if not self._is_over:
                self._fail(StreamEndedError(f"its reader was cancelled: {error}"))
        except BaseException as error:  # noqa: BLE001 - user code may raise anything; each member is told
            self._fail(error)

    async def _read(self, events: AsyncIterator[Any]) -> None:
        try:
            async for raw in events:
                self._pass_on(raw, 0)
        finally:
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()
        raise StreamEndedError(
            f"`{self._class.__name__}.open_shared_stream` returned; it yields for ever, or raises"
        )

    async def _produce(self, producer: SharedStreamProducer, acks: Acks) -> None:
        """Read, pass on what is resolved and look for members that are late, until one of the three fails."""
        reader = asyncio.create_task(self._read_producer(producer, acks))
        late = asyncio.create_task(self._look_for_late(acks))
        tasks = [reader, late, asyncio.create_task(self._advance(producer, acks))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    self._fail(_error_of(task))
        finally:
            # What is resolved is passed still, and a call that is under way is not cut off: nobody knew what it did.
            self._is_over = True
            self.look()
            reader.cancel()
            late.cancel()
            await asyncio.wait(tasks)
            await self._close(producer)

    async def _read_producer(self, producer: SharedStreamProducer, acks: Acks) -> None:
        events = producer.open_stream()
        try:
            async for raw, payload in events:
                event = acks.give(payload, producer.get_advance_lane(payload), self._members, self._now_s())
                self._pass_on(raw, event)
                self.look()
        finally:
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()
        raise StreamEndedError(
            f"`{type(producer).__name__}.open_stream` returned; it yields for ever, or raises"
        )

    def _pass_on(self, raw: Any, event: int) -> None:
        for member in list(self._members.values()):
            if not member.offer(raw, event, self._limits.queue_size):
                self._drop(
                    member.ref, FellBehindError(f"{self._limits.queue_size} events of its stream are unread")
                )

    async def _advance(self, producer: SharedStreamProducer, acks: Acks) -> None:
        while True:
            self._changed.clear()
            while batch := acks.take_batch():
                await producer.advance(batch)
            if self._is_over:
                return
            await self._changed.wait()

    async def _look_for_late(self, acks: Acks) -> None:
        timeout_s = self._limits.ack_timeout_s
        while True:
            await asyncio.sleep(max(0.01, timeout_s / LOOKS_PER_TIMEOUT))
            for ref in acks.overdue(self._now_s() - timeout_s):
                self._drop(ref, AckTimeout(f"an event of its stream was not done with in {timeout_s:g} s"))

    def _drop(self, ref: AttemptRef, error: Exception) -> None:
        """Let one member fail, which may have left already; the others go on."""
        member = self._members.get(ref)
        if member is not None:
            member.fail(error)
            self.remove(member, has_failed=True)
        elif self.acks is not None:
            self.acks.fail(ref)
            self.look()

    async def _close(self, producer: SharedStreamProducer) -> None:
        try:
            await producer.aclose()
        except Exception:
            log.exception("`aclose` of a producer failed")


def _error_of(task: asyncio.Task[None]) -> BaseException:
    """Return why a task ended that never should."""
    if task.cancelled():
        return asyncio.CancelledError("it cancelled itself")
    return task.exception() or StreamEndedError("it returned")
