"""A file in the style of Airflow 2: operators and TaskFlow side by side, task groups, records as types, settings."""

from __future__ import annotations

from datetime import timedelta

import pendulum

from airflow import DAG
from airflow.configuration import conf
from airflow.decorators import task
from airflow.exceptions import AirflowFailException, AirflowSkipException
from airflow.hooks.base import BaseHook
from airflow.models import DagRun, TaskInstance, Variable
from airflow.models.baseoperator import chain
from airflow.models.param import Param
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.latest_only import LatestOnlyOperator
from airflow.operators.python import PythonOperator, ShortCircuitOperator, get_current_context
from airflow.utils import timezone
from airflow.utils.edgemodifier import Label
from airflow.utils.session import NEW_SESSION, provide_session
from airflow.utils.state import DagRunState, State
from airflow.utils.task_group import TaskGroup
from airflow.utils.trigger_rule import TriggerRule
from airflow.utils.types import DagRunType

LIMIT = conf.getint("core", "parallelism")
DEFERRABLE = conf.getboolean("operators", "default_deferrable", fallback=False)


@provide_session
def rooms(ti: TaskInstance, dag_run: DagRun, session=NEW_SESSION):
    if dag_run.run_type == DagRunType.MANUAL and dag_run.state == DagRunState.RUNNING:
        raise AirflowSkipException("a person is looking")
    if ti.state in State.failed_states:
        raise AirflowFailException("no more tries")
    return {
        "rooms": 3,
        "hook": BaseHook.get_connection("house").get_uri(),
        "key": Variable.get("house", default_var=1),
    }


with DAG(
    dag_id="house_2",
    start_date=pendulum.datetime(2023, 1, 1, tz="Europe/Berlin"),
    schedule_interval="@daily",
    catchup=False,
    max_active_runs=1,
    tags=["house"],
    params={"floors": Param(2, type="integer", minimum=1)},
    default_args={"retries": 1, "retry_delay": timedelta(seconds=30)},
) as dag:
    latest = LatestOnlyOperator(task_id="latest")
    gate = ShortCircuitOperator(task_id="gate", python_callable=lambda: True)

    with TaskGroup("floors", tooltip="one by one") as floors:
        count = PythonOperator(task_id="count", python_callable=rooms)
        sweep = BashOperator(task_id="sweep", bash_command="echo {{ ti.xcom_pull(task_ids='floors.count') }}")
        count >> Label("when counted") >> sweep

    @task(multiple_outputs=True)
    def measure(floors: int):
        return {"area": floors * 20, "at": timezone.utcnow(), "run": get_current_context()["run_id"]}

    @task
    def report(area: int):
        return area

    done = EmptyOperator(task_id="done", trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    chain(latest, gate, floors, report(measure(2)["area"]), done)
