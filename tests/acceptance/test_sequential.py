"""The sequential executor: one task at a time, whatever could run."""

from tests.acceptance.conftest import MakeSystem

DAGS = """
import os, time
from datetime import datetime
from airflow.sdk import DAG, task

def tell(*words):
    path = os.environ["EFFECTS"]
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (",".join(map(str, words)) + "\\n").encode())
    os.close(descriptor)

for name in ("one", "two"):
    with DAG(name, schedule=None, start_date=datetime(2026, 1, 1)):
        @task
        def work(n, ti=None):
            tell("begin", ti.dag_id, n)
            time.sleep(0.01)
            tell("end", ti.dag_id, n)

        work.expand(n=list(range(10)))
"""


def test_the_sequential_executor_runs_one_task_at_a_time(make_system: MakeSystem) -> None:
    system = make_system(settings={"WINDWARD__CORE__EXECUTOR": "SequentialExecutor"})
    system.write("dags.py", DAGS)
    system.start()
    system.trigger("one", "r")
    system.trigger("two", "r")
    assert system.wait_run("one", "r") == "success"
    assert system.wait_run("two", "r") == "success"
    lines = system.lines("effects")
    assert len(lines) == 40
    begins, ends = lines[::2], lines[1::2]
    assert [line[0] for line in begins] == ["begin"] * 20
    assert [line[1:] for line in begins] == [line[1:] for line in ends]
