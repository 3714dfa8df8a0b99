"""Streams that several triggers share: one reader, every event to each, and what the source is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.triggerer.conftest import Place, ref_of
from windward.protocol.fired import Event
from windward.protocol.triggers import FiredAccepted, TriggerFired
from windward.protocol.work import AttemptRef
from windward.sdk.triggers.base import BaseEventTrigger, TriggerEvent
from windward.sdk.triggers.shared_stream import (
    AckTimeout,
    AdvanceItem,
    AdvanceOutcome,
    SharedStreamProducer,
    reject_shared_stream_event,
)
from windward.triggerer.running import shared_key
from windward.triggerer.streams import FellBehindError, Member, StreamEndedError, StreamLimits, Streams

A, B = ref_of("a"), ref_of("b")
DEADLINE_S = 60.0


class Source:
    """What triggers of a test read: a queue that the test fills, and what was asked of it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.opened = 0
        self.closed = 0
        self.passed: list[AdvanceItem] = []
        self.error: Exception | None = None

    async def read(self) -> AsyncIterator[Any]:
        self.opened += 1
        try:
            while (raw := await self.queue.get()) is not None:
                if isinstance(raw, Exception):
                    raise raw
                yield raw
        finally:
            self.closed += 1

    def put(self, raws: Iterable[Any]) -> None:
        for raw in raws:
            self.queue.put_nowait(raw)


class Sharing(BaseEventTrigger):
    source: ClassVar[Source]

    def __init__(self, queue: str = "orders", **more: Any) -> None:
        super().__init__()
        self.queue, self.more = queue, more

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "x.Sharing", {"queue": self.queue, **self.more}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        yield TriggerEvent("read by itself")

    def shared_stream_key(self) -> Hashable | None:
        return ("queue", self.queue)

    @classmethod
    def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Any]:
        assert kwargs["queue"]
        return cls.source.read()


class Producer(SharedStreamProducer):
    def __init__(self, source: Source) -> None:
        self.source = source

    async def open_stream(self) -> AsyncIterator[tuple[Any, Any]]:
        async for raw in self.source.read():
            yield raw, f"offset of {raw}"

    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        if self.source.error is not None:
            raise self.source.error
        self.source.passed += batch

    async def aclose(self) -> None:
        self.source.closed += 1


class Acking(Sharing):
    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> SharedStreamProducer:
        assert kwargs["queue"]
        return Producer(cls.source)


def in_loop(scene: Callable[[Source, Streams], Awaitable[None]], **limits: Any) -> None:
    """Play a scene in an event loop, then end the streams."""

    async def play() -> None:
        streams = Streams(StreamLimits(**limits))
        source = Sharing.source = Source()
        async with asyncio.timeout(DEADLINE_S):
            await scene(source, streams)
            await streams.end()

    asyncio.run(play())


async def until(look: Callable[[], Any]) -> None:
    while not look():  # noqa: ASYNC110 - what is looked at tells nobody
        await asyncio.sleep(0.001)


def join(streams: Streams, ref: AttemptRef, trigger: BaseEventTrigger) -> Member:
    key = shared_key(trigger)
    assert key is not None
    return streams.join(ref, trigger, key)


def test_triggers_with_one_key_have_one_reader_and_each_gets_every_event() -> None:
    async def scene(source: Source, streams: Streams) -> None:
        one, other = join(streams, A, Sharing(colour="red")), join(streams, B, Sharing(colour="blue"))
        source.put(["x", "y"])
        assert [await anext(one), await anext(one)] == ["x", "y"]
        assert [await anext(other), await anext(other)] == ["x", "y"]
        assert source.opened == 1
        one.leave(None)
        assert source.closed == 0
        other.leave(None)
        await until(lambda: source.closed)
        again = join(streams, A, Sharing())
        source.put(["z"])
        assert await anext(again) == "z"
        assert source.opened == 2

    in_loop(scene)


def test_another_key_is_another_stream_and_so_is_another_class() -> None:
    async def scene(source: Source, streams: Streams) -> None:
        for ref, trigger in ((A, Sharing()), (B, Sharing("returns")), (ref_of("c"), Acking())):
            join(streams, ref, trigger)
        await until(lambda: source.opened == 3)

    in_loop(scene)


def test_a_stream_that_ends_or_fails_fails_all_its_triggers_and_the_next_one_begins_anew() -> None:
    async def scene(source: Source, streams: Streams) -> None:
        for last, error in ((None, StreamEndedError), (OSError("gone"), OSError)):
            members = [join(streams, ref, Sharing()) for ref in (A, B)]
            source.put(["x", last])
            await until(source.queue.empty)
            for member in members:
                with pytest.raises(error):
                    await until_it_raises(member)
                member.leave(None)
        assert source.opened == 2
        fresh = join(streams, A, Sharing())
        source.put(["y"])
        assert await anext(fresh) == "y"

    in_loop(scene)


async def until_it_raises(member: Member) -> None:
    async for _ in member:
        pass


def test_one_that_falls_behind_fails_and_the_others_go_on() -> None:
    async def scene(source: Source, streams: Streams) -> None:
        slow, quick = join(streams, A, Sharing()), join(streams, B, Sharing())
        for raw in "uvw":
            source.put([raw])
            assert await anext(quick) == raw
        with pytest.raises(FellBehindError):
            await anext(slow)
        source.put("x")
        assert await anext(quick) == "x"

    in_loop(scene, queue_size=2)


def test_a_source_is_told_of_an_event_when_all_are_past_it_and_what_they_said_is_stored() -> None:
    async def scene(source: Source, streams: Streams) -> None:
        one, other = join(streams, A, Acking()), join(streams, B, Acking())
        source.put("xy")
        assert await anext(one) == "x"
        one.said(7)
        assert await anext(one) == "y"
        assert [await anext(other), await anext(other)] == ["x", "y"]
        await asyncio.sleep(0.01)
        assert source.passed == []
        streams.accepted(A, 7)
        await until(lambda: source.passed)
        assert source.passed == [("offset of x", AdvanceOutcome(acked=2, failed=0))]

    in_loop(scene)


def test_a_filter_may_reject_what_it_has_before_it() -> None:
    async def scene(source: Source, streams: Streams) -> None:
        one = join(streams, A, Acking())
        source.put("x")
        await anext(one)
        reject_shared_stream_event()
        await until(lambda: source.passed)
        assert source.passed[0].outcome == AdvanceOutcome(acked=0, failed=0, rejected=1)

    in_loop(scene)


def test_nothing_is_rejected_where_there_is_nothing_to_reject(caplog: pytest.LogCaptureFixture) -> None:
    reject_shared_stream_event()
    assert "no event of a producer" in caplog.text


def test_a_filter_that_raises_has_failed_at_its_event_and_at_what_it_did_not_read() -> None:
    async def scene(source: Source, streams: Streams) -> None:
        one, other = join(streams, A, Acking()), join(streams, B, Acking())
        source.put("xy")
        await anext(one)
        await until(source.queue.empty)
        one.leave(ValueError("no number"))
        for _ in "xy":
            await anext(other)
        other.leave(None)
        await until(lambda: len(source.passed) == 2)
        assert {item.outcome for item in source.passed} == {AdvanceOutcome(acked=1, failed=1)}

    in_loop(scene)


def test_one_that_takes_too_long_fails_alone() -> None:
    async def scene(source: Source, streams: Streams) -> None:
        stuck, good = join(streams, A, Acking()), join(streams, B, Acking())
        source.put("x")
        await anext(stuck)
        await anext(good)
        waiting = asyncio.ensure_future(anext(good))
        await until(lambda: source.passed)
        assert source.passed[0].outcome == AdvanceOutcome(acked=1, failed=1)
        with pytest.raises(AckTimeout):
            await anext(stuck)
        source.put("y")
        assert await waiting == "y"

    in_loop(scene, ack_timeout_s=2)


def test_an_advance_that_fails_fails_all_triggers() -> None:
    async def scene(source: Source, streams: Streams) -> None:
        one, other = join(streams, A, Acking()), join(streams, B, Acking())
        source.error = OSError("broker gone")
        source.put("x")
        for member in (one, other):
            await anext(member)
        with pytest.raises(OSError, match="broker gone"):
            await asyncio.gather(anext(one), anext(other))
        await until(lambda: source.closed == 2)

    in_loop(scene)


def test_what_is_resolved_is_passed_before_a_stream_ends() -> None:
    async def scene(source: Source, streams: Streams) -> None:
        one = join(streams, A, Acking())
        source.put("x")
        await anext(one)
        one.leave(None)
        await until(lambda: source.closed == 2)
        assert [item.broker_payload for item in source.passed] == ["offset of x"]

    in_loop(scene)


def test_a_stream_waits_for_its_cohort() -> None:
    async def scene(source: Source, streams: Streams) -> None:
        one = join(streams, A, Sharing())
        source.put("x")
        await asyncio.sleep(0.01)
        late = join(streams, B, Sharing())
        assert [await anext(one), await anext(late)] == ["x", "x"]

    in_loop(scene, cohort_grace_s=2)


def test_a_key_that_cannot_be_had_lets_the_trigger_read_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    class Raises(Sharing):
        def shared_stream_key(self) -> Hashable | None:
            raise KeyError("queue")

    class NoKey(Sharing):
        def shared_stream_key(self) -> Any:
            return ["not", "hashable"]

    assert [shared_key(kind()) for kind in (Raises, NoKey)] == [None, None]
    assert caplog.text.count("reads by itself") == 2


STREAM = """
import pathlib
from windward.sdk.triggers.shared_stream import SharedStreamProducer

class Lines(SharedStreamProducer):
    def __init__(self, path):
        self.path = path

    async def open_stream(self):
        with open(self.path + ".opened", "a") as file:
            print("opened", file=file)
        for number, line in enumerate(pathlib.Path(self.path).read_text().split()):
            yield line, number
        await asyncio.sleep(1000)

    async def advance(self, batch):
        with open(self.path + ".passed", "a") as file:
            for item in batch:
                print(item.broker_payload, item.outcome.acked, file=file)

class Trigger(BaseEventTrigger):
    def __init__(self, path, word):
        super().__init__()
        self.path, self.word = path, word

    def serialize(self):
        return __name__ + ".Trigger", {"path": self.path, "word": self.word}

    async def run(self):
        yield TriggerEvent("read by itself")

    def shared_stream_key(self):
        return self.path

    @classmethod
    def create_shared_stream_producer(cls, kwargs):
        return Lines(kwargs["path"])

    async def filter_shared_stream(self, shared_stream):
        async for line in shared_stream:
            if line == self.word:
                yield TriggerEvent(line)
"""


def test_siblings_share_a_stream_and_the_source_is_told_after_the_scheduler_has_accepted(
    make_place: Callable[..., Place],
) -> None:
    # The window in which both join is the test's own: what matters is that one reader serves both.
    place = make_place(STREAM, streams=StreamLimits(cohort_grace_s=3))
    path = place.folder / "lines"
    path.write_text("red green end", encoding="utf-8")
    refs = {word: place.watch(word, path=str(path), word=word, goes_on=True) for word in ("red", "green")}
    said = {one.ref: one for one in (place.scheduler.hear(TriggerFired) for _ in refs)}
    assert [type(said[ref].fired) for ref in refs.values()] == [Event, Event]
    assert path.with_name("lines.opened").read_text(encoding="utf-8") == "opened\n"
    passed = path.with_name("lines.passed")
    assert not passed.exists()
    for word, lines in (("red", "0 2\n"), ("green", "0 2\n1 2\n2 2\n")):
        place.scheduler.say(FiredAccepted(ref=refs[word], number=said[refs[word]].number))
        place.wait(partial(_says, passed, lines))


def _says(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
