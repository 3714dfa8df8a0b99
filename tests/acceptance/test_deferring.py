"""Deferrable tasks with real processes: started when needed, killed in the middle, shared, and named when they block."""

import signal
import sqlite3
from collections.abc import Callable

import pytest

from tests.acceptance.conftest import DATABASES
from tests.acceptance.deferring import KINDS, MANY, TRIGGERS
from tests.acceptance.harness import System, wait_for
from windward.model.states import TaskState

MakeSystem = Callable[..., System]
COUNT = 200


def triggerers(system: System) -> list[int]:
    """Return the processes that run triggers."""
    hosts = [host for host in system.session.store.hosts.load_hosts() if host.kind == "triggerer"]
    return [host.pid for host in hosts]


def in_state(system: System, dag_id: str, state: str) -> int:
    return list(system.states(dag_id, "r").values()).count(state)


@pytest.fixture
def deferring(make_system: MakeSystem) -> Callable[..., System]:
    """Return a maker of systems with the trigger module and these DAG files."""

    def make(*texts: str, database: str = "sqlite", **settings: str) -> System:
        system = make_system(database=database, settings=settings)
        system.write("my_triggers.py", TRIGGERS)
        for number, text in enumerate(texts):
            system.write(f"dag{number}.py", text)
        return system.start()

    return make


@pytest.mark.parametrize("database", DATABASES)
def test_two_hundred_deferred_tasks_outlive_a_killed_triggerer_and_none_goes_on_twice(
    deferring: Callable[..., System], database: str
) -> None:
    system = deferring(MANY.replace("COUNT", str(COUNT)), database=database)
    assert triggerers(system) == []
    system.trigger("many", "r")
    wait_for(lambda: in_state(system, "many", "deferred") == COUNT, "not all tasks deferred")
    (first,) = wait_for(lambda: triggerers(system), "no triggerer was started")

    (system.home / "go").touch()
    wait_for(lambda: len(system.effects()) >= 5, "nothing was resumed")
    system.kill(first, signal.SIGKILL)

    assert system.wait_run("many", "r") == "success"
    effects = system.effects()
    assert len(effects) == COUNT
    assert {effect.try_number for effect in effects} == {1}
    assert first in {effect.pid for effect in effects}


def test_two_triggerers_share_and_one_takes_over_from_the_other(deferring: Callable[..., System]) -> None:
    system = deferring(MANY.replace("COUNT", "20"))
    for _ in range(2):
        system.launch("triggerer")
    wait_for(lambda: len(triggerers(system)) == 2, "two triggerers are not known")
    one, other = triggerers(system)
    system.trigger("many", "r")
    wait_for(lambda: in_state(system, "many", "deferred") == 20, "not all tasks deferred")
    system.kill(one, signal.SIGKILL)
    (system.home / "go").touch()

    assert system.wait_run("many", "r") == "success"
    assert {effect.pid for effect in system.effects()} == {other}
    assert system.get("/api/v2/monitor/health")["triggerer"]["status"] == "healthy"


@pytest.mark.parametrize("database", DATABASES)
def test_a_triggerer_that_joins_takes_its_share_from_the_one_that_is_there(
    deferring: Callable[..., System], database: str
) -> None:
    system = deferring(MANY.replace("COUNT", "20"), database=database)
    system.trigger("many", "r")
    wait_for(lambda: in_state(system, "many", "deferred") == 20, "not all tasks deferred")
    (one,) = wait_for(lambda: triggerers(system), "no triggerer was started")
    wait_for(lambda: starts_of_triggers(system) == 20, "not all triggers began")
    system.launch("triggerer")
    wait_for(lambda: starts_of_triggers(system) == 30, "ten triggers did not move")
    (system.home / "go").touch()

    assert system.wait_run("many", "r") == "success"
    pids = [effect.pid for effect in system.effects()]
    assert len(pids) == 20
    assert pids.count(one) == 10


def starts_of_triggers(system: System) -> int:
    """Return how often triggers have begun, wherever, as the logs of their tasks tell."""
    logs = (system.home / "logs").rglob("*.log")
    return sum(log.read_text(encoding="utf-8").count("trigger started") for log in logs)


@pytest.mark.parametrize("database", DATABASES)
def test_templates_of_a_trigger_with_which_a_task_begins_are_rendered(
    deferring: Callable[..., System], database: str
) -> None:
    system = deferring(KINDS, database=database, AIRFLOW_VAR_PLACE="here")
    for dag_id in ("templated", "own_macros"):
        system.trigger(dag_id, "r")
    for dag_id in ("templated", "own_macros"):
        assert system.wait_run(dag_id, "r") == "success"

    assert system.value("templated", "r", "plain") == "r red plain here"
    assert system.value("own_macros", "r", "macro") == "R"
    mapped = system.session.store.xcoms
    words = [
        mapped.get_xcom("templated", "r", "return_value", task_id="mapped", map_index=index)
        for index in (0, 1)
    ]
    assert [word.data for word in words if word is not None] == [b'"r 0"', b'"r 1"']
    log = system.log_of("templated", "r", "plain")
    assert "printed by the trigger" in log
    assert "printed by the trigger" not in system.said()
    assert "attempt started" in system.log_of("own_macros", "r", "macro").partition("trigger started")[0]
    assert "attempt started" not in log.partition("trigger started")[0]


def test_a_task_may_be_a_coroutine_and_a_timeout_cancels_it(deferring: Callable[..., System]) -> None:
    system = deferring(KINDS)
    system.trigger("awaits", "r")
    assert system.wait_run("awaits", "r") == "failed"

    assert system.states("awaits", "r") == {"both": "success", "too_slow": "failed"}
    assert system.value("awaits", "r", "both") == ["a", "b"]
    assert '"kind":"timeout"' in str(system.task("awaits", "r", "too_slow").exit_fact)
    assert (system.home / "cancelled").exists()


def test_each_end_of_a_trigger_reaches_its_task(deferring: Callable[..., System]) -> None:
    system = deferring(KINDS)
    system.trigger("kinds", "r")
    assert system.wait_run("kinds", "r") == "failed"

    assert system.states("kinds", "r") == {
        "time": "success", "raises": "failed", "ends": "success", "late": "failed", "starts": "success",
    }  # fmt: skip
    assert system.value("kinds", "r", "time", "before") == "kept"
    assert system.value("kinds", "r", "ends") == 42
    assert "begun" in system.value("kinds", "r", "starts")
    assert (
        "TaskDeferralError: Trigger failure: ValueError: no such luck"
        in str(system.task("kinds", "r", "raises").exit_fact)
        or "no such luck" in system.task("kinds", "r", "raises").reason
    )
    assert "TaskDeferralTimeout" in str(system.task("kinds", "r", "late").exit_fact)
    log = system.log_of("kinds", "r", "starts")
    assert "saw" in log
    assert "trigger fired" in log


def test_a_trigger_that_blocks_the_loop_is_named_and_hurts_only_its_own_task(
    deferring: Callable[..., System],
) -> None:
    system = deferring(
        KINDS,
        WINDWARD__TRIGGERER__BLOCKED_MAX_S="1.5",
        WINDWARD__TRIGGERER__BLOCKED_MAIN_THREAD_WARNING_THRESHOLD="0.2",
    )
    system.trigger("staying", "r")
    system.wait_state("staying", "r", "waits", "deferred")
    system.trigger("blocking", "r")

    assert system.wait_run("blocking", "r") == "failed"
    assert "blocked the event loop" in system.task("blocking", "r", "blocks").reason
    assert "my_triggers.py" in system.log_of("blocking", "r", "blocks")
    assert "my_triggers.Blocks of blocking/r/blocks" in system.said()
    (system.home / "go").touch()
    system.wait_state("staying", "r", "waits", "success")


def stored_arguments(system: System) -> str:
    """Return what the database holds of triggers, as it is there."""
    (path,) = system.home.glob("*.db")
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT arguments FROM deferral").fetchall()
    assert len(rows) == 2
    return str(rows)


def test_a_task_that_is_marked_while_it_waits_stops_its_trigger(deferring: Callable[..., System]) -> None:
    system = deferring(KINDS)
    system.trigger("staying", "r")
    for task_id in ("stays", "waits"):
        system.wait_state("staying", "r", task_id, "deferred")
    wait_for(lambda: "trigger started" in system.log_of("staying", "r", "stays"), "the trigger did not start")
    assert "killed" not in stored_arguments(system), "arguments of triggers are encrypted at rest"
    system.mark("staying", "r", ["stays"], TaskState.SUCCESS)

    wait_for((system.home / "killed").exists, "the trigger was not told")
    (system.home / "go").touch()
    assert system.wait_run("staying", "r") == "success"
