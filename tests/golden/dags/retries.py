"""Retries, by their final states; delays are zero."""

from datetime import datetime, timedelta

from airflow.exceptions import AirflowFailException

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.operators.empty import EmptyOperator

ARGS = {"retries": 2, "retry_delay": timedelta(0)}


@task
def fail_until(number, ti=None):
    if ti.try_number < number:
        raise RuntimeError("not yet")
    return ti.try_number


@task
def fail_for_good():
    raise AirflowFailException("no use")


with DAG("retries", start_date=datetime(2026, 1, 1), schedule=None, default_args=ARGS):
    fail_until.override(task_id="at_once")(1) >> EmptyOperator(task_id="after_at_once")
    fail_until.override(task_id="third")(3) >> EmptyOperator(task_id="after_third")
    fail_until.override(task_id="never")(9) >> EmptyOperator(task_id="after_never")
    fail_for_good() >> EmptyOperator(task_id="after_for_good")
