"""Callbacks at each end, references of deadlines, and values kept over tries and runs: real processes, each database."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, wait_for
from tests.acceptance.processes import is_alive

FILE = Path(__file__).parent / "dags" / "called" / "ends.py"
SETTINGS = {
    "AIRFLOW__CALLBACKS__CALLBACK_EXECUTION_TIMEOUT": "5",
    "AIRFLOW__STATE_STORE__CLEAR_ON_SUCCESS": "true",
    "AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT": "17",
    "AIRFLOW_VAR_OPENING_LIMIT": "300",
}


ASKING = """
from datetime import datetime, timedelta
from airflow.sdk import DAG, BaseHook, Variable, task

def asks(context):
    ti = context["ti"]
    ti.xcom_push(key="asked", value=ti.xcom_pull(ti.task_id))
    host = BaseHook.get_connection("shop").host
    print(f"asked {Variable.get('opening_time')} {host} {ti.xcom_pull(ti.task_id, key='asked')}")

def told(name, **arguments):
    with DAG(name, schedule=None, start_date=datetime(2026, 1, 1)):
        @task(task_id="t", **arguments)
        def t():
            if name != "ends_well":
                raise ValueError(name)
            return 7

        t()

told("ends_well", on_success_callback=asks)
told("ends_badly", on_failure_callback=asks, retries=0)
told("goes_on", on_retry_callback=asks, retries=1, retry_delay=timedelta(hours=1))
"""


@pytest.fixture(params=DATABASES)
def system(request: pytest.FixtureRequest, make_system: MakeSystem) -> System:
    made = make_system(database=request.param, settings=SETTINGS)
    made.cli("db", "migrate")
    made.cli("variables", "set", "opening_time", "2026-01-02T08:00:00+02:00")
    shutil.copy(FILE, made.dags)
    made.start()
    return made


def told(system: System, kind: str) -> list[dict[str, Any]]:
    file = system.home / "told"
    lines = file.read_text().splitlines() if file.exists() else []
    return [fact for line in lines if (fact := json.loads(line))["kind"] == kind]


def test_each_end_calls_with_its_state_whatever_other_callbacks_raise(system: System) -> None:
    system.trigger("ends", "r")
    system.trigger("poolless", "r")
    system.trigger("endless", "r")

    assert system.wait_run("ends", "r") == "failed"
    wait_for(lambda: len(told(system, "failure")) == 2, "nobody heard of the failures")
    wait_for(lambda: len(told(system, "success")) == 2, "nobody heard of what its trigger ended")
    wait_for(lambda: told(system, "skipped"), "nobody heard of what was skipped")
    wait_for(lambda: told(system, "retry"), "nobody heard of the retry")
    states = {
        kind: sorted((fact["task"], fact["state"]) for fact in told(system, kind))
        for kind in ("success", "skipped", "retry", "failure")
    }
    assert states == {
        "success": [("deferred", "success"), ("succeeds", "success")],
        "skipped": [("skips", "skipped")],
        "retry": [("fails", "up_for_retry")],
        "failure": [("fails", "failed"), ("untemplated", "failed")],
    }
    assert {fact["text"] for fact in told(system, "note")} == {"fails of r", "untemplated of r"}
    assert len(told(system, "execute")) == 5, "a template that fails comes before `on_execute_callback`"
    assert "uses `nothing`, which is undefined" in system.task("ends", "r", "untemplated").reason
    log = system.log_of("ends", "r", "succeeds")
    assert "ValueError: a callback that fails" in log

    assert system.wait_run("endless", "r") == "success"
    wait_for(
        lambda: len(told(system, "endless")) == 2, "the callbacks of the task and of the DAG have not begun"
    )
    pids = [fact["pid"] for fact in told(system, "endless")]
    wait_for(lambda: not any(map(is_alive, pids)), "an endless callback goes on")
    store = system.session.store
    wait_for(lambda: not store.runs.load_open_callbacks(limit=9), "it is tried again")
    assert len(told(system, "endless")) == 2
    (log_file,) = (system.home / "logs").rglob("dag_id=endless/**/callback=success/*.log")
    assert "the callback takes too long and is stopped" in log_file.read_text()

    assert system.states("poolless", "r") == {"waits": "none"}
    assert "`nowhere`, which does not exist" in system.cli("tasks", "explain", "poolless", "waits", "r")
    assert [row["slots"] for row in system.rows("pools", "list") if row["pool"] == "default_pool"] == [17]
    system.cli("pools", "set", "nowhere", "1")
    assert system.wait_run("poolless", "r") == "success"


def test_references_of_ones_own_are_asked_on_a_worker_and_again_when_the_run_is_cleared(
    system: System,
) -> None:
    system.trigger("dated", "r")
    wait_for(lambda: told(system, "late"), "nobody heard of the missed deadline")
    (asked,) = told(system, "asked")
    assert (asked["dag"], asked["run"]) == ("dated", "r")
    assert asked["pid"] not in {system.component("scheduler"), system.component("processor")}
    assert told(system, "late") == [{"kind": "late", "name": "opening", "at": "2026-01-02T06:05:00+00:00"}]
    (row,) = system.rows("deadlines", "list")
    assert (row["deadline"], row["state"]) == ("opening", "missed")

    def logs_of_broken() -> str:
        files = (system.home / "logs").rglob("callback=deadline_reference_1/*.log")
        return "".join(file.read_text() for file in files)

    wait_for(lambda: "would use the scheduler's database" in logs_of_broken(), logs_of_broken)

    system.cli("variables", "set", "opening_time", "2126-01-02T08:00:00")
    (system.home / "dated.go").touch()
    assert system.wait_run("dated", "r") == "success"
    (system.home / "dated.go").unlink()
    system.cli("tasks", "clear", "dated", "--run-id", "r", "--yes")
    wait_for(lambda: len(told(system, "asked")) == 2, "it was not asked again")

    def is_new() -> bool:
        return [row["due_at"] for row in system.rows("deadlines", "list")] == [
            "2126-01-02T08:05:00.000000+00:00"
        ]

    wait_for(is_new, lambda: f"the deadline is the old one: {system.rows('deadlines', 'list')}")
    (system.home / "dated.go").touch()
    assert system.wait_run("dated", "r") == "success"
    assert len(told(system, "late")) == 1


def test_a_job_is_found_again_and_values_of_assets_outlive_runs(system: System) -> None:
    for number in (1, 2):
        system.trigger("kept", f"r{number}")
        assert system.wait_run("kept", f"r{number}") == "failed"
        assert system.value("kept", f"r{number}", "job") == f"job of r{number}"
        assert system.task("kept", f"r{number}", "job").try_number == 2
        assert system.value("kept", f"r{number}", "writes") == number
        assert f"seen {number}" in system.task("kept", f"r{number}", "reads").reason
    assert [fact["run"] for fact in told(system, "submitted")] == ["r1", "r2"]
    assert "is not in this task's inlets or outlets" in system.task("kept", "r1", "strange").reason
    assert "more than `[state_store] max_value_storage_bytes`" in system.log_of("kept", "r1", "writes")

    store, now = system.session.store, system.session.clock.now()
    rows = system.rows("state-store", "list", "kept", "r1")
    assert [(row["task_id"], row["key"], row["value"]) for row in rows] == [("reads", "seen", "1")]
    rows = system.rows("state-store", "list-assets", "--asset", "marks")
    assert [(row["key"], row["value"], row["set_by"]) for row in rows] == [("mark", "2", "kept.writes")]
    left = store.states.list_task_state(system.run("kept", "r1").run_pk, now=now)
    assert [(key.task_id, name) for key, name, _, _ in left] == [("reads", "seen")]
    system.cli("tasks", "mark", "kept", "reads", "r1", "--state", "success")
    assert not store.states.list_task_state(system.run("kept", "r1").run_pk, now=now)


def test_callbacks_are_answered_when_the_attempt_and_its_run_are_over(system: System) -> None:
    system.cli("connections", "add", "shop", "--conn-type", "http", "--conn-host", "shop.test")
    system.write("asking.py", ASKING)
    for dag_id in ("ends_well", "ends_badly", "goes_on"):
        system.trigger(dag_id, "r")
    assert system.wait_run("ends_well", "r") == "success"
    assert system.wait_run("ends_badly", "r") == "failed"
    for dag_id, value in (("ends_well", 7), ("ends_badly", None), ("goes_on", None)):
        system.wait_log(dag_id, "r", "t", f"asked 2026-01-02T08:00:00+02:00 shop.test {value}")
    assert system.value("ends_well", "r", "t", "asked") == 7
