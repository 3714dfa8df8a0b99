"""A timetable of one's own: its class says when runs come."""

import pendulum

from windward import DAG, DagRunInfo, DataInterval, EmptyOperator, Timetable


class AfterWorkingDays(Timetable):
    """A run after each working day, on that day: Friday's at midnight, not on Monday."""

    description = "after each working day"

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        """Return the run after the last one."""
        if last_automated_data_interval is not None:
            day = last_automated_data_interval.end
        elif restriction.earliest is not None:
            day = restriction.earliest.start_of("day")
        else:
            return None
        if not restriction.catchup:
            day = max(day, pendulum.now("UTC").start_of("day").subtract(days=1))
        while day.day_of_week in (pendulum.SATURDAY, pendulum.SUNDAY):
            day = day.add(days=1)
        if restriction.latest is not None and day > restriction.latest:
            return None
        return DagRunInfo.interval(start=day, end=day.add(days=1))

    def infer_manual_data_interval(self, *, run_after):
        """Return the day before a triggered run."""
        end = run_after.start_of("day")
        return DataInterval(start=end.subtract(days=1), end=end)


with DAG(
    "books_closed",
    schedule=AfterWorkingDays(),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=True,
):
    EmptyOperator(task_id="close")
