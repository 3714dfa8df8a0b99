"""Orders start a run of invoices, and a report waits for the orders."""

from datetime import timedelta

import pendulum

from windward import DAG, task
from windward.sdk.operators.trigger_dagrun import TriggerDagRunOperator
from windward.sdk.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor

START = pendulum.datetime(2026, 1, 1, tz="UTC")

with DAG("shop_orders", schedule="@daily", start_date=START, catchup=False):

    @task
    def load():
        return "12 orders"

    invoices = TriggerDagRunOperator(
        task_id="invoices",
        trigger_dag_id="shop_invoices",
        trigger_run_id="for_{{ ds }}",
        conf={"day": "{{ ds }}"},
        reset_dag_run=True,
        wait_for_completion=True,
        poke_interval=1,
    )
    report = ExternalTaskMarker(task_id="report", external_dag_id="shop_report", external_task_id="orders")

    load() >> [invoices, report]

with DAG("shop_invoices", schedule=None, start_date=START, params={"day": "2026-01-01"}):

    @task
    def send(params=None):
        return f"invoices of {params['day']}"

    send()

with DAG("shop_report", schedule="@daily", start_date=START, catchup=False):
    orders = ExternalTaskSensor(
        task_id="orders",
        external_dag_id="shop_orders",
        external_task_id="load",
        mode="reschedule",
        poke_interval=1,
        timeout=timedelta(hours=6),
    )

    @task
    def write():
        return "the report"

    orders >> write()
