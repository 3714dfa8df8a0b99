"""Known Python types as JSON with tags: `{"__type__": "datetime", "value": …}`; back to the same types, or refused.

`to_json` raises `UnknownTypeError` for what it does not know exactly; a subclass is another type. `from_json`
imports the class of a dataclass, attrs class, pydantic model, named tuple or enumeration: for task processes only.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib
import math
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

TAG = "__type__"


class UnknownTypeError(Exception):
    """A value of a type without a tag."""


def to_json(value: Any) -> Any:
    """Return the value made of JSON's own types. Raises `UnknownTypeError`."""
    kind = type(value)
    if value is None or kind is bool or kind is int or kind is str:
        return value
    if kind is float:
        return value if math.isfinite(value) else _tagged("float", repr(value))
    if kind is list:
        return [to_json(item) for item in value]
    if kind is dict:
        if TAG not in value and all(type(key) is str for key in value):
            return {key: to_json(item) for key, item in value.items()}
        return _tagged("dict", _pairs(value))
    writer = _WRITERS.get(kind)
    if writer is not None:
        return writer(value)
    return _by_family(value, kind)


def from_json(value: Any) -> Any:
    """Return the value that `to_json` was given."""
    if type(value) is list:
        return [from_json(item) for item in value]
    if type(value) is not dict:
        return value
    tag = value.get(TAG)
    if tag is None:
        return {key: from_json(item) for key, item in value.items()}
    return _READERS[tag](value)


def _tagged(tag: str, value: Any, **more: Any) -> dict[str, Any]:
    return {TAG: tag, "value": value, **more}


def _pairs(value: Mapping[Any, Any]) -> list[list[Any]]:
    return [[to_json(key), to_json(item)] for key, item in value.items()]


def _items(value: Any) -> list[Any]:
    return [to_json(item) for item in value]


def _zone(value: datetime | time) -> Any:
    return None if value.tzinfo is None else to_json(value.tzinfo)


def _write_datetime(value: datetime) -> dict[str, Any]:
    return _tagged("datetime", value.replace(tzinfo=None).isoformat(), zone=_zone(value), fold=value.fold)


def _write_time(value: time) -> dict[str, Any]:
    return _tagged("time", value.replace(tzinfo=None).isoformat(), zone=_zone(value), fold=value.fold)


def _write_timedelta(value: timedelta) -> dict[str, Any]:
    return _tagged("timedelta", [value.days, value.seconds, value.microseconds])


def _write_timezone(value: timezone) -> dict[str, Any]:
    if value != timezone(value.utcoffset(None)) or value.tzname(None) != timezone(
        value.utcoffset(None)
    ).tzname(None):
        raise UnknownTypeError
    return _tagged("utcoffset", value.utcoffset(None).total_seconds())


def _write_zoneinfo(value: ZoneInfo) -> dict[str, Any]:
    if value.key is None:
        raise UnknownTypeError
    return _tagged("zoneinfo", value.key)


def _write_bytes(value: bytes | bytearray) -> dict[str, Any]:
    return _tagged(type(value).__name__, base64.b64encode(value).decode())


_WRITERS: dict[type, Callable[[Any], Any]] = {
    datetime: _write_datetime,
    date: lambda value: _tagged("date", value.isoformat()),
    time: _write_time,
    timedelta: _write_timedelta,
    timezone: _write_timezone,
    ZoneInfo: _write_zoneinfo,
    Decimal: lambda value: _tagged("decimal", str(value)),
    Fraction: lambda value: _tagged("fraction", str(value)),
    complex: lambda value: _tagged("complex", [to_json(value.real), to_json(value.imag)]),
    UUID: lambda value: _tagged("uuid", str(value)),
    bytes: _write_bytes,
    bytearray: _write_bytes,
    tuple: lambda value: _tagged("tuple", _items(value)),
    set: lambda value: _tagged("set", _items(value)),
    frozenset: lambda value: _tagged("frozenset", _items(value)),
    OrderedDict: lambda value: _tagged("ordereddict", _pairs(value)),
    deque: lambda value: _tagged("deque", _items(value), maxlen=value.maxlen),
    range: lambda value: _tagged("range", [value.start, value.stop, value.step]),
}


def _by_family(value: Any, kind: type) -> Any:
    """Write a value by what kind of class it has, for classes that others define."""
    top = kind.__module__.partition(".")[0]
    if top == "pendulum":
        return _write_pendulum(value, kind)
    if top == "numpy":
        return _write_numpy(value, kind)
    if isinstance(value, PurePath) and kind.__module__.startswith("pathlib"):
        return _tagged("path", str(value), pure=kind.__name__.startswith("Pure"))
    if kind.__module__ == "windward.sdk.io.path":
        return _tagged("storage_path", to_json(value.serialize()))
    if isinstance(value, Enum):
        return _tagged("enum", to_json(value.value), path=_path(kind))
    if isinstance(value, tuple) and hasattr(kind, "_fields") and hasattr(kind, "_make"):
        if getattr(value, "__dict__", None):
            raise UnknownTypeError
        return _tagged("namedtuple", _items(value), path=_path(kind))
    if _has_own_pickling(kind):
        raise UnknownTypeError
    if "__pydantic_fields__" in kind.__dict__ and hasattr(kind, "model_fields"):
        return _tagged("pydantic", to_json(value.__getstate__()), path=_path(kind))
    if dataclasses.is_dataclass(kind):
        return _write_fields("dataclass", value, kind, [field.name for field in dataclasses.fields(kind)])
    if "__attrs_attrs__" in kind.__dict__:
        return _write_fields("attrs", value, kind, [field.name for field in vars(kind)["__attrs_attrs__"]])
    raise UnknownTypeError(f"{kind.__module__}.{kind.__qualname__}")


_GENERATED = frozenset({"_dataclass_getstate", "_dataclass_setstate", "slots_getstate", "slots_setstate"})
"""Names of the state methods that dataclasses and attrs make for classes with slots."""


def _has_own_pickling(kind: type) -> bool:
    """Whether the author of a class says how it is stored; then only a pickle does it justice."""
    for base in kind.__mro__:
        if base is object or base.__module__.partition(".")[0] in {"pydantic", "typing"}:
            continue
        if not {"__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__"}.isdisjoint(vars(base)):
            return True
        for name in ("__getstate__", "__setstate__"):
            method = vars(base).get(name)
            if method is not None and getattr(method, "__name__", "") not in _GENERATED:
                return True
    return False


def _write_fields(tag: str, value: Any, kind: type, names: list[str]) -> Any:
    if set(getattr(value, "__dict__", ())) - set(names):
        raise UnknownTypeError  # state beyond the fields, such as cached properties: only a pickle keeps it
    fields = {name: to_json(getattr(value, name)) for name in names if hasattr(value, name)}
    return _tagged(tag, fields, path=_path(kind))


def _path(kind: type) -> str:
    """Return `module:qualname` of a class that another process finds by import."""
    module, name = kind.__module__, kind.__qualname__
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if module == "__main__" or found is not kind:
        raise UnknownTypeError
    return f"{module}:{name}"


def _class(path: str) -> Any:
    module, _, name = path.partition(":")
    found: Any = sys.modules.get(module) or importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _write_pendulum(value: Any, kind: type) -> Any:
    name = kind.__name__
    if name == "DateTime" and value.tzinfo is None:
        return _tagged("pendulum", value.isoformat(), zone=None)
    if name == "DateTime":
        zone = value.timezone_name if value.tzinfo.__class__.__name__ == "Timezone" else None
        if zone is None:
            zone = value.offset
        return _tagged("pendulum", value.isoformat(), zone=zone)
    if name == "Duration" and not (value.years or value.months):
        return _tagged("duration", [value._days, value._seconds, value._microseconds])  # noqa: SLF001 - timedelta's own parts
    if name == "Date":
        return _tagged("pendulum_date", value.isoformat())
    if name == "Timezone":
        return _tagged("pendulum_zone", value.name)
    if name == "FixedTimezone":
        return _tagged("pendulum_zone", int(value.utcoffset(None).total_seconds()))
    raise UnknownTypeError


def _read_pendulum(value: dict[str, Any]) -> Any:
    import pendulum

    parsed = datetime.fromisoformat(value["value"])
    if value["zone"] is None:
        return pendulum.instance(parsed, tz=None)
    zone = pendulum.timezone(value["zone"])
    return pendulum.instance(parsed.astimezone(UTC)).in_timezone(zone)


def _write_numpy(value: Any, kind: type) -> Any:
    dtype = getattr(value, "dtype", None)
    if (
        dtype is None
        or dtype.hasobject
        or dtype.names is not None
        or not dtype.itemsize
        or dtype.kind not in "biufcSUmM"
    ):
        raise UnknownTypeError
    if kind.__name__ == "ndarray":
        data = base64.b64encode(value.tobytes(order="C")).decode()
        return _tagged("ndarray", data, dtype=dtype.str, shape=list(value.shape))
    data = base64.b64encode(value.tobytes()).decode()
    return _tagged("numpy", data, dtype=dtype.str)


def _read_numpy(value: dict[str, Any]) -> Any:
    np = importlib.import_module("numpy")  # no dependency: whoever stored the value had it

    flat = np.frombuffer(base64.b64decode(value["value"]), dtype=np.dtype(value["dtype"]))
    return flat[0] if value[TAG] == "numpy" else flat.reshape(value["shape"]).copy()


def _read_fields(value: dict[str, Any]) -> Any:
    kind = _class(value["path"])
    made = kind.__new__(kind)
    for name, item in value["value"].items():
        object.__setattr__(made, name, from_json(item))
    return made


def _read_pydantic(value: dict[str, Any]) -> Any:
    kind = _class(value["path"])
    made = kind.__new__(kind)
    made.__setstate__(from_json(value["value"]))
    return made


def _read_zoned(kind: Any) -> Callable[[dict[str, Any]], Any]:
    def read(value: dict[str, Any]) -> Any:
        zone = from_json(value["zone"])
        return kind.fromisoformat(value["value"]).replace(tzinfo=zone, fold=value["fold"])

    return read


def _read_each(make: Callable[[list[Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda value: make([from_json(item) for item in value["value"]])


def _read_pairs(make: Callable[[Any], Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda value: make((from_json(key), from_json(item)) for key, item in value["value"])


def _read_path(value: dict[str, Any]) -> Any:
    from pathlib import Path

    return (PurePath if value["pure"] else Path)(value["value"])


def _pendulum(name: str) -> Any:
    import pendulum

    return getattr(pendulum, name)


_READERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "float": lambda value: float(value["value"]),
    "dict": _read_pairs(dict),
    "ordereddict": _read_pairs(OrderedDict),
    "datetime": _read_zoned(datetime),
    "time": _read_zoned(time),
    "date": lambda value: date.fromisoformat(value["value"]),
    "timedelta": lambda value: timedelta(*value["value"]),
    "utcoffset": lambda value: timezone(timedelta(seconds=value["value"])),
    "zoneinfo": lambda value: ZoneInfo(value["value"]),
    "decimal": lambda value: Decimal(value["value"]),
    "fraction": lambda value: Fraction(value["value"]),
    "complex": lambda value: complex(*(from_json(part) for part in value["value"])),
    "uuid": lambda value: UUID(value["value"]),
    "storage_path": lambda value: _class("windward.sdk.io.path:ObjectStoragePath").deserialize(
        from_json(value["value"]), 1
    ),
    "bytes": lambda value: base64.b64decode(value["value"]),
    "bytearray": lambda value: bytearray(base64.b64decode(value["value"])),
    "tuple": _read_each(tuple),
    "set": _read_each(set),
    "frozenset": _read_each(frozenset),
    "deque": lambda value: deque((from_json(item) for item in value["value"]), maxlen=value["maxlen"]),
    "range": lambda value: range(*value["value"]),
    "path": _read_path,
    "enum": lambda value: _class(value["path"])(from_json(value["value"])),
    "namedtuple": lambda value: _class(value["path"])._make([from_json(item) for item in value["value"]]),
    "dataclass": _read_fields,
    "attrs": _read_fields,
    "pydantic": _read_pydantic,
    "pendulum": _read_pendulum,
    "pendulum_date": lambda value: _pendulum("Date").fromisoformat(value["value"]),
    "pendulum_zone": lambda value: _pendulum("timezone")(value["value"]),
    "duration": lambda value: _pendulum("Duration")(
        days=value["value"][0], seconds=value["value"][1], microseconds=value["value"][2]
    ),
    "numpy": _read_numpy,
    "ndarray": _read_numpy,
}
