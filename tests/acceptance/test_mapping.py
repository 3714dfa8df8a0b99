"""Mapped tasks and mapped groups on the whole real way, and what people see of them."""

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System

FILE = """
from datetime import datetime
from airflow.exceptions import AirflowSkipException
from airflow.sdk import DAG, task, task_group

with DAG("grouped", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0}):
    @task
    def sizes():
        return [10, 20, 30, 40]

    @task.branch
    def which(size):
        return "part.small" if size < 25 else "part.large"

    @task(map_index_template="size {{ task.op_kwargs['size'] }}")
    def small(size, ti=None):
        if size == 20 and ti.try_number == 1:
            raise ValueError("twenty does not work at first")
        return size

    @task
    def large(size):
        return size * 10

    @task(trigger_rule="none_failed_min_one_success")
    def either(a, b):
        return a or b

    @task_group
    def part(size):
        a, b = small(size=size), large(size)
        which(size) >> [a, b]
        return either(a, b)

    @task
    def each(value):
        return value + 1

    @task(trigger_rule="all_done")
    def total(values):
        return [len(values), values[-1], list(values)[:2], sum(values)]

    results = part.expand(size=sizes())
    total(results)
    total.override(task_id="again")(each.expand(value=results))

with DAG("refused", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0}):
    @task
    def number():
        return 7

    @task
    def million():
        return list(range(1_000_000))

    @task
    def use(x):
        return x

    use.override(task_id="over_number").expand(x=number())
    use.override(task_id="over_million").expand(x=million())
"""


@pytest.fixture(params=DATABASES)
def system(request: pytest.FixtureRequest, make_system: MakeSystem) -> System:
    made = make_system(database=request.param)
    made.write("mapping.py", FILE)
    return made.start()


def test_groups_are_mapped_and_what_cannot_be_mapped_over_is_told(system: System) -> None:
    system.trigger("grouped", "r")
    system.trigger("refused", "r")

    assert system.wait_run("grouped", "r") == "failed"
    states = system.states("grouped", "r")
    assert [states[f"part.small[{index}]"] for index in range(4)] == [
        "success",
        "failed",
        "skipped",
        "skipped",
    ]
    assert [states[f"part.large[{index}]"] for index in range(4)] == [
        "skipped",
        "skipped",
        "success",
        "success",
    ]
    assert [states[f"part.either[{index}]"] for index in range(4)] == [
        "success", "upstream_failed", "success", "success"
    ]  # fmt: skip
    assert system.value("grouped", "r", "total") == [3, 400, [10, 300], 710]
    labels = [system.task("grouped", "r", "part.small", index).map_label for index in range(2)]
    assert labels == ["size 10", "size 20"]

    # A person clears the one instance that failed, and what follows it: nothing else runs again.
    system.cli(
        "tasks", "clear", "grouped", "-t", "^part.small$", "--map-index", "1", "--downstream", "-r", "r", "-y"
    )  # fmt: skip
    assert system.wait_run("grouped", "r") == "success"
    assert system.value("grouped", "r", "again") == [4, 401, [11, 21], 734]
    tries = [system.task("grouped", "r", "part.small", index).try_number for index in range(4)]
    assert tries == [1, 2, 0, 0]

    assert system.wait_run("refused", "r") == "failed"
    assert system.states("refused", "r") == {
        "number": "failed", "over_number": "upstream_failed",
        "million": "failed", "over_million": "upstream_failed",
    }  # fmt: skip
    assert "`number` returned `int`, but `over_number` expands over it" in system.log_of(
        "refused", "r", "number"
    )
    assert "`million` returned 1000000 items, and `over_million` expands over them" in system.log_of(
        "refused", "r", "million"
    )
