"""DAGs that people use in the browser: one that goes well, one that fails, one with fields."""

import time
from datetime import datetime

from airflow.sdk import DAG, Param, dag, task, task_group


@dag(dag_id="bakery", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, tags=["food"])
def bakery():
    """Bake bread: **knead**, then bake."""

    @task
    def knead() -> list[int]:
        print("kneading the dough")
        return [1, 2, 3]

    @task_group
    def oven():
        @task
        def bake(loaf: int) -> int:
            time.sleep(0.5)
            print(f"baked loaf {loaf}")
            return loaf

        return bake.expand(loaf=knead())

    @task
    def sell(loaves: list[int]) -> int:
        print("sold", len(list(loaves)))
        return 3

    sell(oven())


bakery()

with DAG("burnt", schedule=None, tags=["food"]) as burnt:

    @task
    def burn() -> None:
        raise ValueError("the bread is burnt")

    @task
    def eat() -> None:
        print("never")

    burn() >> eat()

with DAG(
    "ordered",
    schedule=None,
    params={
        "loaves": Param(2, type="integer", minimum=1, maximum=9, title="Loaves"),
        "kind": Param("rye", enum=["rye", "wheat"], description="Which flour"),
    },
):

    @task
    def order(params=None) -> str:
        print(f"ordered {params['loaves']} of {params['kind']}")
        return params["kind"]

    order()
