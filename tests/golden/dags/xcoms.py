"""What tasks push and find."""

from datetime import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task


@task(multiple_outputs=True)
def several():
    return {"a": 1, "b": [2, 3]}


@task
def push(ti=None):
    ti.xcom_push(key="extra", value={"x": 1})


@task
def find(value, ti=None):
    return [value, ti.xcom_pull(task_ids="push", key="extra"), ti.xcom_pull(task_ids="push")]


with DAG("xcoms", start_date=datetime(2026, 1, 1), schedule="@daily", default_args={"retries": 0}):
    pushed = push()
    found = find(several()["b"])
    pushed >> found
