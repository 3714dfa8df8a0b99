"""Schedules as data: from what authors write, to JSON and back, to words and ids."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import msgspec
import pendulum
import pytest
from dateutil.relativedelta import MO, relativedelta
from hypothesis import given
from hypothesis import strategies as st

from windward.errors import InvalidCronError, UserError
from windward.timetable import (
    ContinuousSchedule,
    CronSchedule,
    DeltaSchedule,
    NullSchedule,
    OnceSchedule,
    Schedule,
    ScheduleKind,
    active_runs_limit,
    can_be_scheduled,
    cron_data_interval,
    cron_trigger,
    delta_of,
    delta_trigger,
    describe,
    describe_schedule,
    distance_of,
    events,
    from_author,
    is_periodic,
    multiple_cron_trigger,
    run_id_of,
    summary,
)

BERLIN = ZoneInfo("Europe/Berlin")
EVENT = datetime(2026, 1, 31, 9, tzinfo=BERLIN)
SCHEDULES: list[Schedule] = [
    NullSchedule(),
    OnceSchedule(),
    ContinuousSchedule(),
    cron_data_interval("@daily", timezone=BERLIN),
    cron_trigger(
        "0 6 * * *", timezone="UTC", interval=relativedelta(months=1), run_immediately=timedelta(hours=1)
    ),
    cron_trigger("0 6 * * * 30", timezone="+02:00", run_immediately=None, allow_seconds=True),
    multiple_cron_trigger(
        "@daily", "0 6 * * MON", timezone="UTC", interval=timedelta(hours=1), run_immediately=True
    ),
    delta_trigger(timedelta(hours=1, microseconds=1), interval=timedelta(hours=2)),
    delta_trigger(relativedelta(months=1, day=31, weekday=MO(-1))),
    events([EVENT], restrict_to_events=True, description="board meetings"),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: type(schedule).__name__)
def test_a_schedule_survives_json(schedule: Schedule) -> None:
    text = msgspec.json.encode(schedule)
    assert msgspec.json.decode(text, type=Schedule) == schedule
    assert b'"type":' in text


@pytest.mark.parametrize(
    ("semantics", "kind"), [("airflow2", ScheduleKind.DATA_INTERVAL), ("airflow3", ScheduleKind.TRIGGER)]
)
def test_semantics_decide_what_a_tick_means(semantics: str, kind: ScheduleKind) -> None:
    cron = from_author("@daily", timezone=pendulum.timezone("Europe/Berlin"), semantics=semantics)
    delta = from_author(timedelta(days=1), timezone="UTC", semantics=semantics)
    calendar = from_author(relativedelta(months=1), timezone="UTC", semantics=semantics)
    assert cron == CronSchedule(expression="@daily", timezone="Europe/Berlin", kind=kind)
    assert delta == DeltaSchedule(delta=86_400.0, kind=kind)
    assert isinstance(calendar, DeltaSchedule)
    assert calendar.kind is kind
    assert from_author(None, timezone="UTC", semantics=semantics) == NullSchedule()
    assert from_author("@once", timezone="UTC", semantics=semantics) == OnceSchedule()
    assert from_author("@continuous", timezone="UTC", semantics=semantics) == ContinuousSchedule()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (7, "`7` is not a schedule"),
        (timedelta(0), "leads forward"),
        (relativedelta(months=-1), "leads forward"),
        (relativedelta(hour=3), "leads forward"),
        ("@dayly", "no schedule preset"),
        ("0 0 * * * 0", "seconds are off"),
    ],
)
def test_what_is_not_a_schedule_is_refused_with_a_hint(value: object, message: str) -> None:
    with pytest.raises(UserError) as caught:
        from_author(value, timezone="UTC", semantics="airflow3")
    assert message in caught.value.message
    assert caught.value.hint


def test_builders_refuse_what_could_never_run() -> None:
    with pytest.raises(InvalidCronError, match="not a cron expression"):
        cron_trigger("@once", timezone="UTC")
    with pytest.raises(UserError, match="has none"):
        multiple_cron_trigger(timezone="UTC")
    with pytest.raises(UserError, match="no time zone"):
        events([datetime(2026, 1, 1)])


def test_events_are_sorted_single_and_utc() -> None:
    twice = events([EVENT, pendulum.datetime(2025, 1, 1), EVENT.astimezone(UTC)])
    assert twice.events == (datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, 8, tzinfo=UTC))
    assert {type(event) for event in twice.events} == {datetime}


@given(
    parts=st.fixed_dictionaries(
        {},
        optional={
            name: st.integers(-30, 30) for name in ("years", "months", "days", "hours", "minutes", "seconds")
        }
        | {"day": st.integers(1, 31), "hour": st.integers(0, 23), "weekday": st.sampled_from([MO, MO(2)])},
    )
)
def test_a_calendar_distance_means_the_same_after_json(parts: dict[str, object]) -> None:
    distance, at = relativedelta(**parts), datetime(2026, 2, 28, 12, tzinfo=UTC)  # type: ignore[arg-type]
    again = distance_of(
        msgspec.json.decode(msgspec.json.encode(delta_of(distance)), type=type(delta_of(distance)))
    )
    assert at + again == at + distance


def test_what_a_schedule_is_can_be_asked() -> None:
    assert [can_be_scheduled(schedule) for schedule in SCHEDULES] == [False, *[True] * 9]
    assert [is_periodic(schedule) for schedule in SCHEDULES] == [False, False, False, *[True] * 7]
    assert [active_runs_limit(schedule) for schedule in SCHEDULES] == [None, None, 1, *[None] * 7]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("@daily", "every day at 00:00"),
        ("30 6 * * MON-FRI", "Monday to Friday at 06:30"),
        ("0 0,12 * * *", "every day at 00:00 and 12:00"),
        ("0 0 * * 6,0", "on Saturday and Sunday at 00:00"),
        ("*/15 * * * *", "every 15 minutes"),
        ("* * * * *", "every minute"),
        ("@hourly", "every hour"),
        ("5 * * * *", "every hour at minute 5"),
        ("0 */2 * * *", "every 2 hours"),
        ("0 9-17 * * 1-5", "every hour from 09:00 to 17:00 Monday to Friday"),
        ("0 0 L * *", "on the last day of the month at 00:00"),
        ("0 8 1 */3 *", "on day 1 of the month in January, April, July and October at 08:00"),
        ("0 8 * * FRI#2", "on the second Friday of the month at 08:00"),
        ("0 8 13 * FRI", "on day 13 of the month or on Friday at 08:00"),
        ("*/7 * * * *", "*/7 * * * *"),
        ("0,30 22-2 * * *", "0,30 22-2 * * *"),
        ("*/5 */5 * * *", "*/5 */5 * * *"),
    ],
)
def test_common_shapes_are_told_in_words_and_others_repeated(expression: str, words: str) -> None:
    assert describe(expression, "Europe/Berlin") == f"{words} (Europe/Berlin)"


def test_every_schedule_has_words_and_a_summary() -> None:
    words = [describe_schedule(schedule) for schedule in SCHEDULES]
    assert words[:3] == [
        "only when triggered",
        "once, at the start date",
        "again as soon as the run before has ended",
    ]
    assert words[3] == "every day at 00:00 (Europe/Berlin)"
    assert words[6] == "every day at 00:00 (UTC); on Monday at 06:00 (UTC)"
    assert words[7:] == ["every 1 hour and 1 microsecond", "every 1 month, at day 31", "board meetings"]
    assert [summary(schedule) for schedule in SCHEDULES[:5]] == [
        "None",
        "@once",
        "@continuous",
        "0 0 * * *",
        "0 6 * * *",
    ]


def test_run_ids_carry_the_date_of_their_semantics() -> None:
    logical, run_after = (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=1))),
    )
    old = run_id_of("scheduled", semantics="airflow2", run_after=run_after, logical_date=logical, suffix="x")
    new = run_id_of("scheduled", semantics="airflow3", run_after=run_after, logical_date=logical, suffix="x")
    bare = run_id_of("manual", semantics="airflow3", run_after=run_after, logical_date=None, suffix="k3Jd")
    assert old == "scheduled__2026-01-01T00:00:00+00:00"
    assert new == "scheduled__2026-01-02T00:00:00+00:00"
    assert bare == "manual__2026-01-02T00:00:00+00:00_k3Jd"


def test_the_package_needs_neither_a_database_nor_a_web_framework_nor_another_cron() -> None:
    code = "import sys, windward.timetable; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"sqlalchemy", "starlette", "pendulum", "croniter", "cronsim"} & set(modules)
