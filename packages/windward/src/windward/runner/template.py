"""The template process: imports a DAG file once, then forks a child for each attempt, reaps it and tells of it.

It has one thread when it forks. Threads that importing started would be missing in the children, their locks
held for ever: such a template ends, and a bare one takes its place, whose children import the file
themselves. (Pools of C libraries that close themselves before a fork are let go by a first fork for nothing.)
So ends the template of a file that reads variables or connections: each attempt has to read them as they are then.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Never

import msgspec

from windward.protocol.child import (
    PACKET_BYTES_MAX,
    Exited,
    Fork,
    FromTemplate,
    Imported,
    ImportProblem,
    Kill,
    ToTemplate,
    Unforked,
)
from windward.runner import rehearsal, sdk_parts
from windward.runner.child import Prepared, run_child
from windward.runner.impersonation import user_name
from windward.runner.importing import LoadedFile, load_once, preload
from windward.runner.linux import (
    adopt_orphans,
    die_with_parent,
    private_bytes,
    threads_count,
    yield_processor,
)
from windward.runner.options import HostOptions
from windward.runner.pool import FileKey

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[ToTemplate] = msgspec.msgpack.Decoder(ToTemplate)
_DESCRIPTORS_PER_FORK = 2
_RECEIVE_FLAGS = socket.MSG_CMSG_CLOEXEC | socket.MSG_DONTWAIT
_RSS_UNIT = 1024 if sys.platform == "linux" else 1


def prepare_host() -> None:
    """Load what templates and children share, and take it out of the garbage collector's sight."""
    sdk_parts.load()
    rehearsal.rehearse()
    user_name(os.geteuid())  # remembered: no task asks for it anew
    gc.collect()
    gc.freeze()


def run_template(
    key: FileKey,
    is_bare: bool,  # noqa: FBT001 - the pool calls it by position
    control: socket.socket,
    options: HostOptions,
    host_pid: int,
) -> Never:
    """Be the template of a file; never returns."""
    die_with_parent(host_pid)
    adopt_orphans()
    connection = _keep_only(control)
    wakeup, wakeup_write = _reset_signals()
    faulthandler.enable(file=2, all_threads=False)
    rehearsal.warm_up()
    began = time.monotonic()
    loaded, asked = (None, False) if is_bare else load_once(key, options)
    if isinstance(loaded, LoadedFile) and not asked:
        preload(loaded)
    has_threads = threads_count() > 1 and not _is_alone_after_fork()
    unfit = "it reads variables or connections" if asked else "it started threads" if has_threads else ""
    problem = loaded if isinstance(loaded, ImportProblem) and not asked else None
    prepared = Prepared(key, loaded if isinstance(loaded, LoadedFile) else None, options)
    if key.is_idle_class and not is_bare:
        yield_processor()  # not before the import, which has a time limit
    gc.collect()
    gc.freeze()
    gc.disable()
    imported = Imported(
        seconds=time.monotonic() - began,
        private_bytes=private_bytes(),
        problem=problem,
        unfit=unfit,
        is_from_snapshot=isinstance(loaded, LoadedFile) and loaded.is_from_snapshot,
    )
    connection.send(_ENCODER.encode(imported))
    if problem is not None or unfit:
        os._exit(0)

    def make_child(channel: int, output: int, *, is_warm: bool) -> Never:
        run_child(prepared, channel, output, not_ours=(wakeup, wakeup_write), is_warm=is_warm)

    _Forks(connection, wakeup, make_child).serve()


class _Forks:
    """The loop of a ready template."""

    def __init__(self, connection: socket.socket, wakeup: int, main: Callable[..., Never]) -> None:
        self._connection = connection
        self._wakeup = wakeup
        self._main = main
        self._pids: dict[int, int] = {}
        """Ticket to process id of children that were not reaped."""
        self._tickets: dict[int, int] = {}

    def serve(self) -> Never:
        """Fork, kill and reap until the host lets go."""
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        own = self._connection.fileno()
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == own:
                    self._receive()
                else:
                    os.read(self._wakeup, 512)
                    self._reap()

    def _receive(self) -> None:
        try:
            packet, descriptors, _, _ = socket.recv_fds(
                self._connection, PACKET_BYTES_MAX, _DESCRIPTORS_PER_FORK, _RECEIVE_FLAGS
            )
        except (BlockingIOError, InterruptedError):
            return
        if not packet:  # the host let go of us, or is gone
            os._exit(0)
        match _DECODER.decode(packet):
            case Fork(ticket=ticket, is_warm=is_warm):
                self._fork(ticket, descriptors, is_warm=is_warm)
            case Kill(ticket=ticket, signal=number, is_group=is_group):
                self._kill(ticket, number, is_group=is_group)

    def _fork(self, ticket: int, descriptors: list[int], *, is_warm: bool) -> None:
        channel, output = descriptors
        try:
            pid = os.fork()
        except OSError as error:
            self._tell(Unforked(ticket=ticket, message=f"the process cannot be made: {error.strerror}"))
        else:
            if pid == 0:
                self._main(channel, output, is_warm=is_warm)
            self._pids[ticket] = pid
            self._tickets[pid] = ticket
        os.close(channel)
        os.close(output)

    def _kill(self, ticket: int, number: int, *, is_group: bool) -> None:
        """Not reaped means that the process id is still the child's own."""
        pid = self._pids.get(ticket)
        if pid is None:
            return
        if is_group:
            with suppress(ProcessLookupError):  # it did not make its group yet
                os.killpg(pid, number)
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ticket = self._tickets.pop(pid, None)
            if ticket is None:  # an orphan that came to us
                continue
            del self._pids[ticket]
            code = os.waitstatus_to_exitcode(status)
            self._tell(
                Exited(
                    ticket=ticket,
                    pid=pid,
                    exit_code=code if code >= 0 else None,
                    signal=-code if code < 0 else None,
                    peak_rss_bytes=usage.ru_maxrss * _RSS_UNIT,
                    cpu_s=usage.ru_utime + usage.ru_stime,
                    at=datetime.now(UTC),
                )
            )

    def _tell(self, message: FromTemplate) -> None:
        """Send, waiting for room if need be: the host reads always."""
        try:
            self._connection.send(_ENCODER.encode(message))
        except OSError:
            os._exit(0)


def _keep_only(control: socket.socket) -> socket.socket:
    """Close every descriptor of the host but the standard ones and the control socket, which becomes number 3."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    descriptor = control.detach()
    if descriptor != 3:
        os.dup2(descriptor, 3, inheritable=False)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    return socket.socket(fileno=3)


def _reset_signals() -> tuple[int, int]:
    """Undo the host's handlers; return a pipe that becomes readable when a child ends."""
    read_end, write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _notice)
    for number in (signal.SIGTERM, signal.SIGINT):  # who stops us is the host
        signal.signal(number, signal.SIG_IGN)
    return read_end, write_end


def _notice(_number: int, _frame: object) -> None:
    """Do nothing: that a handler is called is what makes the pipe readable. (Children drop it unfreed.)"""


def _is_alone_after_fork() -> bool:
    """Fork once for nothing, and see whether only our own thread is left."""
    import threading

    if threading.active_count() > 1:
        return False
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return threads_count() == 1
