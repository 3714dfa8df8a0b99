"""DAGs that wait for a variable, so that people can look while they run."""

import time
from datetime import datetime

from airflow.sdk import DAG, Param, Variable, task

LOOK_S = 0.2
LOOKS_MAX = 3000

with DAG("rising", schedule=None, tags=["food"], params={"flour": Param("rye", enum=["rye", "wheat"])}):

    @task
    def rise(params=None) -> None:
        for number in range(LOOKS_MAX):
            print(f"dough of {params['flour']} rises, {number}")
            if Variable.get("is_risen", default="no") == "yes":
                break
            time.sleep(LOOK_S)
        print("the dough has risen")

    rise()

with DAG("delivery", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, tags=["food"]):

    @task
    def deliver() -> None:
        for _ in range(LOOKS_MAX):
            if Variable.get("road", default="open") == "open":
                break
            time.sleep(LOOK_S)

    deliver()
