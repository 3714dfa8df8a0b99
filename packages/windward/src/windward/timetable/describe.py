"""Schedules in plain English, for people who read a list of DAGs.

What lives here: words for the common shapes of cron expressions, and for every other schedule. What may not:
parsing. A shape without good words falls back to the expression: a wrong sentence is worse than none.
"""

from __future__ import annotations

import re
from typing import assert_never

from windward.timetable.conditions import describe_condition
from windward.timetable.cron import PRESETS, Cron, parse_cron
from windward.timetable.cron_fields import MONTH_NAMES, WEEKDAY_NAMES, WHOLE_WEEK, DaySet, WeekdaySet
from windward.timetable.delta import CalendarDelta, Delta
from windward.timetable.schedule import (
    AssetOrTimeSchedule,
    AssetSchedule,
    ContinuousSchedule,
    CronSchedule,
    CustomSchedule,
    DeltaSchedule,
    EventsSchedule,
    MultipleCronSchedule,
    NullSchedule,
    OnceSchedule,
    Schedule,
    ScheduleKind,
)

TIMES_MAX = 4
"""More times of a day than this are not listed: the expression reads better."""

_MONTHS = dict(
    zip(
        MONTH_NAMES,
        [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        strict=True,
    )
)
_WEEKDAYS = dict(
    zip(
        WEEKDAY_NAMES,
        ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
        strict=True,
    )
)
_WEEKDAY_WORDS = tuple(_WEEKDAYS.values())
_MONTH_WORDS = tuple(_MONTHS.values())
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_STEP = re.compile(r"(?:\*|0|0-59|0-23)/([0-9]+)", re.ASCII)
_WHOLE_MONTHS = (1 << 13) - 2
_WORKING_WEEK = 0b0111110


def describe(expression: str, zone: str, *, allow_seconds: bool = False) -> str:
    """Say when a cron expression fires: `every day at 06:30 (Europe/Berlin)`; or repeat the expression.

    Raises `InvalidCronError` for an expression that cannot be read.
    """
    cron = parse_cron(expression, allow_seconds=allow_seconds)
    fields = cron.expression.split()
    words = _sentence(cron, fields) if len(fields) == 5 else None
    return f"{words or cron.expression} ({zone})"


def describe_schedule(schedule: Schedule) -> str:
    """Say when the runs of a schedule come."""
    match schedule:
        case NullSchedule():
            return "only when triggered"
        case OnceSchedule():
            return "once, at the start date"
        case ContinuousSchedule():
            return "again as soon as the run before has ended"
        case CronSchedule():
            return describe(schedule.expression, schedule.timezone, allow_seconds=schedule.seconds)
        case MultipleCronSchedule():
            each = (
                describe(expression, schedule.timezone, allow_seconds=schedule.seconds)
                for expression in schedule.expressions
            )
            return "; ".join(each)
        case DeltaSchedule():
            return f"every {_delta_words(schedule.delta)}"
        case EventsSchedule():
            return schedule.description or _count(len(schedule.events), "listed date")
        case CustomSchedule():
            return schedule.description or f"as `{schedule.timetable}` says"
        case AssetSchedule(condition=condition):
            return f"when written: {describe_condition(condition)}"
        case AssetOrTimeSchedule():
            words = describe_condition(schedule.condition)
            return f"when written: {words}; and {describe_schedule(schedule.schedule)}"
    assert_never(schedule)


def summary(schedule: Schedule) -> str:
    """Return the short form that Airflow's lists show: the expression, with presets written out."""
    match schedule:
        case NullSchedule():
            return "None"
        case OnceSchedule():
            return "@once"
        case ContinuousSchedule():
            return "@continuous"
        case CronSchedule():
            return PRESETS.get(schedule.expression, schedule.expression)
        case MultipleCronSchedule():
            return ", ".join(PRESETS.get(expression, expression) for expression in schedule.expressions)
        case DeltaSchedule():
            return _delta_words(schedule.delta)
        case EventsSchedule():
            return schedule.description or _count(len(schedule.events), "event")
        case CustomSchedule():
            return schedule.summary or schedule.timetable.rpartition(".")[2]
        case AssetSchedule():
            return "Asset"
        case AssetOrTimeSchedule():
            return f"Asset or {summary(schedule.schedule)}"
    assert_never(schedule)


def timetable_type(schedule: Schedule) -> str:
    """Return the class that Airflow has for a schedule, with its module; people filter by it."""
    match schedule:
        case NullSchedule():
            return "airflow.timetables.simple.NullTimetable"
        case OnceSchedule():
            return "airflow.timetables.simple.OnceTimetable"
        case ContinuousSchedule():
            return "airflow.timetables.simple.ContinuousTimetable"
        case CronSchedule(kind=ScheduleKind.DATA_INTERVAL):
            return "airflow.timetables.interval.CronDataIntervalTimetable"
        case CronSchedule():
            return "airflow.timetables.trigger.CronTriggerTimetable"
        case MultipleCronSchedule():
            return "airflow.timetables.trigger.MultipleCronTriggerTimetable"
        case DeltaSchedule(kind=ScheduleKind.DATA_INTERVAL):
            return "airflow.timetables.interval.DeltaDataIntervalTimetable"
        case DeltaSchedule():
            return "airflow.timetables.trigger.DeltaTriggerTimetable"
        case EventsSchedule():
            return "airflow.timetables.events.EventsTimetable"
        case CustomSchedule():
            return schedule.timetable
        case AssetSchedule():
            return "airflow.timetables.simple.AssetTriggeredTimetable"
        case AssetOrTimeSchedule():
            return "airflow.timetables.assets.AssetOrTimeSchedule"
    assert_never(schedule)


def _sentence(cron: Cron, fields: list[str]) -> str | None:
    days = _day_words(cron.day_of_month, cron.day_of_week)
    months = "" if cron.months == _WHOLE_MONTHS else _list([_MONTH_WORDS[m - 1] for m in _bits(cron.months)])
    if days is None:
        return None
    by_month = f"in {months}" if months else ""
    minutes, hours = _bits(cron.minutes), _bits(cron.hours)
    times = [f"{hour:02}:{minute:02}" for hour in hours for minute in minutes] if len(minutes) < 60 else []
    if not cron.is_every_hour and 0 < len(times) <= TIMES_MAX:
        return _join(days or "every day", by_month, f"at {_list(times)}")
    beat = _beat(fields[0], fields[1], minutes)
    if beat is None:
        return None
    if not cron.is_every_hour and not _STEP.fullmatch(fields[1]):
        if hours != list(range(hours[0], hours[-1] + 1)):
            return None
        beat = f"{beat} from {hours[0]:02}:{minutes[0]:02} to {hours[-1]:02}:{minutes[-1]:02}"
    return _join(beat, days, by_month)


def _beat(minute_text: str, hour_text: str, minutes: list[int]) -> str | None:
    """Words for what happens within the hours: `every 15 minutes`, `every 2 hours at minute 5`."""
    step = _STEP.fullmatch(minute_text)
    hour_step = _STEP.fullmatch(hour_text)
    every_hour = "every hour"
    if hour_step and hour_step[1] != "1":
        if 24 % int(hour_step[1]) or len(minutes) > 1:
            return None
        every_hour = f"every {hour_step[1]} hours"
    if len(minutes) == 60:
        return "every minute"
    if step:
        return f"every {step[1]} minutes" if 60 % int(step[1]) == 0 and len(minutes) > 1 else None
    if minutes == [0]:
        return every_hour
    if len(minutes) > TIMES_MAX:
        return None
    return f"{every_hour} at minute{'s' * (len(minutes) > 1)} {_list([str(minute) for minute in minutes])}"


def _day_words(days: DaySet, weekdays: WeekdaySet) -> str | None:
    """Words for the days: empty for every day, None when there are none that are short and right."""
    by_day = None if days.is_any else _month_day_words(days)
    by_weekday = None if weekdays.is_any else _weekday_words(weekdays)
    if days.is_any and weekdays.is_any:
        return ""
    if weekdays.is_any:
        return by_day
    if days.is_any:
        return by_weekday
    return f"{by_day} or {by_weekday}" if by_day and by_weekday else None


def _month_day_words(days: DaySet) -> str | None:
    words = [f"day {day}" for day in _bits(days.mask)]
    words += [f"the working day nearest to day {day}" for day in _bits(days.nearest)]
    words += ["the last day"] if days.has_last else []
    words += ["the last working day"] if days.has_last_working else []
    return f"on {_list(words)} of the month" if len(words) <= TIMES_MAX else None


def _weekday_words(weekdays: WeekdaySet) -> str | None:
    if weekdays.mask == WHOLE_WEEK:
        return None
    if weekdays.mask == _WORKING_WEEK and not any(weekdays.nth) and not weekdays.last:
        return "Monday to Friday"
    # Monday first, as most people count a week.
    words = [_WEEKDAY_WORDS[day] for day in sorted(_bits(weekdays.mask), key=lambda day: (day - 1) % 7)]
    special = [
        f"the {_ORDINALS[index]} {_WEEKDAY_WORDS[day]}"
        for index, mask in enumerate(weekdays.nth)
        for day in _bits(mask)
    ]
    special += [f"the last {_WEEKDAY_WORDS[day]}" for day in _bits(weekdays.last)]
    if not special:
        return f"on {_list(words)}"
    return f"on {_list(special)} of the month" if not words and len(special) <= TIMES_MAX else None


def _delta_words(delta: Delta) -> str:
    if isinstance(delta, CalendarDelta):
        units = ("years", "months", "days", "hours", "minutes", "seconds", "microseconds")
        counted = [(getattr(delta, unit), unit.removesuffix("s")) for unit in units]
        fixed = ("year", "month", "day", "hour", "minute", "second")
        placed = [f"{unit} {value}" for unit in fixed if (value := getattr(delta, unit)) is not None]
        words = _list([_count(count, unit) for count, unit in counted if count])
        return f"{words}, at {_list(placed)}" if placed else words
    seconds, rest = divmod(round(delta * 1_000_000), 1_000_000)
    counted = []
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, length)
        counted.append((count, unit))
    counted.append((rest, "microsecond"))
    return _list([_count(count, unit) for count, unit in counted if count])


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)
