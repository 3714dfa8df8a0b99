"""W8: tasks that compute, one after another: what is added to 40 short ones and to 10 long ones."""

import time
from collections.abc import Iterator

from bench.harness import Standalone, started_at
from bench.rows import Row

FILE = """
from datetime import datetime
from windward import DAG
from windward.sdk.operators.python import PythonOperator

def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

with DAG("{dag_id}", schedule=None, start_date=datetime(2026, 1, 1)):
    before = None
    for number in range({count}):
        task = PythonOperator(task_id=f"task_{{number}}", python_callable=fibonacci, op_args=[{n}])
        if before is not None:
            before >> task
        before = task
"""


def fibonacci(n: int) -> int:
    """Compute it the slow way."""
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def bare_s(n: int, count: int) -> float:
    """Return the seconds that the bare computations take in this process."""
    began_s = time.perf_counter()
    for _ in range(count):
        fibonacci(n)
    return time.perf_counter() - began_s


def measure(repeat: int) -> Iterator[Row]:
    """Run both chains; the first run of each makes its template and is left out."""
    files = {
        "short.py": FILE.format(dag_id="short", count=40, n=10),
        "long.py": FILE.format(dag_id="long", count=10, n=33),
    }
    with Standalone(files) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read("short", "long")
        standalone.run("short")
        walls = []
        for _ in range(repeat):
            standalone.settle()
            walls.append(standalone.run("short")[0])
        yield Row(
            name="W8", what="40 x fibonacci(10) in a row, isolated", unit="s", values=walls, at_most=0.5
        )
        bare, walls, outside = list[float](), list[float](), list[float]()
        for _ in range(repeat):
            bare.append(bare_s(33, 10))
            wall_s, [run_pk] = standalone.run("long")
            walls.append(wall_s)
            outside.append(between_s(standalone, run_pk))
        # Whatever disturbs adds to both: the least of each is compared.
        yield Row(
            name="W8",
            what="10 x fibonacci(33) in a row, against the bare computation",
            unit="x",
            values=[min(walls) / min(bare)],
            at_most=1.08,
            note=f"{min(outside) * 1000:.0f} ms were not inside of tasks",
        )


def between_s(standalone: Standalone, run_pk: int) -> float:
    """Return the seconds of a run in which none of its tasks was running."""
    tasks = standalone.tasks(run_pk)
    inside_s = sum(
        (task.end_date - started_at(task)).total_seconds() for task in tasks if task.end_date is not None
    )
    [run] = standalone.session.store.runs.load_runs([run_pk])
    assert run.end_date is not None, "the run has ended"
    assert run.queued_at is not None, "the run was queued"
    return (run.end_date - run.queued_at).total_seconds() - inside_s
