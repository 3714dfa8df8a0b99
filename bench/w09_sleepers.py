"""W9: 16 tasks that sleep at once: the memory of everything."""

import time
from collections.abc import Iterator, Sequence
from functools import partial

from bench import processes
from bench.harness import Standalone
from bench.rows import Row
from windward.model.states import TaskState

TASKS = 16
LIMIT_MB = 350.0
FILE = """
import time
from datetime import datetime
from windward import DAG
from windward.sdk.operators.python import PythonOperator

with DAG("sleepers", schedule=None, start_date=datetime(2026, 1, 1)):
    for number in range({tasks}):
        PythonOperator(task_id=f"task_{{number}}", python_callable=time.sleep, op_args=[{seconds}])
"""
SLEEP_S = 6.0


def measure(repeat: int) -> Iterator[Row]:
    """Look at the memory while all of them sleep."""
    with Standalone({"sleepers.py": FILE.format(tasks=TASKS, seconds=SLEEP_S)}) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read("sleepers")
        sizes, counts = list[float](), list[int]()
        for _ in range(max(1, repeat // 2)):
            run_pks = standalone.trigger("sleepers")
            standalone.wait_for(partial(are_running, standalone, run_pks))
            time.sleep(1.0)  # into the sleep: what a child touches first has been touched
            sizes.append(standalone.pss_mb())
            counts.append(len(processes.tree(standalone.process.pid)))
            standalone.wait_until_ended(run_pks)
        yield Row(
            name="W9",
            what=f"{TASKS} tasks sleeping at once, memory (PSS)",
            unit="MB",
            values=sizes,
            at_most=LIMIT_MB,
            note=f"{max(counts)} processes",
        )


def are_running(standalone: Standalone, run_pks: Sequence[int]) -> bool:
    """Whether all tasks of these runs are running."""
    return all(task.state is TaskState.RUNNING for task in standalone.session.store.runs.load_tasks(run_pks))
