"""W7: 20 runs of 50 tasks that do nothing, triggered at once, on PostgreSQL."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bench.harness import Standalone
from bench.rows import Row

RUNS = 20
TASKS = 50
SERVER = os.environ.get("BENCH_POSTGRES", "postgresql://postgres@127.0.0.1:5432")
FILE = """
from datetime import datetime
from windward import DAG
from windward.sdk.operators.python import PythonOperator

def nothing():
    pass

with DAG("many", schedule=None, start_date=datetime(2026, 1, 1), max_active_tasks=1000, max_active_runs={runs}):
    for number in range({tasks}):
        PythonOperator(task_id=f"task_{{number}}", python_callable=nothing)
"""
LIMIT_S = 3.5


def measure(repeat: int) -> Iterator[Row]:
    """Run all of it several times; the first run makes the template and is left out."""
    with database() as url:
        variables = {"WINDWARD__DATABASE__SQL_ALCHEMY_CONN": url}
        with Standalone({"many.py": FILE.format(runs=RUNS, tasks=TASKS)}, variables) as standalone:
            standalone.wait_until_healthy()
            standalone.wait_until_read("many")
            standalone.run("many")
            walls, cpus = list[float](), list[float]()
            for _ in range(repeat):
                standalone.settle()
                before_s = standalone.cpu_s()
                wall_s, _ = standalone.run("many", RUNS)
                walls.append(wall_s)
                cpus.append(standalone.cpu_per_task_ms(before_s, RUNS * TASKS))
        what = f"{RUNS} runs x {TASKS} no-op tasks at once, PostgreSQL"
        yield Row(name="W7", what=what, unit="s", values=walls, at_most=LIMIT_S)
        yield Row(name="W7", what="CPU per task, without the database's", unit="ms", values=cpus, at_most=6.0)


@contextmanager
def database() -> Iterator[str]:
    """Make an empty database for the measurement; drop it after."""
    name = f"windward_bench_{secrets.token_hex(4)}"
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{SERVER.replace('postgresql://', 'postgresql+psycopg://', 1)}/{name}"
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
