"""W1: 1 + 200 + 1 tasks that do nothing, from the trigger to the run's success; and what a task costs in all."""

from collections.abc import Iterator

from bench.harness import Standalone
from bench.rows import Row

WIDTH = 200
FILE = """
from datetime import datetime
from windward import DAG
from windward.sdk.operators.python import PythonOperator

def nothing():
    pass

with DAG("{dag_id}", schedule=None, start_date=datetime(2026, 1, 1), max_active_tasks=256):
    first = PythonOperator(task_id="first", python_callable=nothing, isolation="{isolation}")
    last = PythonOperator(task_id="last", python_callable=nothing, isolation="{isolation}")
    first >> [
        PythonOperator(task_id=f"task_{{number}}", python_callable=nothing, isolation="{isolation}")
        for number in range({width})
    ] >> last
"""
LIMITS_S = {"isolated": 0.7, "warm": 0.25}
CPU_MS_MAX = 6.0


def measure(repeat: int) -> Iterator[Row]:
    """Run both modes; the first run of each makes its template and is left out."""
    files = {f"{mode}.py": FILE.format(dag_id=mode, isolation=mode, width=WIDTH) for mode in LIMITS_S}
    with Standalone(files) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read(*LIMITS_S)
        for mode, limit_s in LIMITS_S.items():
            walls, cpus = [], []
            first_s, _ = standalone.run(mode)
            for _ in range(repeat):
                standalone.settle()
                before_s = standalone.cpu_s()
                wall_s, _ = standalone.run(mode)
                walls.append(wall_s)
                cpus.append(standalone.cpu_per_task_ms(before_s, WIDTH + 2))
            what = f"1 + {WIDTH} + 1 no-op tasks, {mode}"
            yield Row(
                name="W1",
                what=what,
                unit="s",
                values=walls,
                at_most=limit_s,
                note=f"first run {first_s:.2f} s",
            )
            yield Row(
                name="W1", what=f"CPU per no-op task, {mode}", unit="ms", values=cpus, at_most=CPU_MS_MAX
            )
