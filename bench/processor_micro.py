"""What the processor costs on 500 files of 10 tasks. Run `python -m bench.processor_micro [FILES]`; prints a table.

Half of the files are written as for Airflow, half natively. Store: SQLite, as in a fresh installation.
"""

import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from windward.app.database import migrate
from windward.app.files import code_store
from windward.app.session import opened_store
from windward.ports.clock import SystemClock
from windward.ports.store import Store
from windward.processor.processor import Processor, open_processor
from windward.processor.stop import StopPipe
from windward.settings import Settings, load, prepare_home

FILES = 500
TASKS = 10
SAVES = 20
IDLE_S = 20.0
HEAD = {
    "airflow": "from datetime import datetime\nfrom airflow import DAG\n"
    "from airflow.operators.python import PythonOperator\n",
    "windward": "from datetime import datetime\nfrom windward import DAG, PythonOperator\n",
}
BODY = """

def work(number):
    return number


with DAG("dag_{name}", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:
    tasks = [PythonOperator(task_id=f"task_{{n}}_{mark}", python_callable=work, op_args=[n]) for n in range({tasks})]
    for before, after in zip(tasks, tasks[1:]):
        before >> after
"""


class Bell:
    """A scheduler that only notes when it is woken: then all of a batch is in the database."""

    def __init__(self) -> None:
        self.rung = threading.Event()

    def wake(self) -> None:
        """Note it."""
        self.rung.set()


def source(number: int, *, mark: str = "x") -> str:
    """Return a DAG file."""
    style = "airflow" if number % 2 else "windward"
    return HEAD[style] + BODY.format(name=f"{number:04}", tasks=TASKS, mark=mark)


@contextmanager
def running(settings: Settings, store: Store, bell: Bell) -> Iterator[Processor]:
    """Run a processor beside the measurement."""
    processor = open_processor(settings, store, bell, SystemClock(), code=code_store(settings))
    stop = StopPipe()
    thread = threading.Thread(target=processor.run, args=(stop,))
    thread.start()
    try:
        yield processor
    finally:
        stop.set()
        thread.join()
        processor.close()
        stop.close()


def wait_for(bell: Bell, is_so: Callable[[], bool]) -> float:
    """Return after how many seconds something is in the database."""
    began = time.perf_counter()
    while True:
        bell.rung.wait()
        bell.rung.clear()
        if is_so():
            return time.perf_counter() - began


def measure(home: Path, files: int) -> Iterator[tuple[str, str]]:
    """Yield rows of the table."""
    settings = prepare_home(load(dict(os.environ), home=home))
    migrate(settings)
    folder = settings.core.dags_folder
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        (folder / f"file_{number:04}.py").write_text(source(number))
    store = opened_store(settings)

    def parsed() -> int:
        return sum(1 for record in store.catalog.load_files() if record.dag_ids)

    bell = Bell()
    before = os.times()
    with running(settings, store, bell) as processor:
        cold_s = wait_for(bell, lambda: parsed() == files)
        template = psutil.Process(processor.template_pid or 0)
        cpu_s = sum(os.times()[:2]) - sum(before[:2]) + sum(template.cpu_times()[:4])
        yield f"cold start: {files} files x {TASKS} tasks to all visible", f"{cold_s:.2f} s"
        yield "cold start: CPU of processor, template and children", f"{cpu_s:.2f} s"
        waits = []
        path = folder / "file_0001.py"
        for save in range(SAVES):
            waits.append(_save(path, f"save{save}", store, bell))
        yield "saved file visible: median", f"{statistics.median(waits) * 1000:.0f} ms"
        yield "saved file visible: worst", f"{max(waits) * 1000:.0f} ms"
        yield "template: PSS", f"{template.memory_full_info().pss / 1e6:.0f} MB"
        store.runs.counters.queries = 0
        idle = os.times()
        template_before = template.cpu_times()
        threading.Event().wait(IDLE_S)
        used = sum(os.times()[:2]) - sum(idle[:2])
        used += sum(template.cpu_times()[:2]) - sum(template_before[:2])
        yield "idle: CPU of one core", f"{used / IDLE_S * 100:.2f} %"
        yield "idle: queries per second", f"{store.runs.counters.queries / IDLE_S:.2f}"
    processor = open_processor(settings, store, bell, SystemClock(), code=code_store(settings))
    began = time.perf_counter()
    done = processor.parse_once()
    yield f"warm start: {len(done.parsed)} files parsed of {files}", f"{time.perf_counter() - began:.3f} s"
    processor.close()
    store.close()


def _save(path: Path, mark: str, store: Store, bell: Bell) -> float:
    """Save a file and return after how many seconds its new task is in the database."""
    path.write_text(source(1, mark=mark))
    return wait_for(bell, lambda: _task_of(store, "dag_0001").endswith(f"_{mark}"))


def _task_of(store: Store, dag_id: str) -> str:
    dag = store.catalog.load_dag(dag_id)
    assert dag is not None
    return store.catalog.load_documents([dag.document_hash])[dag.document_hash].tasks[0].task_id


def main() -> None:
    """Measure and print."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    with tempfile.TemporaryDirectory() as home:
        for name, value in measure(Path(home), files):
            print(f"{name:60} {value:>10}", flush=True)


if __name__ == "__main__":
    main()
