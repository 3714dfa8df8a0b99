"""Timetables of authors' own on the whole real way: parsed, published ahead, scheduled as data."""

import json
import shutil
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import wait_for
from tests.tidy import tree

PLUGIN = """
from datetime import timedelta

from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable


class EverySecond(Timetable):
    description = "every second"

    def __init__(self, seconds):
        self.seconds = seconds

    @property
    def summary(self):
        return f"{self.seconds} s"

    def infer_manual_data_interval(self, *, run_after):
        return DataInterval(run_after - timedelta(days=1), run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        if last_automated_data_interval is None:
            start = restriction.earliest
        else:
            start = last_automated_data_interval.end
        return DagRunInfo.interval(start, start + timedelta(seconds=self.seconds))

    def serialize(self):
        return {"seconds": self.seconds}

    @classmethod
    def deserialize(cls, data):
        return cls(**data)


class Plugin(AirflowPlugin):
    name = "ticks"
    timetables = [EverySecond]
"""

FILE = """
import pendulum
from airflow import DAG
from airflow.operators.empty import EmptyOperator
from ticks import EverySecond

with DAG("quick", start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), schedule=EverySecond(600), catchup=True,
         end_date=None, max_active_runs=3):
    EmptyOperator(task_id="t")
"""

BROKEN = """
import pendulum
from airflow import DAG
from airflow.timetables.base import Timetable

class Bad(Timetable):
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        raise RuntimeError("no idea when")

dag = DAG("bad", start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), schedule=Bad())
"""


@pytest.mark.parametrize("database", DATABASES)
def test_a_timetable_of_ones_own_runs_as_windows_that_are_renewed(
    database: str, make_system: MakeSystem
) -> None:
    system = make_system(database=database)
    system.cli("db", "migrate")
    (system.home / "plugins").mkdir()
    (system.home / "plugins" / "ticks.py").write_text(PLUGIN)
    system.write("quick.py", FILE)
    system.write("bad.py", BROKEN)
    system.start()
    system.wait_dag("quick")

    store = system.session.store
    published = wait_for(lambda: store.catalog.load_windows(["quick"]).get("quick"), "nothing was published")
    assert len(published.slots) == 1000
    assert not published.is_complete
    details = system.rows("dags", "list")[0]
    assert details["dag_id"] == "quick"

    # More runs than were published at first: the processor asks again while they are used up.
    wait_for(
        lambda: len(store.reads.list_runs(dag_id="quick", limit=2000)) > 1050,
        lambda: f"{len(store.reads.list_runs(dag_id='quick', limit=2000))} runs\n{system.said()}",
    )
    runs = store.reads.list_runs(dag_id="quick", limit=2000)
    starts = sorted(run.data_interval_start for run in runs if run.data_interval_start is not None)
    distances = {(later - earlier).total_seconds() for earlier, later in pairwise(starts)}
    assert distances == {600.0}

    system.cli("dags", "trigger", "quick", "--run-id", "mine", "--logical-date", "2026-03-02T00:07:00+00:00")
    mine = system.run("quick", "mine")
    assert mine.data_interval_start is not None
    assert mine.data_interval_start.isoformat() == "2026-03-01T00:07:00+00:00"

    (error,) = wait_for(store.reads.import_errors, "the broken timetable is no error")
    assert "no idea when" in (error.error or "")


LAZY = """
import pendulum
from airflow import DAG
from airflow.operators.python import PythonOperator
from ticks import EverySecond

with DAG("lazy", start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), schedule=EverySecond(600), catchup=False,
         end_date=pendulum.datetime(2026, 1, 1, tz="UTC")):
    PythonOperator(task_id="t", python_callable=lambda ds, ts: ts)
"""


@pytest.mark.parametrize("database", DATABASES)
def test_a_backfill_asks_a_timetable_of_ones_own_for_its_dates(
    database: str, make_system: MakeSystem
) -> None:
    system = make_system(database=database)
    system.cli("db", "migrate")
    (system.home / "plugins").mkdir()
    (system.home / "plugins" / "ticks.py").write_text(PLUGIN)
    system.write("lazy.py", LAZY)
    system.start()
    system.wait_dag("lazy")
    span = ("--from-date", "2025-12-01T00:00:00", "--to-date", "2025-12-01T00:30:00")

    would = system.rows("backfill", "create", "--dag-id", "lazy", *span, "--dry-run")
    made = json.loads(system.cli("backfill", "create", "--dag-id", "lazy", *span, "--now", "-o", "json"))

    assert [row["logical_date"][11:16] for row in would] == ["00:00", "00:10", "00:20", "00:30"]
    store = system.session.store
    wait_for(
        lambda: store.backfills.load_backfills([made["backfill_id"]])[0].state == "completed",
        system.said,
    )
    runs = store.reads.list_runs(dag_id="lazy", limit=10)
    filled = {
        run.logical_date.minute: run.state for run in runs if run.run_type == "backfill" and run.logical_date
    }
    assert filled == dict.fromkeys([0, 10, 20, 30], "success")

    def others() -> set[datetime | None]:
        listed = store.reads.list_runs(dag_id="lazy", limit=10)
        return {run.logical_date for run in listed if run.run_type != "backfill"}

    assert wait_for(others, "the schedule makes no run") == {datetime(2026, 1, 1, tzinfo=UTC)}, (
        "the timetable does not look at the DAG's end; we do"
    )


PAGE_COMMAND = "windward backfill create --dag-id books_closed --from-date 2026-01-08 --to-date 2026-01-13"


@pytest.mark.parametrize("database", DATABASES)
def test_the_backfill_of_the_page_has_the_dates_that_the_page_says(
    database: str, make_system: MakeSystem
) -> None:
    page = (tree.ROOT / "docs" / "backfills.md").read_text()
    shown = page.split(f"$ {PAGE_COMMAND} --dry-run -o plain\n```\n\n```text\n")[1].split("```")[0]
    system = make_system(database=database, settings={"WINDWARD__CORE__DAGS_ARE_PAUSED_AT_CREATION": "true"})
    shutil.copy(tree.ROOT / "docs" / "examples" / "own_timetable.py", system.dags)
    system.start()
    system.wait_dag("books_closed")

    command = PAGE_COMMAND.split()[1:]
    assert system.cli(*command, "--dry-run", "-o", "plain") == shown
    made = json.loads(system.cli(*command, "--now", "-o", "json"))

    slots = system.session.store.backfills.list_slots(made["backfill_id"])
    assert [slot.logical_date.day for slot in slots] == [8, 9, 12, 13]
