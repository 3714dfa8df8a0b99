"""What tasks can do, written for Airflow 3. Each DAG shows one thing; `test_task_features.py` says what must come of it."""

import logging
import os
import resource
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, BaseHook, BaseSensorOperator, Variable, chain, setup, task, task_group, teardown
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

START = datetime(2026, 1, 1)


def tell(name, *words):
    """Append one line to a file of the home, at one stroke."""
    path = Path(os.environ["WINDWARD_HOME"]) / name
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (",".join(map(str, words)) + "\n").encode())
    os.close(descriptor)


with DAG("attempts", schedule=None, start_date=START):

    @task(retries=2, retry_delay=timedelta(seconds=0.5))
    def third_time_lucky(ti=None):
        if ti.try_number < 3:
            raise ValueError(f"try {ti.try_number} fails")
        return ti.try_number

    @task(execution_timeout=timedelta(seconds=0.3), retries=0)
    def too_slow():
        time.sleep(60)

    @task
    def nothing_to_do():
        raise AirflowSkipException("nothing new today")

    @task(retries=3)
    def hopeless():
        raise AirflowFailException("no retry will help")

    @task(retries=0)
    def leaves():
        sys.exit(3)

    @task(retries=0)
    def leaves_at_once():
        os._exit(4)

    @task(retries=1, retry_delay=timedelta(0))
    def kills_itself(ti=None):
        if ti.try_number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return "alive"

    @task(retries=0)
    def hog():
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        return len(bytearray(4 << 30))

    (
        third_time_lucky(),
        too_slow(),
        nothing_to_do(),
        hopeless(),
        leaves(),
        leaves_at_once(),
        kills_itself(),
        hog(),
    )


with DAG("paths", schedule=None, start_date=START, default_args={"retries": 0}):

    @task.branch
    def choose():
        return ["left", "both"]

    @task.short_circuit
    def stop_here():
        return False

    @task
    def fails():
        raise ValueError("on purpose")

    def empty(name, rule="all_success"):
        return EmptyOperator(task_id=name, trigger_rule=rule)

    left, right = empty("left"), empty("right")
    chosen = choose()
    chosen >> [left, right, empty("both")]
    [left, right] >> empty("join", "none_failed_min_one_success")
    [left, right] >> empty("strict")
    stop_here() >> empty("cut") >> empty("cut_too")
    failed = fails()
    fine = empty("fine")
    for rule in (
        "all_success", "all_failed", "all_done", "one_failed", "one_success", "none_failed", "none_skipped",
        "always",
    ):  # fmt: skip
        [failed, fine] >> empty(f"rule_{rule}", rule)


with DAG("mapped", schedule=None, start_date=START):

    @task
    def numbers():
        return [1, 2, 3, 4]

    @task
    def words():
        return {"a": 1, "b": 2}

    @task
    def square(x, plus=0):
        return x * x + plus

    @task
    def total(values):
        return sum(values)

    @task
    def pair(item):
        return f"{item[0]}={item[1]}"

    @task_group
    def inner(x):
        return square.override(task_id="inner_square")(x)

    total.override(task_id="of_literal")(square.override(task_id="literal").expand(x=[5, 6]))
    total.override(task_id="of_xcom")(
        square.override(task_id="over_xcom").partial(plus=10).expand(x=numbers())
    )
    pair.expand(item=words())

    @task
    def none():
        return []

    square.override(task_id="over_nothing").expand(x=none())


with DAG("setups", schedule=None, start_date=START, default_args={"retries": 0}):

    @setup
    def make():
        tell("setups", "make")
        return "cluster"

    @task
    def use(name):
        tell("setups", "use", name)
        raise ValueError("the work fails")

    @teardown
    def remove(name):
        tell("setups", "remove", name)

    cluster = make()
    use(cluster) >> remove(cluster)


class Point:
    """Neither JSON nor of a type that anybody knows: it travels as a pickle."""

    def __init__(self, x, y):
        self.x, self.y = x, y


with DAG("values", schedule=None, start_date=START):

    @task
    def point():
        return Point(1, 2)

    @task
    def read_point(value):
        return [type(value).__name__, value.x, value.y]

    @task
    def large():
        return "abc" * 50_000

    @task
    def read_large(value):
        return [len(value), value[-3:]]

    @task(multiple_outputs=True)
    def many():
        return {"one": 1, "when": datetime(2026, 1, 2), "some": {1, 2}}

    @task
    def read_many(one, when, some):
        return [one, when.isoformat(), sorted(some)]

    read_point(point())
    read_large(large())
    found = many()
    read_many(found["one"], found["when"], found["some"])


with DAG("secrets", schedule=None, start_date=START, default_args={"retries": 0}):

    @task
    def looks():
        connection = BaseHook.get_connection("warehouse")
        print("the password is", connection.password)
        logging.getLogger("mine").warning("the token is %s", Variable.get("api_token"))
        subprocess.run(["echo", "the child says", connection.password], check=True)
        settings = Variable.get("settings", deserialize_json=True)
        Variable.set("written", "by a task")
        return [
            connection.host,
            connection.port,
            connection.login,
            settings["size"],
            Variable.get("none", default="dflt"),
        ]

    looks()


def told(event):
    def callback(context):
        tell("callbacks", event, context["ti"].task_id, context["ti"].try_number)

    return callback


def told_of_run(event):
    def callback(context):
        tell("callbacks", event, context["dag_run"].run_id, context["reason"])

    return callback


EVENTS = ("execute", "success", "failure", "retry", "skipped")
with DAG(
    "callbacks",
    schedule=None,
    start_date=START,
    on_success_callback=told_of_run("run_success"),
    on_failure_callback=[told_of_run("run_failure"), told_of_run("run_failure_again")],
    default_args={"retries": 0, **{f"on_{event}_callback": told(event) for event in EVENTS}},
):

    @task
    def good():
        pass

    @task(retries=1, retry_delay=timedelta(0))
    def bad():
        raise ValueError("twice")

    @task
    def idle():
        raise AirflowSkipException

    @task(on_success_callback=lambda context: 1 / 0)
    def its_callback_fails():
        pass

    good(), bad(), idle(), its_callback_fails()


with DAG(
    "callbacks_of_success", schedule=None, start_date=START, on_success_callback=told_of_run("run_success")
):
    EmptyOperator(task_id="one")


with DAG("shell", schedule=None, start_date=START, default_args={"retries": 0}):
    BashOperator(
        task_id="bash",
        bash_command='echo "hello $WHO on {{ ds }}"; echo to stderr >&2; pwd; echo last line',
        env={"WHO": "world"},
        append_env=True,
    )
    BashOperator(task_id="bash_skips", bash_command="exit 99")
    BashOperator(task_id="bash_fails", bash_command="echo before; exit 5")

    @task
    def talks():
        print("printed")
        print("to stderr", file=sys.stderr)
        logging.getLogger("mine").info("logged")
        subprocess.run("echo of a child process", shell=True, check=True)
        os.write(1, b"raw bytes\n")

    talks()


with DAG("sql", schedule=None, start_date=START, default_args={"retries": 0, "conn_id": "lite"}):
    chain(
        SQLExecuteQueryOperator(
            task_id="make",
            sql=[
                "CREATE TABLE IF NOT EXISTS t (day TEXT, n INTEGER)",
                "DELETE FROM t WHERE day = '{{ ds }}'",
            ],
        ),
        SQLExecuteQueryOperator(
            task_id="fill", sql="INSERT INTO t VALUES (:day, :n)", parameters={"day": "it's", "n": 7}
        ),
        SQLExecuteQueryOperator(task_id="read", sql="SELECT day, n FROM t ORDER BY n"),
    )


def own_pid():
    return os.getpid()


with DAG("warm", schedule=None, start_date=START):
    chain(*(PythonOperator(task_id=f"w{n}", python_callable=own_pid, isolation="warm") for n in range(4)))
    chain(*(PythonOperator(task_id=f"i{n}", python_callable=own_pid) for n in range(4)))


with DAG("pooled", schedule=None, start_date=START):

    def hold():
        began, begun = time.monotonic(), Path(os.environ["WINDWARD_HOME"]) / "pooled_begun"
        tell(begun.name, began)
        time.sleep(0.05)
        while begun.read_text().count("\n") < 2 and time.monotonic() < began + 60:
            time.sleep(0.01)  # the first waits for a second, if there ever is one
        tell("pooled", began, time.monotonic())

    for n in range(12):
        PythonOperator(task_id=f"p{n}", python_callable=hold, pool="narrow")


class CountingSensor(BaseSensorOperator):
    """Is done at its third look."""

    def poke(self, context):
        tell(f"looks_{self.task_id}", context["ti"].try_number)
        return (
            len((Path(os.environ["WINDWARD_HOME"]) / f"looks_{self.task_id}").read_text().splitlines()) >= 3
        )


class NeverSensor(BaseSensorOperator):
    def poke(self, context):
        return False


with DAG("sensors", schedule=None, start_date=START, default_args={"retries": 0, "poke_interval": 0.1}):
    CountingSensor(task_id="poking")
    CountingSensor(task_id="rescheduling", mode="reschedule")
    NeverSensor(task_id="times_out", timeout=0.3)
    NeverSensor(task_id="gives_up_softly", timeout=0.3, soft_fail=True)


with DAG("too_long", schedule=None, start_date=START, dagrun_timeout=timedelta(seconds=1)):

    @task
    def endless():
        time.sleep(600)

    endless() >> EmptyOperator(task_id="never")


with DAG("often", schedule=timedelta(seconds=1), start_date=START, catchup=False, max_active_runs=4):
    PythonOperator(task_id="beat", python_callable=own_pid)


with DAG("one_by_one", schedule=None, start_date=START):

    @task(max_active_tis_per_dagrun=1)
    def alone(n):
        tell("one_by_one", "begin", n)
        time.sleep(0.02)
        tell("one_by_one", "end", n)

    @task(retries=0)
    def odd_fails(n):
        if n % 2:
            raise ValueError("odd")
        return n

    @task(trigger_rule="all_done")
    def what_is_there(values):
        return list(values)

    alone.expand(n=list(range(5)))
    what_is_there(odd_fails.expand(n=[0, 1, 2, 3, 4]))
