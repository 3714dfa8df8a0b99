"""How a value that passes between tasks becomes bytes, and back: JSON, tagged JSON, a table format, or a pickle.

The first that fits is taken. JSON is for values that JSON gives back as they were; tagged JSON (`tagged_json`) for
known types inside containers; Parquet and Arrow for whole data frames; a pickle for anything else. Values above the
threshold go to the object store. `decode` may import the classes that a value names and may unpickle: it runs in
task processes and nowhere else.
"""

from __future__ import annotations

import importlib
import io
import logging
import math
import os
import pickle
import reprlib
import sys
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from windward.core.paths import large_value_name
from windward.errors import UserError
from windward.protocol.outcomes import XComValue
from windward.sdk import tagged_json
from windward.sdk.bridge import LargeValues
from windward.sdk.masking import mask_text

log = logging.getLogger(__name__)

PREVIEW_CHARS_MAX = 1024
"""Length of the text that people see of a value."""
PREVIEW_SLACK_CHARS = 512
"""Text beyond the preview that is masked with it, so that a cut goes through no secret."""
DEPTH_MAX = 100
"""How deep a value may be nested to be JSON; deeper ones are pickled."""

LAZY_MODULES = frozenset({"windward.sdk.xcom", "windward.sdk.xcom_values"})
"""Where the sequences are defined that read other tasks' values when asked: they pass on as lists."""


class XComTypeError(UserError, TypeError):
    """A value that cannot pass between tasks."""


class XComDecodeError(UserError):
    """A stored value that cannot be read here."""


def encode(value: Any, *, name: str, large: LargeValues | None = None, run_pk: int = 0) -> XComValue:
    """Return the value as it is stored; `name` and `run_pk` say where it belongs.

    Raises `XComTypeError` when nothing can carry the value.
    """
    value = without_laziness(value)
    encoding: Any = "json"
    data = _as_json(value)
    if data is None:
        table = _as_table(value)
        tagged = None if table else _as_tagged(value)
        if table:
            encoding, data = table
        elif tagged is not None:
            encoding, data = "tagged", tagged
        else:
            encoding, data = "pickle", _as_pickle(value, name)
    location = None
    if large is not None and len(data) > large.threshold_bytes:
        location = large.put(large_value_name(name, run_pk=run_pk, nonce=os.urandom(8).hex()), data)
    return XComValue(
        encoding=encoding,
        data=None if location else data,
        location=location,
        size_bytes=len(data),
        preview=_preview(value, data if encoding == "json" else None),
        length=mappable_length(value),
    )


def decode(stored: XComValue, *, large: LargeValues | None = None) -> Any:
    """Return the value that was stored. Raises `XComDecodeError` when it cannot be read in this process."""
    data = stored.data
    if data is None:
        if large is None or stored.location is None:
            raise XComDecodeError(
                f"the XCom at `{stored.location}` stands in an object store that this process cannot reach",
                hint="Give the worker the same `[xcom]` settings as the process that wrote the value.",
            )
        data = large.get(stored.location)
    match stored.encoding:
        case "json":
            return msgspec.json.decode(data)
        case "tagged":
            return _reading(stored, lambda: tagged_json.from_json(msgspec.json.decode(data)))
        case "parquet":
            return _reading(stored, lambda: _module("pandas").read_parquet(io.BytesIO(data)))
        case "arrow":
            return _reading(stored, lambda: _module("polars").read_ipc(io.BytesIO(data)))
        case "pickle":
            return _reading(stored, lambda: pickle.loads(data))  # noqa: S301 - a task reads what a task wrote


def pack(value: Any, *, name: str) -> bytes:
    """Return a value as bytes, for messages that carry it and do not read it. Raises as `encode`."""
    return msgspec.json.encode(encode(value, name=name))


def unpack(packed: bytes, *, large: LargeValues | None = None) -> Any:
    """Return the value that was packed; no bytes are no value. Raises as `decode`."""
    if not packed:
        return {}
    return decode(msgspec.json.decode(packed, type=XComValue), large=large)


def without_laziness(value: Any) -> Any:
    """Return a value that is not read when somebody looks at it: lazy sequences become lists."""
    return list(value) if type(value).__module__ in LAZY_MODULES else value


def mappable_length(value: Any) -> int | None:
    """Return how many instances a mapped task has over this value; None when it cannot be mapped over."""
    if isinstance(value, str | bytes | bytearray) or not isinstance(value, Sequence | Mapping):
        return None
    return len(value)


def _as_json(value: Any) -> bytes | None:
    try:
        return msgspec.json.encode(value) if _is_plain(value, DEPTH_MAX) else None
    except UnicodeEncodeError:
        return None


def _is_plain(value: Any, depth: int) -> bool:
    """Whether JSON gives the value back as it is: no subclasses, no tuples, no infinities, text keys only."""
    kind = type(value)
    if kind is str or value is None or kind is bool or kind is int:
        return True
    if kind is float:
        return math.isfinite(value)
    if depth == 0:
        return False
    if kind is list:
        return all(_is_plain(item, depth - 1) for item in value)
    if kind is dict:
        return all(type(key) is str and _is_plain(item, depth - 1) for key, item in value.items())
    return False


def _as_tagged(value: Any) -> bytes | None:
    try:
        return msgspec.json.encode(tagged_json.to_json(value))
    except (tagged_json.UnknownTypeError, RecursionError, UnicodeEncodeError):
        return None


def _as_table(value: Any) -> tuple[str, bytes] | None:
    """Return a data frame in the format that its own library reads back equal, when it can."""
    top = type(value).__module__.partition(".")[0]
    out = io.BytesIO()
    if top == "polars" and type(value).__name__ == "DataFrame":
        value.write_ipc(out)
        return "arrow", out.getvalue()
    if top == "pandas" and type(value).__name__ == "DataFrame" and not value.attrs:
        try:
            value.to_parquet(out)
            same = value.equals(_module("pandas").read_parquet(io.BytesIO(out.getvalue())))
        except Exception:  # noqa: BLE001 - whatever Parquet cannot hold, a pickle can
            return None
        return ("parquet", out.getvalue()) if same else None
    return None


def _as_pickle(value: Any, name: str) -> bytes:
    try:
        if not _is_defined_in_main(value):
            return pickle.dumps(value, protocol=5)
    except Exception as error:  # noqa: BLE001 - any `__reduce__` may raise anything; the second way decides
        log.debug("not a plain pickle", extra={"xcom": name, "error": str(error)})
    try:
        data = _module("cloudpickle").dumps(value, protocol=5)
        assert isinstance(data, bytes)
        return data
    except Exception as error:
        kind = type(value).__qualname__
        raise XComTypeError(
            f"`{name}` is a `{kind}`, which cannot pass to another task: {error}",
            hint="Return what the value is made of (numbers, text, lists, a path to a file) instead, "
            "or `do_xcom_push=False` when no other task needs it.",
        ) from error


def _is_defined_in_main(value: Any) -> bool:
    """Whether a plain pickle would name a class that another process looks for in its own `__main__`."""
    return getattr(value if isinstance(value, type) else type(value), "__module__", "") == "__main__"


def _reading(stored: XComValue, read: Any) -> Any:
    try:
        return read()
    except ImportError as error:
        raise XComDecodeError(
            f"an XCom stored as {stored.encoding} needs `{error.name}`, which this process cannot import",
            hint="Install the package on every worker, or return plain values between tasks that run apart.",
        ) from error
    except Exception as error:
        raise XComDecodeError(
            f"an XCom stored as {stored.encoding} cannot be read: {type(error).__name__}: {error}",
            hint="The class may have changed or moved since the value was stored: clear the task that wrote it.",
        ) from error


def _module(name: str) -> Any:
    return sys.modules.get(name) or importlib.import_module(name)


class _ShortRepr(reprlib.Repr):
    """A `repr` that is bounded in work, not only in length."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = 20
        self.maxstring = self.maxother = self.maxlong = PREVIEW_CHARS_MAX


def _preview(value: Any, json_data: bytes | None) -> str:
    if json_data is not None:
        text = json_data[: PREVIEW_CHARS_MAX + PREVIEW_SLACK_CHARS].decode(errors="ignore")
    else:
        try:
            text = _ShortRepr().repr(value) if _is_container(value) else repr(value)
        except Exception:  # noqa: BLE001 - a broken `__repr__` must not fail the task
            text = f"<{type(value).__module__}.{type(value).__qualname__}>"
        text = text[: PREVIEW_CHARS_MAX + PREVIEW_SLACK_CHARS]
    masked = mask_text(text)
    return masked if len(masked) <= PREVIEW_CHARS_MAX else f"{masked[: PREVIEW_CHARS_MAX - 1]}…"


def _is_container(value: Any) -> bool:
    return isinstance(value, str | bytes | list | tuple | dict | AbstractSet)
