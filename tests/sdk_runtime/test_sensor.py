"""Sensors wait, give their slot back, time out, and fail the way their author prefers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sdk_runtime.fakes import running
from windward.sdk.dag import DAG
from windward.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
)
from windward.sdk.sensor import BaseSensorOperator, PokeReturnValue, poke_mode_only

NOW = datetime(2024, 3, 9, 12, 30, tzinfo=UTC)


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.passed += seconds

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)


class Watch(BaseSensorOperator):
    def __init__(self, *, answers: Any = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.answers: Iterator[Any] = iter(answers)

    def poke(self, context: Any) -> Any:
        answer = next(self.answers, False)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def waited(dag: DAG, answers: Any, *, time: FakeTime | None = None, fields: Any = None, **kwargs: Any) -> Any:
    sensor = Watch(task_id="s", answers=answers, dag=dag, **kwargs)
    clock = time or FakeTime()
    with running(sensor, **(fields or {})) as (context, _):
        return sensor.wait(context, monotonic=clock.monotonic, sleep=clock.sleep, now=clock.now)


def test_it_looks_until_it_is_true(dag: DAG) -> None:
    time = FakeTime()
    assert waited(dag, [False, None, True], time=time, poke_interval=7) is None
    assert time.sleeps == [7, 7]


def test_it_may_return_a_value(dag: DAG) -> None:
    assert waited(dag, [PokeReturnValue(is_done=False), PokeReturnValue(is_done=True, xcom_value=5)]) == 5


def test_it_times_out_after_its_timeout(dag: DAG) -> None:
    time = FakeTime()
    with pytest.raises(AirflowSensorTimeout, match="timeout of 20"):
        waited(dag, [], time=time, poke_interval=timedelta(seconds=8), timeout=20)
    assert time.passed == 24


def test_reschedule_gives_the_slot_back_until_the_next_look(dag: DAG) -> None:
    with pytest.raises(AirflowRescheduleException) as caught:
        waited(dag, [False], mode="reschedule", poke_interval=90)
    assert caught.value.reschedule_date == NOW + timedelta(seconds=90)


def test_the_timeout_counts_from_the_first_look_across_reschedules(dag: DAG) -> None:
    first = {"reschedule_count": 3, "first_start_date": NOW - timedelta(seconds=100)}
    with pytest.raises(AirflowRescheduleException):
        waited(dag, [], mode="reschedule", timeout=101, fields=first)
    with pytest.raises(AirflowSensorTimeout):
        waited(DAG("dag", schedule=None), [], mode="reschedule", timeout=99, fields=first)


@pytest.mark.parametrize("option", ["soft_fail", "never_fail"])
@pytest.mark.parametrize("error", [AirflowSensorTimeout(), AirflowTaskTimeout(), AirflowFailException()])
def test_an_author_may_prefer_a_skip_to_a_failure(dag: DAG, option: str, error: BaseException) -> None:
    with pytest.raises(AirflowSkipException, match=option):
        waited(dag, [error], soft_fail=option == "soft_fail", never_fail=option == "never_fail")


def test_a_timeout_with_soft_fail_is_a_skip(dag: DAG) -> None:
    with pytest.raises(AirflowSkipException, match="timed out"):
        waited(dag, [], timeout=1, soft_fail=True)


def test_other_errors_fail_or_are_passed_over_or_skip(dag: DAG) -> None:
    with pytest.raises(RuntimeError):
        waited(dag, [RuntimeError()], soft_fail=True)
    assert waited(DAG("dag", schedule=None), [RuntimeError(), True], silent_fail=True) is None
    with pytest.raises(AirflowSkipException):
        waited(DAG("dag", schedule=None), [RuntimeError()], never_fail=True)


def test_backoff_doubles_within_its_bounds(dag: DAG) -> None:
    sensor = Watch(
        task_id="s", dag=dag, poke_interval=10, exponential_backoff=True, max_wait=100, timeout=10_000
    )
    pauses = [sensor.next_pause_s(tries, 0) for tries in range(1, 9)]
    for tries, pause in enumerate(pauses, 1):
        floor = max(1, int(10 * 2 ** (tries - 2)))
        assert min(floor, 100) <= pause <= min(2 * floor, 100)
    assert pauses == [sensor.next_pause_s(tries, 0) for tries in range(1, 9)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "nope"}, "mode must be one of"),
        ({"poke_interval": -1}, "`poke_interval`"),
        ({"timeout": "5"}, "`timeout`"),
        ({"soft_fail": True, "never_fail": True}, "mutually exclusive"),
    ],
)
def test_arguments_that_cannot_be_are_refused(dag: DAG, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Watch(task_id="s", dag=dag, **arguments)


def test_a_sensor_may_refuse_to_give_its_slot_back(dag: DAG) -> None:
    @poke_mode_only
    class Only(Watch):
        pass

    with pytest.raises(AirflowException, match="mode must be one of"):
        Only(task_id="s", dag=dag, mode="reschedule")


def test_the_default_timeout_may_be_set(dag: DAG, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Watch(task_id="a", dag=dag).timeout == 7 * 24 * 3600
    monkeypatch.setenv("AIRFLOW__SENSORS__DEFAULT_TIMEOUT", "90")
    assert Watch(task_id="b", dag=dag).timeout == 90
    assert Watch(task_id="c", dag=dag, timeout=0).timeout == 0
