"""W3: from the trigger to the first line of user code, run by run, with nothing else to do."""

import time
from collections.abc import Iterator

from bench.harness import Standalone
from bench.rows import Row

RUNS = 20
FILE = """
import time
from datetime import datetime
from pathlib import Path
from windward import DAG
from windward.sdk.operators.python import PythonOperator

def take_time():
    began = time.time()
    Path("{path}").write_text(str(began))

with DAG("one", schedule=None, start_date=datetime(2026, 1, 1)):
    PythonOperator(task_id="task", python_callable=take_time)
"""
LIMIT_MS = 25.0


def measure(repeat: int) -> Iterator[Row]:
    """Trigger runs one after another; the first makes the template and is left out."""
    with Standalone({}) as standalone:
        answer = standalone.home / "began"
        standalone.wait_until_healthy()
        (standalone.dags / "one.py").write_text(FILE.format(path=answer), encoding="utf-8")
        standalone.wait_until_read("one")
        standalone.run("one")
        delays = []
        for _ in range(RUNS * repeat // 5 or 1):
            standalone.settle()
            triggered_s = time.time()
            standalone.run("one")
            delays.append((float(answer.read_text()) - triggered_s) * 1000)
        yield Row(
            name="W3", what="trigger to first line of user code", unit="ms", values=delays, at_most=LIMIT_MS
        )
