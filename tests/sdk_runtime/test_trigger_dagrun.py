"""`TriggerDagRunOperator`: what it asks for, how it waits, what it ends by; and the 3.x signal that does the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sdk_runtime.fakes import DATE, FakeBridge, run_context, running
from windward.model.states import Semantics
from windward.protocol import calls
from windward.runner.triggering import trigger_run
from windward.sdk.dag import DAG
from windward.sdk.exceptions import (
    AirflowSkipException,
    DagNotFound,
    DagRunAlreadyExists,
    DagRunTriggerException,
    ParamValidationError,
    TaskDeferred,
)
from windward.sdk.operators.trigger_dagrun import DagIsPaused, TriggerDagRunLink, TriggerDagRunOperator
from windward.sdk.task_instance import TaskInstanceKey
from windward.sdk.triggering import TriggeredRunError
from windward.sdk.triggers.external_task import DagStateTrigger

CHILD = run_context("child", run_id="theirs", run_pk=5)


def in_state(state: str) -> calls.RunAnswer:
    return calls.RunAnswer(run=run_context("child", run_id="theirs", run_pk=5, state=state))


def bridge_of(*states: str, answer: calls.Answer | None = None) -> FakeBridge:
    """Answer a trigger with the child, and questions for it with these states in turn."""
    bridge = FakeBridge()
    bridge.scripted[calls.TriggerRun] = [answer or calls.RunAnswer(run=CHILD)]
    bridge.scripted[calls.GetRun] = [in_state(state) for state in states]
    return bridge


def perform(bridge: FakeBridge, *, fields: Any = None, **arguments: Any) -> TriggerDagRunOperator:
    """Render and run an operator, which polls as often as it can."""
    with DAG("mother", schedule=None, start_date=DATE):
        operator = TriggerDagRunOperator(
            task_id="call", **{"trigger_dag_id": "child", "poke_interval": 0, **arguments}
        )
    with running(operator, bridge=bridge, **(fields or {})) as (context, _):
        operator.render_template_fields(context)
        operator.execute(context)
    return operator


def asked(bridge: FakeBridge) -> calls.TriggerRun:
    (call,) = [call for call in bridge.calls if isinstance(call, calls.TriggerRun)]
    return call


def test_every_argument_reaches_the_execution_service() -> None:
    bridge = bridge_of()
    perform(
        bridge,
        trigger_dag_id="{{ 'chi' }}ld",
        trigger_run_id="for_{{ ds }}",
        conf={"date": "{{ ds }}", "n": 1},
        logical_date="{{ logical_date }}",
        run_after=datetime(2024, 4, 1, tzinfo=UTC),
        reset_dag_run=True,
        fail_when_dag_is_paused=True,
        note="hello",
    )
    assert asked(bridge) == calls.TriggerRun(
        dag_id="child",
        run_id="for_2024-03-09",
        conf={"date": "2024-03-09", "n": 1},
        logical_date=DATE,
        run_after=datetime(2024, 4, 1, tzinfo=UTC),
        reset=True,
        needs_unpaused=True,
        note="hello",
        since=DATE,
    )


def test_without_a_date_the_run_is_of_the_present_and_after_a_moment_it_has_none() -> None:
    bridge = bridge_of()
    perform(bridge)
    assert (asked(bridge).logical_date, asked(bridge).has_no_date) == (None, False)
    bridge = bridge_of()
    perform(bridge, run_after=DATE)
    assert asked(bridge).has_no_date


def test_a_date_of_none_means_no_date_in_airflow_3_and_the_present_in_airflow_2() -> None:
    for semantics, has_no_date in ((Semantics.AIRFLOW3, True), (Semantics.AIRFLOW2, False)):
        bridge = bridge_of()
        perform(bridge, logical_date=None, fields={"semantics": semantics})
        assert asked(bridge).has_no_date is has_no_date


def test_the_old_name_of_the_date_is_taken() -> None:
    bridge = bridge_of()
    with pytest.warns(DeprecationWarning, match="logical_date"):
        operator = perform(bridge, execution_date="{{ macros.ds_add(ds, -1) }}")
    assert asked(bridge).logical_date == datetime(2024, 3, 8, tzinfo=UTC)
    assert operator.execution_date == "2024-03-08"


def test_the_run_id_and_a_link_are_pushed() -> None:
    bridge = bridge_of()
    operator = perform(bridge)
    assert bridge.value("trigger_run_id") == "theirs"
    assert operator.trigger_run_id == "theirs"
    with running(operator, bridge=bridge):
        key = TaskInstanceKey("mother", "call", "run_1")
        assert TriggerDagRunLink().get_link(operator, ti_key=key) == "/dags/child/runs/theirs"


def test_each_call_of_one_attempt_asks_for_another_run() -> None:
    """Files call `TriggerDagRunOperator(...).execute(context)` in a loop of their own."""
    bridge = bridge_of()
    operator = TriggerDagRunOperator(
        task_id="call", trigger_dag_id="child", dag=DAG("mother", schedule=None, start_date=DATE)
    )
    first = datetime(2024, 3, 9, 11, tzinfo=UTC)
    with running(operator, bridge=bridge, first_start_date=first) as (context, _):
        for _ in range(3):
            operator.execute(context)
    wishes = [call for call in bridge.calls if isinstance(call, calls.TriggerRun)]
    assert [(wish.since, wish.place) for wish in wishes] == [(first, 0), (first, 1), (first, 2)]


def test_it_waits_until_the_run_has_succeeded() -> None:
    bridge = bridge_of("queued", "running", "success")
    perform(bridge, wait_for_completion=True)
    assert sum(isinstance(call, calls.GetRun) for call in bridge.calls) == 3
    assert asked(bridge).again_after == ("failed",)


def test_a_failed_run_fails_the_task_unless_that_is_allowed() -> None:
    with pytest.raises(TriggeredRunError, match="failed with failed state failed"):
        perform(bridge_of("failed"), wait_for_completion=True)
    perform(bridge_of("failed"), wait_for_completion=True, allowed_states=["failed"], failed_states=[])
    with pytest.raises(ValueError, match="nonsense"):
        perform(bridge_of(), allowed_states=["nonsense"])


def test_a_run_that_is_deleted_while_it_is_waited_for_fails_the_task() -> None:
    bridge = bridge_of()
    bridge.scripted[calls.GetRun] = [calls.RunAnswer(run=None)]
    with pytest.raises(TriggeredRunError, match="does not exist any more"):
        perform(bridge, wait_for_completion=True)


def test_it_can_wait_in_the_triggerer() -> None:
    bridge = bridge_of()
    with pytest.raises(TaskDeferred) as deferral:
        perform(bridge, wait_for_completion=True, deferrable=True, poke_interval=7)
    trigger = deferral.value.trigger
    assert trigger.serialize()[1] == {
        "dag_id": "child",
        "states": ["success", "failed"],
        "run_ids": ["theirs"],
        "execution_dates": None,
        "poll_interval": 7,
    }
    assert deferral.value.method_name == "execute_complete"


@pytest.mark.parametrize(("state", "is_good"), [("success", True), ("failed", False)])
def test_what_the_trigger_saw_decides_the_resumed_task(state: str, is_good: bool) -> None:
    operator = TriggerDagRunOperator(
        task_id="call", trigger_dag_id="child", dag=DAG("mother", schedule=None, start_date=DATE)
    )
    trigger = DagStateTrigger(dag_id="child", states=["success", "failed"], run_ids=["theirs"])
    path, arguments = trigger.serialize()
    event = (path, {**arguments, "theirs": state})
    if is_good:
        operator.execute_complete({}, event)
        return
    with pytest.raises(TriggeredRunError):
        operator.execute_complete({}, event)


@pytest.mark.parametrize(
    ("code", "arguments", "error"),
    [
        ("conflict", {}, DagRunAlreadyExists),
        ("conflict", {"skip_when_already_exists": True}, AirflowSkipException),
        ("conflict", {"skip_when_already_exists": "{{ 'true' }}"}, AirflowSkipException),
        ("paused", {"fail_when_dag_is_paused": True}, DagIsPaused),
        ("not_found", {}, DagNotFound),
        ("invalid_params", {}, ParamValidationError),
    ],
)
def test_a_refusal_is_the_error_that_authors_know(
    code: str, arguments: dict[str, Any], error: type[Exception]
) -> None:
    refused = calls.Refused(code=code, message="said so", hint="do this")
    with pytest.raises(error):
        perform(bridge_of(answer=refused), **arguments)


def test_a_conf_is_json_as_a_dict_or_as_text() -> None:
    bridge = bridge_of()
    perform(bridge, conf='{"date": "{{ ds }}"}')
    assert asked(bridge).conf == {"date": "2024-03-09"}
    with pytest.raises(ValueError, match="JSON Serializable"):
        perform(bridge_of(), conf={"at": DATE})


def test_a_date_that_is_none_is_told_when_the_file_is_read() -> None:
    with pytest.raises(TypeError, match="logical_date"):
        TriggerDagRunOperator(task_id="t", trigger_dag_id="child", logical_date=timedelta(days=1))  # type: ignore[arg-type]


def test_the_signal_of_the_provider_package_does_the_same() -> None:
    bridge = bridge_of("running", "success")
    asks = DagRunTriggerException(
        trigger_dag_id="child",
        dag_run_id="theirs",
        conf={"k": 1},
        logical_date=None,
        reset_dag_run=False,
        skip_when_already_exists=False,
        wait_for_completion=True,
        allowed_states=["success"],
        failed_states=["failed"],
        poke_interval=0,
        deferrable=False,
        note="n",
        run_after=DATE,
    )
    task = TriggerDagRunOperator(
        task_id="call", trigger_dag_id="child", dag=DAG("mother", schedule=None, start_date=DATE)
    )
    with running(task, bridge=bridge) as (context, _):
        trigger_run(asks, context["ti"])
        asks.deferrable = True
        with pytest.raises(TaskDeferred):
            trigger_run(asks, context["ti"])
    wish = next(call for call in bridge.calls if isinstance(call, calls.TriggerRun))
    assert (wish.run_id, wish.conf, wish.note, wish.run_after, wish.has_no_date) == (
        "theirs", {"k": 1}, "n", DATE, True,
    )  # fmt: skip
