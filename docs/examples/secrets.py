"""Reading variables and connections, and keeping what is secret out of logs."""

from airflow.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret
from windward import BaseHook, Variable, dag, task


@dag(schedule=None)
def secrets():
    @task
    def read():
        goods = Variable.get("goods", default=["tea"], deserialize_json=True)
        token = f"{len(goods)}-made-at-run-time"
        mask_secret(token)
        print(f"logs show: {token}")  # logs show: ***

    @task
    def connect():
        try:
            service = BaseHook.get_connection("shop")
        except AirflowNotFoundException:
            return "no such connection"
        return service.host

    read() >> connect()


secrets()
