"""W2: a chain of 50 tasks that do nothing: from the last line of one to the first line of the next.

User code takes the times itself and appends them to a file. What the scheduler stored is shown beside it.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

from bench.harness import Standalone, started_at
from bench.rows import Row

LENGTH = 50
FILE = """
import os, time
from datetime import datetime
from windward import DAG
from windward.sdk.operators.python import PythonOperator

def take_times():
    began = time.time()
    file = os.open(os.path.join(os.environ["WINDWARD_HOME"], "{dag_id}.times"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, b"%f %f\\n" % (began, time.time()))
    os.close(file)

with DAG("{dag_id}", schedule=None, start_date=datetime(2026, 1, 1)):
    before = None
    for number in range({length}):
        task = PythonOperator(task_id=f"task_{{number}}", python_callable=take_times, isolation="{isolation}")
        if before is not None:
            before >> task
        before = task
"""
LIMITS_MS = {"isolated": 6.0, "warm": 2.0}


def measure(repeat: int) -> Iterator[Row]:
    """Run both modes; a value is the median gap of one run."""
    files = {f"{mode}.py": FILE.format(dag_id=mode, isolation=mode, length=LENGTH) for mode in LIMITS_MS}
    with Standalone(files) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read(*LIMITS_MS)
        for mode, limit_ms in LIMITS_MS.items():
            standalone.run(mode)
            times, gaps, stored = standalone.home / f"{mode}.times", list[float](), list[float]()
            for _ in range(repeat):
                times.unlink()
                _, [run_pk] = standalone.run(mode)
                gaps.append(median_ms(read_gaps(times)))
                stored.append(median_ms(stored_gaps(standalone, run_pk)))
            yield Row(
                name="W2",
                what=f"chain of {LENGTH}, end to next start, {mode}",
                unit="ms",
                values=gaps,
                at_most=limit_ms,
                note=f"stored times {median_ms([gap / 1000 for gap in stored]):.2f} ms",
            )


def read_gaps(times: Path) -> list[float]:
    """Return the seconds between the tasks of a chain as user code saw them."""
    lines = sorted(tuple(map(float, line.split())) for line in times.read_text().splitlines())
    assert len(lines) == LENGTH, f"{len(lines)} tasks took their time"
    return [after[0] - before[1] for before, after in itertools.pairwise(lines)]


def stored_gaps(standalone: Standalone, run_pk: int) -> list[float]:
    """Return the seconds between the tasks of a chain as they are in the database."""
    gaps = []
    for before, after in itertools.pairwise(standalone.tasks(run_pk)):
        assert before.end_date is not None, f"`{before.task_id}` did not end"
        gaps.append((started_at(after) - before.end_date).total_seconds())
    return gaps


def median_ms(seconds: list[float]) -> float:
    """Return the median in milliseconds."""
    return sorted(seconds)[len(seconds) // 2] * 1000
