"""What clock changes do to cron jobs: the required table, the laws, and cronsim as oracle outside the gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from windward.errors import UserError
from windward.timetable import next_instant, parse_cron, previous_instant, zone_name, zone_named

ZONES = ("America/New_York", "Australia/Lord_Howe", "Europe/Berlin", "Asia/Kathmandu", "UTC")
SPRING = datetime(2024, 3, 10, 5, 30, tzinfo=UTC)
AUTUMN = datetime(2024, 11, 3, 4, 30, tzinfo=UTC)


def ticks(expression: str, zone: str, *, start: datetime, end: datetime) -> list[datetime]:
    cron, found = parse_cron(expression), []
    tick = next_instant(cron, zone_named(zone), start)
    while tick is not None and tick < end:
        found.append(tick)
        tick = next_instant(cron, zone_named(zone), tick)
    return found


@pytest.mark.parametrize(
    ("expression", "start", "expected"),
    [
        ("30 2 * * *", SPRING, ["07:30"]),
        ("0 * * * *", SPRING, ["06:00", "07:00", "08:00", "09:00"]),
        ("0 2,3 * * *", SPRING, ["07:00"]),
        ("30 1 * * *", AUTUMN, ["05:30"]),
        ("0 * * * *", AUTUMN, ["05:00", "06:00", "07:00", "08:00"]),
        ("*/30 * * * *", AUTUMN, ["05:00", "05:30", "06:00", "06:30", "07:00", "07:30", "08:00", "08:30"]),
        ("0 */2 * * *", AUTUMN, ["07:00"]),
    ],
)
def test_new_york_changes_its_clock(expression: str, start: datetime, expected: list[str]) -> None:
    found = ticks(expression, "America/New_York", start=start, end=start + timedelta(hours=4, minutes=20))
    assert [tick.strftime("%H:%M") for tick in found] == expected


def test_ticks_of_a_short_gap_keep_their_order_among_those_after_it() -> None:
    start = datetime(2024, 10, 5, 14, 55, tzinfo=UTC)  # Lord Howe goes from 02:00 to 02:30 at 15:30Z
    found = ticks("10,30,45 2 * * *", "Australia/Lord_Howe", start=start, end=start + timedelta(hours=3))
    assert [tick.strftime("%H:%M") for tick in found] == ["15:30", "15:40", "15:45"]


def test_a_moved_tick_is_the_last_one_also_when_asked_weeks_later() -> None:
    cron, zone = parse_cron("10,30 2 6 10 *"), zone_named("Australia/Lord_Howe")
    last = previous_instant(cron, zone, datetime(2024, 11, 20, tzinfo=UTC))
    assert last == datetime(2024, 10, 5, 15, 40, tzinfo=UTC)  # 02:10 was skipped and moved behind 02:30
    assert previous_instant(cron, zone, last) == datetime(2024, 10, 5, 15, 30, tzinfo=UTC)


def test_a_skipped_day_is_moved_by_a_day() -> None:
    before = datetime(2011, 12, 29, 12, tzinfo=UTC)  # Samoa had no 30 December 2011
    found = ticks("0 12 30 12 *", "Pacific/Apia", start=before, end=before + timedelta(days=3))
    assert found == [datetime(2011, 12, 30, 22, tzinfo=UTC)]


EXPRESSIONS = (
    "0 * * * *",
    "17,45 * * * *",
    "30 2 * * *",
    "15 */3 * * *",
    "0,20,40 1-3 * * *",
    "0 0 * * *",
    "*/10 * * * SUN",
)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_over_a_year_no_tick_is_lost_and_no_instant_comes_twice(expression: str, zone: str) -> None:
    start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
    found = ticks(expression, zone, start=start, end=end)
    cron, tz = parse_cron(expression), zone_named(zone)

    assert all(earlier < later for earlier, later in pairwise(found))
    for earlier, later in pairwise(found):
        assert previous_instant(cron, tz, later) == earlier

    expected = set()
    wall = cron.next_wall(datetime(2023, 12, 30))
    while wall is not None and wall < datetime(
        2025, 1, 3
    ):  # every wall-clock tick, by the standard library alone
        expected.add(wall.replace(tzinfo=tz).astimezone(UTC))
        if cron.is_every_hour:
            again = wall.replace(tzinfo=tz, fold=1)
            if again.astimezone(UTC).astimezone(tz).replace(tzinfo=None) == wall:  # not in a gap
                expected.add(again.astimezone(UTC))
        wall = cron.next_wall(wall)
    assert found == sorted(tick for tick in expected if start < tick < end)


@pytest.mark.parametrize("zone", ZONES)
def test_a_job_of_every_hour_never_waits_longer_than_the_wall_clock_says(zone: str) -> None:
    found = ticks(
        "0 * * * *", zone, start=datetime(2024, 1, 1, tzinfo=UTC), end=datetime(2025, 1, 1, tzinfo=UTC)
    )
    longest = timedelta(minutes=90 if zone == "Australia/Lord_Howe" else 60)
    assert max(later - earlier for earlier, later in pairwise(found)) == longest


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES[:3]),
    minute=st.sampled_from(["0", "30", "5,35", "17"]),
    hour=st.sampled_from(["*", "1", "2", "0-5", "1,13", "22"]),
    start=st.datetimes(datetime(2024, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)),
)
def test_outside_gaps_instants_are_those_of_cronsim(
    zone: str, minute: str, hour: str, start: datetime
) -> None:
    expression, tz = f"{minute} {hour} * * *", zone_named(zone)
    cron, oracle, tick = parse_cron(expression), CronSim(expression, start.astimezone(tz)), start
    for _ in range(4):
        following = next_instant(cron, tz, tick)
        assert following is not None
        if _crosses_a_gap(tick - timedelta(hours=3), following + timedelta(hours=3), zone):
            return
        assert following == next(oracle).astimezone(UTC)
        tick = following


def _crosses_a_gap(start: datetime, end: datetime, zone: str) -> bool:
    tz = zone_named(zone)
    hours = int((end - start) / timedelta(hours=1)) + 1
    offsets = [(start + timedelta(hours=hour)).astimezone(tz).utcoffset() for hour in range(hours + 1)]
    return any(
        later > earlier for earlier, later in pairwise(offsets) if earlier is not None and later is not None
    )


@settings(max_examples=200, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    expression=st.sampled_from([*EXPRESSIONS, "* * * * *", "10,30 2 * * *", "30 2 29 2 *"]),
    offset=st.integers(-90_000, 90_000),
    change=st.sampled_from(
        [SPRING, AUTUMN, datetime(2024, 4, 6, 15, tzinfo=UTC), datetime(2024, 10, 5, 15, 30, tzinfo=UTC)]
    ),
)
def test_next_and_previous_agree_around_every_instant(
    zone: str, expression: str, offset: int, change: datetime
) -> None:
    cron, tz, at = parse_cron(expression), zone_named(zone), change + timedelta(seconds=offset)
    following, before = next_instant(cron, tz, at), previous_instant(cron, tz, at)
    assert following is not None
    assert before is not None
    assert before < at < following
    between = next_instant(cron, tz, before)
    assert between in {at, following}
    assert previous_instant(cron, tz, following) == (at if between == at else before)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "+05:30", "-03:00"])
def test_a_zone_survives_its_name(name: str) -> None:
    assert zone_name(zone_named(name)) == name


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("Europe/Berlim", "`Europe/Berlin`"), ("berlin", "`Europe/Berlin`"), ("+25:00", "IANA")],
)
def test_an_unknown_zone_gets_a_suggestion(name: str, suggestion: str) -> None:
    with pytest.raises(UserError) as caught:
        zone_named(name)
    assert f"`{name}`" in caught.value.message
    assert suggestion in caught.value.hint
