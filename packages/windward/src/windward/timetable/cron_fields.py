"""The fields of a cron expression: text in, bit masks out.

What lives here: the grammar of one field (names, ranges, steps, lists, `L`, `W`, `#`) and its messages.
What may not: how fields combine to days and ticks (`cron`), time zones (`instants`).

A mask has bit `n` set when the field allows the value `n`; Sunday is 0; a year counts from `YEAR_FIRST`.
The grammar is the one of croniter, which Airflow's DAG files are written for, and a few spellings more
(`5L`, `LW`, `5-6#2`, lists that mix weekdays with `#`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from windward.errors import InvalidCronError

YEAR_FIRST = 1970
YEAR_LAST = 2099

MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

WHOLE_MONTH = (1 << 32) - 2
WHOLE_WEEK = (1 << 7) - 1

_RANGE = re.compile(r"(\*|[A-Z0-9]+)(?:-([A-Z0-9]+))?(?:/([0-9]+))?", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_NEAREST = re.compile(r"([0-9]+)W|W([0-9]+)", re.ASCII)
_LAST_WEEKDAY = re.compile(r"([0-9]+|[A-Z]{3})L|L([0-9]+|[A-Z]{3})", re.ASCII)


class FieldName(StrEnum):
    """The fields of a cron expression, by the words used in messages."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day of month"
    MONTH = "month"
    WEEKDAY = "day of week"
    SECOND = "second"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What one field allows: its bounds (inclusive), its names, and both in a sentence."""

    name: FieldName
    low: int
    high: int
    allowed: str
    names: dict[str, int]


_DAY_FORMS = "`L` (last day), `LW` (last working day), `15W` (working day nearest to the 15th)"
_WEEKDAY_FORMS = "`5#2` (second Friday), `L5` (last Friday)"

FIELD_RULES = (
    FieldRule(FieldName.MINUTE, 0, 59, "0 to 59", {}),
    FieldRule(FieldName.HOUR, 0, 23, "0 to 23", {}),
    FieldRule(FieldName.DAY, 1, 31, f"1 to 31, {_DAY_FORMS}", {}),
    FieldRule(FieldName.MONTH, 1, 12, "1 to 12 or JAN to DEC", {n: i + 1 for i, n in enumerate(MONTH_NAMES)}),
    FieldRule(
        FieldName.WEEKDAY,
        0,
        6,
        f"0 to 7 (0 and 7 are Sunday) or SUN to SAT, {_WEEKDAY_FORMS}",
        {n: i for i, n in enumerate(WEEKDAY_NAMES)},
    ),
    FieldRule(FieldName.SECOND, 0, 59, "0 to 59", {}),
    FieldRule(FieldName.YEAR, YEAR_FIRST, YEAR_LAST, f"{YEAR_FIRST} to {YEAR_LAST}", {}),
)
"""The rules of the fields in the order in which they are written: seconds and years come last."""


@dataclass(frozen=True, slots=True)
class DaySet:
    """The days of a month: by number, and by rules that depend on the month.

    `is_any`, here and in `WeekdaySet`: a bare `*` or `?` says that this field leaves the days to the other.
    """

    mask: int
    is_any: bool = False
    nearest: int = 0
    """Mask of days whose nearest working day (Monday to Friday, same month) is meant: `15W`."""
    has_last: bool = False
    has_last_working: bool = False


@dataclass(frozen=True, slots=True)
class WeekdaySet:
    """The days of a week: every week, or in some weeks of the month."""

    mask: int
    is_any: bool = False
    nth: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    """Masks of weekdays for the first to the fifth of their kind in the month: `5#2`."""
    last: int = 0
    """Mask of weekdays of which the last in the month is meant: `L5`."""


@dataclass(frozen=True, slots=True)
class FieldText:
    """One field as written, with what a message about it needs."""

    rule: FieldRule
    text: str
    expression: str

    def error(self, item: str, problem: str, *, hint: str | None = None) -> InvalidCronError:
        """The error about one item of this field, naming the field and what it allows."""
        where = f"cron expression `{self.expression}`: {self.rule.name} `{item}`"
        allowed = f"The {self.rule.name} takes {self.rule.allowed}; also `*`, lists, ranges and steps."
        return InvalidCronError(f"{where} {problem}", hint=hint or allowed)

    def items(self) -> list[str]:
        """Split the list into its items."""
        items = self.text.upper().split(",")
        if "" in items:
            raise self.error(self.text, "has an empty item between commas")
        return items


def parse_field(field: FieldText) -> int:
    """Parse a field without special forms (minute, hour, month, second or year) to its mask."""
    return _mask_of(field, field.items())


def parse_days(field: FieldText) -> DaySet:
    """Parse the day of month."""
    if field.text == "?":
        return DaySet(_whole(field.rule), is_any=True)
    items = field.items()
    plain = [item for item in items if item not in {"L", "LW"} and not _NEAREST.fullmatch(item)]
    nearest = [item for item in items if _NEAREST.fullmatch(item)]
    if nearest and len(items) > 1:
        raise field.error(nearest[0], "stands in a list", hint="`W` is for a single day, such as `15W`.")
    return DaySet(
        _mask_of(field, [item.removesuffix("-L") + "-31" if item.endswith("-L") else item for item in plain]),
        is_any="*" in plain,
        nearest=sum(1 << _value(field, item, item.strip("W")) for item in nearest),
        has_last="L" in items,
        has_last_working="LW" in items,
    )


def parse_weekdays(field: FieldText) -> WeekdaySet:
    """Parse the day of week."""
    if field.text == "?":
        return WeekdaySet(_whole(field.rule), is_any=True)
    items = field.items()
    plain, nth, last = [], [0, 0, 0, 0, 0], 0
    for item in items:
        if "#" in item:
            days, _, ordinal = item.partition("#")
            if ordinal not in {"1", "2", "3", "4", "5"} or days == "*":
                raise field.error(
                    item,
                    "is not a weekday of a week",
                    hint="Write the weekday, `#` and 1 to 5: `FRI#2` or `5#2` is the second Friday of the month.",
                )
            nth[int(ordinal) - 1] |= _item_mask(field, item, days)
        elif match := _LAST_WEEKDAY.fullmatch(item):
            last |= 1 << _value(field, item, match[1] or match[2])
        else:
            plain.append(item)
    return WeekdaySet(
        _mask_of(field, plain), is_any="*" in plain, nth=(nth[0], nth[1], nth[2], nth[3], nth[4]), last=last
    )


def _whole(rule: FieldRule) -> int:
    return _span(rule, rule.low, rule.high, 1)


def _base(rule: FieldRule) -> int:
    return YEAR_FIRST if rule.name is FieldName.YEAR else 0


def _span(rule: FieldRule, low: int, high: int, step: int) -> int:
    base = _base(rule)
    return sum(1 << value - base for value in range(low, high + 1, step))


def _mask_of(field: FieldText, items: list[str]) -> int:
    mask = 0
    for item in items:
        mask |= _item_mask(field, item, item)
    return mask


def _item_mask(field: FieldText, item: str, text: str) -> int:
    """The mask of one value, range or step; `item` is what a message quotes."""
    rule = field.rule
    match = _RANGE.fullmatch(text)
    if match is None or (match[1] == "*" and match[2]):
        raise _unreadable(field, item, text)
    step = int(match[3]) if match[3] else 1
    if step == 0:
        raise field.error(item, "has a step of 0", hint="A step is 1 or more: `*/5` is every fifth value.")
    if match[1] == "*":
        return _span(rule, rule.low, rule.high, step)
    low = _value(field, item, match[1])
    if match[2]:
        high = _value(field, item, match[2])
        if low == high:  # croniter: a range from a value to itself is the whole cycle
            return _span(rule, rule.low, rule.high, step)
        return _span(rule, low, high, step) if low < high else _wrapped(rule, low, high, step)
    if match[3]:
        return _span(rule, low, rule.high, step)
    return 1 << low - _base(rule)


def _wrapped(rule: FieldRule, low: int, high: int, step: int) -> int:
    """A range over the end of its cycle, such as 22-2.

    With a step that does not meet the end exactly, croniter starts the second part one value later than
    counting on would (22-2/3 is 22 and 2, not 22 and 1). Schedules in use rely on it, so we do the same.
    """
    first = range(low, rule.high + 1, step)
    left = rule.high - first[-1]
    skip = step - left if left + 1 < step else 0
    return _span(rule, low, rule.high, step) | _span(rule, rule.low + skip, high, step)


def _value(field: FieldText, item: str, text: str) -> int:
    rule = field.rule
    if text in rule.names:
        return rule.names[text]
    if not _NUMBER.fullmatch(text):
        raise _unreadable(field, item, text)
    value = int(text)
    if rule.name is FieldName.WEEKDAY and value == 7:
        return 0
    if not rule.low <= value <= rule.high:
        raise field.error(item, "is out of range")
    return value


def _unreadable(field: FieldText, item: str, text: str) -> InvalidCronError:
    if item == "?" or "?" in item:
        return field.error(
            item,
            "cannot be `?`",
            hint="`?` stands alone, in the day of month or the day of week only. Write `*` for every value.",
        )
    if item.startswith("-"):
        return field.error(item, "is negative")
    word = re.split(r"[-/#]", text)[0]
    from difflib import get_close_matches  # for what is wrong only

    close = get_close_matches(word[:3], field.rule.names, n=1, cutoff=0.6) if word.isalpha() else []
    if close:
        return field.error(item, "is not a name of this field", hint=f"Did you mean `{close[0]}`?")
    return field.error(item, "cannot be read")
