"""Schedules: a cron expression in a time zone, several at once, a distance, listed times, intervals by choice."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from windward.sdk import (
    DAG,
    CronDataIntervalTimetable,
    EmptyOperator,
    EventsTimetable,
    MultipleCronTriggerTimetable,
)

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 1, 1, tzinfo=BERLIN)

with DAG("working_days", schedule="30 6 * * MON-FRI", start_date=START):
    EmptyOperator(task_id="work")

with DAG("last_friday", schedule="0 18 * * L5", start_date=START, catchup=True, max_active_runs=1):
    EmptyOperator(task_id="work")

with DAG("every_90_minutes", schedule=timedelta(minutes=90), start_date=START):
    EmptyOperator(task_id="work")

with DAG(
    "twice_a_day",
    schedule=MultipleCronTriggerTimetable("0 6 * * *", "30 18 * * *", timezone="Europe/Berlin"),
    start_date=START,
):
    EmptyOperator(task_id="work")

with DAG(
    "on_two_days",
    schedule=EventsTimetable(
        [datetime(2026, 5, 1, 9, tzinfo=BERLIN), datetime(2026, 12, 24, 9, tzinfo=BERLIN)]
    ),
):
    EmptyOperator(task_id="work")

with DAG("by_interval", schedule=CronDataIntervalTimetable("@daily", timezone=BERLIN), start_date=START):
    EmptyOperator(task_id="work")
