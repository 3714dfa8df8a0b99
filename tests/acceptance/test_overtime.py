"""A process that lives on after its task has succeeded is killed when its overtime is over."""

from pathlib import Path

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import wait_for

FILE = """
import os
import time
from datetime import datetime

from airflow.sdk import DAG, task

HOME = os.environ["WINDWARD_HOME"]


def dawdle(context):
    with open(HOME + "/pid.new", "w") as out:
        out.write(str(os.getpid()))
    os.rename(HOME + "/pid.new", HOME + "/pid")
    time.sleep(1000)


with DAG("dawdling", schedule=None, start_date=datetime(2026, 1, 1)):

    @task(on_success_callback=dawdle)
    def work():
        return 1

    work()
"""


@pytest.mark.parametrize("database", DATABASES)
def test_a_process_that_lives_on_after_success_is_killed_and_its_task_stays_successful(
    database: str, make_system: MakeSystem
) -> None:
    system = make_system(database=database, settings={"WINDWARD__CORE__TASK_SUCCESS_OVERTIME": "3"})
    system.write("dawdling.py", FILE)
    system.start()
    system.trigger("dawdling", "r")
    assert system.wait_run("dawdling", "r") == "success"
    wait_for((system.home / "pid").exists, "the callback did not begin")
    pid = int((system.home / "pid").read_text(encoding="utf-8"))

    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the process lives on")
    assert system.task("dawdling", "r", "work").state == "success"
