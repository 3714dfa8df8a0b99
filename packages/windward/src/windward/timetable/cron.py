"""Cron expressions on the wall clock: parsing, and the ticks before and after a naive time.

What lives here: the five, six or seven fields together, presets, the rule that joins the day of month with
the day of week, next and previous tick on naive datetimes. What may not: time zones (`instants`), schedules.

The day rule is croniter's, and so Airflow's: a bare `*` or `?` in one of the day fields leaves the days to
the other field; if both are restricted, a day that satisfies either one fires. (Vixie cron also joins by
"and" when a field merely starts with `*`, such as `*/2`; croniter does not, and DAG files count on it.)
"""

# Naive datetimes are this module's subject: the wall clock before it has a zone.
# ruff: noqa: DTZ001
from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, date, datetime
from functools import lru_cache
from typing import Final

from windward.errors import InvalidCronError
from windward.timetable.cron_fields import (
    FIELD_RULES,
    WHOLE_MONTH,
    WHOLE_WEEK,
    YEAR_FIRST,
    YEAR_LAST,
    DaySet,
    FieldText,
    WeekdaySet,
    parse_days,
    parse_field,
    parse_weekdays,
)

PRESETS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""Names for cron expressions; `@once` and `@continuous` are schedules of their own (`authoring`)."""

OTHER_PRESETS: Final = ("@once", "@continuous")

EXPRESSION_LENGTH_MAX: Final = 1000
PARSED_MAX: Final = 4096

SEARCH_YEARS_MAX: Final = 48
"""Whatever fires at all fires within 40 years: 29 February on a given weekday, over a year like 2100."""

_EVERY_HOUR = (1 << 24) - 1
_SHAPES = 28


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed cron expression: bit masks, and the days of each of the 28 shapes a month can have."""

    expression: str
    seconds: int
    minutes: int
    hours: int
    months: int
    years: int | None
    day_of_month: DaySet
    day_of_week: WeekdaySet
    day_masks: tuple[int, ...]

    @property
    def is_every_hour(self) -> bool:
        """True when every hour of a day that fires has ticks: such a job follows real hours (`instants`)."""
        return self.hours == _EVERY_HOUR

    def next_wall(self, after: datetime) -> datetime | None:
        """Return the first tick later than a naive wall-clock time, or None when there is none any more."""
        year, month, day = after.year, after.month, after.day
        days = self._days(year, month)
        if days >> day & 1:
            hour, minute = after.hour, after.minute
            if self.hours >> hour & 1:
                if self.minutes >> minute & 1:
                    rest = self.seconds >> after.second + 1
                    if rest:
                        return datetime(year, month, day, hour, minute, after.second + _first(rest) + 1)
                rest = self.minutes >> minute + 1
                if rest:
                    return datetime(year, month, day, hour, minute + _first(rest) + 1, _first(self.seconds))
            rest = self.hours >> hour + 1
            if rest:
                hour += _first(rest) + 1
                return datetime(year, month, day, hour, _first(self.minutes), _first(self.seconds))
        days = days >> day + 1 << day + 1
        year_last = min(year + SEARCH_YEARS_MAX, MAXYEAR) if self.years is None else YEAR_LAST
        while not days:
            rest = self.months >> month + 1
            if rest:
                month += _first(rest) + 1
            else:
                month, year = _first(self.months), year + 1
                if year > year_last:
                    return None
            days = self._days(year, month)
        return datetime(
            year, month, _first(days), _first(self.hours), _first(self.minutes), _first(self.seconds)
        )

    def previous_wall(self, before: datetime) -> datetime | None:
        """Return the last tick earlier than a naive wall-clock time, or None when there was none."""
        year, month, day = before.year, before.month, before.day
        days = self._days(year, month)
        if days >> day & 1:
            hour, minute = before.hour, before.minute
            if self.hours >> hour & 1:
                if self.minutes >> minute & 1:
                    # A tick in the running second is earlier than its fractions.
                    rest = self.seconds & (1 << before.second + bool(before.microsecond)) - 1
                    if rest:
                        return datetime(year, month, day, hour, minute, _last(rest))
                rest = self.minutes & (1 << minute) - 1
                if rest:
                    return datetime(year, month, day, hour, _last(rest), _last(self.seconds))
            rest = self.hours & (1 << hour) - 1
            if rest:
                return datetime(year, month, day, _last(rest), _last(self.minutes), _last(self.seconds))
        days &= (1 << day) - 1
        year_first = max(year - SEARCH_YEARS_MAX, MINYEAR) if self.years is None else YEAR_FIRST
        while not days:
            rest = self.months & (1 << month) - 1
            if rest:
                month = _last(rest)
            else:
                month, year = _last(self.months), year - 1
                if year < year_first:
                    return None
            days = self._days(year, month)
        return datetime(year, month, _last(days), _last(self.hours), _last(self.minutes), _last(self.seconds))

    def _days(self, year: int, month: int) -> int:
        if not self.months >> month & 1:
            return 0
        if self.years is not None and (year < YEAR_FIRST or not self.years >> year - YEAR_FIRST & 1):
            return 0
        return self.day_masks[_shape(year, month)]


def parse_cron(expression: str, *, allow_seconds: bool = False) -> Cron:
    """Parse a preset or an expression of five fields; of six or seven only with `allow_seconds`.

    Seconds come sixth and the year seventh, as in croniter. Raises `InvalidCronError`, which names the field,
    also for an expression that can be read but never fires.
    """
    return _parse(expression, allow_seconds)


@lru_cache(maxsize=PARSED_MAX)
def _parse(expression: str, allow_seconds: bool) -> Cron:  # noqa: FBT001 - the public door is keyword-only
    if len(expression) > EXPRESSION_LENGTH_MAX:
        raise InvalidCronError(
            f"a cron expression of {len(expression)} characters is too long",
            hint=f"At most {EXPRESSION_LENGTH_MAX} characters are read. Use several expressions.",
        )
    texts = _split(expression, allow_seconds=allow_seconds)
    fields = [FieldText(rule, text, expression) for rule, text in zip(FIELD_RULES, texts, strict=False)]
    days, weekdays = _free_whole_fields(fields[2], fields[4])
    cron = Cron(
        expression=" ".join(texts),
        minutes=parse_field(fields[0]),
        hours=parse_field(fields[1]),
        months=parse_field(fields[3]),
        seconds=parse_field(fields[5]) if len(fields) > 5 else 1,
        years=_year_mask(parse_field(fields[6])) if len(fields) > 6 else None,
        day_of_month=days,
        day_of_week=weekdays,
        day_masks=tuple(_day_mask(days, weekdays, *divmod(shape, 7)) for shape in range(_SHAPES)),
    )
    if cron.next_wall(datetime(YEAR_FIRST - 1, 12, 31, 23, 59, 59)) is None:
        raise _never_fires(expression, texts)
    return cron


def _free_whole_fields(day: FieldText, weekday: FieldText) -> tuple[DaySet, WeekdaySet]:
    """Parse the day fields; as in croniter, one that names every day is like `*` beside one with a `*` in it."""
    days, weekdays = parse_days(day), parse_weekdays(weekday)
    if days.mask == WHOLE_MONTH and "*" in weekday.text and not (days.has_last or days.has_last_working):
        days = replace(days, is_any=True)
    if weekdays.mask == WHOLE_WEEK and "*" in day.text:
        weekdays = replace(weekdays, is_any=True)
    return days, weekdays


def _split(expression: str, *, allow_seconds: bool) -> list[str]:
    text = expression.strip()
    if text.startswith("@"):
        preset = PRESETS.get(text.lower())
        if preset is None:
            raise _unknown_preset(expression)
        return preset.split()
    fields = text.split()
    if len(fields) == 5 or (allow_seconds and len(fields) in {6, 7}):
        return fields
    if len(fields) in {6, 7}:
        raise InvalidCronError(
            f"cron expression `{expression}` has {len(fields)} fields, and seconds are off",
            hint=f"Write five fields: `{' '.join(fields[:5])}`. The sixth would be seconds, the seventh a year; "
            "`[core] cron_seconds = true` allows them.",
        )
    raise InvalidCronError(
        f"cron expression `{expression}` has {len(fields)} field{'s' * (len(fields) != 1)} instead of five",
        hint="Write minute, hour, day of month, month, day of week: `30 6 * * MON-FRI`; "
        "or a preset such as `@daily`.",
    )


def _unknown_preset(expression: str) -> InvalidCronError:
    presets = (*PRESETS, *OTHER_PRESETS)
    from difflib import get_close_matches  # for what is wrong only

    close = get_close_matches(expression.lower(), presets, n=1, cutoff=0.6)
    known = ", ".join(f"`{preset}`" for preset in presets)
    suggestion = f"Did you mean `{close[0]}`? " if close else ""
    return InvalidCronError(
        f"there is no schedule preset `{expression}`", hint=f"{suggestion}The presets are {known}."
    )


def _never_fires(expression: str, texts: list[str]) -> InvalidCronError:
    where = f"day of month `{texts[2]}`, month `{texts[3]}`"
    if len(texts) > 6:
        where = f"{where}, year `{texts[6]}`"
    return InvalidCronError(
        f"cron expression `{expression}` never fires: no date has {where}",
        hint="February has at most 29 days, April, June, September and November have 30. "
        "Write `L` for the last day of a month.",
    )


def _year_mask(mask: int) -> int | None:
    """None when every year is allowed, which then includes those outside the field's bounds."""
    return None if mask == (1 << YEAR_LAST - YEAR_FIRST + 1) - 1 else mask


def _first(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _last(mask: int) -> int:
    return mask.bit_length() - 1


@lru_cache(maxsize=4800)
def _shape(year: int, month: int) -> int:
    """Number the shape of a month: `(days in the month - 28) * 7 + weekday of its first day`."""
    if month == 2:
        extra = int(year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
    else:
        extra = 2 if month in {4, 6, 9, 11} else 3
    return extra * 7 + date(year, month, 1).isoweekday() % 7


def _day_mask(days: DaySet, weekdays: WeekdaySet, extra: int, first: int) -> int:
    """The days that fire in a month of `28 + extra` days which begins on the weekday `first` (0 = Sunday)."""
    length = 28 + extra
    month = (1 << length + 1) - 2
    by_day = days.mask
    if days.has_last:
        by_day |= 1 << length
    if days.has_last_working:
        by_day |= 1 << _working_day(length, length, first)
    for day in range(1, 32):
        if days.nearest >> day & 1:
            by_day |= 1 << _working_day(min(day, length), length, first)
    by_weekday = 0
    for day in range(1, length + 1):
        weekday = (first + day - 1) % 7
        fires = weekdays.mask | weekdays.nth[(day - 1) // 7] | (weekdays.last if day + 7 > length else 0)
        by_weekday |= (fires >> weekday & 1) << day
    if days.is_any or weekdays.is_any:
        return by_day & by_weekday & month
    return (by_day | by_weekday) & month


def _working_day(day: int, length: int, first: int) -> int:
    """The day from Monday to Friday nearest to a day, without leaving the month."""
    match (first + day - 1) % 7:
        case 6:
            return day - 1 if day > 1 else day + 2
        case 0:
            return day + 1 if day < length else day - 2
    return day
