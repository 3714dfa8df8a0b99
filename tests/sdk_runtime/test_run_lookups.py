"""Reads of runs that real files make: `DagRun.find` and its like."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sdk_runtime.fakes import DATE, FakeBridge, run_context, running
from windward.errors import UserError
from windward.protocol import calls
from windward.sdk.bridge import use_bridge
from windward.sdk.compat.database import DagRun, DatabaseAccessError
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowException, DagNotFound
from windward.sdk.operators.empty import EmptyOperator


def found(*runs: Any) -> FakeBridge:
    bridge = FakeBridge()
    bridge.scripted[calls.FindRuns] = [calls.RunsAnswer(runs=runs)]
    return bridge


def test_runs_are_found_with_all_that_airflow_2_lets_one_ask_for() -> None:
    bridge = found(run_context("a", state="success"))
    with use_bridge(bridge):
        (run,) = DagRun.find(
            dag_id=["a", "b"], run_id="run_1", state="success", execution_date=DATE.replace(tzinfo=None),
            execution_start_date=DATE - timedelta(days=1), execution_end_date=DATE, run_type="manual",
        )  # fmt: skip
    is_record: bool = isinstance(run, DagRun)
    assert is_record
    assert (run.dag_id, run.state, run.execution_date) == ("a", "success", DATE)
    assert bridge.calls == [
        calls.FindRuns(
            dag_ids=("a", "b"),
            run_ids=("run_1",),
            states=("success",),
            logical_dates=(DATE,),
            run_types=("manual",),
            date_from=DATE - timedelta(days=1),
            date_to=DATE,
            limit=10_000,
        )
    ]


def test_external_trigger_tells_by_hand_from_by_schedule() -> None:
    bridge = found()
    with use_bridge(bridge):
        DagRun.find("a", external_trigger=True)
        DagRun.find("a", external_trigger=False)
    by_hand, by_schedule = bridge.calls
    assert isinstance(by_hand, calls.FindRuns)
    assert isinstance(by_schedule, calls.FindRuns)
    assert by_hand.run_types is not None
    assert by_schedule.run_types is not None
    assert "manual" in by_hand.run_types
    assert "scheduled" in by_schedule.run_types
    assert not set(by_hand.run_types) & set(by_schedule.run_types)


def test_backfills_may_be_left_out() -> None:
    with use_bridge(found(run_context("a", run_type="backfill"), run_context("a"))):
        assert len(DagRun.find("a")) == 2
        assert len(DagRun.find("a", no_backfills=True)) == 1


def test_the_newest_run_of_each_dag_is_found() -> None:
    early = run_context("a", logical_date=DATE - timedelta(days=1), run_id="early")
    with use_bridge(found(early, run_context("a", run_id="late"))):
        assert [run.run_id for run in DagRun.get_latest_runs(dag_ids=["a"])] == ["late"]


def test_nobody_reads_the_runs_of_all_dags_and_nothing_outside_of_a_task() -> None:
    with use_bridge(found()), pytest.raises(AirflowException, match="needs a `dag_id`"):
        DagRun.find()
    with pytest.raises(UserError, match=r"`DagRun\.find` needs a running task"):
        DagRun.find("a")
    with pytest.raises(DatabaseAccessError):
        DagRun.state


def test_run_ids_are_made_as_airflow_makes_them() -> None:
    at = datetime(2024, 3, 9, tzinfo=UTC)
    assert DagRun.generate_run_id("manual", at) == "manual__2024-03-09T00:00:00+00:00"


def test_a_task_may_ask_whether_another_dag_is_paused() -> None:
    task = EmptyOperator(task_id="t", dag=DAG("mine", schedule=None, start_date=DATE))
    bridge = FakeBridge()
    bridge.scripted[calls.FindDag] = [
        calls.DagAnswer(is_known=True, is_paused=True, task_ids=("x",)),
        calls.DagAnswer(is_known=False),
    ]
    with running(task, bridge=bridge) as (context, _):
        other = context["ti"].get_dag("other")
        assert (other.dag_id, other.is_paused, other.task_ids) == ("other", True, ("x",))
        assert context["ti"].get_dag() is task.dag
        with pytest.raises(DagNotFound):
            context["ti"].get_dag("gone")
