"""`depends_on_past` and `wait_for_downstream` over consecutive runs."""

from datetime import datetime

from airflow.exceptions import AirflowSkipException

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task


@task
def work(number, logical_date=None):
    if logical_date.day == 2 and number == 2:
        raise AirflowSkipException("the second day is a holiday")
    return logical_date.day


with DAG(
    "past",
    start_date=datetime(2026, 1, 1),
    schedule="@daily",
    catchup=False,
    default_args={"retries": 0, "depends_on_past": True},
):
    work.override(task_id="one")(1) >> work.override(task_id="two")(2) >> work.override(task_id="three")(3)

with DAG(
    "past_downstream",
    start_date=datetime(2026, 1, 1),
    schedule="@daily",
    catchup=False,
    default_args={"retries": 0, "wait_for_downstream": True},
):
    work.override(task_id="one")(1) >> work.override(task_id="two")(2)
