"""Airflow's functions on moments (`airflow.utils.timezone`, `airflow.sdk.timezone`): aware in, aware out."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, overload

from windward.sdk.defaults import current
from windward.timetable import zone_named

if TYPE_CHECKING:
    import pendulum

utc = dt.UTC


def is_localized(value: dt.datetime) -> bool:
    """True when the moment has a zone."""
    return value.utcoffset() is not None


def is_naive(value: dt.datetime) -> bool:
    """True when the moment has no zone."""
    return value.utcoffset() is None


def utcnow() -> dt.datetime:
    """Return the current moment in UTC."""
    return dt.datetime.now(tz=utc)


def utc_epoch() -> dt.datetime:
    """Return the first moment of 1970, in UTC."""
    return dt.datetime(1970, 1, 1, tzinfo=utc)


@overload
def convert_to_utc(value: None) -> None: ...
@overload
def convert_to_utc(value: dt.datetime) -> pendulum.DateTime: ...
def convert_to_utc(value: dt.datetime | None) -> pendulum.DateTime | None:
    """Return a moment in UTC; a naive one is taken in the default zone."""
    import pendulum

    if value is None:
        return None
    aware = value if is_localized(value) else value.replace(tzinfo=_default_zone())
    return pendulum.instance(aware.astimezone(utc), tz="UTC")


@overload
def make_aware(value: None, timezone: dt.tzinfo | None = None) -> None: ...
@overload
def make_aware(value: dt.datetime, timezone: dt.tzinfo | None = None) -> dt.datetime: ...
def make_aware(value: dt.datetime | None, timezone: dt.tzinfo | None = None) -> dt.datetime | None:
    """Give a naive moment a zone, the default one if none is named; raise `ValueError` when it has one."""
    if value is None:
        return None
    if is_localized(value):
        raise ValueError(f"`{value.isoformat()}` has a time zone; use `astimezone` to change it")
    return value.replace(tzinfo=timezone or _default_zone())


def make_naive(value: dt.datetime, timezone: dt.tzinfo | None = None) -> dt.datetime:
    """Return the wall-clock time of an aware moment in a zone, without the zone; `ValueError` for a naive one."""
    if is_naive(value):
        raise ValueError(f"`{value.isoformat()}` has no time zone to leave out")
    return value.astimezone(timezone or _default_zone()).replace(tzinfo=None)


def datetime(*args: Any, **kwargs: Any) -> dt.datetime:
    """Make a `datetime` that has the default zone unless another is given."""
    if "tzinfo" not in kwargs and len(args) < 8:
        kwargs["tzinfo"] = _default_zone()
    return dt.datetime(*args, **kwargs)  # noqa: DTZ001 - the zone is in the arguments by now


def parse(string: str, timezone: dt.tzinfo | str | None = None, *, strict: bool = False) -> pendulum.DateTime:
    """Read a date or a moment from text; the default zone holds when the text names none."""
    import pendulum

    zone = zone_named(timezone) if isinstance(timezone, str) else timezone or _default_zone()
    found = pendulum.parse(string, tz=zone, strict=strict)
    if not isinstance(found, pendulum.DateTime):
        raise ValueError(f"`{string}` is no date")  # noqa: TRY004 - the text has the wrong value, not the wrong type
    return found


@overload
def coerce_datetime(v: None, tz: dt.tzinfo | None = None) -> None: ...
@overload
def coerce_datetime(v: dt.datetime, tz: dt.tzinfo | None = None) -> pendulum.DateTime: ...
def coerce_datetime(v: dt.datetime | None, tz: dt.tzinfo | None = None) -> pendulum.DateTime | None:
    """Return pendulum's kind of a moment; a naive one gets the zone `tz`, or UTC."""
    import pendulum

    if v is None:
        return None
    aware = v if is_localized(v) else v.replace(tzinfo=tz or utc)
    moment = pendulum.instance(aware)
    return moment.in_timezone(tz) if tz is not None else moment  # type: ignore[arg-type]  # any tzinfo does


def td_format(td_object: dt.timedelta | float | None) -> str | None:
    """Return a duration in words, such as `1h:30M:2s`; None when it is less than a second."""
    if not td_object:
        return None
    seconds = int(td_object.total_seconds() if isinstance(td_object, dt.timedelta) else td_object)
    parts = []
    for letter, size in (
        ("y", 31_536_000),
        ("m", 2_592_000),
        ("d", 86_400),
        ("h", 3600),
        ("M", 60),
        ("s", 1),
    ):
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount}{letter}")
    return ":".join(parts) or "<1s"


def parse_timezone(name: str | int) -> Any:
    """Return pendulum's zone of an IANA name, or of an offset in seconds."""
    import pendulum

    return pendulum.timezone(name)


def local_timezone() -> Any:
    """Return pendulum's zone of this machine."""
    import pendulum

    return pendulum.tz.local_timezone()


def from_timestamp(timestamp: float, tz: Any = utc) -> pendulum.DateTime:
    """Return the moment that lies so many seconds after the first moment of 1970."""
    import pendulum

    return pendulum.from_timestamp(timestamp, tz=local_timezone() if tz == "local" else tz)


def _default_zone() -> dt.tzinfo:
    return zone_named(current().timezone)
