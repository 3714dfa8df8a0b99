"""A DAG folder of Airflow 2 and before: old import paths, `default_args`, `schedule_interval`, keyword context."""

import os
from datetime import datetime, timedelta
from pathlib import Path

from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash_operator import BashOperator
from airflow.operators.dummy_operator import DummyOperator
from airflow.operators.python_operator import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.utils.dates import days_ago


def tell(name, *words):
    path = Path(os.environ["WINDWARD_HOME"]) / name
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (",".join(map(str, words)) + "\n").encode())
    os.close(descriptor)


def failed(context):
    tell("classic_callbacks", context["task_instance"].task_id, type(context["exception"]).__name__)


default_args = {
    "owner": "someone",
    "depends_on_past": True,
    "start_date": datetime(2026, 1, 1),
    "end_date": datetime(2026, 1, 3),
    "retries": 1,
    "retry_delay": timedelta(seconds=0.1),
    "on_failure_callback": failed,
}


def day_of(ds, **kwargs):
    tell("days", "first", ds, kwargs["ti"].try_number)
    if ds == "2026-01-02" and kwargs["ti"].try_number == 1:
        raise RuntimeError("the second day needs a second try")


def day_after(**context):
    tell("days", "second", context["ds"], context["task_instance"].try_number)


with DAG(
    "daily",
    default_args=default_args,
    schedule_interval="0 0 * * *",
    catchup=True,
    max_active_runs=2,
    tags=["old"],
) as daily:
    first = PythonOperator(task_id="first", python_callable=day_of)
    second = PythonOperator(task_id="second", python_callable=day_after, provide_context=True)
    second.set_upstream(first)


def one_at_a_time(ds, run_id):
    tell("turns", "begin", ds)
    tell("turns", "end", ds)


turns = DAG(
    "turns",
    start_date=datetime(2026, 1, 1),
    end_date=datetime(2026, 1, 5),
    schedule_interval="@daily",
    catchup=True,
    max_active_runs=1,
)
a = PythonOperator(task_id="a", python_callable=one_at_a_time, dag=turns)


def push(ti):
    ti.xcom_push(key="number", value=41)
    return "returned"


def pull(**kwargs):
    ti = kwargs["ti"]
    return [ti.xcom_pull(task_ids="push", key="number") + 1, ti.xcom_pull("push"), Variable.get("plain")]


with DAG("classic", start_date=days_ago(1), schedule_interval=None, default_args={"retries": 0}) as classic:
    pushed = PythonOperator(task_id="push", python_callable=push)
    pulled = PythonOperator(task_id="pull", python_callable=pull)
    shown = BashOperator(
        task_id="shown",
        bash_command="echo {{ ti.xcom_pull(task_ids='push', key='number') }} {{ var.value.plain }}",
        xcom_push=True,
    )
    pushed >> pulled >> shown
    branch = BranchPythonOperator(task_id="branch", python_callable=lambda: "yes")
    yes, no = DummyOperator(task_id="yes"), DummyOperator(task_id="no")
    branch >> [yes, no] >> DummyOperator(task_id="join", trigger_rule="none_failed_or_skipped")
    ShortCircuitOperator(task_id="short", python_callable=lambda: None) >> DummyOperator(task_id="never")
    PythonOperator(task_id="broken", python_callable=lambda: {}["missing"], on_failure_callback=failed)
