"""Which run comes next: Airflow's recorded answers, and the rules by name."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from windward.errors import UserError
from windward.timetable import (
    DataInterval,
    Restriction,
    RunSlot,
    Schedule,
    ScheduleKind,
    cron_data_interval,
    cron_trigger,
    delta_data_interval,
    delta_trigger,
    events,
    from_author,
    manual_interval,
    multiple_cron_trigger,
    next_slot,
    previous_slot,
    slots_between,
)

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 5, 15, 12, 30, tzinfo=UTC)
FREE = Restriction(earliest=None, latest=None, catchup=False)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def when(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def distance(data: Any) -> timedelta | relativedelta:
    return relativedelta(**data) if isinstance(data, dict) else timedelta(seconds=data)


def build(spec: dict[str, Any]) -> Schedule:
    immediately = spec.get("run_immediately", False)
    more: dict[str, Any] = {
        "timezone": spec.get("zone"),
        "interval": distance(spec.get("interval", 0)),
        "run_immediately": timedelta(seconds=immediately) if isinstance(immediately, float) else immediately,
    }
    match spec["kind"]:
        case "once" | "continuous" as name:
            return from_author(f"@{name}", timezone="UTC", semantics="airflow3")
        case "events":
            return events(map(datetime.fromisoformat, spec["events"]), restrict_to_events=spec["restrict"])
        case "cron_interval":
            return cron_data_interval(spec["cron"], timezone=spec["zone"])
        case "delta_interval":
            return delta_data_interval(distance(spec["delta"]))
        case "delta_trigger":
            return delta_trigger(distance(spec["delta"]), interval=distance(spec["interval"]))
        case "multiple_cron":
            return multiple_cron_trigger(*spec["crons"], **more)
    return cron_trigger(spec["cron"], **more)


def is_deliberately_different(spec: dict[str, Any], case: dict[str, Any]) -> bool:
    """The places where we leave Airflow's answers, each for a reason.

    - Without start date and runs, `run_immediately=False` waits for the next tick, as Airflow documents. Airflow 3.1
      takes False for None, and starts a tick that is up to a tenth of the distance old.
    - Between a skipped wall-clock time and the instant it is moved to, Airflow takes the coming tick for the previous
      one: asked at 03:15 on the day New York skips 02:30, it names the tick of 03:30 as past.
    """
    waits = spec.get("run_immediately", False) is False and spec["kind"] in {"cron_trigger", "multiple_cron"}
    in_gap = {"America/New_York": "2024-03-10T07:15:00+00:00", "Europe/Berlin": "2024-03-31T01:10:00+00:00"}
    skipped = spec.get("cron") == "30 2 * * *" and in_gap.get(spec["zone"]) == case["now"]
    return (waits and case["earliest"] is None) or skipped


def answers(schedule: Schedule, case: dict[str, Any]) -> list[list[datetime] | None]:
    now = datetime.fromisoformat(case["now"])
    restriction = Restriction(when(case["earliest"]), when(case["latest"]), case["catchup"])
    found: list[list[datetime] | None] = []
    slot = None
    for _ in range(3):
        slot = next_slot(schedule, last=slot, restriction=restriction, now=now)
        if slot is None:
            found.append(None)
            break
        assert slot.logical_date == slot.data_interval.start
        found.append([slot.run_after, slot.data_interval.start, slot.data_interval.end])
        if slot.run_after > now:
            break
    return found


def recorded(version: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = json.loads((GOLDEN / f"airflow-{version}.json").read_text())["groups"]
    return groups


@pytest.mark.parametrize("version", ["2.11", "3.1"])
def test_slots_and_manual_intervals_are_those_recorded_from_airflow(version: str) -> None:
    compared = different = 0
    for group in recorded(version):
        schedule = build(group["spec"])
        for case in group["cases"]:
            if is_deliberately_different(group["spec"], case):
                different += 1
                continue
            theirs = [slot and [datetime.fromisoformat(text) for text in slot] for slot in case["slots"]]
            assert answers(schedule, case) == theirs, (group["spec"], case)
            manual = manual_interval(schedule, datetime.fromisoformat(case["now"]))
            assert [manual.start, manual.end] == [datetime.fromisoformat(text) for text in case["manual"]], (
                case
            )
            compared += 1
    assert compared > 400
    assert different < compared / 5


def test_a_daily_interval_runs_at_its_end_and_only_the_latest_without_catchup() -> None:
    daily = cron_data_interval("@daily", timezone="UTC")
    slot = next_slot(
        daily, last=None, restriction=Restriction(at("2026-01-01"), None, catchup=False), now=NOW
    )
    interval = DataInterval(at("2026-05-14"), at("2026-05-15"))
    assert slot == RunSlot(run_after=interval.end, logical_date=interval.start, data_interval=interval)


def test_with_catchup_every_slot_from_the_start_date_to_the_end_date_comes() -> None:
    restriction = Restriction(at("2026-05-01"), at("2026-05-03"), catchup=True)
    logical, run_after = [], []
    for schedule in (cron_data_interval("@daily", timezone="UTC"), cron_trigger("@daily", timezone="UTC")):
        slot = next_slot(schedule, last=None, restriction=restriction, now=NOW)
        while slot is not None:
            logical.append(slot.logical_date.day)
            run_after.append(slot.run_after.day)
            slot = next_slot(schedule, last=slot, restriction=restriction, now=NOW)
    assert logical == [1, 2, 3, 1, 2, 3]
    assert run_after == [2, 3, 4, 1, 2, 3]


def test_a_trigger_interval_ends_at_its_tick_and_gives_the_logical_date() -> None:
    schedule = cron_trigger("0 6 * * *", timezone="UTC", interval=timedelta(hours=2))
    slot = next_slot(
        schedule, last=None, restriction=Restriction(at("2026-05-15"), None, catchup=True), now=NOW
    )
    assert slot is not None
    assert slot.run_after == slot.data_interval.end == at("2026-05-15T06:00")
    assert slot.logical_date == slot.data_interval.start == at("2026-05-15T04:00")


@pytest.mark.parametrize(
    ("run_immediately", "first"),
    [
        (False, "2026-05-16T00:00"),
        (True, "2026-05-15T00:00"),
        (timedelta(hours=13), "2026-05-15T00:00"),
        (timedelta(hours=12), "2026-05-16T00:00"),
        (timedelta.max, "2026-05-15T00:00"),
        (None, "2026-05-16T00:00"),  # 12:30 is more than a tenth of a day
    ],
)
def test_run_immediately_chooses_the_first_tick(run_immediately: bool | timedelta | None, first: str) -> None:
    schedule = cron_trigger("@daily", timezone="UTC", run_immediately=run_immediately)
    slot = next_slot(schedule, last=None, restriction=FREE, now=NOW)
    assert slot is not None
    assert slot.run_after == at(first)


def test_by_default_patience_is_a_tenth_of_the_distance_and_at_least_five_minutes() -> None:
    daily = cron_trigger("@daily", timezone="UTC", run_immediately=None)
    often = cron_trigger("*/10 * * * *", timezone="UTC", run_immediately=None)
    assert _first(daily, at("2026-05-15T02:24")) == at("2026-05-15")
    assert _first(daily, at("2026-05-15T02:25")) == at("2026-05-16")
    assert _first(often, at("2026-05-15T02:25")) == at("2026-05-15T02:20")
    assert _first(often, at("2026-05-15T02:26")) == at("2026-05-15T02:30")


def _first(schedule: Schedule, now: datetime) -> datetime | None:
    slot = next_slot(schedule, last=None, restriction=FREE, now=now)
    return None if slot is None else slot.run_after


def test_a_changed_schedule_continues_on_its_own_ticks() -> None:
    last = DataInterval(at("2026-05-14T03:00"), at("2026-05-15T03:00"))
    daily = cron_data_interval("@daily", timezone="UTC")
    restriction = Restriction(at("2026-01-01"), None, catchup=True)
    slot = next_slot(daily, last=last, restriction=restriction, now=NOW)
    assert slot is not None
    assert slot.data_interval == DataInterval(at("2026-05-15"), at("2026-05-16"))


def test_a_schedule_without_runs_left_says_so() -> None:
    ended = cron_trigger("0 0 1 1 * 0 2025", timezone="UTC", allow_seconds=True)
    assert next_slot(ended, last=None, restriction=Restriction(NOW, None, catchup=False), now=NOW) is None
    past = events([at("2026-01-01")])
    assert next_slot(past, last=None, restriction=FREE, now=NOW) is None
    assert (
        next_slot(
            from_author(None, timezone="UTC", semantics="airflow2"), last=None, restriction=FREE, now=NOW
        )
        is None
    )


def test_once_is_once_and_waits_for_nothing_but_its_start() -> None:
    once = from_author("@once", timezone="UTC", semantics="airflow3")
    first = next_slot(once, last=None, restriction=FREE, now=NOW)
    assert first is not None
    assert first.run_after == NOW
    assert next_slot(once, last=first, restriction=FREE, now=NOW) is None


@pytest.mark.parametrize(
    "schedule",
    [
        cron_data_interval("0 */6 * * *", timezone="America/New_York"),
        cron_trigger("30 2 * * *", timezone="America/New_York", interval=timedelta(days=1)),
        multiple_cron_trigger("0 9 * * *", "30 2 * * SUN", timezone="Europe/Berlin"),
        delta_data_interval(timedelta(hours=7)),
        delta_trigger(relativedelta(days=3)),
        events([at("2024-03-09"), at("2024-03-10"), at("2024-11-03")]),
    ],
    ids=lambda schedule: type(schedule).__name__,
)
@settings(max_examples=25, deadline=None)
@given(start=st.datetimes(datetime(2024, 3, 1), datetime(2024, 4, 1), timezones=st.just(UTC)))
def test_a_range_is_filled_in_order_within_its_ends_and_can_be_walked_back(
    schedule: Schedule, start: datetime
) -> None:
    end = start + timedelta(days=30)
    slots = list(slots_between(schedule, start=start, end=end))
    for earlier, later in pairwise(slots):
        assert earlier.run_after < later.run_after
        assert previous_slot(schedule, later) == earlier
    kind = getattr(schedule, "kind", ScheduleKind.TRIGGER)
    for slot in slots:
        belongs = slot.logical_date if kind is ScheduleKind.DATA_INTERVAL else slot.run_after
        assert start <= belongs <= end


@pytest.mark.parametrize("preset", [None, "@once", "@continuous"])
def test_a_schedule_without_ticks_cannot_be_backfilled(preset: str | None) -> None:
    schedule = from_author(preset, timezone="UTC", semantics="airflow3")
    with pytest.raises(UserError, match="no dates to fill"):
        slots_between(schedule, start=NOW, end=NOW)


def test_a_distance_that_stands_still_is_an_error_and_not_an_endless_range() -> None:
    schedule = delta_data_interval(relativedelta(day=20))
    with pytest.raises(UserError, match="does not lead forward"):
        list(islice(slots_between(schedule, start=NOW, end=NOW + timedelta(days=90)), 100))


def test_a_month_is_a_month_and_offsets_of_input_do_not_matter() -> None:
    monthly = delta_data_interval(relativedelta(months=1))
    assert manual_interval(monthly, at("2026-03-31")) == DataInterval(at("2026-02-28"), at("2026-03-31"))
    plus_two = NOW.astimezone(timezone(timedelta(hours=2)))
    daily = cron_data_interval("@daily", timezone="UTC")
    assert manual_interval(daily, plus_two) == manual_interval(daily, NOW)
