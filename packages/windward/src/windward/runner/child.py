"""The child process: waits for its start, runs the attempt, reports, runs callbacks, leaves.

No import and no collection of garbage happens on the way of a short task: each page that is touched after the
fork is a page that the kernel has to copy.
"""

from __future__ import annotations

import dataclasses
import gc
import itertools
import os
import resource
import select
import signal
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Never

import msgspec

from windward.errors import UnavailableError
from windward.logs.writer import Capture, LogWriter
from windward.protocol.calls import Answer, Call
from windward.protocol.child import (
    Answered,
    Asked,
    Began,
    Declined,
    Ended,
    Idle,
    ImportProblem,
    Masked,
    Start,
    TimeLimited,
    ToChild,
)
from windward.protocol.framing import FrameReader, frame
from windward.protocol.outcomes import Ending, ExitFact, Failed
from windward.protocol.work import CallbackContext, TaskContext
from windward.runner import attempt, dag_callbacks
from windward.runner.impersonation import user_name
from windward.runner.importing import LoadedFile, load_file
from windward.runner.linux import boot_clock, die_with_parent, resident_bytes, yield_processor
from windward.runner.options import HostOptions
from windward.runner.pool import FileKey
from windward.runner.signals import hold_back, let_through, set_handler
from windward.sdk.bridge import LargeValues, set_bridge
from windward.sdk.masking import MASKER
from windward.sdk.parsing_context import importing_for

CALL_S_MAX = 600.0
"""How long a call waits for its answer while the scheduler is away."""
_CHANNEL = 3
"""Descriptor of the child's end of its channel."""
_SIGCHLD, _SIGINT, _SIGTERM = int(signal.SIGCHLD), int(signal.SIGINT), int(signal.SIGTERM)
_SIGALRM = int(signal.SIGALRM)
_DEFAULT = int(signal.SIG_DFL)
_READ_BYTES = 65_536
_WHOLE_BYTES_MAX = 32_768
"""A stream of this machine takes so much whole, or nothing of it."""
_COLLECT_EVERY = (10_000, 20, 50)
"""Allocations between collections: a short task sees none, a long one does not grow for ever."""
_RSS_UNIT = 1024 if sys.platform == "linux" else 1
_LEVELS = {"CRITICAL": 50, "ERROR": 40, "WARNING": 30, "WARN": 30, "INFO": 20, "DEBUG": 10, "NOTSET": 0}


class HostChannel:
    """The child's end of its channel; also the bridge between user code and the execution service."""

    def __init__(self, descriptor: int, large_values: LargeValues | None) -> None:
        self.large_values = large_values
        self._descriptor = descriptor
        self._frames: FrameReader[ToChild] = FrameReader(ToChild)
        self._lock = threading.RLock()
        self._call_ids = itertools.count(1)
        self._pid = 0

    def begin(self) -> None:
        """Be the channel of this process, a fork of the one that made it."""
        self._pid = os.getpid()

    def next_start(self) -> Start:
        """Wait for a start."""
        while True:
            for message in self._receive():
                if isinstance(message, Start):
                    return message

    def tell(self, message: object) -> None:
        """Send; raises `OSError` when the host is gone."""
        self._send(frame(message))

    def say_began(self) -> None:
        """Tell that the start was taken."""
        self._send(frame(Began(pid=self._pid)))

    def call(self, call: Call) -> Answer:
        """Send a request and wait for the answer; raise `UnavailableError` when nobody answers."""
        if os.getpid() != self._pid:
            raise UnavailableError("a process that the task forked itself cannot use the task's connection")
        with self._lock:
            call_id = next(self._call_ids)
            deadline = time.monotonic() + CALL_S_MAX
            try:
                self._send(frame(Asked(call_id=call_id, call=call)))
                ready = select.poll()
                ready.register(self._descriptor, select.POLLIN)
                while True:
                    if not ready.poll(max(10.0, (deadline - time.monotonic()) * 1000)):
                        raise TimeoutError
                    for message in self._receive():
                        if isinstance(message, Answered) and message.call_id == call_id:
                            return message.answer
            except (OSError, _HostGoneError) as error:
                raise UnavailableError("the execution service does not answer") from error

    def mask(self, values: Sequence[str]) -> None:
        """Hide these values in raw output too; the lines of this process are masked already."""
        if os.getpid() == self._pid:
            self.tell(Masked(secrets=tuple(values)))

    def _send(self, data: bytes) -> None:
        """Send. The host must hear no half frame: a signal that raises waits for the end of one that goes in parts."""
        with self._lock:
            before = hold_back((_SIGTERM, _SIGINT, _SIGALRM)) if len(data) > _WHOLE_BYTES_MAX else None
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            finally:
                if before is not None:
                    let_through(before)

    def _receive(self) -> list[ToChild]:
        data = os.read(self._descriptor, _READ_BYTES)
        if not data:
            raise _HostGoneError
        return self._frames.feed(data)


class _HostGoneError(Exception):
    """The host closed the channel: there is nothing (more) to do."""


class Prepared:
    """What the template makes for its children before it forks them."""

    def __init__(
        self, key: FileKey, loaded: LoadedFile | None, options: HostOptions, *, descriptor: int = _CHANNEL
    ) -> None:
        self.key = key
        self.loaded = loaded
        """None: each child imports the file itself."""
        self.options = options
        self.template_pid = os.getpid()
        self.channel = HostChannel(descriptor, options.large_values)
        self.log = LogWriter(-1, MASKER)
        self.capture = Capture(self.log, level=_LEVELS.get(options.log_level.upper(), 20))
        self.capture.begin()
        self.cpu_before_s = 0.0
        self.runtime = attempt.Runtime(
            bridge=self.channel,
            log=self.log,
            report=self._report,
            limit=self._limit,
            owns_process=True,
            rendered_characters_max=options.rendered_characters_max,
        )
        set_bridge(self.channel)

    def _report(self, ending: Ending) -> None:
        self.channel.tell(Ended(ending=with_usage(ending, self.cpu_before_s)))

    def _limit(self, seconds: float) -> None:
        self.channel.tell(TimeLimited(seconds=seconds))


def run_child(
    prepared: Prepared, channel_descriptor: int, output: int, *, not_ours: tuple[int, ...], is_warm: bool
) -> Never:
    """Be a child; never returns. `not_ours` are descriptors of the template."""
    try:
        die_with_parent(prepared.template_pid)
        os.setpgid(0, 0)
        take_descriptors(channel_descriptor, output, not_ours, into=(_CHANNEL, 1, 2))
        take_signals()
        channel = prepared.channel
        channel.begin()
        if known := MASKER.known():  # the file read secrets from its environment while it was imported
            channel.mask(known)
        if is_warm:
            prepared.runtime = dataclasses.replace(prepared.runtime, owns_process=False)
        while True:
            start = channel.next_start()
            if boot_clock() > start.not_after_s:
                channel.tell(Declined())
            else:
                channel.say_began()
                run_start(start, prepared, is_last=not is_warm)
            if not is_warm:
                break
            channel.tell(Idle(rss_bytes=resident_bytes()))
    except (_HostGoneError, BrokenPipeError, ConnectionResetError):
        os._exit(0)
    except BaseException:  # noqa: BLE001 - our bug, at the process boundary: say all of it, and leave visibly
        import traceback

        os.write(2, traceback.format_exc().encode())
        os._exit(70)
    os._exit(0)


def run_start(start: Start, prepared: Prepared, *, is_last: bool) -> None:
    """Run one attempt with its log; the process ends after the last."""
    if not is_last:
        prepared.cpu_before_s = _cpu_s()
    log, channel = prepared.log, prepared.channel
    log.begin(start.log_file)
    prepared.capture.begin()
    if prepared.loaded is None:
        # Other attempts in this process need the other DAGs of the file.
        context = start.context if is_last else None
        with importing_for(getattr(context, "dag_id", None), getattr(context, "task_id", None)):
            found = load_file(prepared.key, prepared.options, can_interrupt=True)
        if prepared.key.is_idle_class:
            yield_processor()
        if isinstance(found, ImportProblem):
            log.line("error", found.message, error_type=found.error_type, exception=found.text)
            channel.tell(Ended(ending=_import_ending(found)))
        else:
            prepared.loaded = found
    if start.run_as_user is not None:
        # After the import, wherever that was made: the other user need not be able to read the worker's files.
        from windward.runner.impersonation import become, unreadable_library  # few tasks ask for it

        become(start.run_as_user)
        if (library := unreadable_library()) is not None:
            log.line("warning", "user cannot read the interpreter", user=start.run_as_user, library=library)
        die_with_parent(prepared.template_pid)  # the kernel forgets it when the user changes
    if prepared.loaded is not None:
        _dispatch(start, prepared.loaded, prepared.runtime)
    _flush_standard_streams()
    if is_last:
        prepared.capture.flush()
    else:
        prepared.capture.end()
    log.close()


def _dispatch(start: Start, loaded: LoadedFile, runtime: attempt.Runtime) -> None:
    match start.context:
        case TaskContext() as context:
            attempt.run_reported(loaded.dags, context, runtime)
        case CallbackContext() as callback:
            dag_callbacks.run_reported(loaded.dags, callback, runtime)


def take_descriptors(
    channel: int, output: int, not_ours: tuple[int, ...], *, into: tuple[int, int, int]
) -> None:
    """Move the channel and the output (twice) to where they belong, and close what is not ours.

    What user code opened while it was imported stays open.
    """
    os.dup2(output, into[1])
    os.dup2(output, into[2])
    os.dup2(channel, into[0], False)
    os.close(output)
    os.close(channel)
    for descriptor in not_ours:
        os.close(descriptor)


def take_signals() -> None:
    """Have the signal handlers and the garbage collector of a plain process."""
    signal.set_wakeup_fd(-1)
    set_handler(_SIGCHLD, _DEFAULT)
    set_handler(_SIGINT, signal.default_int_handler)
    set_handler(_SIGTERM, _DEFAULT)
    gc.set_threshold(*_COLLECT_EVERY)
    gc.enable()


def _flush_standard_streams() -> None:
    """What code wrote to the interpreter's own streams has not reached the pipe yet."""
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):  # closed by user code
            pass


def with_usage(ending: Ending, cpu_before_s: float) -> Ending:
    """Return the ending with which process this is, and its peak memory and CPU seconds since `cpu_before_s`."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = {
        "peak_rss_bytes": usage.ru_maxrss * _RSS_UNIT,
        "cpu_s": round(usage.ru_utime + usage.ru_stime - cpu_before_s, 6),
        "pid": os.getpid(),
        "unixname": user_name(os.geteuid()),
    }
    return msgspec.structs.replace(ending, exit=msgspec.structs.replace(ending.exit, **used))


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _import_ending(problem: ImportProblem) -> Ending:
    exit_fact = ExitFact(kind="import_error", error_type=problem.error_type, message=problem.message)
    return Ending(outcome=Failed(), exit=exit_fact, at=datetime.now(UTC), owes_callbacks=True)
