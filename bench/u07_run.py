"""U7: the page of a run of 1,000 tasks, and a year of a DAG that runs each hour."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from bench import past, screens, u03_grid
from bench.harness import Standalone
from bench.rows import Row
from bench.w12_grid import Browser
from windward.model.records import RunRecord, TaskRecord

HOURS = 8760
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
RUNS_AT_ONCE = 2000
FILE = """
from datetime import datetime
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("hourly", schedule=None, start_date=datetime(2025, 1, 1)):
    EmptyOperator(task_id="only")
"""


def measure(repeat: int) -> Iterator[Row]:
    """Fill the database, then look."""
    screens.built()
    with Standalone({"wide.py": u03_grid.FILE, "hourly.py": FILE}) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read("wide", "hourly")
        past.write_days(standalone, "wide", 10)
        past.write(standalone, _hours(standalone), at_once=RUNS_AT_ONCE)
        run_id = past.ended_run(standalone, "wide", "", 9).run_id
        browser = Browser(standalone)
        browser.get("/api/v2/version")
        path = "/api/windward/v1/dags/hourly/calendar?run_after_gte=2025-01-01T00:00:00Z&run_after_lt=2026-01-01T00:00:00Z&step_s=3600"
        first_ms, body = browser.get(path)
        values = [browser.get(path)[0] for _ in range(repeat)]
        note = f"first {first_ms:.0f} ms, {len(body) / 1000:.0f} kB"
        yield Row(name="U7", what=f"calendar API, {HOURS} runs", unit="ms", values=values, note=note)
        yield from screens.look("U7", f"run:{run_id}", standalone, repeat=repeat)


def _hours(standalone: Standalone) -> Iterator[tuple[RunRecord, Sequence[TaskRecord]]]:
    dag = standalone.session.store.catalog.load_dag("hourly")
    assert dag is not None
    for hour in range(HOURS):
        at = BEGIN + timedelta(hours=hour)
        run = past.ended_run(standalone, "hourly", dag.document_hash, hour, run_id=f"hour-{hour}")
        changes = {
            "run_after": at,
            "logical_date": at,
            "start_date": at,
            "end_date": at + timedelta(minutes=4),
        }
        yield msgspec.structs.replace(run, **changes), ()
