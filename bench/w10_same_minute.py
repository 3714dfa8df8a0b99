"""W10: 60,000 schedules that are due in the same minute, on SQLite: until all runs are made and the first tasks queued.

The scheduler has read its 60,000 DAGs before; then the minute comes. A worker takes the first tasks and does nothing.
"""

import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench.engine import START, Clock, ControlPlane, ObedientWorker, control_plane
from bench.rows import Row
from windward.document import DagDocument, TaskDocument
from windward.model.states import Semantics
from windward.timetable import from_author

DAGS = 60_000
DAGS_PER_FILE = 500
LIMIT_S = 60.0


def measure(repeat: int) -> Iterator[Row]:
    """Do it once: it is long enough."""
    del repeat
    worker = ObedientWorker(Clock(START - timedelta(seconds=30)), slots=32, is_obedient=False)
    with (
        tempfile.TemporaryDirectory(prefix="windward-bench-") as folder,
        control_plane(Path(folder), worker) as plane,
    ):
        put_all(plane)
        began_s = time.monotonic()
        for _ in range(3):
            plane.scheduler.step()
        read_s = time.monotonic() - began_s
        plane.clock.advance((START - plane.clock.now()).total_seconds())
        began_s, cpu_s, passes = time.monotonic(), time.process_time(), 0
        while count(plane) < DAGS or not plane.store.runs.count_runs(
            "dag_0", logical_dates=None, run_ids=None, states=("running",)
        ):
            for _ in range(10):
                plane.scheduler.step()
                passes += 1
        wall_s, used_s = time.monotonic() - began_s, time.process_time() - cpu_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Row(
        name="W10",
        what=f"{DAGS:,} runs due in the same minute, SQLite",
        unit="s",
        values=[wall_s],
        at_most=LIMIT_S,
        note=f"CPU {used_s:.1f} s, {passes} passes; DAGs read in {read_s:.1f} s, peak {peak_mb:.0f} MB",
    )


def put_all(plane: ControlPlane) -> None:
    """Store the DAGs: two tasks each, due every hour."""
    schedule = from_author("0 * * * *", timezone="UTC", semantics=Semantics.AIRFLOW3)
    tasks = (
        TaskDocument(task_id="first", operator="Nothing"),
        TaskDocument(task_id="second", operator="Nothing", upstream=("first",)),
    )
    for first in range(0, DAGS, DAGS_PER_FILE):
        plane.put(
            *(
                DagDocument(
                    dag_id=f"dag_{number}",
                    fileloc=f"file_{first}.py",
                    semantics=Semantics.AIRFLOW3,
                    schedule=schedule,
                    start_date=START - timedelta(seconds=60),
                    tasks=tasks,
                )
                for number in range(first, min(first + DAGS_PER_FILE, DAGS))
            )
        )


def count(plane: ControlPlane) -> int:
    """Return how many runs there are."""
    with plane.store.engine.connect() as connection:
        ((found,),) = connection.exec_driver_sql("SELECT COUNT(*) FROM dag_run")
    return int(found)
