"""The parse template: a process that has the authoring names imported and forks one child per file.

It runs no user code itself, has one thread, and lives as long as the processor's end of its socket. Jobs above the
number of children wait here, so that the next child starts at once when one ends, whatever the processor does then.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import selectors
import signal
import socket
import sys
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from windward.processor import limits
from windward.processor.authoring import Author
from windward.processor.child import Streams, run_child
from windward.processor.messages import (
    ChildEnded,
    ChildStarted,
    FromTemplate,
    ParseJob,
    Ready,
    StopJob,
    ToTemplate,
)
from windward.protocol.framing import FrameReader, frame

FDS_PER_JOB = 3
_FDS_AT_ONCE_MAX = 48
_LENGTH_BYTES = 4


@dataclass(frozen=True)
class TemplateHandle:
    """The processor's end: the template's process id and the socket to it."""

    pid: int
    sock: socket.socket


Launch = Callable[..., "TemplateHandle"]
"""`fork_template` or `spawn_template`: takes `preload`, `bounds`, `author` and `children_max` by name."""


def spawn_template(
    *, preload: Sequence[str], bounds: limits.Limits, author: Author, children_max: int
) -> TemplateHandle:
    """Start a template in an interpreter of its own; `author` is pickled.

    Every fork copies the memory map of the process: a template that does not hold the store's libraries makes children
    a third cheaper. This process may have threads.
    """
    ours, theirs = socket.socketpair()
    setup = pickle.dumps((os.getpid(), sys.path, tuple(preload), bounds, author, children_max))
    theirs.set_inheritable(True)
    code = f"from windward.processor.template import main; main({theirs.fileno()})"
    pid = os.posix_spawn(sys.executable, [sys.executable, "-P", "-c", code], os.environ)
    theirs.close()
    ours.sendall(len(setup).to_bytes(_LENGTH_BYTES, "big") + setup)
    return TemplateHandle(pid, ours)


def main(descriptor: int) -> NoReturn:
    """Be a spawned template."""
    sock = socket.socket(fileno=descriptor)
    sock.set_inheritable(False)
    size = int.from_bytes(_receive_exactly(sock, _LENGTH_BYTES), "big")
    # From the processor that started this process, over a socket of their own.
    setup = pickle.loads(_receive_exactly(sock, size))  # noqa: S301
    parent_pid, sys.path[:], preload, bounds, author, children_max = setup
    _run(sock, preload, bounds, author, parent_pid=parent_pid, children_max=children_max)


def _receive_exactly(sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            os._exit(1)  # The processor is gone.
        data += part
    return bytes(data)


def fork_template(
    *, preload: Sequence[str], bounds: limits.Limits, author: Author, children_max: int
) -> TemplateHandle:
    """Fork a template from this process, which should have one thread."""
    ours, theirs = socket.socketpair()
    parent_pid = os.getpid()
    pid = os.fork()
    if pid == 0:
        _run(theirs, preload, bounds, author, parent_pid=parent_pid, children_max=children_max)
    theirs.close()
    return TemplateHandle(pid, ours)


def _run(
    sock: socket.socket, preload: Sequence[str], bounds: limits.Limits, author: Author, *,
    parent_pid: int, children_max: int,
) -> NoReturn:  # fmt: skip
    code = 1
    try:
        limits.die_with_parent(parent_pid)
        limits.default_signals()
        signal.signal(
            signal.SIGINT, signal.SIG_IGN
        )  # Ctrl-C is for the processor, which tells us by closing.
        gc.disable()
        limits.close_descriptors(keep=(sock.fileno(),))
        template = _Template(sock, bounds, author, children_max)
        problems = _import_all(preload)
        author.prepare()
        template.send(Ready(problems=problems))
        gc.collect()
        gc.freeze()
        template.serve()
        code = 0
    except BaseException:  # noqa: BLE001 - the process boundary
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _import_all(names: Sequence[str]) -> tuple[str, ...]:
    problems: list[str] = []
    for name in names:
        try:
            module_name, _, attribute = name.partition(":")
            module = importlib.import_module(module_name)
            for public in dir(module) if attribute == "*" else ():
                getattr(module, public)
        except Exception as error:  # noqa: BLE001 - a name that does not import is the affair of the files that use it
            problems.append(f"{name}: {error}")
    return tuple(problems)


class _Template:
    """Owns the children: forks, kills, reaps."""

    def __init__(self, sock: socket.socket, bounds: limits.Limits, author: Author, children_max: int) -> None:
        self._sock = sock
        self._bounds = bounds
        self._author = author
        self._reader: FrameReader[ToTemplate] = FrameReader(ToTemplate)
        self._fds: deque[int] = deque()
        self._children_max = children_max
        self._waiting: deque[tuple[ParseJob, tuple[int, ...]]] = deque()
        self._jobs: dict[int, int] = {}  # pid → job
        self._ended: list[ChildEnded] = []
        self._bell, self._ring = socket.socketpair()
        for end in (self._bell, self._ring):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._ring.fileno(), warn_on_full_buffer=False)

    def send(self, *messages: FromTemplate) -> None:
        self._sock.sendall(b"".join(map(frame, messages)))

    def serve(self) -> None:
        """Work until the processor closes its end; then no child is left."""
        selector = selectors.DefaultSelector()
        selector.register(self._sock, selectors.EVENT_READ)
        selector.register(self._bell, selectors.EVENT_READ)
        try:
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._bell in ready:
                    with contextlib.suppress(BlockingIOError):
                        self._bell.recv(4096)
                    self._reap()
                if self._sock in ready and not self._receive():
                    return
                self._tell_and_fork()
        except (BrokenPipeError, ConnectionResetError):
            return  # The processor is gone.
        finally:
            for pid in self._jobs:
                _kill_group(pid)

    def _receive(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._sock, 1 << 16, _FDS_AT_ONCE_MAX)
        self._fds += fds
        for message in self._reader.feed(data):
            match message:
                case ParseJob():
                    ends = tuple(self._fds.popleft() for _ in range(FDS_PER_JOB))
                    self._waiting.append((message, ends))
                case StopJob(job_id=job_id):
                    for pid, other in self._jobs.items():
                        if other == job_id:
                            _kill_group(pid)
        return bool(data)

    def _tell_and_fork(self) -> None:
        """Say who ended, and start as many as may run; said before the fork, so that a fork that kills us is known."""
        ended, self._ended = self._ended, []
        free = self._children_max - len(self._jobs)
        starting = [self._waiting.popleft() for _ in range(min(free, len(self._waiting)))]
        if ended or starting:
            self.send(*ended, *(ChildStarted(job_id=job.job_id) for job, _ in starting))
        for job, ends in starting:
            self._fork(job, ends)

    def _fork(self, job: ParseJob, ends: tuple[int, ...]) -> None:
        sock_fd, output_fd, trace_fd = ends
        own_pid = os.getpid()
        pid = os.fork()
        if pid == 0:
            streams = Streams(socket.socket(fileno=sock_fd), output_fd, trace_fd)
            run_child(job, streams, self._bounds, self._author, parent_pid=own_pid)
        for descriptor in (sock_fd, output_fd, trace_fd):
            os.close(descriptor)
        self._jobs[pid] = job.job_id

    def _reap(self) -> None:
        while self._jobs:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            _kill_group(ended.si_pid)  # What user code started at import ends with it.
            _, status = os.waitpid(ended.si_pid, 0)
            job_id = self._jobs.pop(ended.si_pid, None)
            if job_id is not None:
                self._ended.append(ChildEnded(job_id=job_id, status=status))


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)  # It may not have made its group yet.
