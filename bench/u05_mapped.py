"""U5: a task with 10,000 mapped instances, as a table."""

from collections.abc import Iterator

import msgspec

from bench import past, screens
from bench.harness import Standalone
from bench.rows import Row

INSTANCES = 10_000
FILE = """
from datetime import datetime
from airflow.sdk import DAG, task

with DAG("mapped", schedule=None, start_date=datetime(2025, 1, 1)):

    @task(map_index_template="{{ shop }}")
    def each(shop):
        pass

    each.expand(shop=[1, 2, 3])
"""


def measure(repeat: int) -> Iterator[Row]:
    """Fill the database, then look."""
    screens.built()
    with Standalone({"mapped.py": FILE}) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read("mapped")
        dag = standalone.session.store.catalog.load_dag("mapped")
        assert dag is not None
        run = past.ended_run(standalone, "mapped", dag.document_hash, 200, run_id="ten-thousand")
        tasks = [
            msgspec.structs.replace(
                past.ended_task(
                    run, "each", past.mostly_well(0, number), number / INSTANCES, map_index=number
                ),
                map_label=f"shop-{number}",
            )
            for number in range(INSTANCES)
        ]
        past.write(standalone, iter([(run, tasks)]), at_once=1)
        yield from screens.look("U5", "mapped", standalone, repeat=repeat)
