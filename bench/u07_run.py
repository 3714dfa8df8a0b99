"""U7: the page of a run of 1,000 tasks, and a year of a DAG that runs each hour."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from bench import past, screens, u03_grid
from bench.harness import Standalone
from bench.rows import Row
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
