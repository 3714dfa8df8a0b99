"""U6: the log of a task that printed 1,000,000 lines, more than 100 MB."""

from collections.abc import Iterator

from bench import screens
from bench.harness import Standalone
from bench.rows import Row

LINES = 1_000_000
FILE = f"""
from datetime import datetime
from airflow.sdk import DAG, task

with DAG("talkative", schedule=None, start_date=datetime(2025, 1, 1)):

    @task
    def talk():
        for number in range({LINES}):
            mark = " needle" if number in (12, 500_000, 999_990) else ""
            print(f"parcel {{number}} of shop {{number % 977}} went out at gate {{number % 31}}{{mark}}")

    talk()
"""


def measure(repeat: int) -> Iterator[Row]:
    """Let the task print, then look."""
    screens.built()
    with Standalone({"talkative.py": FILE}) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read("talkative")
        seconds, [pk] = standalone.run("talkative")
        [run] = standalone.session.store.runs.load_runs([pk])
        size = sum(path.stat().st_size for path in standalone.home.rglob("*.log") if run.run_id in str(path))
        yield Row(
            name="U6",
            what="a task prints 1,000,000 lines",
            unit="s",
            values=[seconds],
            note=f"{size / 1e6:.0f} MB",
        )
        yield from screens.look("U6", f"log:{run.run_id}", standalone, repeat=repeat)
