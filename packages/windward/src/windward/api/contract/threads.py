"""Threads that handlers run in, and how many of them at once. Nothing here knows what they do.

A change of threads costs as much as a query, and threads that work at the same time take Python's lock from each other
at every row. So few work at once, as long as each is quick; what takes longer is not waited for.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
THREADS_MAX = 8
"""Threads of a pool that nobody gave a number."""
AT_ONCE = 2
"""How many work at once while each is quick: one more than can, for one may wait for a database."""
QUICK_S = 0.01
"""What takes longer makes room for another."""


class _Job:
    """What one request wants done."""

    __slots__ = ("arguments", "context", "error", "future", "loop", "result", "work")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, work: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> None:
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.context: Context = copy_context()
        self.work = work
        self.arguments = arguments
        self.result: Any = None
        self.error: BaseException | None = None

    def do(self) -> None:
        """Do it, in a thread, unless nobody awaits it any more; and tell the event loop, which may be gone."""
        if self.future.cancelled():
            return
        try:
            self.result = self.context.run(self.work, *self.arguments)
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is for who awaits this
            self.error = error
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.tell)

    def tell(self) -> None:
        """Tell who awaits this, unless nobody does any more."""
        error, self.error = self.error, None  # its traceback holds this
        if self.future.done():
            return
        if error is None:
            self.future.set_result(self.result)
        elif isinstance(error, StopIteration):  # which no future takes
            self.future.set_exception(RuntimeError(f"{self.work} raised StopIteration"))
        else:
            self.future.set_exception(error)


class _Worker:
    """One thread, asleep until it is given a job; it goes on with jobs that wait."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self.began_s = 0.0


class _State:
    """What the threads of a pool share. It outlives the pool for as long as one of them works."""

    def __init__(self, threads_max: int, monotonic: Callable[[], float]) -> None:
        self.lock = threading.Lock()
        self.threads_max = threads_max
        self.monotonic = monotonic
        self.waiting: deque[_Job] = deque()
        self.idle: list[_Worker] = []
        self.busy: set[_Worker] = set()
        self.threads: list[threading.Thread] = []
        self.is_closed = False
        self.is_watched = False

    def begin(self, job: _Job) -> None:
        """Give a job to a thread. Under the lock, and when there may be one."""
        if self.idle:
            worker = self.idle.pop()  # which worked last, and has in its caches what is needed
        else:
            worker = _Worker()
            thread = threading.Thread(
                target=_work, args=[self, worker], name=f"request-{len(self.threads)}", daemon=True
            )
            thread.start()
            self.threads.append(thread)
        worker.began_s = self.monotonic()
        self.busy.add(worker)
        worker.jobs.put(job)

    def may_begin(self, quick_max: int) -> bool:
        """Whether another may begin while that many quick ones are at work."""
        return len(self.busy) < quick_max and (bool(self.idle) or len(self.threads) < self.threads_max)

    def end(self) -> None:
        """Let every thread end after its job."""
        with self.lock:
            self.is_closed = True
            for worker in self.idle:
                worker.jobs.put(None)
            self.idle.clear()


class Threads:
    """A pool for one server. It is given work from event loops only."""

    def __init__(
        self,
        threads_max: int = THREADS_MAX,
        *,
        at_once: int = AT_ONCE,
        quick_s: float = QUICK_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._at_once = at_once
        self._quick_s = quick_s
        self._state = _State(threads_max, monotonic)
        weakref.finalize(self, self._state.end)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is at work, and nothing waits."""
        return not self._state.busy and not self._state.waiting

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """Return what `work` returns in a thread, with this task's context. Who is cancelled does not wait for it."""
        state, loop = self._state, asyncio.get_running_loop()
        job = _Job(loop, work, arguments)
        with state.lock:
            if not state.waiting and state.may_begin(self._at_once):
                state.begin(job)
            else:
                state.waiting.append(job)
                if not state.is_watched:
                    state.is_watched = True
                    loop.call_later(self._quick_s, self._watch, loop)
        result: T = await job.future
        return result

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin what waits behind what is slow."""
        state = self._state
        with state.lock:
            now_s = state.monotonic()
            slow = sum(1 for worker in state.busy if now_s - worker.began_s >= self._quick_s)
            while state.waiting and state.may_begin(self._at_once + slow):
                state.begin(state.waiting.popleft())
            state.is_watched = bool(state.waiting)
            if state.is_watched:
                loop.call_later(self._quick_s, self._watch, loop)

    def close(self) -> None:
        """Wait for what is at work. What waits is not begun."""
        self._state.end()
        for thread in self._state.threads:
            thread.join()


def _work(state: _State, worker: _Worker) -> None:
    """Do jobs until told to end."""
    while (job := worker.jobs.get()) is not None:
        while job is not None:
            job.do()
            job = _next(state, worker)


def _next(state: _State, worker: _Worker) -> _Job | None:
    """Return what the same thread goes on with: to wake another would cost more."""
    with state.lock:
        if state.waiting and not state.is_closed:
            worker.began_s = state.monotonic()
            return state.waiting.popleft()
        state.busy.discard(worker)
        if state.is_closed:
            worker.jobs.put(None)
        else:
            state.idle.append(worker)
        return None
