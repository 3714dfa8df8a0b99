"""What a parse child does: import one DAG file within bounds and send what it declares.

This is where user code runs. Everything goes to the processor as messages over one socket; the process
ends with `os._exit`, so that nothing that user code left behind (threads, handlers) can hold it.
"""

from __future__ import annotations

import faulthandler
import gc
import linecache
import logging
import os
import socket
import sys
import threading
import time
import traceback
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from windward.document import encode
from windward.errors import UnavailableError, WindwardError
from windward.processor import limits, report
from windward.processor.authoring import Author, Source
from windward.processor.discover import read_source
from windward.processor.fingerprint import hash_bytes, stamp_of
from windward.processor.imports import Recorder, compile_source, forget_what_is_loaded, new_module
from windward.processor.messages import (
    Answered,
    Asked,
    BackendAnswered,
    DagParsed,
    FileParsed,
    FromChild,
    Imported,
    ParseJob,
    Purged,
    SourceRead,
    Touched,
)
from windward.protocol.calls import Answer, Call
from windward.protocol.framing import FrameError, FrameReader, frame
from windward.sdk import secrets
from windward.sdk.bridge import LargeValues, set_bridge
from windward.sdk.masking import mask_text

_GC_THRESHOLD = 100_000
"""Collections cost more than they free in a process that lives for milliseconds."""


_answers: FrameReader[Answered] = FrameReader(Answered)
"""Made in the template: each child has its own copy by the fork, and none pays for making it."""


@dataclass(frozen=True)
class Streams:
    """A child's ends: its socket, where its output goes, where its stack goes when it has to be ended."""

    sock: socket.socket
    output_fd: int
    trace_fd: int


class _Line:
    """The child's connection to the processor: one conversation at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def send(self, message: FromChild) -> None:
        self._send(frame(message))

    def ask(self, call: Call) -> Answer:
        with self._lock:
            self.send(Asked(call=call))
            while True:
                data = self._sock.recv(1 << 16)
                if not data:
                    raise UnavailableError("the DAG processor does not answer")
                for message in _answers.feed(data):
                    return message.answer

    def _send(self, data: bytes) -> None:
        if os.getpid() != self._pid:
            os._exit(0)  # User code forked at import and came back into our code: it has nothing to say.
        self._sock.sendall(data)


class _Kept:
    """What secrets backends answered to files before this one, and to this one."""

    def __init__(self, line: _Line, known: dict[str, str | None]) -> None:
        self._line = line
        self._known = dict(known)

    def get(self, name: str) -> tuple[bool, str | None]:
        return name in self._known, self._known.get(name)

    def put(self, name: str, text: str | None) -> None:
        self._known[name] = text
        self._line.send(BackendAnswered(name=name, text=text))


class ParseBridge:
    """What a DAG file may reach while it is imported: variables and connections."""

    large_values: LargeValues | None = None

    def __init__(self, line: _Line) -> None:
        self._line = line

    def call(self, call: Call) -> Answer:
        """Ask the processor."""
        return self._line.ask(call)

    def mask(self, values: Sequence[str]) -> None:
        """Do nothing: what a DAG file prints is shown to its author only."""


def run_child(
    job: ParseJob, streams: Streams, bounds: limits.Limits, author: Author, *, parent_pid: int
) -> NoReturn:
    """Parse one file in this freshly forked process, and end it."""
    code = 1
    try:
        _isolate(streams, bounds, parent_pid=parent_pid)
        line = _Line(streams.sock)
        sys.argv = [f"{job.root}/{job.fileloc}"]
        parts = (job, line, streams, bounds, author)
        line.send(_purge(*parts) if job.purges else _parse(*parts))
        code = 0
    except BaseException:  # noqa: BLE001 - the process boundary: the processor shows the stack and the exit code
        os.write(streams.trace_fd, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _isolate(streams: Streams, bounds: limits.Limits, *, parent_pid: int) -> None:
    os.setsid()
    limits.die_with_parent(parent_pid)
    limits.default_signals()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(streams.output_fd, 1)
    os.dup2(streams.output_fd, 2)
    limits.close_descriptors(keep=(streams.sock.fileno(), streams.trace_fd))
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    logging.root.handlers[:] = [logging.StreamHandler(sys.stderr)]
    gc.enable()
    gc.set_threshold(_GC_THRESHOLD)
    faulthandler.enable(file=streams.trace_fd)
    limits.limit_time(bounds.import_timeout_s, trace_fd=streams.trace_fd)
    limits.limit_memory(bounds.memory_mb_max)


def _parse(job: ParseJob, line: _Line, streams: Streams, bounds: limits.Limits, author: Author) -> FileParsed:
    """Import the file and send its DAGs; return the last message."""
    began = time.monotonic()
    try:
        data = read_source(Path(job.root), job.source, job.fileloc)
    except (OSError, KeyError):
        return FileParsed(
            error=f"`{job.fileloc}` was deleted or renamed while it was being read",
            is_passing=True,
            is_unread=True,
        )
    except zipfile.BadZipFile:
        return _bad_zip(job.source)
    if job.fileloc.endswith(".zip"):
        return _bad_zip(job.source)
    line.send(SourceRead(content_hash=hash_bytes(data)))

    def record(name: str, content_hash: str | None) -> None:
        stamp = stamp_of(f"{job.root}/{name}") if content_hash is None else None
        line.send(Touched(dependency=name, content_hash=content_hash, stamp=stamp))

    recorder = Recorder(job.root, job.source, record)
    forget_what_is_loaded()
    recorder.install()
    set_bridge(ParseBridge(line))
    secrets.remember_in(_Kept(line, job.kept) if author.secrets_ttl_s else None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.resetwarnings()
        warnings.simplefilter("default")
        error: BaseException | None = None
        try:
            limit_s = author.begin(f"{job.root}/{job.fileloc}", bounds.import_timeout_s)
            if limit_s != bounds.import_timeout_s:
                limits.limit_time(limit_s, trace_fd=streams.trace_fd)
            module = _import(job, data)
            recorder.note_modules()
            limits.limit_time(bounds.file_timeout_s - (time.monotonic() - began), trace_fd=streams.trace_fd)
            line.send(Imported())
            _send_dags(Source(module, data, job.root, job.fileloc), line, author)
        except BaseException as raised:  # noqa: BLE001 - user code may raise anything; it becomes the file's error
            if isinstance(raised, MemoryError):
                limits.lift_memory_limit()  # Else there is no room to say so.
            error = raised
        recorder.note_modules()
        return _last_message(job, bounds, error, caught)


def _purge(job: ParseJob, line: _Line, streams: Streams, bounds: limits.Limits, author: Author) -> FileParsed:
    """Purge values that are gone, and say so of each; return the last message."""
    sys.path.append(job.root)
    set_bridge(ParseBridge(line))
    line.send(Imported())
    limits.limit_time(bounds.file_timeout_s, trace_fd=streams.trace_fd)
    for dead_pk, error in author.purge(job.purges):
        line.send(Purged(dead_pk=dead_pk, error=mask_text(error)))
    return FileParsed()


def _bad_zip(source: str) -> FileParsed:
    return FileParsed(
        error=f"`{source}` is not a readable zip package\n\nhint: Was it copied whole? Pack it anew."
    )


def _import(job: ParseJob, data: bytes) -> ModuleType:
    path = f"{job.root}/{job.fileloc}"
    if job.source != job.fileloc:
        sys.path.insert(0, f"{job.root}/{job.source}")
    lines = data.decode("utf-8", errors="backslashreplace").splitlines(keepends=True)
    linecache.cache[path] = (
        len(data),
        None,
        lines,
        path,
    )  # The lines that ran, whatever becomes of the file.
    code = compile_source(data, fileloc=job.fileloc, path=path)
    module = new_module(job.fileloc, path)
    exec(code, module.__dict__)  # noqa: S102 - importing a DAG file is executing it
    return module


def _send_dags(source: Source, line: _Line, author: Author) -> None:
    for declared in author.declare(source):
        match declared.outcome:
            case BaseException() as error:
                text = mask_text(report.describe_error(error, root=source.root, fileloc=source.fileloc))
                message = DagParsed(dag_id=declared.dag_id, error=text, also_in=declared.also_in)
            case document:
                message = DagParsed(
                    dag_id=declared.dag_id,
                    document=encode(document),
                    also_in=declared.also_in,
                    windows=declared.windows,
                    dates=declared.dates,
                )
        try:
            line.send(message)
        except FrameError as error:
            line.send(
                DagParsed(dag_id=declared.dag_id, error=f"DAG `{declared.dag_id}` is too large: {error}")
            )


def _last_message(
    job: ParseJob, bounds: limits.Limits, error: BaseException | None, caught: list[warnings.WarningMessage]
) -> FileParsed:
    text = ""
    if isinstance(error, MemoryError):
        text = report.memory_error(memory_mb_max=bounds.memory_mb_max, error=error, root=job.root)
        traceback.clear_frames(error.__traceback__)
    elif error is not None:
        text = report.describe_error(error, root=job.root, fileloc=job.fileloc)
    notes = report.describe_warnings(caught, root=job.root)
    started = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if started:
        names = ", ".join(f"`{name}`" for name in sorted(started)[:10])
        notes.append(
            f"starts {len(started)} thread(s) while being imported: {names}; start them inside a task, "
            "or each of its tasks has to import the file anew"
        )
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue  # The file closed it.
    is_passing = error is not None and not isinstance(error, (SyntaxError, WindwardError))
    hidden = tuple(mask_text(note) for note in notes)
    return FileParsed(error=mask_text(text), is_passing=is_passing, warnings=hidden)
