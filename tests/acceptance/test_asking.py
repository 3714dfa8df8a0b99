"""Questions to people, whole: who the task is before and after, who is told, what an answer does to what follows."""

import os
from typing import Any

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, wait_for

FILE = """
import os
import time
from datetime import datetime, timedelta
from airflow.providers.standard.operators.hitl import (
    ApprovalOperator, HITLBranchOperator, HITLEntryOperator, HITLOperator,
)
from airflow.sdk import DAG, BaseNotifier, Param, task
from airflow.sdk.bases.sensor import BaseSensorOperator


class Told(BaseNotifier):
    template_fields = ("text",)

    def __init__(self, text):
        super().__init__()
        self.text = text

    def notify(self, context):
        context["ti"].xcom_push(key="told", value=[self.text, context["task"].subject, os.getuid()])


class Asks(HITLEntryOperator):
    def execute_complete(self, context, event):
        answer = super().execute_complete(context, event)
        context["ti"].xcom_push(key="went_on_as", value=os.getuid())
        return answer["params_input"]


def fails(context):
    raise ValueError("nobody was told")


with DAG("asked", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retry_delay": timedelta(seconds=0.1)}):
    other = Asks(
        task_id="other", subject="As {{ dag.dag_id }}?", params={"why": Param("", type="string")},
        notifiers=Told("{{ ti.task_id }} asks"), run_as_user=USER,
    )

    @task(run_as_user=USER)
    def reads(form):
        return [form["why"], os.getuid()]

    reads(other.output)
    rejected = ApprovalOperator(task_id="rejected", subject="Go?", ignore_downstream_trigger_rules=True)
    fatal = ApprovalOperator(task_id="fatal", subject="Go?", fail_on_reject=True)
    way = HITLBranchOperator(task_id="way", subject="Which?", options=["a", "b", "c"], multiple=True)
    many = HITLOperator.partial(task_id="many", options=["yes", "no"]).expand(subject=["first", "second"])
    again = HITLOperator(
        task_id="again", subject="Quick", options=["x"], response_timeout=timedelta(seconds=0.1), retries=1
    )
    HITLOperator(task_id="untold", subject="Told?", options=["x"], notifiers=[fails])

    @task
    def step():
        return 1

    @task(trigger_rule="all_done")
    def last():
        return 1

    rejected >> step.override(task_id="near")() >> last()
    way >> [step.override(task_id=name)() for name in "abc"]
"""


def listed(system: System) -> set[tuple[str, int]]:
    return {(row["task_id"], int(row["map_index"])) for row in system.rows("hitl", "list")}


@pytest.mark.parametrize("database", DATABASES)
def test_questions_go_on_as_the_same_user_and_decide_what_follows(
    make_system: MakeSystem, database: str
) -> None:
    is_root = os.geteuid() == 0
    system = make_system(database=database)
    system.cli("db", "migrate")
    system.write("asked.py", FILE.replace("USER", repr("nobody" if is_root else None)))
    system.start()
    system.trigger("asked", "r")
    wanted = {("other", -1), ("rejected", -1), ("fatal", -1), ("way", -1), ("many", 0), ("many", 1)}
    wait_for(lambda: listed(system) >= wanted, lambda: f"asked is only {listed(system)}")

    def answer(task_id: str, *choice: str) -> None:
        system.cli("hitl", "respond", "asked", task_id, "r", *choice)

    answer("other", "OK", "--params", '{"why": "it is time"}')
    answer("rejected", "Reject")
    answer("fatal", "Reject")
    answer("way", "a", "c")
    answer("many", "yes", "--map-index", "0")
    answer("many", "no", "--map-index", "1")

    assert system.wait_run("asked", "r") == "failed"
    print(system.log_of("asked", "r", "other"), system.said())
    assert system.states("asked", "r") == {
        "other": "success", "reads": "success", "rejected": "success", "near": "skipped", "last": "skipped",
        "fatal": "failed", "way": "success", "a": "success", "b": "skipped", "c": "success",
        "many[0]": "success", "many[1]": "success", "again": "failed", "untold": "failed",
    }  # fmt: skip
    values: dict[str, Any] = {key: system.value("asked", "r", "other", key) for key in ("told", "went_on_as")}
    user = values["went_on_as"]
    assert (user == os.geteuid()) is not is_root
    assert values["told"] == ["other asks", "As asked?", user]
    assert system.value("asked", "r", "reads") == ["it is time", user]
    assert system.task("asked", "r", "again").try_number == 2
    assert "nobody was told" in str(system.task("asked", "r", "untold").exit_fact)
    assert "HITLTimeoutError" in str(system.task("asked", "r", "again").exit_fact)
    assert "HITLRejectException" in str(system.task("asked", "r", "fatal").exit_fact)
