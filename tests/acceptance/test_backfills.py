"""Ranges of runs and failed runs, with real processes: asked for, killed, cancelled, run again on their own."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, wait_for
from tests.acceptance.test_people import HEAD

DAILY = (
    HEAD
    + """
with DAG("daily", schedule="@daily", start_date=datetime(2100, 1, 1)):
    @task
    def first(ti=None):
        tell(ti)

    @task
    def second(ti=None, dag_run=None, ds=None):
        tell(ti)
        with open(os.path.join(os.environ["WINDWARD_HOME"], "days"), "a") as days:
            days.write(f"{ds},{dag_run.run_type},{dag_run.conf.get('size')}\\n")

    first() >> second()
"""
)

HELD = (
    HEAD
    + """
with DAG("held", schedule="@daily", start_date=datetime(2100, 1, 1)):
    @task
    def waits(ti=None):
        tell(ti)
        hold("go")

    waits()
"""
)

BROKEN = (
    HEAD
    + """
from pendulum import today

with DAG("broken", schedule="@daily", start_date=today("UTC").add(days=-2), catchup=True):
    @task
    def before(ti=None):
        tell(ti)

    @task(retries=0)
    def fails_at_first(ti=None):
        tell(ti)
        if not os.path.exists(os.path.join(os.environ["WINDWARD_HOME"], "repaired")):
            raise ValueError("the other system is down")

    before() >> fails_at_first()
"""
)


def backfill(system: System, pk: int = 1) -> dict[str, Any]:
    [row] = [row for row in system.rows("backfill", "list") if row["backfill_id"] == pk]
    return row


def wait_state(system: System, state: str, pk: int = 1) -> None:
    wait_for(
        lambda: backfill(system, pk)["state"] == state, lambda: f"{backfill(system, pk)}\n{system.said()}"
    )


@pytest.mark.parametrize("database", DATABASES)
def test_a_range_is_filled_whatever_dies_meanwhile(make_system: MakeSystem, database: str) -> None:
    system = make_system(database=database)
    system.write("daily.py", DAILY)
    system.start()
    system.wait_dag("daily")
    said = system.cli(
        "backfill", "create", "--dag-id", "daily", "--from-date", "2026-01-01", "--to-date", "2026-01-12",
        "--max-active-runs", "3", "--dag-run-conf", '{"size": 7}',
    )  # fmt: skip
    assert "running" in said
    system.wait_effects(4)
    system.kill(system.component("scheduler"))

    wait_state(system, "completed")

    days = sorted(set(map(tuple, system.lines("days"))))
    assert days == [(f"2026-01-{day:02}", "backfill", "7") for day in range(1, 13)]
    slots = system.rows("backfill", "show", "1")
    assert [(slot["action"], slot["state"]) for slot in slots] == [("made", "success")] * 12
    again = system.cli(
        "backfill", "create", "--dag-id", "daily", "--from-date", "2026-01-10", "--to-date", "2026-01-13",
        "--reprocess-behavior", "none", "-o", "json",
    )  # fmt: skip
    assert '"backfill_id": 2' in again
    wait_state(system, "completed", 2)
    actions = [slot["action"] for slot in system.rows("backfill", "show", "2")]
    assert actions == ["skipped", "skipped", "skipped", "made"]


@pytest.mark.parametrize("database", DATABASES)
def test_a_backfill_is_paused_and_cancelled(make_system: MakeSystem, database: str) -> None:
    system = make_system(database=database)
    system.write("held.py", HELD)
    system.start()
    system.wait_dag("held")
    create = (
        "backfill",
        "create",
        "--dag-id",
        "held",
        "--from-date",
        "2026-01-01",
        "--to-date",
        "2026-01-09",
    )
    system.cli(*create, "--max-active-runs", "2", "--run-backwards")
    system.wait_effects(2)
    assert "is still running" in system.cli(*create, code=1)
    system.cli("backfill", "pause", "1")
    (system.home / "go").touch()
    wait_for(
        lambda: [slot["state"] for slot in system.rows("backfill", "show", "1")].count("success") == 2,
        "the runs that had begun did not end",
    )
    assert len(system.effects()) == 2
    (system.home / "go").unlink()
    system.cli("backfill", "unpause", "1")
    system.wait_effects(4)
    system.cli("backfill", "cancel", "1")
    (system.home / "go").touch()
    dates = [row["logical_date"][:10] for row in system.rows("dags", "list-runs", "held")]
    assert sorted(dates, reverse=True) == ["2026-01-09", "2026-01-08", "2026-01-07", "2026-01-06"]
    wait_for(
        lambda: {row["state"] for row in system.rows("dags", "list-runs", "held")} == {"success"},
        "what runs goes on to its end",
    )
    assert (backfill(system)["state"], len(system.effects())) == ("cancelled", 4)


def test_dags_backfill_waits_as_airflow_2_did(make_system: MakeSystem) -> None:
    system = make_system()
    system.write("daily.py", DAILY)
    system.start()
    system.wait_dag("daily")
    system.cli("dags", "backfill", "daily", "-s", "2026-01-01", "-e", "2026-01-03")
    assert sorted(day for day, *_ in system.lines("days")) == ["2026-01-01", "2026-01-02", "2026-01-03"]


@pytest.mark.parametrize("database", DATABASES)
def test_a_failed_run_is_run_again_on_its_own(make_system: MakeSystem, database: str) -> None:
    system = make_system(database=database, settings={"WINDWARD__SCHEDULER__RECOVERY_DELAY_S": "1"})
    system.write("broken.py", BROKEN)
    system.start()
    system.wait_dag("broken")

    def states() -> list[str]:
        return [row["state"] for row in system.rows("dags", "list-runs", "broken")]

    wait_for(lambda: states() and set(states()) == {"failed"}, lambda: f"{states()}\n{system.said()}")
    (system.home / "repaired").touch()
    wait_for(lambda: set(states()) == {"success"}, lambda: f"{states()}\n{system.said()}")
    tries = [effect.try_number for effect in system.effects() if effect.task_id == "before"]
    assert set(tries) == {1}, "what had succeeded was run again"
    assert Path(system.home / "repaired").exists()


def test_whole_runs_are_cleared_and_marked_by_hand(make_system: MakeSystem) -> None:
    system = make_system()
    system.write("held.py", HELD)
    system.start()
    system.trigger("held", "r")
    system.wait_effects(1)
    system.cli("dags", "mark", "held", "r", "--state", "failed")
    assert system.wait_run("held", "r") == "failed"
    assert system.states("held", "r") == {"waits": "failed"}
    (system.home / "go").touch()
    preview = system.rows("tasks", "clear", "held", "--run-id", "r", "--dry-run")
    assert [(row["task_id"], row["state"]) for row in preview] == [("waits", "failed")]
    assert system.states("held", "r") == {"waits": "failed"}
    system.cli("dags", "clear", "held", "--run-id", "r", "--yes")
    wait_for(lambda: str(system.run("held", "r").state) == "success", "it did not run again")


@pytest.mark.parametrize("database", DATABASES)
def test_old_runs_are_archived_exported_and_gone(make_system: MakeSystem, database: str) -> None:
    system = make_system(database=database)
    system.write("daily.py", DAILY)
    system.start()
    system.trigger("daily", "r")
    assert system.wait_run("daily", "r") == "success"
    system.trigger("daily", "newest")
    assert system.wait_run("daily", "newest") == "success"
    clean = ("db", "clean", "--clean-before-timestamp", "2100-01-01")
    assert "dag_run" in system.cli(*clean, "--dry-run")
    assert len(system.rows("dags", "list-runs", "daily")) == 2
    system.cli(*clean, "--archive", "--yes")
    assert [run["run_id"] for run in system.rows("dags", "list-runs", "daily")] == ["newest"]
    folder = system.home / "archives"
    folder.mkdir()
    written = system.cli("db", "export-archived", "--output-path", str(folder), "--drop-archives", "--yes")
    files = {Path(line).name.split("__")[1]: Path(line).read_text() for line in written.split()}
    assert set(files) == {"dag_run", "task_instance", "audit_event"}
    assert "trigger" in files["audit_event"]
    assert ",r,manual," in files["dag_run"]
    assert files["task_instance"].count("success") >= 2
    assert system.cli("db", "drop-archived", "--yes") == ""
