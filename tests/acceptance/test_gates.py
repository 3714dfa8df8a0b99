"""Gates and scopes on the whole real way: short circuits, the newest run only, setups and teardowns, and clearing."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, daily, wait_for

FILE = """
import os
from datetime import datetime

from airflow import DAG
from airflow.decorators import setup, task, teardown
from airflow.operators.empty import EmptyOperator
from airflow.operators.latest_only import LatestOnlyOperator
from airflow.operators.python import PythonOperator, ShortCircuitOperator

START = datetime.fromisoformat("SINCE")
ARGS = {"retries": 0}


def say(**context):
    with open(os.environ["WINDWARD_HOME"] + "/said", "a") as file:
        file.write(f"{context['ti'].task_id},{context['ti'].try_number}\\n")


with DAG(
    "newest", schedule="DAILY", start_date=START, catchup=True, max_active_runs=1,
    default_args=ARGS,
):
    LatestOnlyOperator(task_id="latest") >> PythonOperator(task_id="report", python_callable=say)

with DAG("gates", schedule=None, start_date=START, default_args=ARGS):

    @task.short_circuit
    def is_open(params=None, dag_run=None):
        return dag_run.conf.get("open")

    @task.run_if(lambda context: context["dag_run"].conf.get("open"), skip_message="it is shut")
    @task
    def conditional():
        return "ran"

    gate = is_open()
    gate >> EmptyOperator(task_id="one") >> EmptyOperator(task_id="two", trigger_rule="all_done")
    near = ShortCircuitOperator(
        task_id="near", python_callable=lambda: False, ignore_downstream_trigger_rules=False
    )
    near >> EmptyOperator(task_id="three") >> EmptyOperator(task_id="four", trigger_rule="all_done")
    conditional()

for name, fails_run in (("cluster", False), ("strict_cluster", True)):
    with DAG(name, schedule=None, start_date=START, default_args=ARGS):

        @setup
        def start(ti=None):
            say(ti=ti)
            return "cluster-1"

        @task
        def query(ti=None):
            say(ti=ti)
            if ti.try_number == 1:
                raise RuntimeError("asked to fail the first time")

        @task
        def report(ti=None):
            say(ti=ti)

        @teardown(on_failure_fail_dagrun=fails_run)
        def stop(name, ti=None):
            say(ti=ti)
            assert name == "cluster-1"
            if ti.try_number < 3:
                raise RuntimeError("cannot be stopped")

        started = start()
        with stop(started).as_teardown(setups=started, on_failure_fail_dagrun=fails_run):
            query() >> report()

with DAG("broken_cluster", schedule=None, start_date=START, default_args=ARGS):

    @setup
    def breaks():
        raise RuntimeError("no cluster today")

    @task(trigger_rule="all_done")
    def work():
        pass

    @teardown
    def stop_anyway():
        pass

    broken = breaks()
    broken >> EmptyOperator(task_id="before") >> work() >> stop_anyway().as_teardown(setups=broken)
"""


@pytest.fixture(params=DATABASES)
def system(request: pytest.FixtureRequest, make_system: MakeSystem) -> System:
    made = make_system(database=request.param)
    since = datetime.now(UTC) - timedelta(days=5)
    made.write("gates.py", FILE.replace("DAILY", daily()).replace("SINCE", since.isoformat()))
    return made.start()


def test_gates_skip_and_scopes_are_torn_down_and_cleared_as_a_whole(system: System) -> None:
    for dag_id in ("cluster", "strict_cluster", "broken_cluster"):
        system.trigger(dag_id, "r")
    system.trigger("gates", "shut")
    system.trigger("gates", "open", "--conf", '{"open": true}')

    assert system.wait_run("gates", "shut") == system.wait_run("gates", "open") == "success"
    assert system.states("gates", "shut") == {
        "is_open": "success", "one": "skipped", "two": "skipped", "conditional": "skipped",
        "near": "success", "three": "skipped", "four": "success",
    }  # fmt: skip
    opened = {"one": "success", "two": "success", "conditional": "success"}
    assert system.states("gates", "open") == system.states("gates", "shut") | opened

    # The work failed, which counts; that the teardown failed counts where the author said so.
    ended = {"start": "success", "query": "failed", "report": "upstream_failed", "stop": "failed"}
    for dag_id, state in (("cluster", "success"), ("strict_cluster", "failed")):
        assert system.wait_run(dag_id, "r") == "failed"
        assert system.states(dag_id, "r") == ended
        # Whoever clears the work gets its setup and its teardown again.
        system.cli("tasks", "clear", dag_id, "-t", "^query$", "--downstream", "-r", "r", "-y")
        assert system.wait_run(dag_id, "r") == state
        done = {"query": "success", "report": "success"}
        assert system.states(dag_id, "r") == ended | done
        assert [system.task(dag_id, "r", name).try_number for name in ended] == [2, 2, 1, 2]
    system.cli("tasks", "clear", "strict_cluster", "-t", "^stop$", "-r", "r", "-y")
    assert system.wait_run("strict_cluster", "r") == "success"
    assert [system.task("strict_cluster", "r", name).try_number for name in ended] == [2, 2, 1, 3]

    assert system.wait_run("broken_cluster", "r") == "failed"
    assert system.states("broken_cluster", "r") == {
        "breaks": "failed", "before": "upstream_failed", "work": "upstream_failed", "stop_anyway": "upstream_failed",
    }  # fmt: skip


def test_of_runs_that_make_up_for_the_past_only_the_newest_goes_on(system: System) -> None:
    system.wait_dag("newest")
    wait_for(
        lambda: len(_ended(system)) >= 4,
        lambda: f"runs are missing: {system.rows('dags', 'list-runs', 'newest')}",
    )
    states = [system.states("newest", run_id)["report"] for run_id in _ended(system)]
    assert states == ["skipped", "skipped", "skipped", "success"]
    assert [name for name, _ in system.lines("said") if name == "report"] == ["report"]


def _ended(system: System) -> list[str]:
    runs = system.rows("dags", "list-runs", "newest")
    return sorted(run["run_id"] for run in runs if run["state"] == "success")
