"""A file in the style of Airflow 1.10: old paths, `dag=` on each operator, `provide_context`, `default_args`."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.contrib.sensors.python_sensor import __name__ as _moved_module
from airflow.hooks.base_hook import BaseHook
from airflow.models import Variable
from airflow.operators.bash_operator import BashOperator
from airflow.operators.dummy_operator import DummyOperator
from airflow.operators.python_operator import BranchPythonOperator, PythonOperator
from airflow.utils.decorators import apply_defaults
from airflow.utils.helpers import chain, cross_downstream
from airflow.utils.trigger_rule import TriggerRule

assert _moved_module == "airflow.contrib.sensors.python_sensor"

default_args = {
    "owner": "house",
    "depends_on_past": False,
    "start_date": datetime(2019, 6, 1),
    "email_on_failure": False,
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
}


class CountOperator(PythonOperator):
    @apply_defaults
    def __init__(self, limit, *args, **kwargs):
        super().__init__(python_callable=lambda: list(range(limit)), *args, **kwargs)  # noqa: B026
        self.limit = limit


def pick(**context):
    return "count" if context["execution_date"].day % 2 else "skip"


def tell(ds, **kwargs):
    connection = BaseHook.get_connection("house")
    return f"{ds} {connection.host} {Variable.get('house')}"


dag = DAG(
    "house_1_10", default_args=default_args, schedule_interval="0 6 * * *", concurrency=4, catchup=False
)

start = DummyOperator(task_id="start", dag=dag)
branch = BranchPythonOperator(task_id="pick", python_callable=pick, provide_context=True, dag=dag)
count = CountOperator(limit=3, task_id="count", dag=dag)
skip = DummyOperator(task_id="skip", dag=dag)
listing = BashOperator(task_id="list", bash_command="echo {{ ds }} {{ next_ds }}", xcom_push=True, dag=dag)
say = PythonOperator(
    task_id="tell", python_callable=tell, provide_context=True, trigger_rule=TriggerRule.ONE_SUCCESS, dag=dag
)
end = DummyOperator(task_id="end", trigger_rule="all_done", dag=dag)

chain(start, branch)
cross_downstream([branch], [count, skip])
[count, skip] >> say
say.set_upstream(listing)
end << say
