"""Airflow's date functions of 1.10 and 2.x (`airflow.utils.dates`)."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from dateutil.relativedelta import relativedelta

from windward.sdk.compat import timezone
from windward.sdk.exceptions import RemovedInAirflow3Warning
from windward.timetable import cron_trigger, next_tick, zone_name

TimeUnit = Literal["days", "hours", "minutes", "seconds"]

cron_presets: dict[str, str] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
"""The schedules that have a name, as cron expressions."""

TICKS_MAX = 100_000
"""How many dates `date_range` makes at most."""

_UNITS: tuple[tuple[TimeUnit, float], ...] = (
    ("days", 86_400.0),
    ("hours", 3600.0),
    ("minutes", 60.0),
    ("seconds", 1.0),
)


def days_ago(n: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    """Return midnight UTC of the day `n` days before today, or another time of it.

    A start date that moves with the clock gives a DAG other runs each time that it is read.
    """
    warnings.warn(
        "`days_ago` gives another date each day; write the date: `datetime(2026, 1, 31)`",
        RemovedInAirflow3Warning,
        stacklevel=2,
    )
    today = timezone.utcnow().replace(hour=hour, minute=minute, second=second, microsecond=microsecond)
    return today - timedelta(days=n)


def date_range(
    start_date: datetime,
    end_date: datetime | None = None,
    num: int | None = None,
    delta: str | timedelta | relativedelta | None = None,
) -> list[datetime]:
    """Return dates from `start_date` on, in steps of `delta`, until `end_date` or `num` dates are there.

    `delta` is a cron expression, a preset or a duration. A negative `num` counts backwards by a duration.
    Raises `ValueError` for arguments that contradict each other.
    """
    if delta is None:
        return []
    if end_date is not None and (num is not None or start_date > end_date):
        raise ValueError("`date_range` takes an `end_date` after `start_date`, or `num`, not both")
    if end_date is None and not num:
        end_date = timezone.utcnow()
        end_date = end_date if start_date.tzinfo is not None else end_date.replace(tzinfo=None)
    count = TICKS_MAX if num is None else abs(num)
    if isinstance(delta, str):
        dates = _cron_ticks(start_date, delta, count=count, end=end_date)
    else:
        dates = _steps(
            start_date, -delta if num is not None and num < 0 else delta, count=count, end=end_date
        )
    return sorted(dates)


def _cron_ticks(start: datetime, expression: str, *, count: int, end: datetime | None) -> list[datetime]:
    schedule = cron_trigger(expression, timezone=zone_name(start.tzinfo) if start.tzinfo else "UTC")
    at = (start if start.tzinfo else start.replace(tzinfo=UTC)) - timedelta(microseconds=1)
    limit = None if end is None else end if end.tzinfo else end.replace(tzinfo=UTC)
    found: list[datetime] = []
    while len(found) < count:
        tick = next_tick(schedule, at)
        if tick is None or (limit is not None and tick > limit):
            break
        at = tick
        found.append(tick.astimezone(start.tzinfo) if start.tzinfo else tick.replace(tzinfo=None))
    return found


def _steps(
    start: datetime, step: timedelta | relativedelta, *, count: int, end: datetime | None
) -> list[datetime]:
    if end is not None and start + step <= start:
        raise ValueError("`date_range` needs a positive `delta` to reach its `end_date`")
    found: list[datetime] = []
    at = start
    while len(found) < count and (end is None or at <= end):
        found.append(at)
        at += step
    return found


def round_time(
    dt: datetime, delta: str | timedelta | relativedelta, start_date: datetime | None = None
) -> datetime:
    """Return `dt`, or the nearest moment that lies a whole number of `delta` after `start_date`.

    Of two that are equally near it is the earlier one. Without `start_date`, steps count from the first moment that
    a `datetime` can hold; a cron expression gives its next tick.
    """
    start = start_date if start_date is not None else datetime.min.replace(tzinfo=dt.tzinfo)
    if isinstance(delta, str):
        ticks = _cron_ticks(dt, delta, count=1, end=None)
        return ticks[0] if ticks else dt
    if isinstance(delta, timedelta):
        below = start + ((dt - start) // delta) * delta
    else:
        below = start
        while below + delta <= dt:
            below += delta
    above = below + delta
    return below if dt - below <= above - dt else above


def infer_time_unit(time_seconds_arr: Iterable[float]) -> TimeUnit:
    """Return the unit in which the longest of these durations reads best."""
    longest = max(time_seconds_arr, default=0.0)
    if not longest:
        return "hours"
    return next((unit for unit, size in _UNITS if longest > 2 * size), "seconds")


def scale_time_units(time_seconds_arr: Iterable[float], unit: TimeUnit) -> list[float]:
    """Return durations given in seconds in another unit."""
    size = dict(_UNITS)[unit]
    return [seconds / size for seconds in time_seconds_arr]


def parse_execution_date(execution_date_str: str) -> Any:
    """Return the moment that the text of a logical date says."""
    return timezone.parse(execution_date_str)


def datetime_to_nano(value: datetime | None) -> int | None:
    """Return the nanoseconds since the first moment of 1970; a naive moment is UTC."""
    if value is None:
        return None
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    since = aware - datetime.fromtimestamp(0, UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
