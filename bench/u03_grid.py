"""U3: the grid of 1,000 tasks x 365 runs: what the API takes, and how a browser scrolls it."""

from collections.abc import Iterator

import msgspec

from bench import past, screens
from bench.harness import Standalone
from bench.rows import Row
from bench.w12_grid import DELTA_MS, DELTAS, WHOLE_MS, Browser

DAYS = 365
GROUPS, TASKS = 40, 25
FILE = f"""
from datetime import datetime
from airflow.sdk import DAG, TaskGroup
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("wide", schedule=None, start_date=datetime(2025, 1, 1)):
    before = None
    for group in range({GROUPS}):
        with TaskGroup(f"shop_{{group:02}}"):
            tasks = [EmptyOperator(task_id=f"task_{{number:02}}") for number in range({TASKS})]
            tasks[0] >> tasks[1:-1] >> tasks[-1]
        if before is not None:
            before >> tasks[0]
        before = tasks[-1]
"""


def measure(repeat: int) -> Iterator[Row]:
    """Fill the database, ask as a client does, then look."""
    screens.built()
    with Standalone({"wide.py": FILE}) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read("wide")
        past.write_days(standalone, "wide", DAYS)
        yield from _asked(standalone, repeat)
        yield from screens.look("U3", "grid", standalone, repeat=repeat)


def _asked(standalone: Standalone, repeat: int) -> Iterator[Row]:
    browser = Browser(standalone)
    browser.get("/api/v2/version")
    for limit in (100, DAYS):
        path = f"/api/windward/v1/dags/wide/grid?limit={limit}"
        first_ms, body = browser.get(path)
        wholes = [browser.get(path)[0] for _ in range(repeat)]
        what = f"grid API, {GROUPS * TASKS} tasks x {limit} runs"
        note = f"first {first_ms:.0f} ms, {len(body) / 1000:.0f} kB, {len(msgspec.json.decode(body)['runs'])} runs"
        yield Row(name="U3", what=what, unit="ms", values=wholes, at_most=WHOLE_MS, note=note)
        deltas, cursor = list[float](), msgspec.json.decode(body)["cursor"]
        for _ in range(DELTAS):
            took_ms, body = browser.get(f"{path}&cursor={cursor}")
            deltas.append(took_ms)
            cursor = msgspec.json.decode(body)["cursor"]
        yield Row(name="U3", what=f"{what}, nothing new", unit="ms", values=deltas, at_most=DELTA_MS)
