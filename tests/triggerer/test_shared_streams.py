"""Triggers that would share a stream (Airflow 3.3) read for themselves, and a warning says so."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from windward.protocol.fired import Event
from windward.protocol.triggers import TriggerWork
from windward.protocol.work import AttemptRef
from windward.sdk import serde
from windward.sdk.triggers.base import BaseEventTrigger, TriggerEvent
from windward.triggerer.running import hear, wants_shared_stream


class Alone(BaseEventTrigger):
    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "x.Alone", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        yield TriggerEvent("read by itself")


class Sharing(Alone):
    def shared_stream_key(self) -> Any:
        return ("queue", "orders")


class Broken(Alone):
    def shared_stream_key(self) -> Any:
        raise KeyError("queue")


def test_only_a_trigger_with_a_key_wants_to_share() -> None:
    assert [wants_shared_stream(kind()) for kind in (Alone, Sharing, Broken)] == [False, True, True]


@pytest.mark.parametrize(("kind", "warned"), [(Alone, False), (Sharing, True)])
def test_it_reads_for_itself_and_its_log_says_so(
    kind: type[Alone], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[Any] = []
    work = TriggerWork(
        ref=AttemptRef(1, "t", -1, 1), class_path="x.Alone", kwargs=serde.pack({}, name="test")
    )
    with caplog.at_level(logging.WARNING, logger="windward.triggerer.running"):
        asyncio.run(hear(kind(), work, said.append, large=None))
    assert isinstance(said[0], Event)
    assert ("shared streams of triggers are not supported" in caplog.text) is warned
