"""Threads of handlers: few at once while each is quick, more when one is slow, never more than the most."""

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from windward.api.contract.threads import Threads

FOREVER_S = 3600.0
ASKED: ContextVar[str] = ContextVar("asked", default="nobody")


class Gates:
    """Work that lasts until it is let go."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.at_once: list[int] = []
        self.gates: dict[int, threading.Event] = {}
        self.inside = 0
        self.lock = threading.Lock()

    def work(self, number: int) -> int:
        """Say that it began, and wait."""
        with self.lock:
            self.begun.append(number)
            self.inside += 1
            self.at_once.append(self.inside)
        assert self.gates.setdefault(number, threading.Event()).wait(60)
        with self.lock:
            self.inside -= 1
        return number

    def let_go(self, *numbers: int) -> None:
        """Let these end, at once when they begin."""
        for number in numbers:
            self.gates.setdefault(number, threading.Event()).set()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110  # of what threads do, no event of this loop tells
            await asyncio.sleep(0.001)


def test_as_many_work_at_once_as_may_and_the_others_follow_in_order() -> None:
    gates, pool = Gates(), Threads(8, at_once=2, quick_s=FOREVER_S)

    async def ask() -> None:
        asked = [asyncio.ensure_future(pool.run(gates.work, number)) for number in range(6)]
        await until(lambda: len(gates.begun) == 2)
        gates.let_go(*range(6))
        assert await asyncio.gather(*asked) == list(range(6))

    asyncio.run(ask())
    pool.close()
    assert sorted(gates.begun[:2]) == [0, 1]
    assert max(gates.at_once) == 2


def test_what_is_slow_stops_nobody_until_every_thread_is_taken() -> None:
    gates, pool = Gates(), Threads(4, at_once=1, quick_s=0.001)

    async def ask() -> None:
        slow = [asyncio.ensure_future(pool.run(gates.work, number)) for number in range(3)]
        await until(lambda: len(gates.begun) == 3)
        gates.let_go(3)
        assert await pool.run(gates.work, 3) == 3
        slow += [asyncio.ensure_future(pool.run(gates.work, number)) for number in range(4, 9)]
        await until(lambda: len(gates.begun) == 5)
        gates.let_go(*range(9))
        assert await asyncio.gather(*slow) == [0, 1, 2, 4, 5, 6, 7, 8]

    asyncio.run(ask())
    pool.close()
    assert max(gates.at_once) == 4


def test_who_is_cancelled_is_not_waited_for_and_what_did_not_begin_does_not() -> None:
    gates, pool = Gates(), Threads(2, at_once=1, quick_s=FOREVER_S)

    async def ask() -> None:
        begun, waiting, last = (asyncio.ensure_future(pool.run(gates.work, number)) for number in range(3))
        await until(lambda: len(gates.begun) == 1)
        begun.cancel()
        waiting.cancel()
        ended = await asyncio.gather(begun, waiting, return_exceptions=True)
        assert [type(one) for one in ended] == [asyncio.CancelledError] * 2
        gates.let_go(0, 2)
        assert await last == 2

    asyncio.run(ask())
    pool.close()
    assert gates.begun == [0, 2]


def test_a_thread_outlives_an_event_loop_that_went_away() -> None:
    gates, pool = Gates(), Threads(1, at_once=1, quick_s=FOREVER_S)

    async def leave() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await pool.run(gates.work, 0)

    async def come() -> int:
        return await pool.run(gates.work, 1)

    asyncio.run(leave())
    gates.let_go(0, 1)
    assert asyncio.run(come()) == 1
    pool.close()


def test_work_sees_who_asked_and_raises_what_it_raises() -> None:
    pool = Threads(1)

    def broken(error: BaseException) -> None:
        raise error

    async def ask(name: str) -> Any:
        ASKED.set(name)
        with pytest.raises(LookupError):
            await pool.run(broken, LookupError())
        with pytest.raises(RuntimeError, match="StopIteration"):
            await pool.run(broken, StopIteration())
        return await pool.run(ASKED.get)

    assert [asyncio.run(ask(name)) for name in ("ada", "bob")] == ["ada", "bob"]
    pool.close()


def test_a_pool_that_nobody_has_any_more_has_no_threads() -> None:
    pool = Threads(3)
    thread = asyncio.run(pool.run(threading.current_thread))
    del pool
    thread.join(60)
    assert not thread.is_alive()
