"""U4: the graph of 1,000 tasks, without groups and with all of its groups open."""

from collections.abc import Iterator

from bench import past, screens, u03_grid
from bench.harness import Standalone
from bench.rows import Row

LAYERS, WIDTH = 40, 25
FILE = f"""
from datetime import datetime
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("layered", schedule=None, start_date=datetime(2025, 1, 1)):
    before = []
    for layer in range({LAYERS}):
        tasks = [EmptyOperator(task_id=f"layer_{{layer:02}}_{{number:02}}") for number in range({WIDTH})]
        for number, task in enumerate(tasks if before else ()):
            task << [before[number], before[(number * 7 + layer) % {WIDTH}]]
        before = tasks
"""


def measure(repeat: int) -> Iterator[Row]:
    """Fill the database with some runs, then look."""
    screens.built()
    with Standalone({"layered.py": FILE, "wide.py": u03_grid.FILE}) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read("layered", "wide")
        for dag_id in ("layered", "wide"):
            past.write_days(standalone, dag_id, 10)
        yield from screens.look("U4", "graph", standalone, repeat=repeat)
