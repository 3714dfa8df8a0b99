"""Sensors and branches that look at the time: which moment is meant, in which zone, and who waits for it."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk_runtime.fakes import DATE, run_context, running
from windward.sdk.compat.state import WeekDay
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowException, TaskDeferred
from windward.sdk.operators.branch_dates import (
    BranchDateTimeOperator,
    BranchDayOfWeekOperator,
    bounds_at,
)
from windward.sdk.sensors.moments import (
    DateTimeSensor,
    DateTimeSensorAsync,
    DayOfWeekSensor,
    MomentSensor,
    TimeDeltaSensor,
    TimeDeltaSensorAsync,
    TimeSensor,
    TimeSensorAsync,
    WaitSensor,
)

BERLIN = ZoneInfo("Europe/Berlin")
FUTURE = datetime(2999, 1, 1, tzinfo=UTC)


def moment(sensor: MomentSensor, **fields: Any) -> datetime:
    with running(sensor, **fields) as (context, _):
        sensor.render_template_fields(context)
        return sensor.moment_of(context)


def deferral(sensor: MomentSensor) -> TaskDeferred:
    with running(sensor) as (context, _):
        sensor.render_template_fields(context)
        with pytest.raises(TaskDeferred) as deferred:
            sensor.execute(context)
    return deferred.value


@pytest.mark.parametrize(
    "target",
    ["2024-03-10T08:00:00+02:00", "2024-03-10 06:00", "2024-03-10T06:00:00Z", datetime(2024, 3, 10, 6, tzinfo=UTC),
     datetime(2024, 3, 10, 6), "{{ data_interval_end - macros.timedelta(hours=6, minutes=30) }}"],
)  # fmt: skip
def test_a_moment_may_be_written_in_any_form(dag: DAG, target: Any) -> None:
    sensor = DateTimeSensor(task_id="s", target_time=target, dag=dag)
    assert moment(sensor) == datetime(2024, 3, 10, 6, tzinfo=UTC)


def test_a_text_that_is_no_time_is_named(dag: DAG) -> None:
    with pytest.raises(AirflowException, match="`target_time` of sensor `s` is `'soon'`"):
        moment(DateTimeSensor(task_id="s", target_time="soon", dag=dag))


def test_a_time_of_day_is_of_the_day_in_the_zone_of_the_dag() -> None:
    with DAG("dag", start_date=datetime(2024, 1, 1, tzinfo=BERLIN), schedule=None):
        sensor = TimeSensor(task_id="s", target_time=time(1, 30))
    late = datetime(2024, 6, 1, 23, tzinfo=UTC)
    assert moment(sensor, start_date=late) == datetime(2024, 6, 1, 23, 30, tzinfo=UTC)


def test_a_rescheduled_sensor_stays_at_the_day_on_which_it_began(dag: DAG) -> None:
    sensor = TimeSensor(task_id="s", target_time=time(23), mode="reschedule", dag=dag)
    later = {"reschedule_count": 2, "first_start_date": DATE, "start_date": DATE + timedelta(days=1)}
    assert moment(sensor, **later) == DATE.replace(hour=23, minute=0)
    waiting = WaitSensor(task_id="w", time_to_wait=timedelta(days=3), mode="reschedule", dag=dag)
    assert moment(waiting, **later) == DATE + timedelta(days=3)


def test_a_span_counts_from_the_end_of_the_interval_or_from_when_the_run_was_due(dag: DAG) -> None:
    sensor = TimeDeltaSensor(task_id="s", delta=timedelta(hours=2), dag=dag)
    assert moment(sensor) == DATE + timedelta(days=1, hours=2)
    manual = run_context(logical_date=None, run_after=DATE)
    assert moment(sensor, run=manual) == DATE + timedelta(hours=2)


@pytest.mark.parametrize("span", [3, "3", "{{ 1 + 2 }}", timedelta(minutes=3)])
def test_a_span_is_a_timedelta_or_minutes(dag: DAG, span: Any) -> None:
    assert moment(WaitSensor(task_id="w", time_to_wait=span, dag=dag)) == DATE + timedelta(minutes=3)
    assert moment(TimeDeltaSensor(task_id="d", delta=span, dag=dag)) == DATE + timedelta(days=1, minutes=3)


def test_a_span_that_is_none_is_named(dag: DAG) -> None:
    with pytest.raises(AirflowException, match="`delta` of sensor `s` is 'long'"):
        moment(TimeDeltaSensor(task_id="s", delta="long", dag=dag))


def test_a_sensor_knows_when_to_look_again(dag: DAG) -> None:
    sensor = DateTimeSensor(task_id="s", target_time="2024-03-09T00:00Z", poke_interval=60, dag=dag)
    with running(sensor) as (context, _):
        assert sensor.next_pause_s(1, 0) == 60, "nothing is known before the first look"
        assert sensor.poke(context) is True
        assert sensor.next_pause_s(1, 0) == 0
        sensor.target_time = FUTURE
        assert sensor.poke(context) is False
        assert sensor.next_pause_s(1, 0) == 60


def test_a_deferrable_wait_is_a_trigger_of_the_same_moment(dag: DAG) -> None:
    for sensor in (
        DateTimeSensor(task_id="a", target_time=FUTURE, deferrable=True, timeout=50, dag=dag),
        DateTimeSensorAsync(task_id="b", target_time="{{ '2999-01-01' }}", timeout=50, dag=dag),
    ):
        deferred = deferral(sensor)
        _, arguments = deferred.trigger.serialize()
        assert arguments == {"moment": FUTURE, "end_from_trigger": False}
        assert (deferred.method_name, deferred.timeout) == ("execute_complete", timedelta(seconds=50))
    deferral(TimeDeltaSensorAsync(task_id="c", delta=timedelta(days=300_000), dag=dag))
    waiting = deferral(
        WaitSensor(task_id="d", time_to_wait=timedelta(days=300_000), deferrable=True, dag=dag)
    )
    assert waiting.trigger.serialize()[1]["end_from_trigger"], "nothing is left to do in a worker"


def test_a_moment_that_has_passed_is_not_deferred(dag: DAG) -> None:
    sensor = TimeSensorAsync(task_id="s", target_time=time(0), dag=dag)
    with running(sensor) as (context, _):
        assert sensor.execute(context) is None


@pytest.mark.parametrize(
    ("days", "is_over"),
    [("saturday", True), ("Sunday", False), ({WeekDay.SATURDAY, WeekDay.SUNDAY}, True), (["monday"], False)],
)
def test_a_day_of_the_week_may_be_that_of_the_logical_date(dag: DAG, days: Any, is_over: bool) -> None:
    for argument in ("use_task_logical_date", "use_task_execution_day"):
        sensor = DayOfWeekSensor(task_id=argument, week_day=days, dag=dag, **{argument: True})
        with running(sensor) as (context, _):
            assert sensor.poke(context) is is_over


def test_any_day_of_the_week_is_today_at_most(dag: DAG) -> None:
    with running(DayOfWeekSensor(task_id="s", week_day=list(WeekDay), dag=dag)) as (context, _):
        assert context["task"].poke(context) is True


def test_a_word_that_is_no_day_is_refused_where_it_is_declared(dag: DAG) -> None:
    with pytest.raises(AttributeError, match="Caturday"):
        DayOfWeekSensor(task_id="s", week_day="Caturday", dag=dag)


def chosen(operator: Any, **fields: Any) -> Any:
    with running(operator, **fields) as (context, _):
        return operator.choose_branch(context)


BRANCHES: dict[str, Any] = {"follow_task_ids_if_true": "yes", "follow_task_ids_if_false": ["no"]}


@pytest.mark.parametrize(
    ("lower", "upper", "branch"),
    [
        (time(12), time(13), "yes"),
        (time(12, 30), None, "yes"),
        (None, time(12, 30), "yes"),
        (time(12, 31), None, ["no"]),
        (None, time(12, 29), ["no"]),
        (time(12), time(1), "yes"),
        (time(13), time(1), ["no"]),
        (datetime(2024, 3, 9), datetime(2024, 3, 10, tzinfo=UTC), "yes"),
        (datetime(2024, 3, 9), time(12), ["no"]),
        (datetime(2024, 3, 10), None, ["no"]),
        (time(12), datetime(2024, 3, 9, 3), "yes"),
        (datetime(2024, 3, 9, 12), datetime(2024, 3, 9, 3), ["no"]),
    ],
)
def test_a_branch_lies_between_its_bounds(dag: DAG, lower: Any, upper: Any, branch: Any) -> None:
    for argument in ("use_task_logical_date", "use_task_execution_date"):
        arguments = {**BRANCHES, argument: True}
        operator = BranchDateTimeOperator(
            task_id=argument, target_lower=lower, target_upper=upper, dag=dag, **arguments
        )
        assert chosen(operator) == branch


def test_bounds_are_of_the_day_and_the_zone_of_the_dag() -> None:
    late = datetime(2024, 6, 1, 22, 30, tzinfo=UTC)
    assert bounds_at(late, time(0), datetime(2024, 6, 2, 1), zone=BERLIN) == (
        datetime(2024, 6, 1, 22, tzinfo=UTC), datetime(2024, 6, 1, 23, tzinfo=UTC),
    )  # fmt: skip
    assert bounds_at(late, time(0, tzinfo=UTC), None, zone=BERLIN)[0] == datetime(2024, 6, 1, tzinfo=UTC)


TIMES = st.times() | st.none()


@given(
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    lower=TIMES,
    upper=TIMES,
)
def test_two_times_of_day_are_in_order_and_at_most_a_day_apart(
    moment: datetime, lower: time | None, upper: time | None
) -> None:  # fmt: skip
    low, high = bounds_at(moment, lower, upper, zone=UTC)
    assert (low is None, high is None) == (lower is None, upper is None)
    if low is not None and high is not None:
        assert timedelta(0) <= high - low < timedelta(days=1)
        assert low.date() == moment.date()


def test_a_branch_without_bounds_is_refused_where_it_is_declared(dag: DAG) -> None:
    with pytest.raises(AirflowException, match="At least one of them"):
        BranchDateTimeOperator(task_id="b", target_lower=None, target_upper=None, dag=dag, **BRANCHES)


@pytest.mark.parametrize(("day", "branch"), [("saturday", "yes"), ({"sunday", WeekDay.MONDAY}, ["no"])])
def test_a_branch_follows_the_day_of_the_logical_date(dag: DAG, day: Any, branch: Any) -> None:
    due = run_context(logical_date=None, run_after=DATE)
    for argument in ("use_task_logical_date", "use_task_execution_day"):
        arguments = {**BRANCHES, argument: True}
        operator = BranchDayOfWeekOperator(task_id=argument, week_day=day, dag=dag, **arguments)
        assert chosen(operator) == branch
        assert chosen(operator, run=due) == branch, (
            "a run without a logical date has the day on which it was due"
        )
    always = BranchDayOfWeekOperator(task_id="always", week_day=list(WeekDay), dag=dag, **BRANCHES)
    assert chosen(always) == "yes"
