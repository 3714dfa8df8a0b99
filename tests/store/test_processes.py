"""Processes that share one SQLite file: nobody finds it locked, nobody sees half of anything."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.store.conftest import FERNET_KEY
from windward.store.sql.open import open_store

WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from tests.store.building import create, run_of, tasks_of
from windward.core.actions import move
from windward.core.transitions import TaskEvent
from windward.ports.store import Note
from windward.store.sql.open import open_store

url, key, writer, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = open_store(url, fernet_keys=[key], create=True)
for number in range(count):
    pk = writer * 1_000_000 + number
    assert store.runs.apply([[create(run_of(pk), "a", "b")]], notes=[Note(kind="run", subject=str(pk))]).all
    assert store.runs.apply([[move(task, TaskEvent.QUEUE, at=datetime.now(UTC))] for task in tasks_of(pk, "a", "b")]).all
    now = datetime.now(UTC)
    store.hosts.beat_component("scheduler", str(writer), hostname="h", pid=writer, now=now)
print(store.runs.counters.commits)
"""


def test_processes_that_share_sqlite_never_find_it_locked(tmp_path: Path) -> None:
    writers, count = 4, 80
    url = f"sqlite:///{tmp_path}/windward.db"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url, FERNET_KEY, str(writer), str(count)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )
        for writer in range(writers)
    ]  # fmt: skip
    store = open_store(url, fernet_keys=[FERNET_KEY], create=True)
    stop = threading.Event()

    def read() -> int:
        reads = 0
        while not stop.is_set():
            runs = store.runs.load_open_runs()
            tasks = store.runs.load_tasks([run.run_pk for run in runs[-50:]])
            assert len(tasks) == 2 * len(runs[-50:]), "a run is seen with all of its tasks or not at all"
            reads += 1
        return reads

    pool = ThreadPoolExecutor(2)
    readers = [pool.submit(read) for _ in range(2)]
    outcomes = [process.communicate(timeout=150) for process in processes]
    stop.set()

    assert [error for _, error in outcomes if error] == []
    assert [int(out) for out, _ in outcomes] == [3 * count] * writers
    assert all(reader.result(20) > 0 for reader in readers)
    assert len(store.runs.load_open_runs()) == writers * count
    assert len(store.runs.load_notes(after=0, limit=10_000)) == writers * count
    pool.shutdown()
    store.close()
