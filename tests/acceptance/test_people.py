"""What people do while a run goes on: clear, mark, pause, change and delete files, trigger; and what they read."""

import re
from datetime import datetime

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, wait_for
from tests.acceptance.processes import is_alive
from windward.model.states import TaskState

HEAD = """
import os, time
from datetime import datetime
from airflow.sdk import DAG, task

def tell(ti, text=""):
    line = f"{ti.task_id},{ti.try_number},{os.getpid()}\\n".encode()
    effects = os.open(os.environ["EFFECTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(effects, line)
    os.close(effects)

def hold(name):
    "Wait until the test makes a file."
    while not os.path.exists(os.path.join(os.environ["WINDWARD_HOME"], name)):
        time.sleep(0.01)
"""

GATE = (
    HEAD
    + """
with DAG("gate", schedule=None, start_date=datetime(2026, 1, 1)):
    @task
    def before(ti=None):
        tell(ti)

    @task
    def held(ti=None):
        tell(ti)
        hold("go" if ti.try_number == 1 else "go again")

    @task
    def after(ti=None):
        tell(ti)

    before() >> held() >> after()
"""
)

RUN_FIELDS = [
    "dag_id", "run_id", "run_type", "state", "logical_date", "data_interval_start", "data_interval_end",
    "queued_at", "start_date", "end_date", "note",
]  # fmt: skip
STATE_FIELDS = ["task_id", "map_index", "state", "try_number", "start_date", "end_date", "note"]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")


def let_go(system: System, name: str = "go") -> None:
    (system.home / name).touch()


def tries_of(system: System, task_id: str) -> list[int]:
    return [effect.try_number for effect in system.effects() if effect.task_id == task_id]


@pytest.fixture(params=DATABASES)
def gate(request: pytest.FixtureRequest, make_system: MakeSystem) -> System:
    """Return a system in which the task `held` of the run `gate/r` waits."""
    system = make_system(database=request.param)
    system.write("gate.py", GATE)
    system.start()
    system.trigger("gate", "r")
    wait_for(lambda: tries_of(system, "held"), "the task never began")
    return system


def test_a_finished_task_that_is_cleared_runs_again_and_what_runs_stays(gate: System) -> None:
    gate.cli("tasks", "clear", "gate", "--run-id", "r", "--task-regex", "^before$", "--yes")
    wait_for(lambda: tries_of(gate, "before") == [1, 2], "it did not run again")
    let_go(gate)
    assert gate.wait_run("gate", "r") == "success"
    assert tries_of(gate, "held") == [1]
    assert tries_of(gate, "after") == [1]


def test_a_running_task_that_is_cleared_is_stopped_and_runs_again(gate: System) -> None:
    [first] = [effect for effect in gate.effects() if effect.task_id == "held"]
    gate.cli("tasks", "clear", "gate", "--run-id", "r", "--task-regex", "^held$", "--only-running", "--yes")
    wait_for(lambda: tries_of(gate, "held") == [1, 2], "it did not run again")
    wait_for(lambda: not is_alive(first.pid), "the process of the first try goes on")
    let_go(gate, "go again")
    assert gate.wait_run("gate", "r") == "success"
    assert tries_of(gate, "after") == [1]


def test_a_whole_run_that_has_ended_can_be_cleared(gate: System) -> None:
    let_go(gate)
    gate.wait_run("gate", "r")
    let_go(gate, "go again")
    gate.cli("tasks", "clear", "gate", "--run-id", "r", "--yes")
    wait_for(lambda: tries_of(gate, "after") == [1, 2], "it did not run to its end again")
    assert gate.wait_run("gate", "r") == "success"
    assert tries_of(gate, "held") == [1, 2]


def test_marking_a_running_task_success_stops_it_and_lets_the_run_go_on(gate: System) -> None:
    [first] = [effect for effect in gate.effects() if effect.task_id == "held"]
    gate.mark("gate", "r", ["held"], TaskState.SUCCESS)
    assert gate.wait_run("gate", "r") == "success"
    assert gate.states("gate", "r") == {"before": "success", "held": "success", "after": "success"}
    wait_for(lambda: not is_alive(first.pid), "the process of the marked task goes on")


def test_marking_a_running_task_failed_fails_what_comes_after(gate: System) -> None:
    [first] = [effect for effect in gate.effects() if effect.task_id == "held"]
    gate.mark("gate", "r", ["held"], TaskState.FAILED)
    assert gate.wait_run("gate", "r") == "failed"
    assert gate.states("gate", "r") == {"before": "success", "held": "failed", "after": "upstream_failed"}
    wait_for(lambda: not is_alive(first.pid), "the process of the marked task goes on")
    assert tries_of(gate, "held") == [1]


def test_a_paused_dag_begins_nothing_new_until_it_is_unpaused(gate: System) -> None:
    gate.cli("dags", "pause", "gate")
    let_go(gate)
    gate.wait_state("gate", "r", "held", "success")
    gate.trigger("gate", "later")
    # Something else runs from end to end meanwhile: the scheduler had every chance.
    gate.write("other.py", GATE.replace('"gate"', '"other"'))
    gate.trigger("other", "r")
    assert gate.wait_run("other", "r") == "success"
    assert tries_of(gate, "after") == [1], "only the other DAG's"
    assert str(gate.run("gate", "later").state) == "queued"
    gate.cli("dags", "unpause", "gate")
    assert gate.wait_run("gate", "r") == "success"
    assert gate.wait_run("gate", "later") == "success"


def test_a_run_keeps_the_version_that_it_began_with(gate: System) -> None:
    before = gate.run("gate", "r").document_hash
    last = "before() >> held() >> after()"
    broken = "after(ti=None):\n        raise ValueError('new')"
    changed = GATE.replace("after(ti=None):\n        tell(ti)", broken)
    gate.write("gate.py", changed.replace(last, f"{last}\n    task(task_id='added')(lambda: 1)()"))

    def is_seen() -> bool:
        record = gate.session.store.catalog.load_dag("gate")
        return record is not None and record.document_hash != before

    wait_for(is_seen, "the change was not seen")
    let_go(gate)
    assert gate.wait_run("gate", "r") == "success"
    assert set(gate.states("gate", "r")) == {"before", "held", "after"}
    assert tries_of(gate, "after") == [1]

    gate.cli("dags", "trigger", "gate", "--run-id", "new")
    wait_for(lambda: gate.task("gate", "new", "after").exit_fact, "the new version did not run")
    assert set(gate.states("gate", "new")) == {"before", "held", "after", "added"}
    assert "ValueError: new" in gate.log_of("gate", "new", "after", try_number=1)


def test_a_run_whose_file_is_deleted_goes_on_to_its_end(gate: System) -> None:
    (gate.dags / "gate.py").unlink()
    wait_for(lambda: gate.rows("dags", "list") == [], "the DAG is still listed")
    let_go(gate)
    assert gate.wait_run("gate", "r") == "success"
    assert tries_of(gate, "after") == [1]
    assert "is gone" in gate.cli("dags", "trigger", "gate", "--run-id", "never", code=1)


def test_a_double_run_id_is_refused_and_changes_nothing(gate: System) -> None:
    said = gate.cli("dags", "trigger", "gate", "--run-id", "r", code=1)
    assert "already has a run `r`" in said
    assert len(gate.rows("dags", "list-runs", "gate")) == 1


def test_listings_have_the_promised_fields_and_exact_times(gate: System) -> None:
    [row] = gate.rows("dags", "list-runs", "gate")
    assert list(row) == RUN_FIELDS
    assert (row["dag_id"], row["run_id"], row["run_type"], row["state"]) == ("gate", "r", "manual", "running")
    assert row["end_date"] is None
    for name in ("logical_date", "data_interval_start", "data_interval_end", "queued_at", "start_date"):
        assert MOMENT.fullmatch(row[name]), (name, row[name])

    states = {row["task_id"]: row for row in gate.rows("tasks", "states-for-dag-run", "gate", "r")}
    assert [list(row) for row in states.values()] == [STATE_FIELDS] * 3
    assert {name: row["state"] for name, row in states.items()} == {
        "before": "success", "held": "running", "after": None,
    }  # fmt: skip
    assert (states["before"]["map_index"], states["before"]["try_number"]) == (-1, 1)
    assert MOMENT.fullmatch(states["before"]["start_date"])
    assert MOMENT.fullmatch(states["before"]["end_date"])
    assert states["after"]["start_date"] is None

    let_go(gate)
    gate.wait_run("gate", "r")
    [row] = gate.rows("dags", "list-runs", "gate")
    assert row["queued_at"] <= row["start_date"] <= row["end_date"]


def test_conf_and_params_reach_the_task_and_the_date_is_the_one_given(make_system: MakeSystem) -> None:
    system = make_system()
    system.write(
        "told.py",
        HEAD
        + """
from airflow.sdk import Param

with DAG("told", schedule=None, start_date=datetime(2026, 1, 1), params={"size": Param(3, type="integer"), "word": "a"}):
    @task
    def tells(params=None, dag_run=None, logical_date=None, ds=None):
        return [params["size"], params["word"], dag_run.conf, logical_date.isoformat(), ds]

    tells()
""",
    )
    system.start()
    system.trigger(
        "told", "r", "--conf", '{"size": 7, "more": [1]}', "--logical-date", "2026-03-01T02:00:00+01:00"
    )
    assert system.wait_run("told", "r") == "success"
    assert system.value("told", "r", "tells") == [
        7, "a", {"size": 7, "more": [1]}, "2026-03-01T01:00:00+00:00", "2026-03-01",
    ]  # fmt: skip
    assert datetime.fromisoformat(system.rows("dags", "list-runs", "told")[0]["logical_date"]).hour == 1
    said = system.cli("dags", "trigger", "told", "--run-id", "wrong", "--conf", '{"size": "large"}', code=1)
    assert "size" in said


def test_notes_stay_with_runs_and_tasks(gate: System) -> None:
    gate.cli("dags", "note", "gate", "r", "the warehouse was away")
    gate.cli("tasks", "note", "gate", "held", "r", "ask Ada")
    let_go(gate)
    assert gate.wait_run("gate", "r") == "success"
    gate.cli("tasks", "clear", "gate", "--run-id", "r", "--task-regex", "^after$", "--yes")
    wait_for(lambda: tries_of(gate, "after") == [1, 2], "it did not run again")
    assert gate.cli("dags", "note", "gate", "r") == "the warehouse was away\n"
    assert gate.cli("tasks", "note", "gate", "held", "r") == "ask Ada\n"
    assert "somebody noted: the warehouse was away" in gate.cli("dags", "explain", "gate", "r")
    gate.cli("tasks", "note", "gate", "held", "r", "--delete")
    assert gate.cli("tasks", "note", "gate", "held", "r") == ""
