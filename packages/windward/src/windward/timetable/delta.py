"""Distances between ticks: seconds, or parts of a calendar such as a month.

What lives here: the JSON form of `timedelta` and `relativedelta`, and adding it to an instant.
What may not: schedules (`schedule`), anything that knows a time zone: distances are counted in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from dateutil.relativedelta import relativedelta, weekday
from msgspec import Struct

from windward.errors import UserError

_PARTS = ("years", "months", "days", "leapdays", "hours", "minutes", "seconds", "microseconds")
_FIXED_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
_PROBE = datetime(2024, 5, 15, 12, 30, 30, 500_000, tzinfo=UTC)


class CalendarDelta(Struct, frozen=True, omit_defaults=True, tag="calendar", tag_field="type"):
    """A `relativedelta` as data: plural parts are added, singular parts are set, `None` leaves a part alone."""

    years: int = 0
    months: int = 0
    days: int = 0
    leapdays: int = 0
    hours: int = 0
    minutes: int = 0
    seconds: int = 0
    microseconds: int = 0
    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    microsecond: int | None = None
    weekday: tuple[int, int | None] | None = None
    """Monday is 0; the second number is the `n` of `relativedelta`'s `MO(n)`."""


Delta = float | CalendarDelta
"""A distance: seconds (to the microsecond), or parts of a calendar."""

Distance = timedelta | relativedelta
"""A distance as authors write it."""


def delta_of(distance: Distance) -> Delta:
    """Return the JSON form of a distance."""
    if isinstance(distance, timedelta):
        return distance.total_seconds()
    parts = distance.normalized()
    named = {name: int(getattr(parts, name)) for name in _PARTS}
    fixed = {name: getattr(parts, name) for name in _FIXED_PARTS}
    day = parts.weekday
    return CalendarDelta(**named, **fixed, weekday=None if day is None else (day.weekday, day.n))


def distance_of(delta: Delta) -> Distance:
    """Return the distance that authors, and their templates, see."""
    return _relative(delta) if isinstance(delta, CalendarDelta) else timedelta(seconds=delta)


def positive_delta(distance: Distance) -> Delta:
    """Return the JSON form of a distance that leads forward; raise `UserError` for any other."""
    delta = delta_of(distance)
    if add_delta(_PROBE, delta) <= _PROBE:
        raise UserError(
            f"a schedule needs a distance that leads forward, not `{distance!r}`",
            hint="Use a positive one, such as `timedelta(hours=1)`; `None` is for a DAG that is only triggered.",
        )
    return delta


def add_delta(at: datetime, delta: Delta) -> datetime:
    """Return the instant one distance later."""
    if isinstance(delta, CalendarDelta):
        return at + _relative(delta)
    return at + timedelta(seconds=delta)


def subtract_delta(at: datetime, delta: Delta) -> datetime:
    """Return the instant one distance earlier."""
    if isinstance(delta, CalendarDelta):
        return at - _relative(delta)
    return at - timedelta(seconds=delta)


def approximate_seconds(delta: Delta) -> float:
    """Return a length for rounding, as Airflow counts it: a year is 365 days and a month is 30."""
    if not isinstance(delta, CalendarDelta):
        return delta
    days = delta.years * 365 + delta.months * 30 + delta.days
    return float(((days * 24 + delta.hours) * 60 + delta.minutes) * 60 + delta.seconds)


@lru_cache(maxsize=1024)
def _relative(delta: CalendarDelta) -> relativedelta:
    return relativedelta(
        years=delta.years,
        months=delta.months,
        days=delta.days,
        leapdays=delta.leapdays,
        hours=delta.hours,
        minutes=delta.minutes,
        seconds=delta.seconds,
        microseconds=delta.microseconds,
        year=delta.year,
        month=delta.month,
        day=delta.day,
        hour=delta.hour,
        minute=delta.minute,
        second=delta.second,
        microsecond=delta.microsecond,
        weekday=None if delta.weekday is None else weekday(delta.weekday[0], delta.weekday[1]),
    )
