"""Why, asked of a running installation: a sentence for each situation that makes somebody ask."""

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, wait_for
from tests.acceptance.test_people import HEAD

DAGS = (
    HEAD
    + """
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")

with DAG("why", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0}):
    @task.branch
    def choose():
        return "taken"

    @task
    def taken(ti=None):
        tell(ti)
        hold("go")

    @task
    def left_out():
        pass

    @task
    def behind():
        pass

    @task
    def joins():
        pass

    @task(pool="narrow")
    def narrow(ti=None):
        tell(ti)
        hold("go")

    @task(max_active_tis_per_dagrun=1)
    def one_by_one(number, ti=None):
        tell(ti)
        hold("go")

    out, go_on = left_out(), taken()
    choose() >> [go_on, out]
    out >> behind()
    go_on >> joins()
    narrow()
    narrow.override(task_id="narrow_too")()
    one_by_one.expand(number=[1, 2])

with DAG("chained", schedule="0 6 * * *", catchup=True, default_args={"retries": 0},
         start_date=datetime(2026, 1, 1, tzinfo=SEOUL), end_date=datetime(2026, 1, 3, tzinfo=SEOUL)):
    @task(depends_on_past=True)
    def step(ds=None):
        if ds == "2025-12-31":
            raise ValueError("no data")

    step()

with DAG("resting", schedule=None, start_date=datetime(2026, 1, 1)):
    @task
    def rests():
        pass

    rests()
"""
)


def why(system: System, task_id: str, *, dag_id: str = "why", run: str = "r", index: int = -1) -> str:
    return system.cli("tasks", "explain", dag_id, task_id, run, "--map-index", str(index))


def why_tasks(system: System) -> None:
    """Within a run: upstream, branch, inherited skip, pool, limit."""
    assert "`taken` runs" in why(system, "taken")
    assert "`joins` waits for tasks before it, by its rule all_success" in why(system, "joins")
    assert "└─ `taken` is running" in why(system, "joins")
    assert "`left_out` is skipped by branch `choose`" in why(system, "left_out")
    assert "└─ `left_out` is skipped by branch `choose`" in why(system, "behind")
    pools = [why(system, name) for name in ("narrow", "narrow_too")]
    assert sum("waits for a slot in pool `narrow`: 1 of 1 are taken" in text for text in pools) == 1
    limits = [why(system, "one_by_one", index=index) for index in (0, 1)]
    assert sum("`max_active_tis_per_dagrun`: 1 of 1 are in flight" in text for text in limits) == 1


def why_runs(system: System) -> None:
    """Of runs: who made them, what they wait for, when they are due and in which zone."""
    assert "triggered it by the command line" in system.cli("dags", "explain", "why", "r")
    system.cli("dags", "pause", "resting")
    system.trigger("resting", "held_back")
    held_back = system.cli("dags", "explain", "resting", "held_back")
    assert "└─ DAG `resting` is paused: `windward dags unpause resting` lets it start" in held_back
    system.cli("dags", "unpause", "resting")
    system.trigger("resting", "much_later", "--run-after", "2036-05-01T10:00:00+09:00")
    assert "at the earliest: 2036-05-01 01:00:00 UTC" in system.cli(
        "dags", "explain", "resting", "much_later"
    )


def why_past(system: System) -> None:
    """Of runs that depend on the past: which one, and what becomes of it."""
    rows = wait_for(
        lambda: found if len(found := system.rows("dags", "list-runs", "chained")) >= 2 else None,
        "the schedule has not made two runs",
    )
    first, second = sorted(row["run_id"] for row in rows)[:2]
    wait_for(lambda: system.run("chained", first).state == "failed", "the first run does not fail")
    wait_for(lambda: system.run("chained", second).state == "running", "the second run does not begin")
    told = system.cli("dags", "explain", "chained", first)
    assert "the schedule made it: every day at 06:00 (Asia/Seoul)" in told
    assert "it was due at 2025-12-31 21:00:00 UTC (2026-01-01 06:00:00 Asia/Seoul)" in told
    assert "it is of the idle class" in told
    assert "its failed tasks run again on their own in" in told
    waits = why(system, "step", dag_id="chained", run=second)
    assert "`step` waits for the previous run: `step` is failed in the previous run" in waits
    assert f"└─ that is run `{first}`, which is failed" in waits
    assert "run again on their own, not before" in waits


@pytest.mark.parametrize("database", DATABASES)
def test_there_is_a_sentence_for_each_reason_to_ask(make_system: MakeSystem, database: str) -> None:
    system = make_system(database=database)
    system.write("why.py", DAGS)
    system.start()
    system.cli("pools", "set", "narrow", "1", "one at a time")
    system.trigger("why", "r")
    began = {"taken", "narrow", "narrow_too", "one_by_one"}
    wait_for(
        lambda: len([effect for effect in system.effects() if effect.task_id in began]) == 3,
        "not as many tasks as may hold a slot have begun",
    )
    why_tasks(system)
    why_runs(system)
    why_past(system)
