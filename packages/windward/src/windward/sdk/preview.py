"""Arbitrary values as bounded JSON for people to look at: no addresses, no order that changes between processes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any

from windward.sdk.resolve import ResolveMixin
from windward.sdk.unset import ArgNotSet
from windward.sdk.xcom_arg import XComArg

TEXT_LENGTH_MAX = 4096
ITEMS_MAX = 100
DEPTH_MAX = 6
_INTEGER_MAX = 2**53


def preview(value: Any, depth: int = 0) -> Any:
    """Return `value` as JSON: as it is when it can be, else a text that says what it is."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return preview(value.value, depth)
    if isinstance(value, str):
        return cut(str(value))
    if isinstance(value, int):
        return int(value) if abs(value) <= _INTEGER_MAX else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _container(value, depth)
    return cut(_name_of(value))


def text_of(value: Any) -> str | None:
    """Return a documentation text whole; of anything else but None, its text."""
    return value if value is None or isinstance(value, str) else str(preview(value))


def cut(text: str) -> str:
    """Return at most `TEXT_LENGTH_MAX` characters, saying how many are left out; lone surrogates replaced."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    if len(text) <= TEXT_LENGTH_MAX:
        return text
    return f"{text[:TEXT_LENGTH_MAX]}… ({len(text) - TEXT_LENGTH_MAX} more characters)"


def _container(value: Any, depth: int) -> Any:
    if depth >= DEPTH_MAX:
        return f"<{type(value).__name__} of {len(value)}>"
    if isinstance(value, Mapping):
        pairs = list(value.items())
        found = {str(preview(key, DEPTH_MAX)): preview(item, depth + 1) for key, item in pairs[:ITEMS_MAX]}
        if len(pairs) > ITEMS_MAX:
            found["…"] = f"{len(pairs) - ITEMS_MAX} more"
        return found
    items = [preview(item, depth + 1) for item in list(value)[: None if _unordered(value) else ITEMS_MAX]]
    if _unordered(value):
        items = sorted(items, key=repr)[:ITEMS_MAX]
    if len(value) > ITEMS_MAX:
        items.append(f"… {len(value) - ITEMS_MAX} more")
    return items


def _unordered(value: Any) -> bool:
    return isinstance(value, set | frozenset)


def _name_of(value: Any) -> str:
    """Say what an object is by names alone: its own representation may hold an address, or a secret."""
    if isinstance(value, XComArg):
        return repr(value)
    if isinstance(value, ArgNotSet):
        return repr(value)
    if isinstance(value, ResolveMixin):
        return f"<{type(value).__name__}>"
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    function = getattr(value, "__func__", value)
    if hasattr(function, "__qualname__"):
        return f"<{'class' if isinstance(value, type) else 'callable'} {function.__module__}.{function.__qualname__}>"
    return f"<{type(value).__module__}.{type(value).__qualname__} object>"
