"""The child's side of a log: one file descriptor, whole lines, on disk while the task runs.

Lines are appended by one `write` each, so that several processes may append to one file. A few lines go
straight to the file; when they come faster than `IMMEDIATE_PER_S` they are collected and written together,
at the latest `HOLD_S` later. The standard streams and the `logging` module are made to end here by
`capture`.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO, cast

from windward.logs.masking import Masker
from windward.logs.records import EVENT_CHARACTERS_MAX, encode_line

HOLD_S = 0.1
HELD_BYTES_MAX = 8192
IMMEDIATE_PER_S = 200.0
IMMEDIATE_MAX = 64.0
_TRACEBACK_CHARACTERS_MAX = 32_768
_OPEN_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class LogWriter:
    """Appends lines to one log file. Safe for threads and for signal handlers of the thread that writes."""

    def __init__(self, descriptor: int, masker: Masker) -> None:
        self.masker = masker
        self._descriptor = descriptor
        self._pid = os.getpid()
        self._is_copy = False
        self._lock = threading.RLock()
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._flush_is_due = False
        self._tokens = IMMEDIATE_MAX
        self._at = time.monotonic()

    @classmethod
    def open(cls, path: str, masker: Masker) -> LogWriter:
        """Open the file for appending; its folder is made when needed. Raises `OSError`."""
        writer = cls(-1, masker)
        writer.begin(path)
        return writer

    def begin(self, path: str) -> None:
        """Append to this file from now on, in this process, which may be a fork of the one that made the writer."""
        assert self._descriptor < 0
        try:
            self._descriptor = os.open(path, _OPEN_FLAGS, 0o644)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - runs once per attempt
            self._descriptor = os.open(path, _OPEN_FLAGS, 0o644)
        self._pid = os.getpid()

    def line(
        self,
        level: str,
        event: str,
        *,
        logger: str = "windward.task",
        source: str = "windward",
        **fields: Any,
    ) -> None:
        """Write one line; secrets are hidden in the event and in the fields."""
        data = encode_line(
            at=datetime.now(UTC),
            level=level,
            event=self.masker.mask(event),
            logger=logger,
            source=source,
            fields=self.masker.redact(fields) if fields else None,
        )
        self._write(data)

    def failure(self, event: str, error: BaseException, **fields: Any) -> None:
        """Write an error line with the traceback, cut down to the frames of user code where there are any."""
        self.line("error", event, exception=traceback_text(error), **fields)

    def flush(self) -> None:
        """Write what is held back."""
        if os.getpid() != self._pid:
            self._become_copy()
        with self._lock:
            if self._held:
                data = b"".join(self._held)
                self._held.clear()
                self._held_bytes = 0
                _write_all(self._descriptor, data)

    def close(self) -> None:
        """Flush and close the file; further lines are dropped."""
        with self._lock:
            self.flush()
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _write(self, data: bytes) -> None:
        if os.getpid() != self._pid:
            self._become_copy()
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._tokens + (now - self._at) * IMMEDIATE_PER_S, IMMEDIATE_MAX)
            self._at = now
            if self._is_copy or (self._tokens >= 1 and not self._held):
                self._tokens -= 1
                _write_all(self._descriptor, data)
                return
            self._held.append(data)
            self._held_bytes += len(data)
            if self._held_bytes >= HELD_BYTES_MAX:
                self.flush()
            elif not self._flush_is_due:
                self._flush_later()

    def _become_copy(self) -> None:
        """User code forked: what is held is the parent's, the lock may be; nobody flushes here, so hold nothing."""
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._held.clear()
        self._held_bytes = 0
        self._is_copy = True

    def _flush_later(self) -> None:
        self._flush_is_due = True
        try:
            threading.Thread(target=self._hold, name="windward-log", daemon=True).start()
        except RuntimeError:  # no thread can be started: at the end of the process, or at a limit
            self._flush_is_due = False
            self.flush()

    def _hold(self) -> None:
        time.sleep(HOLD_S)
        with self._lock:
            self._flush_is_due = False
            self.flush()


class LineStream(io.TextIOBase):
    """Stands in for `sys.stdout` or `sys.stderr`: each line that is printed becomes a line of the log."""

    encoding: str = "utf-8"
    errors: str | None = "replace"

    def __init__(self, writer: LogWriter, *, source: str, level: str, descriptor: int) -> None:
        super().__init__()
        self._writer = writer
        self._source = source
        self._level = level
        self._raw_descriptor = descriptor
        self._rests: dict[int, str] = {}
        """What waits for its end of line, by thread: no lock, which a fork or a signal handler could meet held."""

    @property
    def buffer(self) -> _Bytes:
        """The same stream for bytes."""
        return _Bytes(self)

    def write(self, text: str, /) -> int:
        """Take text; whole lines are written, the rest waits for its end of line."""
        thread = threading.get_ident()
        *lines, rest = (self._rests.pop(thread, "") + text).split("\n")
        for line in lines:
            self._emit(line)
        if len(rest) > EVENT_CHARACTERS_MAX:
            self._emit(rest)
        elif rest:
            self._rests[thread] = rest
        return len(text)

    def finish(self) -> None:
        """Write what was printed without an end of line."""
        for thread in list(self._rests):
            if rest := self._rests.pop(thread, ""):
                self._emit(rest)

    def writable(self) -> bool:
        """Text may be written."""
        return True

    def isatty(self) -> bool:
        """A log is no terminal."""
        return False

    def fileno(self) -> int:
        """Return the descriptor for C code and child processes: its output is collected by the host."""
        return self._raw_descriptor

    def _emit(self, line: str) -> None:
        self._writer.line(
            self._level, line.removesuffix("\r"), logger=f"task.{self._source}", source=self._source
        )


class _Bytes(io.RawIOBase):
    """The byte side of a `LineStream`."""

    def __init__(self, stream: LineStream) -> None:
        super().__init__()
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        text = bytes(data).decode("utf-8", "replace")
        self._stream.write(text)
        return len(data)


class LineHandler(logging.Handler):
    """Writes records of the `logging` module."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            fields: dict[str, Any] = {}
            if record.exc_info and record.exc_info[1] is not None:
                fields["exception"] = traceback_text(record.exc_info[1])
            if record.stack_info:
                fields["stack"] = record.stack_info
            self._writer.line(
                record.levelname.lower(), record.getMessage(), logger=record.name, source="task", **fields
            )
        except Exception:  # noqa: BLE001 - a record that cannot be shown must not fail the task
            self.handleError(record)


class Capture:
    """Makes the standard streams and the root logger of this process end in a log.

    It may be begun before the log is known: a process that others are forked from spares them the work.
    """

    def __init__(self, writer: LogWriter, *, level: int) -> None:
        self._out = LineStream(writer, source="stdout", level="info", descriptor=1)
        self._err = LineStream(writer, source="stderr", level="error", descriptor=2)
        self._handler = LineHandler(writer)
        self._level = level
        self._before: tuple[TextIO, TextIO, list[logging.Handler], int] | None = None

    def begin(self) -> None:
        """Put the log in place, unless it is."""
        if self._before is not None:
            return
        root = logging.getLogger()
        self._before = (sys.stdout, sys.stderr, root.handlers[:], root.level)
        root.handlers[:] = [self._handler]
        root.setLevel(self._level)
        sys.stdout = cast("TextIO", self._out)  # typeshed asks for its own class
        sys.stderr = cast("TextIO", self._err)

    def flush(self) -> None:
        """Write what was printed without an end of line."""
        self._out.finish()
        self._err.finish()

    def end(self) -> None:
        """Flush, and leave everything as it was found."""
        self.flush()
        if self._before is not None:
            root = logging.getLogger()
            sys.stdout, sys.stderr, root.handlers[:], level = self._before
            root.setLevel(level)
            self._before = None


@contextmanager
def capture(writer: LogWriter, *, level: int) -> Iterator[None]:
    """Make the standard streams and the root logger of this process end in the log, for a block."""
    here = Capture(writer, level=level)
    here.begin()
    try:
        yield
    finally:
        here.end()


def traceback_text(error: BaseException) -> str:
    """Return the traceback of an error, bounded, without the frames of the runner that called user code."""
    shown = traceback.TracebackException(type(error), error, _user_frames(error.__traceback__), compact=True)
    try:
        text = "".join(shown.format()).rstrip("\n")
    except Exception:  # noqa: BLE001 - an exception whose text cannot be made
        text = f"{type(error).__name__} (its text cannot be shown)"
    if len(text) > _TRACEBACK_CHARACTERS_MAX:
        half = _TRACEBACK_CHARACTERS_MAX // 2
        text = f"{text[:half]}\n… ({len(text) - 2 * half} characters left out)\n{text[-half:]}"
    return text


def _user_frames(trace: TracebackType | None) -> TracebackType | None:
    """Skip the frames of the runner above user code; keep all when there is nothing but them."""
    current = trace
    while current is not None:
        name = current.tb_frame.f_globals.get("__name__", "")
        if not name.startswith(("windward.runner.", "importlib.", "runpy", "importlib")):
            return current
        current = current.tb_next
    return trace


def _write_all(descriptor: int, data: bytes) -> None:
    """Write, or drop: a full disk must not fail the task that prints."""
    while data and descriptor >= 0:
        try:
            data = data[os.write(descriptor, data) :]
        except OSError:
            return
