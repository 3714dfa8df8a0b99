"""The triggerer: one event loop, and the triggers that run in it.

Theory of operation. The main thread runs the event loop and all trigger code. The link has a thread of its own, and
so has the watchdog: neither waits for trigger code. A trigger that raises says so to the scheduler and hurts nobody.
One that blocks the loop stops all others; the watchdog names it, and at last fails its task and begins the process
anew, for the others' sake: nothing of theirs is lost, for the scheduler hands out again what nobody has.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import signal
import sys
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO, cast

from windward.protocol.fired import Broken, Fired
from windward.protocol.messages import Beat, Shutdown, ToHost, Welcome
from windward.protocol.triggers import FiredAccepted, GiveBack, TriggerFired, TriggerWork, Unwatch, Watch
from windward.protocol.work import AttemptRef
from windward.sdk.bridge import set_bridge
from windward.sdk.masking import MASKER
from windward.triggerer.bridge import CURRENT, Current, TriggerBridge
from windward.triggerer.code import TriggerCode
from windward.triggerer.link import Link
from windward.triggerer.logs import TriggerHandler, TriggerLog, TriggerStream
from windward.triggerer.options import TriggererOptions
from windward.triggerer.running import broken, clean_up, hear, kill, make_trigger
from windward.triggerer.streams import Streams
from windward.triggerer.watchdog import Watchdog

log = logging.getLogger("windward.triggerer")
NOTHING_TO_DO_S = 1.0
"""How long a triggerer that was told to end waits for its triggers' cleanup."""


@dataclass
class _Running:
    """A trigger that runs here."""

    work: TriggerWork
    log: TriggerLog
    task: asyncio.Task[None]
    trigger: Any = None
    has_begun: bool = False
    """A coroutine that is cancelled before its first step never runs, and would clean up nothing."""
    is_stopped: bool = False
    """It was told to stop; telling it again must not disturb its cleanup."""
    is_killed: bool = False
    """What it watches is to be stopped too."""
    is_given_back: bool = False
    """The scheduler waits for its end, to have it run elsewhere."""
    is_ending: bool = False
    """It cleans up, or is about to: it hears nothing any more."""
    again: TriggerWork | None = None
    """Wanted anew before it was gone: the name of a watcher is always the same."""


class Triggerer:
    """Runs triggers until it is told to stop."""

    def __init__(self, options: TriggererOptions) -> None:
        self._options = options
        self._code = TriggerCode(options.code_folders)
        self._running: dict[AttemptRef, _Running] = {}
        self._streams = Streams(options.streams)
        self._loop = asyncio.get_running_loop()
        self._loop.set_task_factory(_named_task)
        self._ended = asyncio.Event()
        self._numbers = itertools.count(1)
        """Of the events of triggers that go on: one that is started again does not begin anew."""
        self._idle: asyncio.TimerHandle | None = None
        self.link = Link(options, self._from_link)
        self.watchdog = Watchdog(options, self._loop, self._was_blocked, self._is_lost)
        set_bridge(TriggerBridge(self.link.ask, options.large_values))

    async def run(self) -> None:
        """Serve until `end` is called, the scheduler says so, or there was nothing to do for long."""
        self.link.start()
        self.watchdog.start()
        self._watch_idleness()
        await self._ended.wait()
        self.watchdog.stop()
        # First the goodbye: others take over at once what is cleaned up here.
        await asyncio.to_thread(self.link.stop)
        tasks = [running.task for running in self._running.values()]
        for task in tasks:
            task.cancel()
        ending = asyncio.ensure_future(self._streams.end())
        await asyncio.wait([*tasks, ending], timeout=NOTHING_TO_DO_S)

    def end(self) -> None:
        """Stop. For the loop's own thread."""
        self._ended.set()

    # -- what the scheduler says ---------------------------------------------------------

    def _from_link(self, message: ToHost) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends
            self._loop.call_soon_threadsafe(self._take, message)

    def _take(self, message: ToHost) -> None:
        match message:
            case Watch(work=work):
                for one in work:
                    self._start(one)
            case Unwatch(refs=refs, kills=kills):
                for ref in refs:
                    self._stop(ref, kills=kills)
            case GiveBack(refs=refs):
                for ref in refs:
                    self._give_back(ref)
            case Welcome(stale=stale) | Beat(stale=stale):
                for ref in stale:
                    self._stop(ref, kills=False)
            case FiredAccepted(ref=ref, number=number):
                self._streams.accepted(ref, number)
            case Shutdown():
                self._ended.set()
            case _:
                pass

    def _start(self, work: TriggerWork) -> None:
        ref = work.ref
        running = self._running.get(ref)
        if running is not None:
            if work.goes_on and (running.is_stopped or running.is_ending):
                running.again = work
            return
        if self.link.holds_word_of(ref):
            return
        path = self._options.log_folder / work.log_path if work.log_path else None
        target = TriggerLog(path, MASKER)
        context = copy_context()
        context.run(CURRENT.set, Current(ref, _name(work), target))
        self.link.hold(ref)
        task = self._loop.create_task(self._live(ref), name=_name(work), context=context)
        self._running[ref] = _Running(work, target, task)
        self._watch_idleness()

    def _stop(self, ref: AttemptRef, *, kills: bool) -> None:
        self.link.forget(ref)
        running = self._running.get(ref)
        if running is not None:
            running.is_killed |= kills
            running.again = None
            self._cancel(running)

    def _give_back(self, ref: AttemptRef) -> None:
        running = self._running.get(ref)
        if running is None:
            self.link.give_back(ref)
        else:
            running.is_given_back = True
            self._cancel(running)

    def _cancel(self, running: _Running) -> None:
        if not running.is_stopped:
            running.is_stopped = True
            if running.has_begun:
                running.task.cancel()

    # -- one trigger ---------------------------------------------------------------------

    async def _live(self, ref: AttemptRef) -> None:
        running = self._running[ref]
        work, target = running.work, running.log
        running.has_begun = True
        if running.is_stopped:
            await self._end(ref, running)
            return

        def say(fired: Fired) -> int:
            number = next(self._numbers) if work.goes_on else 0
            _tell(target, fired)
            self.link.say(TriggerFired(ref=ref, fired=fired, at=datetime.now(UTC), number=number))
            return number

        try:
            running.trigger = await make_trigger(work, self._code, self._options.large_values)
            target.line("info", "trigger started", trigger=work.class_path, triggerer=self._options.host_id)
            large = self._options.large_values
            await hear(running.trigger, work, say, large=large, streams=self._streams)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or not task.cancelling():
                say(Broken(error="it cancelled itself"))  # nobody here asked for it
        except BaseException as error:  # noqa: BLE001 - user code may raise anything; each becomes a word
            target.failure("trigger failed", error)
            say(broken(error))
        finally:
            await self._end(ref, running)

    async def _end(self, ref: AttemptRef, running: _Running) -> None:
        running.is_ending = True
        try:
            if running.trigger is not None:
                was_killed = running.is_killed
                if was_killed:
                    await self._kill(running)
                await clean_up(running.trigger, running.log, seconds=self._options.cleanup_s_max)
                if running.is_killed and not was_killed:
                    await self._kill(running)
        finally:
            running.log.finish()
            self._running.pop(ref, None)
            if running.is_given_back:
                self.link.give_back(ref)
            else:
                self.link.drop(ref)
            if running.again is not None and not self._ended.is_set():
                self._start(running.again)
            self._watch_idleness()

    async def _kill(self, running: _Running) -> None:
        await kill(running.trigger, running.log, seconds=self._options.on_kill_s_max)

    # -- the loop itself -----------------------------------------------------------------

    def _watch_idleness(self) -> None:
        """End when there was nothing to do for long; the watchdog sleeps while there is nothing."""
        self.watchdog.has_work(bool(self._running))
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if not self._running and self._options.idle_s is not None:
            self._idle = self._loop.call_later(self._options.idle_s, self._ended.set)

    def _was_blocked(self, name: str, seconds: float, where: str) -> None:
        """Name the trigger that keeps the loop. Called by the watchdog's thread."""
        self.link.note_blocked()
        running = self._of_task(name)
        fields: dict[str, Any] = {"seconds": round(seconds, 3), "where": where}
        log.warning("a trigger blocks the event loop", extra={"trigger": name or "?", **fields})
        if running is not None:
            hint = "Await what takes time, or give it to `asyncio.to_thread`: all triggers share this loop."
            running.log.line("warning", "the trigger blocks the event loop", hint=hint, **fields)

    def _is_lost(self, name: str) -> None:
        """Give the loop up: fail the task of the trigger that keeps it, and begin anew. In the watchdog's thread."""
        running = self._of_task(name)
        log.error("a trigger keeps the event loop: the triggerer begins anew", extra={"trigger": name or "?"})
        if running is not None:
            fired = Broken(error=f"it blocked the event loop for {self._options.blocked_max_s:g} s")
            running.log.line("error", fired.error)
            self.link.say(TriggerFired(ref=running.work.ref, fired=fired, at=datetime.now(UTC)))
        self.link.stop()
        self._options.begin_anew()

    def _of_task(self, name: str) -> _Running | None:
        for running in list(self._running.values()):
            if running.task.get_name() == name:
                return running
        return None


def run_triggerer(options: TriggererOptions) -> None:
    """Run a triggerer in this process, in its main thread, until SIGTERM or SIGINT or it ends by itself."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = [TriggerHandler(_current_log, handlers, others_level=level)]
    root.setLevel(min(level, options.log_level))
    out, err = sys.stdout, sys.stderr
    sys.stdout = cast(
        "TextIO", TriggerStream(_current_log, out, level="info")
    )  # typeshed asks for its own class
    sys.stderr = cast("TextIO", TriggerStream(_current_log, err, level="error"))
    try:
        asyncio.run(run_until_signal(options))
    finally:
        sys.stdout, sys.stderr = out, err
        root.handlers[:] = handlers
        root.setLevel(level)


async def run_until_signal(options: TriggererOptions) -> None:
    """Run a triggerer in the loop of the main thread, until SIGTERM or SIGINT or it ends by itself."""
    triggerer, loop = Triggerer(options), asyncio.get_running_loop()

    def end(_number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(triggerer.end)

    # Not by the loop's own way: it writes a signal to a pipe, which what other threads say may have filled.
    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        await triggerer.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _named_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    """Make a task; one that a trigger's code makes has the trigger's name, for the watchdog."""
    task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **options)
    current = CURRENT.get()
    if current is not None:
        task.set_name(current.name)
    return task


def _current_log() -> TriggerLog | None:
    current = CURRENT.get()
    return current.log if current is not None else None


def _name(work: TriggerWork) -> str:
    ref = work.ref
    run_id = work.run.run_id if work.run is not None else ""
    place = f"[{ref.map_index}]" if ref.map_index >= 0 else ""
    return f"{work.class_path} of {work.dag_id}/{run_id}/{ref.task_id}{place} ({ref.run_pk}.{ref.fence})"


def _tell(target: TriggerLog, fired: Fired) -> None:
    if isinstance(fired, Broken):
        target.line("error", "trigger ended", error=fired.error)
    else:
        target.line("info", "trigger fired")
