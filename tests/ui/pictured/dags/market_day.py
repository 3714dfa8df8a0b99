"""DAGs that exist for pictures only: a form with every kind of field, many instances, many assets, a question."""

import time
from datetime import datetime

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Asset, Param, Variable, task, task_group

LOAVES = 220
CRATES = 75
LOOK_S = 0.2
LOOKS_MAX = 30_000

with DAG(
    "catering",
    schedule=None,
    tags=["food"],
    params={
        "guests": Param(
            40, type="integer", minimum=1, maximum=400, title="Guests", description="How many come"
        ),
        "discount": Param(0.5, type="number", minimum=0, maximum=1),
        "kind": Param(
            "buffet", enum=["buffet", "dinner", "picnic"], description_md="**Buffet** needs no waiters"
        ),
        "is_vegetarian": Param(False, type="boolean"),
        "day": Param("2026-02-01", type="string", format="date"),
        "serve_at": Param("2026-02-01T12:00:00+00:00", type="string", format="date-time"),
        "code": Param("AB-12", type="string", pattern="^[A-Z]{2}-[0-9]+$", minLength=4, maxLength=8),
        "message": Param("A text\nof two lines", type="string", format="multiline"),
        "courses": Param(["soup", "bread"], type="array", examples=["soup", "bread", "cake", "cheese"]),
        "allergies": Param(["nuts"], type="array", items={"type": "string"}, section="Kitchen"),
        "oven": Param({"heat": 220}, type="object", section="Kitchen"),
        "cook": Param(None, type=["null", "string"], section="Kitchen"),
        "a_name_that_is_longer_than_most_names_of_params_are": Param("x", type="string", section="Kitchen"),
        "house": Param("fixed", const="fixed", section="Kitchen"),
    },
):

    @task
    def cater() -> None:
        print("catered")

    cater()

with DAG("loaves", schedule=None, tags=["food"]):

    @task
    def count() -> list[int]:
        return list(range(LOAVES))

    @task_group
    def shelf_of_the_long_wall():
        @task(map_index_template="{{ task.op_kwargs['loaf'] }} of a batch with a rather long label")
        def weigh_and_wrap_each_loaf_carefully(loaf: int) -> int:
            if loaf % 17 == 5:
                raise ValueError("too light")
            return loaf

        return weigh_and_wrap_each_loaf_carefully.expand(loaf=count())

    @task
    def sell(loaves: list[int]) -> None:
        print(len(list(loaves)))

    sell(shelf_of_the_long_wall())

with DAG("warehouse", schedule=None, tags=["supply"]):
    for number in range(3):

        @task(
            task_id=f"fill_{number}",
            outlets=[
                Asset(name=f"crate_{one:02}", uri=f"file:///crates/{one}") for one in range(number, CRATES, 3)
            ],
        )
        def fill() -> None:
            print("filled")

        fill()

with DAG("tasting", schedule=None, tags=["food"]):
    ApprovalOperator(
        task_id="may_it_be_sold",
        subject="May the new bread be sold?",
        body="It was baked with *less salt*.\n\n- taste it\n- look at the crust",
        params={"price": Param(3, type="integer", minimum=1), "remark": Param("", type="string")},
    )

with DAG("deliveries", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, tags=["food"]):

    @task
    def deliver(logical_date=None) -> None:
        if logical_date is not None and logical_date.day % 7 == 3:
            raise ValueError("the road is flooded")
        for number in range(LOOKS_MAX):
            if number % 25 == 0:
                print(f"looking at the road, {number}")
            if Variable.get("road", default="open") == "open":
                break
            time.sleep(LOOK_S)

    deliver()
