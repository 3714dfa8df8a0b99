"""Kill -9 of anything in the middle of a run: every task gets done, and no attempt happens twice."""

from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, wait_for
from tests.acceptance.processes import children_of, is_alive

LAYERS, WIDTH = 20, 25
TASKS = LAYERS * WIDTH
MIDDLE = 150
"""So many attempts have begun when something is killed."""
GATE = LAYERS - 3
"""From this layer on tasks wait until the test has seen that it was not too late."""

GRID = f"""
import os, signal, time
from datetime import datetime
from airflow.sdk import DAG
from airflow.providers.standard.operators.python import PythonOperator

def work(ti):
    line = f"{{ti.task_id}},{{ti.try_number}},{{os.getpid()}}\\n".encode()
    effects = os.open(os.environ["EFFECTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(effects, line)
    os.close(effects)
    while ti.task_id in LAST and not os.path.exists(os.environ["EFFECTS"] + ".go"):
        time.sleep(0.01)
    time.sleep(0.02)  # there is always somebody to be killed

LAST = {{f"t{{layer}}_{{n}}" for layer in range({GATE}, {LAYERS}) for n in range({WIDTH})}}

with DAG("grid", schedule=None, start_date=datetime(2026, 1, 1), max_active_tasks=32):
    above = []
    for layer in range({LAYERS}):
        row = [PythonOperator(task_id=f"t{{layer}}_{{n}}", python_callable=work) for n in range({WIDTH})]
        for n, task in enumerate(row):
            if above:
                task << [above[n], above[(n + 1) % {WIDTH}]]
        above = row
"""

pytestmark = pytest.mark.slow


def begin(system: System) -> System:
    """Start a run of 500 tasks, and return in the middle of it."""
    system.write("grid.py", GRID)
    system.start()
    system.trigger("grid", "r")
    system.wait_effects(MIDDLE)
    return system


def go_on_from_the_middle(system: System) -> None:
    """Check that the last layer has not begun, and let the run go on to its end."""
    begun = {effect.task_id for effect in system.effects()}
    assert len(begun) <= TASKS - 2 * WIDTH, "the run was almost over: nothing was tested"
    Path(f"{system.effects_file}.go").touch()


def assert_whole(system: System) -> Counter[int]:
    """Check every attempt's effect; return how many attempts had each try number."""
    state = system.wait_run("grid", "r")
    records = system.tasks("grid", "r")
    assert [
        (one.task_id, one.state, one.reason)
        for one in records
        if one.state not in ("success", "upstream_failed")
    ] == []
    assert (state, len(records)) == ("success", TASKS)
    effects = system.effects()
    attempts = Counter((effect.task_id, effect.try_number) for effect in effects)
    assert {name: count for name, count in attempts.items() if count > 1} == {}
    assert {effect.task_id for effect in effects} == {record.task_id for record in records}
    last = {record.task_id: record.try_number for record in records}
    assert all(effect.try_number <= last[effect.task_id] for effect in effects)
    assert all((task_id, number) in attempts for task_id, number in last.items()), (
        "a success without an effect"
    )
    return Counter(effect.try_number for effect in effects)


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("name", ["scheduler", "processor", "worker", "api-server"])
def test_a_killed_component_costs_no_task_and_doubles_none(
    make_system: MakeSystem, name: str, database: str
) -> None:
    system = begin(make_system(database=database))
    before = system.component(name)
    system.kill(before)
    go_on_from_the_middle(system)
    tries = assert_whole(system)
    assert system.component(name) != before
    assert f"component died died={name}" in system.said()
    if name != "worker":
        assert tries == {1: TASKS}, "only a dead worker takes its tasks with it"


@pytest.mark.parametrize("database", DATABASES)
def test_a_killed_template_costs_no_task_and_doubles_none(make_system: MakeSystem, database: str) -> None:
    system = begin(make_system(database=database))
    worker = system.component("worker")
    killed = [system.kill_if_there(template) for template in system.templates(worker)]
    assert any(killed), "there was no template"
    go_on_from_the_middle(system)
    assert_whole(system)
    assert system.component("worker") == worker


@pytest.mark.parametrize("database", DATABASES)
def test_a_killed_task_is_tried_again_and_no_other(make_system: MakeSystem, database: str) -> None:
    system = make_system(database=database)
    pause = "ti.task_id == 't6_3' and ti.try_number == 1 and signal.pause()"
    system.write("grid.py", GRID.replace("    time.sleep(0.02)", f"    {pause}; time.sleep(0.02)"))
    system.start()
    system.trigger("grid", "r")
    victim = wait_for(
        lambda: next((effect for effect in system.effects() if effect.task_id == "t6_3"), None), "no victim"
    )
    system.kill(victim.pid)
    go_on_from_the_middle(system)
    tries = assert_whole(system)
    assert tries == {1: TASKS, 2: 1}
    system.log_of("grid", "r", "t6_3", try_number=1)


@pytest.mark.parametrize("database", DATABASES)
def test_a_killed_supervisor_costs_no_task_and_doubles_none(make_system: MakeSystem, database: str) -> None:
    # A lease that the test could not wait for: hosts that are dead for sure must not be waited for.
    system = begin(make_system(database=database, settings={"WINDWARD__SCHEDULER__HOST_LEASE_S": "1000"}))
    below = [pid for pid in children_of(system.process.pid) if is_alive(pid)]
    system.process.kill()
    wait_for(lambda: not any(is_alive(pid) for pid in below), "a component outlived its supervisor")
    go_on_from_the_middle(system)
    system.start()
    assert_whole(system)
