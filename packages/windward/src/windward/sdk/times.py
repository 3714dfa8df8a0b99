"""Dates of DAG files: text or datetimes, often without a zone, made aware and UTC; and back to the user's edge.

What may not live here: the clock.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from windward.errors import UserError
from windward.timetable import zone_named


def default_zone(name: str) -> tzinfo:
    """Return the zone of the settings."""
    return zone_named(name)


def parse_date(value: Any, *, what: str) -> datetime | None:
    """Return a date argument as a datetime, aware or not; raise `UserError` when it is none."""
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    if isinstance(value, str):
        from dateutil.parser import ParserError, isoparse, parse  # few files write dates as text

        try:
            return isoparse(value)
        except ValueError:
            pass
        try:
            return parse(value)
        except (ParserError, OverflowError) as error:
            raise _not_a_date(value, what) from error
    raise _not_a_date(value, what)


def to_utc(value: datetime, zone: tzinfo) -> datetime:
    """Return an aware UTC datetime of the standard library; a naive one is taken in `zone`."""
    aware = value if value.utcoffset() is not None else value.replace(tzinfo=zone)
    try:
        moved = aware.astimezone(UTC)
    except OverflowError:
        edge = datetime.min if aware.year == 1 else datetime.max  # noqa: DTZ901 - made aware in the next line
        moved = edge.replace(tzinfo=UTC)
    return datetime(  # pendulum's class becomes the plain one
        moved.year, moved.month, moved.day, moved.hour, moved.minute, moved.second, moved.microsecond, UTC
    )


def at_users_edge(value: datetime | None) -> Any:
    """Return the pendulum datetime that authors expect to get."""
    if value is None:
        return None
    import pendulum  # slow to import; few files read a date back

    return pendulum.instance(value)


def duration(value: Any, *, what: str) -> timedelta | None:
    """Return seconds or a timedelta as a timedelta; raise `UserError` for anything else."""
    if value is None or isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    raise UserError(
        f"{what} is `{value!r}`, which is no duration",
        hint="Write `timedelta(minutes=5)`, or a number of seconds.",
    )


def _not_a_date(value: Any, what: str) -> UserError:
    return UserError(
        f"{what} is `{value!r}`, which is no date",
        hint='Write `datetime(2026, 1, 31)`, with a zone if it is not the DAG\'s, or "2026-01-31".',
    )
