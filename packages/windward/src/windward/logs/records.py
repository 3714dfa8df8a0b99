"""The format of a log line, and nothing that writes one.

A log is JSON, one object per line: `timestamp` (ISO 8601, microseconds, UTC), `level`, `event`, `logger`,
`source` (`task`, `stdout`, `stderr`, or `windward` for what the runner itself says), then any fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

EVENT_CHARACTERS_MAX = 65_536
"""Longer events are cut; what is left says so."""
_FIXED = frozenset({"timestamp", "level", "event", "logger", "source"})
_ENCODER = msgspec.json.Encoder(enc_hook=str)
_DECODER = msgspec.json.Decoder()
_SURROGATES = re.compile("[\ud800-\udfff]")


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a log, read back. `timestamp` is None for a line that is not ours."""

    timestamp: datetime | None
    level: str
    event: str
    logger: str = ""
    source: str = "task"
    fields: dict[str, Any] = {}


def encode_line(
    *, at: datetime, level: str, event: str, logger: str, source: str, fields: dict[str, Any] | None = None
) -> bytes:
    """Return the line with its newline; whatever cannot be said in JSON is said as text."""
    line: dict[str, Any] = {
        "timestamp": at.isoformat(timespec="microseconds"),
        "level": level,
        "event": _bounded(event),
        "logger": logger,
        "source": source,
    }
    if fields:
        line.update((name, value) for name, value in fields.items() if name not in _FIXED)
    try:
        return _ENCODER.encode(line) + b"\n"
    except (TypeError, ValueError, RecursionError):  # surrogates, foreign keys, cycles: never lose the line
        plain = {str(name): _SURROGATES.sub("\ufffd", _text(value)) for name, value in line.items()}
        return _ENCODER.encode(plain) + b"\n"


def decode_line(data: bytes) -> LogLine:
    """Return the line; bytes that are not a line of ours become an event as they are."""
    try:
        found = _DECODER.decode(data)
        at = datetime.fromisoformat(found["timestamp"]).astimezone(UTC)
        return LogLine(
            timestamp=at,
            level=str(found["level"]),
            event=str(found["event"]),
            logger=str(found.get("logger", "")),
            source=str(found.get("source", "task")),
            fields={name: value for name, value in found.items() if name not in _FIXED},
        )
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
        return LogLine(timestamp=None, level="info", event=data.decode("utf-8", "replace").rstrip("\n"))


def decode_lines(data: bytes) -> Iterator[LogLine]:
    """Yield the lines of a whole log or of a page of it."""
    for line in data.split(b"\n"):
        if line:
            yield decode_line(line)


def _bounded(event: str) -> str:
    if len(event) <= EVENT_CHARACTERS_MAX:
        return event
    return f"{event[:EVENT_CHARACTERS_MAX]}… ({len(event) - EVENT_CHARACTERS_MAX} more characters)"


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - user objects may fail in any way when they are shown
        return f"<{type(value).__name__} that cannot be shown>"
