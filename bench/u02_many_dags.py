"""U2: the list of 5,000 DAGs with 14 runs each."""

from collections.abc import Iterator, Sequence

from bench import past, screens
from bench.harness import Standalone
from bench.rows import Row
from windward.model.records import RunRecord, TaskRecord

FILES, DAGS = 50, 100
RUNS = 14
RUNS_AT_ONCE = 2000
FILE = """
from datetime import datetime
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

for number in range({begin}, {begin} + {count}):
    with DAG(
        f"dag_{{number:05}}",
        schedule="0 4 * * *",
        start_date=datetime(2026, 1, 1),
        catchup=False,
        tags=[f"team_{{number % 40}}", "daily"],
        default_args={{"owner": f"owner_{{number % 25}}"}},
    ):
        EmptyOperator(task_id="first") >> EmptyOperator(task_id="second")
"""
PAUSED = {"WINDWARD__CORE__DAGS_ARE_PAUSED_AT_CREATION": "true"}


def measure(repeat: int) -> Iterator[Row]:
    """Fill the database, then look."""
    screens.built()
    files = {f"dags_{number:02}.py": FILE.format(begin=number * DAGS, count=DAGS) for number in range(FILES)}
    with Standalone(files, PAUSED) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read(*(f"dag_{number:05}" for number in range(0, FILES * DAGS, DAGS)))
        past.write(standalone, _runs(standalone), at_once=RUNS_AT_ONCE)
        yield from screens.look("U2", "dags", standalone, repeat=repeat)


def _runs(standalone: Standalone) -> Iterator[tuple[RunRecord, Sequence[TaskRecord]]]:
    for number in range(FILES * DAGS):
        dag = standalone.session.store.catalog.load_dag(f"dag_{number:05}")
        assert dag is not None
        for day in range(RUNS):
            yield past.ended_run(standalone, dag.dag_id, dag.document_hash, day + number % 5), ()
