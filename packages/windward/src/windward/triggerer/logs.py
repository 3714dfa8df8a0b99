"""What triggers log: into the log of the task that waits, with `trigger` as source.

The file is opened for each line: thousands of triggers that say little must not hold thousands of files.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windward.logs.masking import Masker
from windward.logs.writer import LogWriter, traceback_text

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("windward.triggerer")
SOURCE = "trigger"


class TriggerLog:
    """The log of one trigger: its task's, or the triggerer's own when it has no task."""

    def __init__(self, path: Path | None, masker: Masker) -> None:
        self._path = path
        self._masker = masker

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
