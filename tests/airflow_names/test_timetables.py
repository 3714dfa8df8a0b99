"""Timetables that authors write are the schedules that the document holds."""

from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta

from airflow.timetables.events import EventsTimetable
from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from airflow.timetables.simple import ContinuousTimetable, NullTimetable, OnceTimetable
from airflow.timetables.trigger import (
    CronTriggerTimetable,
    DeltaTriggerTimetable,
    MultipleCronTriggerTimetable,
)
from windward import timetable
from windward.errors import InvalidCronError, UserError
from windward.sdk.timetables import BaseTimetable

MADE = [
    (NullTimetable(), timetable.NullSchedule()),
    (OnceTimetable(), timetable.OnceSchedule()),
    (ContinuousTimetable(), timetable.ContinuousSchedule()),
    (
        CronTriggerTimetable(
            "@daily", timezone="Asia/Seoul", interval=timedelta(days=1), run_immediately=True
        ),
        timetable.cron_trigger(
            "@daily", timezone="Asia/Seoul", interval=timedelta(days=1), run_immediately=True
        ),
    ),
    (
        MultipleCronTriggerTimetable("0 6 * * *", "0 18 * * *", timezone="UTC"),
        timetable.multiple_cron_trigger("0 6 * * *", "0 18 * * *", timezone="UTC"),
    ),
    (
        CronDataIntervalTimetable("0 6 * * *", "Europe/Berlin"),
        timetable.cron_data_interval("0 6 * * *", timezone="Europe/Berlin"),
    ),
    (
        DeltaDataIntervalTimetable(relativedelta(months=1)),
        timetable.delta_data_interval(relativedelta(months=1)),
    ),
    (DeltaTriggerTimetable(timedelta(hours=2)), timetable.delta_trigger(timedelta(hours=2))),
    (
        EventsTimetable([datetime(2024, 5, 1, tzinfo=UTC)], restrict_to_events=True, description="May"),
        timetable.events([datetime(2024, 5, 1, tzinfo=UTC)], restrict_to_events=True, description="May"),
    ),
]


@pytest.mark.parametrize(("written", "held"), MADE)
def test_a_timetable_is_the_schedule_it_names(written: BaseTimetable, held: timetable.Schedule) -> None:
    assert written.as_schedule(timezone="Asia/Tokyo") == held
    assert written.summary == timetable.summary(held)
    assert written.can_be_scheduled == timetable.can_be_scheduled(held)


def test_equal_timetables_are_equal_and_of_two_kinds_are_not() -> None:
    assert DeltaTriggerTimetable(timedelta(hours=2)) == DeltaTriggerTimetable(timedelta(minutes=120))
    assert DeltaTriggerTimetable(timedelta(hours=2)) != DeltaDataIntervalTimetable(timedelta(hours=2))
    assert len({NullTimetable(), NullTimetable(), OnceTimetable()}) == 2


def test_a_wrong_argument_is_an_error_where_it_is_written() -> None:
    with pytest.raises(InvalidCronError):
        CronTriggerTimetable("61 * * * *", timezone="UTC")
    with pytest.raises(UserError, match="no time zone"):
        EventsTimetable([datetime(2024, 5, 1)])
