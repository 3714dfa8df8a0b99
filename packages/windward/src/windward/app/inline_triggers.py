"""Triggers of a run that is tested: in an event loop of this process, in a thread beside the attempts.

It stands for the one triggerer that there is, as the inline worker stands for the one host.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from datetime import UTC, datetime
from pathlib import Path

from windward.ports.executor import Envelope
from windward.protocol.fired import Broken, EndTask, Event, Fired, Overdue, Resumption
from windward.protocol.messages import Heartbeat, Hello, ToHost
from windward.protocol.outcomes import Deferred, Failed, Outcome, Skipped, Succeeded
from windward.protocol.triggers import TriggerFired, TriggerWork, Unwatch, Watch
from windward.protocol.work import AttemptRef, TaskContext
from windward.sdk.bridge import LargeValues, TaskBridge, set_bridge, use_bridge
from windward.sdk.masking import MASKER
from windward.triggerer.code import TriggerCode
from windward.triggerer.logs import TriggerLog
from windward.triggerer.running import broken, clean_up, hear, make_trigger
from windward.triggerer.streams import StreamLimits, Streams

HOST_ID = "inline-triggerer"
CLEANUP_S_MAX = 10.0
HELLO = Hello(host_id=HOST_ID, hostname="here", pid=0, capacity=1_000_000, kind="triggerer")


class InlineTriggers:
    """Runs triggers from the first one on; what they say waits in a queue."""

    def __init__(self, logs: Path, bridge: TaskBridge) -> None:
        self._logs = logs
        self._bridge = bridge
        self._code = TriggerCode(())
        self._said: queue.SimpleQueue[TriggerFired] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopped = asyncio.Event()
        self._tasks: dict[AttemptRef, asyncio.Task[None]] = {}
        self._waited_for: set[AttemptRef] = set()

    @property
    def is_waiting(self) -> bool:
        """Whether a trigger runs that has not been heard."""
        return bool(self._waited_for)

    def take(self, message: ToHost) -> None:
        """Start or stop triggers."""
        match message:
            case Watch(work=work):
                loop = self._loop or self._begin()
                for one in work:
                    self._waited_for.add(one.ref)
                    loop.call_soon_threadsafe(self._start, one)
            case Unwatch(refs=refs):
                for ref in refs:
                    self._waited_for.discard(ref)
                    if self._loop is not None:
                        self._loop.call_soon_threadsafe(self._stop, ref)
            case _:
                pass

    def heard(self, timeout_s: float) -> list[Envelope]:
        """Return what triggers have said, waiting for the first word for at most so long."""
        found = []
        try:
            said = self._said.get(timeout=timeout_s) if timeout_s > 0 else self._said.get_nowait()
            while True:
                self._waited_for.discard(said.ref)
                found.append(Envelope(HOST_ID, said))
                said = self._said.get_nowait()
        except queue.Empty:
            pass
        return [Envelope(HOST_ID, Heartbeat(host_id=HOST_ID)), *found]

    def close(self) -> None:
        """Stop everything."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join()
            set_bridge(None)

    def _begin(self) -> asyncio.AbstractEventLoop:
        set_bridge(self._bridge)  # an attempt that runs meanwhile has its own, and leaves this one behind
        started = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._turn(started)), name="windward-triggers", daemon=True
        )
        self._thread.start()
        started.wait()
        assert self._loop is not None, "the thread has told its loop"
        return self._loop

    async def _turn(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        started.set()
        await self._stopped.wait()

    def _start(self, work: TriggerWork) -> None:
        assert self._loop is not None
        self._tasks[work.ref] = self._loop.create_task(self._live(work))

    def _stop(self, ref: AttemptRef) -> None:
        task = self._tasks.pop(ref, None)
        if task is not None:
            task.cancel()

    async def _live(self, work: TriggerWork) -> None:
        fired = await _word_of(work, self._code, self._logs, self._bridge.large_values)
        self._tasks.pop(work.ref, None)
        self._said.put(TriggerFired(ref=work.ref, fired=fired, at=datetime.now(UTC)))


def trigger_work(ref: AttemptRef, deferred: Deferred, context: TaskContext) -> TriggerWork:
    """Return the trigger that an attempt handed its wait to."""
    return TriggerWork(
        ref=ref,
        class_path=deferred.trigger_class,
        kwargs=deferred.trigger_kwargs,
        dag_id=context.dag_id,
        try_number=context.try_number,
        start_date=context.start_date,
        log_path=context.log_path,
        run=context.run,
    )


def wait_for_trigger(
    deferred: Deferred, work: TriggerWork, *, logs: Path, bridge: TaskBridge
) -> Resumption | Outcome:
    """Run a trigger here and now; return where the task goes on, or how the trigger ended it."""

    async def word() -> Fired | Overdue:
        try:
            async with asyncio.timeout(deferred.timeout_s):
                return await _word_of(work, TriggerCode(()), logs, bridge.large_values)
        except TimeoutError:
            return Overdue()

    with use_bridge(bridge):
        fired = asyncio.run(word())
    match fired:
        case EndTask(state="success", xcoms=xcoms):
            return Succeeded(xcoms=xcoms)
        case EndTask(state="skipped"):
            return Skipped(message="its trigger said `skipped`")
        case EndTask():
            return Failed(may_retry=False)
        case Event() | Broken() | Overdue():
            return Resumption(
                next_method=deferred.next_method, next_kwargs=deferred.next_kwargs, resumed=fired
            )


async def _word_of(work: TriggerWork, code: TriggerCode, logs: Path, large: LargeValues | None) -> Fired:
    """Run one trigger to its first word."""
    said: list[Fired] = []
    target = TriggerLog(logs / work.log_path, MASKER)
    streams = Streams(StreamLimits())
    trigger = None

    def say(fired: Fired) -> int:
        said.append(fired)
        return 0

    try:
        trigger = await make_trigger(work, code, large)
        target.line("info", "trigger started", trigger=work.class_path)
        await hear(trigger, work, say, large=large, streams=streams)
        streams.accepted(work.ref, 0)
    except Exception as error:  # noqa: BLE001 - user code may raise anything; each becomes a word
        target.failure("trigger failed", error)
        said.append(broken(error))
    finally:
        await streams.end()
        if trigger is not None:
            await clean_up(trigger, target, seconds=CLEANUP_S_MAX)
    return said[0]
