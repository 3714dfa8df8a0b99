"""A question that waits until somebody answers."""

from datetime import datetime

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG

with DAG("asking", schedule=None, start_date=datetime(2026, 1, 1)):
    HITLOperator(task_id="ask", subject="Ship it?", body="Of *today*.", options=["Yes", "No"])
