"""Cron expressions on the wall clock, with croniter as the oracle of the grammar and of the ticks."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from croniter import CroniterBadCronError, CroniterBadDateError, croniter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from windward.errors import InvalidCronError
from windward.timetable import PRESETS, parse_cron

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MOMENTS = st.datetimes(min_value=datetime(1999, 1, 1), max_value=datetime(2031, 1, 1))


def values(low: int, high: int, names: list[str], first: int) -> st.SearchStrategy[str]:
    numbers = st.integers(low, high).map(str)
    return numbers | st.sampled_from(names + [name.lower() for name in names]) if names else numbers


def items(low: int, high: int, names: list[str] | None = None) -> st.SearchStrategy[str]:
    value = values(low, high, names or [], low)
    step = st.integers(1, high + 2).map(lambda n: f"/{n}")
    bounds = st.tuples(value, value).map("-".join)
    return st.one_of(
        value, value, bounds, st.tuples(value, step).map("".join), st.tuples(bounds, step).map("".join)
    )


def lists(item: st.SearchStrategy[str], high: int) -> st.SearchStrategy[str]:
    stars = st.integers(1, high).map(lambda n: f"*/{n}")
    return st.one_of(st.just("*"), stars, st.lists(item, min_size=1, max_size=3).map(",".join))


NTH = st.tuples(st.sampled_from([*WEEKDAYS, *"01234567"]), st.integers(1, 5)).map(
    lambda pair: f"{pair[0]}#{pair[1]}"
)
DAYS = st.one_of(lists(items(1, 31), 31), st.sampled_from(["L", "15,L", "20-L", "?"]))
SINGLE_DAY = st.integers(1, 31).map(lambda day: f"{day}W") | st.integers(1, 31).map(lambda day: f"w{day}")
WEEKS = st.one_of(lists(items(0, 7, WEEKDAYS), 7), st.just("?"))
SPECIAL_WEEKS = st.one_of(
    NTH, st.tuples(NTH, NTH).map(",".join), st.integers(0, 7).map(lambda day: f"L{day}")
)
# croniter lets `#`, `L5` and `W` override the other day field. Ours joins them like any two day fields (see below),
# so that the oracle sees them only beside a `*`.
DAY_PAIRS = st.one_of(
    st.tuples(DAYS, WEEKS),
    st.tuples(DAYS, WEEKS),
    st.tuples(st.just("*"), SPECIAL_WEEKS),
    st.tuples(SINGLE_DAY, st.just("*")),
)


@st.composite
def expressions(draw: st.DrawFn) -> str:
    day, weekday = draw(DAY_PAIRS)
    minute, hour = draw(lists(items(0, 59), 59)), draw(lists(items(0, 23), 23))
    return f"{minute} {hour} {day} {draw(lists(items(1, 12, MONTHS), 12))} {weekday}"


@settings(max_examples=250, deadline=None)
@given(expression=expressions(), start=MOMENTS)
def test_ticks_are_those_of_croniter(expression: str, start: datetime) -> None:
    try:
        theirs = croniter(expression, start).get_next(datetime)
    except CroniterBadDateError:
        with pytest.raises(InvalidCronError, match="never fires"):
            parse_cron(expression)
        return
    assert parse_cron(expression).next_wall(start) == theirs


@settings(max_examples=150, deadline=None)
@given(expression=expressions(), second=lists(items(0, 59), 59), start=MOMENTS)
def test_seconds_come_sixth_as_in_croniter(expression: str, second: str, start: datetime) -> None:
    six = f"{expression} {second}"
    try:
        theirs = croniter(six, start).get_next(datetime)
    except CroniterBadDateError:
        assume(False)
    assert parse_cron(six, allow_seconds=True).next_wall(start) == theirs


@settings(max_examples=250, deadline=None)
@given(expression=expressions(), start=MOMENTS, count=st.integers(1, 4))
def test_previous_undoes_next_and_time_only_grows(expression: str, start: datetime, count: int) -> None:
    try:
        cron = parse_cron(expression)
    except InvalidCronError:
        assume(False)
    tick = cron.next_wall(start)
    assert tick is not None
    assert tick > start
    for _ in range(count):
        following = cron.next_wall(tick)
        assert following is not None
        assert following > tick
        assert cron.previous_wall(following) == tick
        assert cron.previous_wall(following - timedelta(microseconds=1)) == tick
        assert cron.previous_wall(following + timedelta(microseconds=1)) == following
        tick = following


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet="0123456789*/-,#?LWlwMONJAFRI ", min_size=1, max_size=24))
def test_what_croniter_refuses_is_refused(text: str) -> None:
    try:
        croniter(text)
    except CroniterBadCronError as error:
        # More is allowed here than there: weekdays beside `#`, ranges before it, and the spellings `LW` and `5L`.
        assume("does not support mixing" not in str(error) and "L" not in text.upper() and "-" not in text)
        with pytest.raises(InvalidCronError):
            parse_cron(text, allow_seconds=True)


@pytest.mark.parametrize(("preset", "expression"), PRESETS.items())
def test_a_preset_is_its_expression(preset: str, expression: str) -> None:
    start = datetime(2026, 2, 3, 4, 5, 6)
    assert parse_cron(preset).next_wall(start) == parse_cron(expression).next_wall(start)
    assert parse_cron(preset.upper()).next_wall(start) == parse_cron(expression).next_wall(start)


def days_of(expression: str, *, year: int, month: int) -> list[int]:
    cron, found = parse_cron(expression), []
    tick = cron.next_wall(datetime(year, month, 1) - timedelta(seconds=1))
    while tick is not None and (tick.year, tick.month) == (year, month):
        found.append(tick.day)
        tick = cron.next_wall(tick)
    return found


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ("L * *", [31]),
        ("LW * *", [29]),  # 31 May 2026 is a Sunday
        ("15W * *", [15]),
        ("2W * *", [1]),  # a Saturday: the Friday before
        ("31W * *", [29]),  # a Sunday at the end: the Friday before, within the month
        ("* * L5", [29]),
        ("* * 5L", [29]),
        ("* * FRIL", [29]),
        ("* * FRI#2", [8]),
        ("* * 5-6#2,L0", [8, 9, 31]),
        ("* * WED#5", []),
        ("* * MON,FRI#1", [1, 4, 11, 18, 25]),
        ("? * 7", [3, 10, 17, 24, 31]),
        ("1,2 * SUN", [1, 2, 3, 10, 17, 24, 31]),
        ("13 * FRI#2", [8, 13]),
        ("15W * L1", [15, 25]),
        ("*/10 * SUN", [1, 3, 10, 11, 17, 21, 24, 31]),  # croniter's "or", also beside a starred step
    ],
)
def test_day_rules_pick_these_days_of_may_2026(fields: str, days: list[int]) -> None:
    assert days_of(f"0 0 {fields}", year=2026, month=5) == days


def test_a_year_field_ends_the_schedule() -> None:
    cron = parse_cron("0 0 1 1 * 0 2027-2028", allow_seconds=True)
    first = cron.next_wall(datetime(1900, 1, 1))
    assert first == datetime(2027, 1, 1)
    assert cron.next_wall(datetime(2028, 1, 1)) is None
    assert cron.previous_wall(datetime(2027, 1, 1)) is None
    assert cron.previous_wall(datetime(2500, 1, 1)) == datetime(2028, 1, 1)


def test_a_leap_day_is_found_over_a_century_without_one() -> None:
    assert parse_cron("0 0 29 2 *").next_wall(datetime(2096, 3, 1)) == datetime(2104, 2, 29)
    assert parse_cron("0 0 29 2 *").previous_wall(datetime(2104, 2, 29)) == datetime(2096, 2, 29)


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("61 * * * *", "minute `61` is out of range", "0 to 59"),
        ("0 24 * * *", "hour `24` is out of range", "0 to 23"),
        ("0 0 0 * *", "day of month `0` is out of range", "1 to 31"),
        ("0 0 * FEBR *", "month `FEBR` is not a name", "`FEB`"),
        ("0 0 * * MONDAY", "day of week `MONDAY` is not a name", "`MON`"),
        ("0 0 * * FRI#6", "day of week `FRI#6` is not a weekday of a week", "1 to 5"),
        ("*/0 * * * *", "minute `*/0` has a step of 0", "every fifth"),
        ("0 0 1W,15 * *", "day of month `1W` stands in a list", "single day"),
        ("? * * * *", "minute `?` cannot be `?`", "`*`"),
        ("1,,2 * * * *", "minute `1,,2` has an empty item", "0 to 59"),
        ("-1 * * * *", "minute `-1` is negative", "0 to 59"),
        ("x * * * *", "minute `X` cannot be read", "0 to 59"),
        ("0 0 31 2 *", "never fires", "February"),
        ("0 0 30 FEB ?", "never fires", "29 days"),
        ("* * * * * 5", "has 6 fields, and seconds are off", "`* * * * *`"),
        ("* * *", "has 3 fields instead of five", "minute, hour, day of month, month, day of week"),
        ("", "has 0 fields", "preset"),
        ("@dayly", "no schedule preset `@dayly`", "Did you mean `@daily`?"),
        ("@reboot", "no schedule preset `@reboot`", "`@hourly`"),
        ("1," * 900 + "1 * * * *", "characters is too long", "1000"),
    ],
)
def test_a_bad_expression_is_told_which_field_and_what_is_allowed(
    expression: str, message: str, hint: str
) -> None:
    with pytest.raises(InvalidCronError) as caught:
        parse_cron(expression)
    assert message in caught.value.message
    assert hint in caught.value.hint
