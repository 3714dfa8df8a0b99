"""The time zone example: its reading of the database and its picture, and the whole DAG by `windward dags test`."""

from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.zones import database, picture
from tests.examples.conftest import Home

ZONES = database.zones()
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def test_clocks_in_berlin_change_on_the_last_sundays_of_march_and_october() -> None:
    assert database.changes_of("Europe/Berlin", start=START, end=END) == [
        database.Change("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC), 3600, 7200),
        database.Change("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC), 7200, 3600),
    ]


@given(st.sampled_from([zone.name for zone in ZONES]), st.integers(2000, 2030))
def test_a_change_is_told_to_the_second(zone: str, year: int) -> None:
    start = datetime(year, 1, 1, tzinfo=UTC)
    for change in database.changes_of(zone, start=start, end=start + timedelta(days=365)):
        before = (change.at - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).utcoffset()
        after = change.at.astimezone(ZoneInfo(zone)).utcoffset()
        assert before == timedelta(seconds=change.before_s)
        assert after == timedelta(seconds=change.after_s) != before


@given(
    st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
)
def test_two_times_side_by_side_hold_the_changes_of_both(zone: str, middle: datetime) -> None:
    middle = middle.replace(microsecond=0)
    halves = [
        *database.changes_of(zone, start=START, end=middle),
        *database.changes_of(zone, start=middle, end=END),
    ]

    assert halves == database.changes_of(zone, start=START, end=END)


def test_a_change_at_the_very_start_counts_and_one_at_the_end_does_not() -> None:
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    day = timedelta(days=1)

    assert len(database.changes_of("Europe/Berlin", start=change, end=change + day)) == 1
    assert database.changes_of("Europe/Berlin", start=change - day, end=change) == []


def test_the_table_places_greenwich_and_auckland() -> None:
    places = {zone.name: zone for zone in ZONES}

    assert places["Europe/London"].region == "Europe"
    assert places["Europe/London"].latitude == pytest.approx(51.508, abs=0.01)
    assert places["Pacific/Auckland"].latitude == pytest.approx(-36.87, abs=0.01)
    assert places["Pacific/Auckland"].longitude == pytest.approx(174.77, abs=0.01)


def test_the_picture_shows_each_zone_and_each_day_of_changes() -> None:
    places = [
        database.Zone("Europe/A", 50, 10),
        database.Zone("Europe/B", 52, 12),
        database.Zone("Asia/C", 30, 80),
    ]
    at = datetime(2026, 3, 29, 1, tzinfo=UTC)
    changes = [database.Change(f"Europe/{name}", at, 3600, 7200) for name in "AB"]

    svg = ET.fromstring(picture.draw(places, changes, start=date(2026, 1, 1), end=date(2027, 1, 1)))

    titles = [found.text for found in svg.iter(f"{SVG}title")][1:]
    assert titles == [
        "Asia/C: no change",
        "Europe/A: +60 min on 2026-03-29 01:00 UTC",
        "Europe/B: +60 min on 2026-03-29 01:00 UTC",
        "Europe, 29 March 2026: 2 zones forward",
    ]


def test_a_year_without_changes_has_a_picture_too() -> None:
    svg = ET.fromstring(picture.draw(ZONES, [], start=date(2026, 1, 1), end=date(2027, 1, 1)))

    assert "0 of" in " ".join(found.text or "" for found in svg.iter(f"{SVG}text"))


def test_a_run_loads_what_the_database_says_and_a_second_one_changes_nothing(home: Home) -> None:
    home.test("zone_changes.py", "2026-01-01")

    start, end = START, START + timedelta(days=365)
    expected = {
        (change.zone, zone.region, change.at.isoformat(), change.before_s, change.after_s)
        for zone in ZONES
        for change in database.changes_of(zone.name, start=start, end=end)
    }
    query = "SELECT zone, region, at, before_s, after_s FROM zone_changes WHERE ds = '2026-01-01'"
    assert set(home.rows(query)) == expected
    made = {file.name: file.read_bytes() for file in home.output.glob("zone-changes-*")}
    assert sorted(made) == ["zone-changes-2026-01-01.svg", "zone-changes-2026-01-01.txt"]
    ET.fromstring(made["zone-changes-2026-01-01.svg"])

    home.test("zone_changes.py", "2026-01-01")

    assert len(home.rows(query)) == len(expected)
    assert {file.name: file.read_bytes() for file in home.output.glob("zone-changes-*")} == made
