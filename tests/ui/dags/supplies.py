"""DAGs that hang together by assets, with labels on the ways that a branch takes."""

from airflow.sdk import DAG, Asset, Label, task

grain = Asset(name="grain", uri="file:///store/grain")
flour = Asset(name="flour", uri="file:///store/flour")

with DAG("farm", schedule=None, tags=["supply"]):

    @task(outlets=[grain])
    def harvest() -> int:
        return 7

    harvest()

with DAG("mill", schedule=[grain], tags=["supply"]):

    @task.branch
    def weigh() -> str:
        return "grind"

    @task(outlets=[flour])
    def grind() -> int:
        return 6

    @task
    def send_back() -> None:
        print("too little to grind")

    weighed = weigh()
    weighed >> Label("enough") >> grind()
    weighed >> Label("too little") >> send_back()

with DAG("larder", schedule=(grain & flour), tags=["supply"]):

    @task(inlets=[flour])
    def store() -> None:
        print("stored")

    store()
