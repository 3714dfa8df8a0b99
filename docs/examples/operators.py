"""Operators and their order, written as in Airflow 2: the imports decide the meaning of the schedule."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.models.baseoperator import chain
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator


def count(words, ds):
    print(f"{len(words)} words on {ds}")
    return len(words)


with DAG(
    dag_id="operators",
    schedule_interval="0 6 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    default_args={"owner": "library", "retries": 2, "retry_delay": timedelta(minutes=1)},
) as dag:
    start = EmptyOperator(task_id="start")
    words = PythonOperator(task_id="words", python_callable=count, op_kwargs={"words": ["a", "b"]})
    show = BashOperator(
        task_id="show",
        bash_command="echo $COUNT; test $COUNT -gt 0 || exit 99",
        env={"COUNT": "{{ ti.xcom_pull(task_ids='words') }}"},
        append_env=True,
    )

    start >> words >> show
    chain(show, [EmptyOperator(task_id="left"), EmptyOperator(task_id="right")], EmptyOperator(task_id="end"))
