"""DAG files that trigger each other, wait for each other, and are late."""

CHILDREN = """
from airflow.decorators import dag, task
from airflow.models.param import Param
from datetime import datetime
import os


@dag(schedule=None, start_date=datetime(2026, 1, 1), params={"size": Param(1, type="integer")})
def child():
    @task
    def work(**context):
        with open(os.environ["EFFECTS"], "a") as file:
            file.write(f"child,1,{os.getpid()}\\n")
        return [context["dag_run"].conf, context["dag_run"].run_type]

    work()


@dag(schedule=None, start_date=datetime(2026, 1, 1))
def unlucky():
    @task(retries=0)
    def fails():
        raise ValueError("always")

    fails()


child()
unlucky()
"""

MOTHERS = """
import os
import signal
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.operators.python import PythonOperator
from airflow.sensors.external_task import ExternalTaskSensor

ARGS = {"retries": 0, "poke_interval": 0.1}


class DiesOnce(TriggerDagRunOperator):
    def post_execute(self, context, result=None):
        if context["ti"].try_number == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def look_back(dag_run, ti):
    from airflow.models import DagRun

    runs = DagRun.find(dag_id="child", state="success")
    return [
        sorted(instance.task_id for instance in dag_run.get_task_instances()),
        ti.get_dagrun().run_id,
        sorted(run.run_id for run in runs if run.run_id.startswith("made_by_")),
    ]


with DAG("mother", schedule=None, start_date=datetime(2026, 1, 1), default_args=ARGS):
    waits = TriggerDagRunOperator(
        task_id="waits", trigger_dag_id="child", trigger_run_id="made_by_{{ run_id }}",
        conf={"size": 3, "date": "{{ ds }}"}, wait_for_completion=True,
    )
    again = TriggerDagRunOperator(
        task_id="again", trigger_dag_id="child", trigger_run_id="made_by_{{ run_id }}", skip_when_already_exists=True,
    )
    defers = TriggerDagRunOperator(
        task_id="defers", trigger_dag_id="child", wait_for_completion=True, deferrable=True,
    )
    unlucky = TriggerDagRunOperator(task_id="unlucky", trigger_dag_id="unlucky", wait_for_completion=True)
    invalid = TriggerDagRunOperator(task_id="invalid", trigger_dag_id="child", conf={"size": "large"})
    missing = TriggerDagRunOperator(task_id="missing", trigger_dag_id="nowhere")
    looks = PythonOperator(task_id="looks", python_callable=look_back)
    waits >> [again, looks]

with DAG("dies", schedule=None, start_date=datetime(2026, 1, 1)):
    DiesOnce(task_id="triggers", trigger_dag_id="child", retries=2, retry_delay=timedelta(seconds=0.1))

with DAG("watcher", schedule=None, start_date=datetime(2026, 1, 1), default_args={"poke_interval": 0.2}):
    ExternalTaskSensor(task_id="task", external_dag_id="watched", external_task_id="g.x")
    ExternalTaskSensor(task_id="group", external_dag_id="watched", external_task_group_id="g", mode="reschedule")
    ExternalTaskSensor(task_id="whole", external_dag_id="watched", deferrable=True, timeout=600)
    ExternalTaskSensor(
        task_id="fails", external_dag_id="unlucky", failed_states=["failed"], retries=0,
        execution_date_fn=lambda date: date,
    )
"""

WATCHED = """
from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup

with DAG("watched", schedule=None, start_date=datetime(2026, 1, 1)):
    with TaskGroup("g"):
        EmptyOperator(task_id="x") >> EmptyOperator(task_id="y")
"""

LATE = """
import os
import time
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.dummy_operator import DummyOperator
from airflow.operators.python_operator import PythonOperator
from airflow.operators.subdag_operator import SubDagOperator

HOME = os.environ["WINDWARD_HOME"]


def tell(dag, task_list, blocking_task_list, slas, blocking_tis):
    with open(HOME + "/slas", "a") as file:
        names = "+".join(sla.task_id for sla in slas)
        file.write(f"{dag.dag_id},{names},{'+'.join(sorted(ti.task_id for ti in blocking_tis))}\\n")


def sections(parent, child):
    dag = DAG(f"{parent}.{child}", start_date=datetime(2026, 1, 1), schedule_interval="@daily")
    first = PythonOperator(task_id="first", python_callable=lambda: "from the sub-DAG", dag=dag)
    second = PythonOperator(
        task_id="second", dag=dag, python_callable=lambda ti: ti.xcom_pull(task_ids="first"), provide_context=True,
    )
    first >> second
    return dag


def wait():
    end = time.monotonic() + 300
    while not os.path.exists(HOME + "/slas") and time.monotonic() < end:
        time.sleep(0.05)


late = DAG(
    "late", start_date=datetime(2026, 1, 1), schedule_interval="DAILY", catchup=False, sla_miss_callback=tell,
)
slow = PythonOperator(task_id="slow", python_callable=wait, sla=timedelta(seconds=1), dag=late)
slow >> DummyOperator(task_id="after", sla=timedelta(seconds=1), dag=late)

mother = DAG("sections", start_date=datetime(2026, 1, 1), schedule_interval=None)
start = DummyOperator(task_id="start", dag=mother)
part = SubDagOperator(task_id="part", subdag=sections("sections", "part"), dag=mother)
start >> part >> PythonOperator(
    task_id="end", dag=mother, python_callable=lambda ti: ti.xcom_pull(task_ids="second", dag_id="sections.part"),
)
"""

MAILED = """
import os
import time
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.python_operator import PythonOperator

HOME = os.environ["WINDWARD_HOME"]


def wait():
    end = time.monotonic() + 300
    while not os.path.exists(HOME + "/told") and time.monotonic() < end:
        time.sleep(0.05)


def broken(dag, task_list, blocking_task_list, slas, blocking_tis):
    raise RuntimeError("the callback is broken")


with DAG(
    "mailed", start_date=datetime(2026, 1, 1), schedule_interval="DAILY", catchup=False,
    sla_miss_callback=broken, default_args={"sla": timedelta(seconds=1)},
):
    load = PythonOperator(task_id="load", python_callable=wait, email="ops@example.com, data@example.com")
    load >> PythonOperator(task_id="report", python_callable=print, email=["boss@example.com", "ops@example.com"])
    load >> PythonOperator(task_id="quiet", python_callable=print, sla=None, email="nobody@example.com")
"""
