"""Sensors with real processes: those that wait take no slot, and each sees what it waits for."""

import sqlite3
from collections.abc import Callable

import pytest

from tests.acceptance.conftest import DATABASES
from tests.acceptance.harness import System, wait_for

pytestmark = pytest.mark.slow
MakeSystem = Callable[..., System]
KINDS = {"bash": 4, "sql": 4, "files": 20, "deferred": 12}
COUNT = sum(KINDS.values())
WAITING = """
import os

from airflow.providers.common.sql.sensors.sql import SqlSensor
from airflow.providers.standard.sensors.bash import BashSensor
from airflow.sensors.filesystem import FileSensor
from windward import DAG, PythonOperator

HOME = os.environ["WINDWARD_HOME"]
with DAG("waiting", schedule=None, default_args={"poke_interval": 8, "timeout": 300}):
    for n in range(4):
        BashSensor(task_id=f"bash{n}", bash_command=f"test -f {HOME}/go", mode="reschedule")
        SqlSensor(task_id=f"sql{n}", conn_id="lite", sql="select count(*) from arrived", mode="reschedule")
    for n in range(20):
        FileSensor(task_id=f"files{n}", filepath="g*", fs_conn_id="here", mode="reschedule")
    for n in range(12):
        FileSensor(task_id=f"deferred{n}", filepath="go", fs_conn_id="here", deferrable=True, poke_interval=0.2)
with DAG("normal", schedule=None):
    PythonOperator(task_id="work", python_callable=print)
"""


@pytest.mark.parametrize("database", DATABASES)
def test_forty_waiting_sensors_with_two_slots_leave_room_for_a_normal_task(
    make_system: MakeSystem, database: str
) -> None:
    system = make_system(database=database, settings={"WINDWARD__CORE__PARALLELISM": "2"})
    system.cli("db", "migrate")
    lite = system.home / "lite.sqlite"
    system.cli("connections", "add", "lite", "--conn-uri", f"sqlite:///{lite}")
    system.cli(
        "connections", "add", "here", "--conn-type", "fs", "--conn-extra", f'{{"path": "{system.home}"}}'
    )
    with sqlite3.connect(lite) as connection:
        connection.execute("create table arrived (n integer)")
    system.write("waiting.py", WAITING)
    system.start()

    system.trigger("waiting", "r")
    seen: set[str] = set()

    def all_waited() -> bool:
        states = system.states("waiting", "r")
        seen.update(task for task, state in states.items() if state in {"up_for_reschedule", "deferred"})
        return len(seen) == COUNT

    wait_for(all_waited, lambda: f"not all waited: {system.states('waiting', 'r')}")
    assert list(system.states("waiting", "r").values()).count("deferred") == KINDS["deferred"]
    system.trigger("normal", "r")
    assert system.wait_run("normal", "r") == "success"
    assert "success" not in system.states("waiting", "r").values()

    with sqlite3.connect(lite) as connection:
        connection.execute("insert into arrived values (1)")
    (system.home / "go").touch()
    assert system.wait_run("waiting", "r") == "success"
    assert {task.try_number for task in system.tasks("waiting", "r")} == {1}, "a look is no try"


LATE = """
from datetime import timedelta

from windward import DAG, PythonSensor, task

with DAG("late", schedule=None, default_args={"poke_interval": 0.1, "timeout": 1, "retries": 3}):
    for mode in ("poke", "reschedule"):
        PythonSensor(task_id=mode, python_callable=lambda: False, mode=mode)
        PythonSensor(task_id=f"{mode}_softly", python_callable=lambda: False, mode=mode, soft_fail=True)

    @task.sensor(mode="reschedule", timeout=60)
    def third_look(task_reschedule_count=None):
        return task_reschedule_count == 2

    third_look()
"""


@pytest.mark.parametrize("database", DATABASES)
def test_a_sensor_times_out_in_every_mode_and_is_not_tried_again(
    make_system: MakeSystem, database: str
) -> None:
    system = make_system(database=database)
    system.write("late.py", LATE)
    system.start()
    system.trigger("late", "r")

    assert system.wait_run("late", "r") == "failed"
    assert system.states("late", "r") == {
        "poke": "failed", "poke_softly": "skipped", "reschedule": "failed", "reschedule_softly": "skipped",
        "third_look": "success",
    }  # fmt: skip
    assert system.task("late", "r", "reschedule").try_number == 1
    assert "AirflowSensorTimeout" in str(system.task("late", "r", "reschedule").exit_fact)
