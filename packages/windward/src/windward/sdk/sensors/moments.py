"""Sensors that wait for a time: a moment, a time of day, a span after the interval, a day of the week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from windward.sdk.compat.state import WeekDay
from windward.sdk.configuration import conf
from windward.sdk.defaults import current
from windward.sdk.exceptions import AirflowException
from windward.sdk.sensor import BaseSensorOperator
from windward.sdk.times import default_zone, to_utc


class MomentSensor(BaseSensorOperator):
    """Base of the sensors that wait for one moment, which `moment_of` tells."""

    def __init__(
        self,
        *,
        deferrable: bool | None = None,
        end_from_trigger: bool = False,
        start_from_trigger: bool = False,
        trigger_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        default = conf.getboolean("operators", "default_deferrable", fallback=False)
        # The moment follows from the run, which only a worker knows: a start from the trigger begins there, too.
        self.deferrable = (default if deferrable is None else deferrable) or start_from_trigger
        self.end_from_trigger = end_from_trigger
        self.trigger_kwargs = dict(trigger_kwargs or {})
        self._left_s: float | None = None

    def moment_of(self, context: Any) -> datetime:
        """Return the moment that is waited for, in UTC. Subclasses write this."""
        raise NotImplementedError(f"{type(self).__name__} has no `moment_of`")

    def poke(self, context: Any) -> bool:
        """Whether the moment has come."""
        moment = self.moment_of(context)
        self.log.info("Checking if the time (%s) has come", moment.isoformat())
        self._left_s = (moment - datetime.now(UTC)).total_seconds()
        return self._left_s <= 0

    def next_pause_s(self, tries: int, waited_s: float, *, salt: str = "") -> float:
        """Return how many seconds to wait: never beyond the moment, which is known."""
        pause_s = super().next_pause_s(tries, waited_s, salt=salt)
        return pause_s if self._left_s is None else min(pause_s, max(self._left_s, 0.0))

    def execute(self, context: Any) -> Any:
        """Wait here, or in the triggerer."""
        if not self.deferrable:
            return super().execute(context)
        moment = self.moment_of(context)
        if datetime.now(UTC) >= moment:
            return None
        from windward.sdk.triggers.temporal import DateTimeTrigger  # only sensors that defer need it

        return self.defer(
            trigger=DateTimeTrigger(moment=moment, end_from_trigger=self.end_from_trigger),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """End: the moment has come."""


class DateTimeSensor(MomentSensor):
    """Wait until `target_time`: a datetime, or a text in ISO 8601 (a template, often).

    What has no zone is in the default zone of the settings.
    """

    template_fields: Sequence[str] = ("target_time",)

    def __init__(self, *, target_time: str | datetime, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_time: Any = target_time.isoformat() if isinstance(target_time, datetime) else target_time

    def moment_of(self, context: Any) -> datetime:
        """Return the moment of `target_time`."""
        del context
        given = self.target_time
        try:
            moment = given if isinstance(given, datetime) else datetime.fromisoformat(given)
        except (TypeError, ValueError) as error:
            raise AirflowException(
                f"`target_time` of sensor `{self.task_id}` is `{given!r}`; write a time in ISO 8601"
            ) from error
        return to_utc(moment, default_zone(current().timezone))


class DateTimeSensorAsync(DateTimeSensor):
    """As `DateTimeSensor`, without a slot."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "deferrable": True})


class TimeSensor(MomentSensor):
    """Wait until a time of the day on which the task began, in the zone of the DAG."""

    template_fields: Sequence[str] = ()

    def __init__(self, *, target_time: time, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(target_time, time):
            raise TypeError(
                f"`target_time` of sensor `{self.task_id}` is {target_time!r}; it is a `datetime.time`"
            )
        self.target_time = target_time

    def moment_of(self, context: Any) -> datetime:
        """Return the moment, on the day of the first look."""
        zone = self.target_time.tzinfo or self.dag.timezone
        day = _begin_of(self, context).astimezone(zone).date()
        return to_utc(datetime.combine(day, self.target_time.replace(tzinfo=None), zone), zone)


class TimeSensorAsync(TimeSensor):
    """As `TimeSensor`, without a slot."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "deferrable": True})


class TimeDeltaSensor(MomentSensor):
    """Wait until a span (a timedelta, or minutes) after the end of the data interval.

    A run without an interval counts from when it was due.
    """

    template_fields: Sequence[str] = ("delta",)

    def __init__(self, *, delta: timedelta | float | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delta: Any = delta

    def moment_of(self, context: Any) -> datetime:
        """Return the moment."""
        base = context.get("data_interval_end") or context["dag_run"].run_after
        return to_utc(base, UTC) + _span(self.delta, self.task_id, "delta")


class TimeDeltaSensorAsync(TimeDeltaSensor):
    """As `TimeDeltaSensor`, without a slot."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "deferrable": True})


class WaitSensor(MomentSensor):
    """Wait for a span (a timedelta, or minutes) from when the task began."""

    template_fields: Sequence[str] = ("time_to_wait",)

    def __init__(self, *, time_to_wait: timedelta | float | str, **kwargs: Any) -> None:
        super().__init__(**{"end_from_trigger": True, **kwargs})
        self.time_to_wait: Any = time_to_wait

    def moment_of(self, context: Any) -> datetime:
        """Return the moment."""
        return _begin_of(self, context) + _span(self.time_to_wait, self.task_id, "time_to_wait")


class DayOfWeekSensor(BaseSensorOperator):
    """Wait until it is one of these days of the week, in UTC.

    `use_task_logical_date` (`use_task_execution_day` of 2.x) asks the logical date instead of the clock.
    """

    def __init__(
        self,
        *,
        week_day: str | WeekDay | Iterable[str | WeekDay],
        use_task_logical_date: bool = False,
        use_task_execution_day: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.week_day: Any = week_day
        self.use_task_logical_date = use_task_logical_date or use_task_execution_day
        self._week_day_num = WeekDay.validate_week_day(week_day)

    def poke(self, context: Any) -> bool:
        """Whether it is such a day."""
        day = datetime.now(UTC)
        if self.use_task_logical_date:
            day = context.get("logical_date") or context["dag_run"].run_after
        self.log.info(
            "Poking until weekday is in %s, Today is %s", self.week_day, WeekDay(day.isoweekday()).name
        )
        return day.isoweekday() in self._week_day_num


def _begin_of(sensor: BaseSensorOperator, context: Any) -> datetime:
    """Return when the task began to wait: its first attempt's start when it was rescheduled since."""
    ti = context["ti"]
    first: datetime | None = ti.get_first_reschedule_date(context) if sensor.reschedule else None
    return to_utc(first or ti.start_date, UTC)


def _span(value: Any, task_id: str, name: str) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        return timedelta(minutes=float(value))
    except (TypeError, ValueError) as error:
        raise AirflowException(
            f"`{name}` of sensor `{task_id}` is {value!r}; it is a timedelta or a number of minutes"
        ) from error
