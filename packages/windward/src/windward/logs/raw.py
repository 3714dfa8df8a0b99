"""The host's side of a log: bytes that children print past Python become lines of the attempt's log."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from windward.logs.masking import Masker
from windward.logs.records import EVENT_CHARACTERS_MAX, encode_line


class RawLines:
    """Cuts a stream of bytes into lines. Output of C code and grandchildren, stdout and stderr in their order."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Take bytes; return the lines that are complete now."""
        *whole, rest = (self._rest + data).split(b"\n")
        if len(rest) > EVENT_CHARACTERS_MAX:
            whole.append(rest)
            rest = b""
        self._rest = rest
        return [line.removesuffix(b"\r").decode("utf-8", "replace") for line in whole]

    def finish(self) -> list[str]:
        """Return what came without an end of line."""
        rest, self._rest = self._rest, b""
        return [rest.decode("utf-8", "replace")] if rest else []


def encode_raw(lines: list[str], masker: Masker) -> bytes:
    """Return lines of raw output as lines of a log."""
    at = datetime.now(UTC)
    return b"".join(
        encode_line(at=at, level="info", event=masker.mask(line), logger="task.output", source="stdout")
        for line in lines
    )


def append_bytes(path: str, data: bytes) -> None:
    """Append whole lines to a log file, by one write. Raises `OSError`."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o644)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - strings all the way down
        descriptor = os.open(path, flags, 0o644)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)
