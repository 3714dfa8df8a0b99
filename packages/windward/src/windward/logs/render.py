"""Lines of a log as text for people. Pure: no file is read here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo

import msgspec

from windward.logs.records import LogLine

_HIDDEN_FIELDS = frozenset({"exception", "stack"})


def render_line(line: LogLine, *, zone: tzinfo | None = None) -> str:
    """Return one line as text: time, level, event, fields; a traceback follows on lines of its own.

    `zone` is the zone that times are shown in, UTC by default.
    """
    if line.timestamp is None:
        return line.event
    at = line.timestamp if zone is None else line.timestamp.astimezone(zone)
    stamp = f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}{at:%z}"
    shown = "".join(
        f" {name}={_value(value)}" for name, value in line.fields.items() if name not in _HIDDEN_FIELDS
    )
    head = f"{stamp} {line.level.upper():<8} {line.event}{shown}"
    below = [str(line.fields[name]) for name in ("exception", "stack") if line.fields.get(name)]
    return "\n".join([head, *below])


def render_lines(lines: Iterable[LogLine], *, zone: tzinfo | None = None) -> Iterator[str]:
    """Yield each line as text."""
    for line in lines:
        yield render_line(line, zone=zone)


def _value(value: object) -> str:
    if isinstance(value, str):
        return value if value and " " not in value else msgspec.json.encode(value).decode()
    return msgspec.json.encode(value).decode()
