"""W4: 500 files of 10 tasks: how long until all are visible, until a saved file is, and what idling costs then."""

import time
from collections.abc import Iterator

from bench.harness import Standalone
from bench.rows import Row

FILES = 500
TASKS = 10
SAVES = 10
IDLE_S = 60.0
"""As long as the longest period of what happens now and then."""
SETTLED_S = 90.0
"""After the start: the first housekeeping is over, which comes after a minute, and then every ten."""
FILE = """
from datetime import datetime
from windward import DAG
from windward.sdk.operators.python import PythonOperator

def nothing():
    pass

with DAG("dag_{number}", schedule="0 4 * * *", start_date=datetime(2026, 1, 1), catchup=False) as dag:
    before = None
    for number in range({tasks}):
        task = PythonOperator(task_id=f"task_{{number}}", python_callable=nothing)
        if before is not None:
            before >> task
        before = task
"""
PAUSED = {"WINDWARD__CORE__DAGS_ARE_PAUSED_AT_CREATION": "true"}


def measure(repeat: int) -> Iterator[Row]:
    """Start cold as often as asked for, the rest once. DAGs are paused: what is measured is reading files."""
    files = {f"dag_{number:03}.py": FILE.format(number=number, tasks=TASKS) for number in range(FILES)}
    starts: list[float] = []
    for _ in range(max(1, repeat // 2)):
        with Standalone(files, PAUSED) as standalone:
            starts.append(cold_start_s(standalone))
    with Standalone(files, PAUSED) as standalone:
        starts.append(cold_start_s(standalone))
        yield Row(
            name="W4",
            what=f"{FILES} files x {TASKS} tasks, command to all visible",
            unit="s",
            values=starts,
            at_most=5.0,
            note=f"CPU {standalone.cpu_s():.1f} s",
        )
        standalone.settle()
        saves = [save_s(standalone, number) for number in range(SAVES)]
        yield Row(name="W4", what="a saved file visible", unit="s", values=saves, at_most=0.5)
        time.sleep(max(0.0, standalone.began_s + SETTLED_S - time.monotonic()))
        percent, queries = standalone.idle(IDLE_S)
        yield Row(name="W4", what="idle, share of a core", unit="%", values=[percent], at_most=0.5)
        yield Row(name="W4", what="idle, queries per second", unit="/s", values=[queries], at_most=1.0)
        yield Row(name="W4", what="memory (PSS)", unit="MB", values=[standalone.pss_mb()], at_most=250.0)


def cold_start_s(standalone: Standalone) -> float:
    """Return the seconds from the command until every DAG is in the database.

    Looks for one DAG after the other: to load all of them at each look took a quarter of a core from what is measured.
    """
    standalone.wait_until_healthy()
    for number in range(FILES):
        standalone.wait_until_read(f"dag_{number}")
    return time.monotonic() - standalone.began_s


def save_s(standalone: Standalone, number: int) -> float:
    """Give a file one task more; return the seconds until its DAG has another document."""
    catalog, dag_id = standalone.session.store.catalog, f"dag_{number}"
    before = catalog.load_dag(dag_id)
    assert before is not None, f"`{dag_id}` is read"
    text = FILE.format(number=number, tasks=TASKS + 1)
    began_s = time.monotonic()
    (standalone.dags / f"dag_{number:03}.py").write_text(text, encoding="utf-8")

    def is_visible() -> bool:
        now = catalog.load_dag(dag_id)
        return now is not None and now.document_hash != before.document_hash

    standalone.wait_for(is_visible)
    return time.monotonic() - began_s
