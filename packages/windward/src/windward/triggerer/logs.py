"""What triggers log: into the log of the task that waits, with `trigger` as source.

The file is opened for each line: thousands of triggers that say little must not hold thousands of files.
"""

from __future__ import annotations

import io
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from windward.logs.masking import Masker
from windward.logs.records import EVENT_CHARACTERS_MAX
from windward.logs.writer import LogWriter, traceback_text

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("windward.triggerer")
SOURCE = "trigger"
_PRINTING = threading.Lock()


class TriggerLog:
    """The log of one trigger: its task's, or the triggerer's own when it has no task."""

    def __init__(self, path: Path | None, masker: Masker) -> None:
        self._path = path
        self._masker = masker
        self._rests: dict[str, str] = {}
        """What was printed without an end of line, by level."""

    def printed(self, text: str, *, level: str) -> None:
        """Take what the trigger prints; whole lines are written, the rest waits for its end of line."""
        with _PRINTING:
            lines = (self._rests.pop(level, "") + text).split("\n")
            rest = lines.pop()
            if len(rest) > EVENT_CHARACTERS_MAX:
                lines.append(rest)
            elif rest:
                self._rests[level] = rest
        for line in lines:
            self.line(level, line.removesuffix("\r"), logger="trigger")

    def finish(self) -> None:
        """Write what was printed without an end of line: the trigger has ended."""
        with _PRINTING:
            rests, self._rests = self._rests, {}
        for level, rest in rests.items():
            self.line(level, rest, logger="trigger")

    def line(self, level: str, event: str, *, logger: str = "windward.triggerer", **fields: Any) -> None:
        """Write one line; a full disk must not fail the trigger."""
        if self._path is None:
            log.log(logging.getLevelName(level.upper()), self._masker.mask(event), extra={"fields": fields})
            return
        try:
            writer = LogWriter.open(str(self._path), self._masker)
        except OSError as error:
            log.warning("log not written", extra={"path": str(self._path), "error": str(error)})
            return
        try:
            writer.line(level, event, logger=logger, source=SOURCE, **fields)
        finally:
            writer.close()

    def failure(self, event: str, error: BaseException) -> None:
        """Write an error line with the traceback."""
        self.line("error", event, exception=traceback_text(error))


class TriggerStream(io.TextIOBase):
    """Stands in for a standard stream: what a trigger prints goes to its task's log, all else where it went before."""

    def __init__(self, current: Callable[[], TriggerLog | None], other: TextIO, *, level: str) -> None:
        super().__init__()
        self._current = current
        self._other = other
        self._level = level

    @property
    def encoding(self) -> str:  # type: ignore[override] # an attribute in typeshed
        """The encoding of the stream behind."""
        return self._other.encoding

    @property
    def buffer(self) -> Any:
        """The stream behind, for bytes: they are not told apart by trigger."""
        return self._other.buffer

    def write(self, text: str, /) -> int:
        """Take text."""
        target = self._current()
        if target is None:
            return self._other.write(text)
        target.printed(text, level=self._level)
        return len(text)

    def flush(self) -> None:
        """Flush the stream behind; the logs of triggers are never held back."""
        self._other.flush()

    def writable(self) -> bool:
        """Text may be written."""
        return True

    def isatty(self) -> bool:
        """A log is no terminal."""
        return False

    def fileno(self) -> int:
        """Return the descriptor of the stream behind."""
        return self._other.fileno()


class TriggerHandler(logging.Handler):
    """Sends what a trigger logs to its task's log; everything else goes where it went before."""

    def __init__(
        self, current: Callable[[], TriggerLog | None], others: list[logging.Handler], *, others_level: int
    ) -> None:
        super().__init__()
        self._current = current
        self._others = others
        self._others_level = others_level

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        target = None if record.name.startswith("windward.triggerer") else self._current()
        if target is None:
            is_ours = record.name.startswith("windward")  # their level was looked at by their own logger
            for handler in self._others if is_ours or record.levelno >= self._others_level else ():
                handler.handle(record)
            return
        try:
            fields: dict[str, Any] = {}
            if record.exc_info and record.exc_info[1] is not None:
                fields["exception"] = traceback_text(record.exc_info[1])
            target.line(record.levelname.lower(), record.getMessage(), logger=record.name, **fields)
        except Exception:  # noqa: BLE001 - a record that cannot be shown must not fail the trigger
            self.handleError(record)
