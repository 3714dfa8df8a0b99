"""DAGs that people look at closely: a log with many voices, and groups of tasks side by side."""

import json
import logging
import sys
from datetime import datetime

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, TaskGroup, task

with DAG("chatter", schedule=None, tags=["food"]):

    @task
    def talk() -> None:
        print("the menu is at https://bakery.example/menu?day=1.")
        logging.getLogger("oven.heat").warning("the oven is cold")
        print("smoke", file=sys.stderr)
        try:
            json.loads("{half a loaf")
        except ValueError:
            logging.getLogger("till").exception("the order cannot be read")

    talk()

with DAG("errand", schedule=None, tags=["food"]):
    HITLOperator(task_id="which_flour", subject="Which flour is wanted?", options=["rye", "wheat"])

with DAG("market", schedule="@hourly", start_date=datetime(2026, 1, 1), catchup=False, tags=["food"]):

    @task
    def sell() -> None:
        print("sold")

    @task
    def count() -> None:
        print("counted")

    counted = count()
    for name in ("bread", "cake"):
        with TaskGroup(name):
            sell() >> counted
