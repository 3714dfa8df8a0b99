"""What is kept, and for how long: a whole installation, looked after a hundred days later."""

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, wait_for
from windward.app.scheduler import housekeeping_of
from windward.app.session import opened_store

LATER = timedelta(days=100)
STEPS_MAX = 500
FILE = """
import os
from datetime import datetime
from airflow.sdk import DAG, task

with DAG("kept", schedule=None, start_date=datetime(2026, 1, 1)):
    @task
    def make():
        print("a line of the log")
        return {"large": "x" * 200_000, "version": VERSION}

    @task
    def use(value):
        return len(value["large"])

    use(make())
"""
pytestmark = pytest.mark.slow


class AtOnce(Executor):
    """Runs jobs where they are given."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.fixture(params=DATABASES)
def system(request: pytest.FixtureRequest, make_system: MakeSystem) -> System:
    """Return an installation that ran one DAG in two versions of its code, and is stopped."""
    made = make_system(
        database=request.param,
        settings={
            "WINDWARD__SCHEDULER__RUN_RETENTION_DAYS": "90",
            "WINDWARD__DAG_PROCESSOR__SNAPSHOTS_KEPT_MAX": "0",
        },
    )
    made.write("kept.py", FILE.replace("VERSION", "1"))
    made.start()
    for version in (1, 2):
        made.trigger("kept", f"r{version}")
        assert made.wait_run("kept", f"r{version}") == "success"
        before = document_of(made)
        made.write("kept.py", FILE.replace("VERSION", str(version + 1)))
        wait_for(lambda before=before: document_of(made) != before, "the file was not read again")  # type: ignore[misc]
    made.stop()
    return made


def document_of(system: System) -> str:
    dag = system.session.store.catalog.load_dag("kept")
    assert dag is not None
    return dag.document_hash


def files_in(folder: Path) -> list[Path]:
    return [Path(root, name) for root, _, names in os.walk(folder) for name in names]


def rows(system: System) -> dict[str, int]:
    store = opened_store(system.session.prepared)
    try:
        with store.engine.connect() as connection:
            count = sa.text
            tables = ("dag_run", "task_instance", "xcom")
            return {
                table: connection.execute(count(f"SELECT count(*) FROM {table}")).scalar_one()
                for table in tables
            }
    finally:
        store.close()


def test_what_has_aged_goes_with_its_logs_values_and_code(system: System) -> None:
    settings, home = system.session.prepared, system.home
    logs = home / "logs" / "dag_id=kept"
    before = rows(system)
    assert before == {"dag_run": 2, "task_instance": 4, "xcom": 4}
    assert len([path for path in files_in(logs) if path.suffix == ".log"]) == 4
    assert len(files_in(home / "xcom")) == 2
    snapshots = len(files_in(home / "code" / "manifests"))
    assert snapshots >= 2

    store = opened_store(settings)
    try:
        house = housekeeping_of(settings, store, AtOnce())
        now = system.session.clock.now() + LATER
        for _ in range(STEPS_MAX):
            house.step(now, is_idle=True)
            now += timedelta(minutes=11)
    finally:
        store.close()

    # The newest run of a DAG stays: it says how the DAG is.
    assert rows(system) == {"dag_run": 1, "task_instance": 2, "xcom": 0}
    assert {path.relative_to(logs).parts[0] for path in files_in(logs)} == {"run_id=r2"}
    assert files_in(home / "xcom") == []
    left = len(files_in(home / "code" / "manifests"))
    assert left < snapshots, "only the code of what is left is needed"
