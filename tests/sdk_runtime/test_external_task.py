"""Waiting for other DAGs: what is asked, what counts, how it ends; in a sensor and in a trigger."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk_runtime.fakes import DATE, FakeBridge, run_context, running
from windward.protocol import calls
from windward.sdk.bridge import use_bridge
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException, TaskDeferred
from windward.sdk.external import Seen, Verdict, judge
from windward.sdk.sensors.external_task import (
    DuplicateStateError,
    ExternalDagFailedError,
    ExternalDagNotFoundError,
    ExternalTaskFailedError,
    ExternalTaskGroupFailedError,
    ExternalTaskGroupNotFoundError,
    ExternalTaskMarker,
    ExternalTaskNotFoundError,
    ExternalTaskSensor,
)
from windward.sdk.triggers.external_task import DagStateTrigger, WorkflowTrigger

YESTERDAY = DATE - timedelta(days=1)


def tallies(**states: str) -> calls.TaskTalliesAnswer:
    items = tuple(
        calls.TaskTally(run_id="theirs", logical_date=DATE, task_id=task_id, state=state, count=1)
        for task_id, state in states.items()
    )
    return calls.TaskTalliesAnswer(items=items, task_ids=tuple(states))


def runs(*states: str) -> calls.RunsAnswer:
    return calls.RunsAnswer(
        runs=tuple(run_context("other", run_id=f"r{n}", state=state) for n, state in enumerate(states))
    )


KNOWN = calls.DagAnswer(is_known=True, task_ids=("load", "g.x"), group_ids=("g",))


def bridge_of(*answers: calls.Answer, dag: calls.DagAnswer = KNOWN) -> FakeBridge:
    bridge = FakeBridge()
    bridge.scripted[calls.FindDag] = [dag]
    for kind, answered in ((calls.FindRuns, calls.RunsAnswer), (calls.TallyTasks, calls.TaskTalliesAnswer)):
        bridge.scripted[kind] = [answer for answer in answers if isinstance(answer, answered)]
    return bridge


def poke(bridge: FakeBridge, *, more: Any = None, **arguments: Any) -> bool:
    with DAG("mine", schedule=None, start_date=DATE):
        sensor = ExternalTaskSensor(task_id="wait", external_dag_id="other", **arguments)
    with running(sensor, bridge=bridge, more=more) as (context, _):
        sensor.render_template_fields(context)
        return sensor.poke(context)


@pytest.mark.parametrize(
    ("states", "arguments", "is_over"),
    [
        ({"load": "success"}, {}, True),
        ({"load": "running"}, {}, False),
        ({"load": "failed"}, {}, False),
        ({}, {}, False),
        ({"load": "skipped"}, {}, False),
        ({"load": "skipped"}, {"allowed_states": ["success", "skipped"]}, True),
    ],
)
def test_a_task_is_waited_for_until_it_is_in_an_allowed_state(
    states: dict[str, str], arguments: dict[str, Any], is_over: bool
) -> None:  # fmt: skip
    bridge = bridge_of(tallies(**states))
    assert poke(bridge, external_task_id="load", **arguments) is is_over
    asked = next(call for call in bridge.calls if isinstance(call, calls.TallyTasks))
    assert asked == calls.TallyTasks(dag_id="other", task_ids=("load",), logical_dates=(DATE,))


def test_all_of_several_tasks_must_be_there() -> None:
    assert not poke(bridge_of(tallies(load="success")), external_task_ids=["load", "sum"])
    assert poke(bridge_of(tallies(load="success", sum="success")), external_task_ids=["load", "sum"])


def test_a_whole_dag_is_waited_for_by_its_run() -> None:
    assert poke(bridge_of(runs("success")))
    assert not poke(bridge_of(runs("running")))
    assert not poke(bridge_of(runs()))


def test_the_other_date_may_be_earlier_or_worked_out_or_many() -> None:
    bridge = bridge_of(runs("success"))
    poke(bridge, execution_delta=timedelta(days=1))
    assert next(c for c in bridge.calls if isinstance(c, calls.FindRuns)).logical_dates == (YESTERDAY,)

    def both(date: datetime, ds: str) -> list[datetime]:
        assert ds == "2024-03-09"
        return [date, date - timedelta(days=1)]

    bridge = bridge_of(runs("success"))
    assert not poke(bridge, execution_date_fn=both)
    assert next(c for c in bridge.calls if isinstance(c, calls.FindRuns)).logical_dates == (DATE, YESTERDAY)
    assert poke(bridge_of(runs("success", "success")), execution_date_fn=both)


@pytest.mark.parametrize(
    ("arguments", "answer", "error"),
    [
        ({"external_task_id": "load"}, tallies(load="failed"), ExternalTaskFailedError),
        ({"external_task_group_id": "g"}, tallies(**{"g.x": "failed"}), ExternalTaskGroupFailedError),
        ({}, runs("failed"), ExternalDagFailedError),
        ({"soft_fail": True}, runs("failed"), AirflowSkipException),
    ],
)
def test_a_failed_state_ends_the_wait_when_it_is_named(
    arguments: dict[str, Any], answer: calls.Answer, error: type[Exception]
) -> None:
    with pytest.raises(error):
        poke(bridge_of(answer), failed_states=["failed"], **arguments)


def test_a_skipped_state_skips_the_sensor_and_a_failed_one_comes_first() -> None:
    with pytest.raises(AirflowSkipException):
        poke(bridge_of(tallies(load="skipped")), external_task_id="load", skipped_states=["skipped"])
    with pytest.raises(ExternalTaskFailedError):
        poke(
            bridge_of(tallies(load="skipped", sum="failed")),
            external_task_ids=["load", "sum"],
            skipped_states=["skipped"],
            failed_states=["failed"],
        )


@pytest.mark.parametrize(
    ("dag", "arguments", "error"),
    [
        (calls.DagAnswer(is_known=False), {}, ExternalDagNotFoundError),
        (KNOWN, {"external_task_id": "gone"}, ExternalTaskNotFoundError),
        (KNOWN, {"external_task_group_id": "gone"}, ExternalTaskGroupNotFoundError),
    ],
)
def test_what_does_not_exist_is_told_when_that_is_asked_for(
    dag: calls.DagAnswer, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        poke(bridge_of(runs(), tallies(), dag=dag), check_existence=True, **arguments)


def test_a_wait_that_must_be_in_vain_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    off = calls.DagAnswer(is_known=True, mismatch="DAG `other` runs by `@daily` and never has a run of then")
    bridge = bridge_of(runs(), dag=off)
    with DAG("mine", schedule=None, start_date=DATE):
        sensor = ExternalTaskSensor(task_id="wait", external_dag_id="other")
    with running(sensor, bridge=bridge) as (context, _):
        sensor.poke(context)
        sensor.poke(context)
    said = [record.getMessage() for record in caplog.records if "never has a run" in record.getMessage()]
    assert said == [f"{off.mismatch}. Set `execution_delta` or `execution_date_fn`."]


def test_it_can_wait_in_the_triggerer() -> None:
    with DAG("mine", schedule=None, start_date=DATE):
        sensor = ExternalTaskSensor(
            task_id="wait", external_dag_id="other", external_task_id="load", deferrable=True, timeout=60,
            poke_interval=3,
        )  # fmt: skip
    with running(sensor, bridge=bridge_of()) as (context, _), pytest.raises(TaskDeferred) as deferral:
        sensor.execute(context)
    trigger = deferral.value.trigger
    assert isinstance(trigger, WorkflowTrigger)
    assert (trigger.logical_dates, trigger.external_task_ids) == ([DATE], ["load"])
    assert deferral.value.timeout == timedelta(seconds=60)
    sensor.execute_complete({}, {"status": "success"})
    with pytest.raises(ExternalTaskFailedError):
        sensor.execute_complete({}, {"status": "failed"})
    with pytest.raises(AirflowSkipException):
        sensor.execute_complete({}, {"status": "skipped"})
    with pytest.raises(ExternalTaskNotFoundError):
        sensor.execute_complete({}, {"status": "error", "message": "gone"})
    with pytest.raises(AirflowSensorTimeout):
        sensor.resume_execution("__fail__", {"error": "Trigger timeout"}, {})


def test_arguments_that_contradict_each_other_are_told_when_the_file_is_read() -> None:
    def sensor(**arguments: Any) -> None:
        ExternalTaskSensor(task_id="wait", external_dag_id="other", **arguments)

    with pytest.raises(ValueError, match="only one of"):
        sensor(external_task_id="a", external_task_ids=["b"])
    with pytest.raises(ValueError, match="only one of"):
        sensor(external_task_id="a", external_task_group_id="b")
    with pytest.raises(ValueError, match="execution_date_fn"):
        sensor(execution_delta=timedelta(1), execution_date_fn=lambda date: date)
    with pytest.raises(DuplicateStateError):
        sensor(allowed_states=["success"], failed_states=["success"])
    with pytest.raises(ValueError, match="Valid values"):
        sensor(allowed_states=["skipped"])
    with pytest.raises(ValueError, match="Valid values"):
        sensor(external_task_id="a", allowed_states=["nonsense"])


# -- the triggers ------------------------------------------------------------------------


async def first_event(trigger: Any) -> Any:
    async for event in trigger.run():
        return event.payload
    raise AssertionError("the trigger ended without an event")


@pytest.mark.parametrize(
    ("states", "status"), [("success", "success"), ("failed", "failed"), ("skipped", "skipped")]
)
def test_the_trigger_tells_what_it_saw(states: str, status: str) -> None:
    bridge = bridge_of(tallies(load="running"), tallies(load=states))
    trigger = WorkflowTrigger(
        external_dag_id="other", logical_dates=[DATE], external_task_ids=["load"], failed_states=["failed"],
        skipped_states=["skipped"], allowed_states=["success"], poke_interval=0,
    )  # fmt: skip
    with use_bridge(bridge):
        assert asyncio.run(first_event(trigger)) == {"status": status}
    assert WorkflowTrigger(**trigger.serialize()[1]) == trigger


def test_a_trigger_waits_for_every_run_that_is_named() -> None:
    bridge = FakeBridge()
    bridge.scripted[calls.FindRuns] = [runs("success"), runs("success", "running"), runs("success", "failed")]
    trigger = DagStateTrigger(
        dag_id="other", states=["success", "failed"], run_ids=["r0", "r1"], poll_interval=0
    )
    with use_bridge(bridge):
        path, seen = asyncio.run(first_event(trigger))
    assert path.endswith("DagStateTrigger")
    assert (seen["r0"], seen["r1"], seen["run_ids"]) == ("success", "failed", ["r0", "r1"])


# -- the verdict -------------------------------------------------------------------------

TASK_STATES = st.sampled_from(["none", "running", "success", "failed", "skipped"])
RUNS = st.dictionaries(
    st.sampled_from(["r1", "r2"]),
    st.dictionaries(st.sampled_from(["a", "b"]), st.frozensets(TASK_STATES, min_size=1), min_size=1),
)


@given(runs=RUNS, expected=st.integers(1, 2))
def test_a_wait_is_over_only_when_every_instance_of_every_run_is_good(
    runs: dict[str, dict[str, frozenset[str]]], expected: int
) -> None:
    seen = Seen(runs=runs, expected_runs=expected, expected_tasks=frozenset({"a"}))
    verdict = judge(seen, allowed=["success"], failed=["failed"], skipped=[])
    states = [state for tasks in runs.values() for found in tasks.values() for state in found]
    assert (verdict is Verdict.FAILED) == ("failed" in states)
    if verdict is Verdict.SUCCESS:
        assert set(states) == {"success"}
        assert len(runs) >= expected
        assert all("a" in tasks for tasks in runs.values())


# -- the marker --------------------------------------------------------------------------


def test_a_marker_names_a_task_of_another_dag_and_a_date() -> None:
    marker = ExternalTaskMarker(task_id="m", external_dag_id="other", external_task_id="wait")
    assert (marker.logical_date, marker.recursion_depth) == ("{{ logical_date.isoformat() }}", 10)
    at = datetime(2024, 3, 9, tzinfo=UTC)
    fixed = ExternalTaskMarker(task_id="m", external_dag_id="o", external_task_id="w", logical_date=at)
    assert fixed.logical_date == "2024-03-09T00:00:00+00:00"
    with pytest.raises(ValueError, match="positive"):
        ExternalTaskMarker(task_id="m", external_dag_id="o", external_task_id="w", recursion_depth=0)
    with pytest.raises(TypeError, match="logical_date"):
        ExternalTaskMarker(task_id="m", external_dag_id="o", external_task_id="w", logical_date=None)
