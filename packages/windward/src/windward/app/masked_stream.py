"""A terminal that shows no secrets: what a task prints while somebody tries it by hand. Logs of attempts live elsewhere."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Iterator
from typing import TextIO

from windward.sdk.masking import mask_text


@contextlib.contextmanager
def masked_output() -> Iterator[None]:
    """Hide secrets in what this process prints; output of programs that it starts goes its own way."""
    out, err = MaskedStream(sys.stdout), MaskedStream(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            yield
        finally:
            out.flush()
            err.flush()


class MaskedFormatter(logging.Formatter):
    """Hides secrets in lines of the log."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, masked."""
        return mask_text(super().format(record))


class MaskedStream(io.TextIOBase):
    """Passes text on line by line, so that a secret in several pieces is found; a flush passes on what there is."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._held = ""

    def write(self, text: str) -> int:
        """Pass on the lines that are complete."""
        lines, newline, self._held = (self._held + text).rpartition("\n")
        if newline:
            self._stream.write(mask_text(lines) + newline)
        return len(text)

    def flush(self) -> None:
        """Pass on what is held, whether or not its line is complete."""
        if self._held:
            self._stream.write(mask_text(self._held))
            self._held = ""
        self._stream.flush()

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def fileno(self) -> int:
        """Return the number of the file behind it."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Whether somebody looks at it."""
        return self._stream.isatty()
