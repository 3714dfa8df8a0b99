"""A fresh `windward standalone` under measurement: started, given runs through the store, watched, stopped.

Runs are made the way the command line makes them, but in this process, so that no start-up of a command is
measured. What the measuring itself costs is not counted: it is no process of the measured tree.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Self

import msgspec

from bench import processes
from windward.app.session import Session
from windward.core.runs import decide_manual_run
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RUN_FINISHED, RunState
from windward.ports.store import Note

START_S_MAX = 60.0
RUN_S_MAX = 120.0
STOP_S_MAX = 90.0
LOOK_S = 0.01
"""Between two looks at the database: the error of a wall time."""
WINDWARD = Path(sys.executable).parent / "windward"
COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "workers")


class Standalone:
    """A `windward standalone` in a home of its own, with these DAG files."""

    def __init__(self, files: Mapping[str, str], variables: Mapping[str, str] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="windward-bench-", ignore_cleanup_errors=True)
        self.home = Path(self._folder.name)
        self.dags = self.home / "dags"
        self.dags.mkdir()
        for name, text in files.items():
            (self.dags / name).write_text(text, encoding="utf-8")
        self._log = (self.home / "standalone.log").open("w+", encoding="utf-8")
        self.environ = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("WINDWARD", "AIRFLOW"))
            },
            "WINDWARD_HOME": str(self.home),
            "WINDWARD__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
            "WINDWARD__CORE__DEFAULT_TASK_RETRIES": "0",
            **(variables or {}),
        }
        self.began_s = time.monotonic()
        self.process = subprocess.Popen(
            [WINDWARD, "standalone", "--port", "0"],
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if "session" in self.__dict__:
            self.session.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_S_MAX)
        finally:
            self.process.kill()  # does nothing once it has ended
            self._log.close()
            self._folder.cleanup()

    # The start.

    def wait_until_healthy(self) -> float:
        """Return the seconds from the command until the API says that every component is healthy."""
        self.wait_for(self._is_healthy, seconds=START_S_MAX)
        return time.monotonic() - self.began_s

    def _is_healthy(self) -> bool:
        found = re.search(r"http://[\d.:]+", self.said())
        if found is None:
            return False
        try:
            with urllib.request.urlopen(f"{found[0]}/api/v2/monitor/health", timeout=5) as answer:
                body = msgspec.json.decode(answer.read())
        except OSError:
            return False
        return all(body.get(part, {}).get("status") == "healthy" for part in COMPONENTS)

    def said(self) -> str:
        """Return what it printed so far."""
        return Path(self._log.name).read_text(encoding="utf-8")

    def wait_for(self, is_so: Callable[[], bool], *, seconds: float = RUN_S_MAX) -> None:
        """Look until something is so.

        Raises:
            RuntimeError: when it is not so in time, or the process has ended; with what it printed last.
        """
        until_s = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > until_s or self.process.poll() is not None:
                raise RuntimeError(f"windward standalone did not get there:\n{self.said()[-4000:]}")
            time.sleep(LOOK_S)

    def wait_until_read(self, *dag_ids: str) -> None:
        """Wait until these DAGs are in the database."""
        catalog = self.session.store.catalog
        self.wait_for(lambda: all(catalog.load_dag(dag_id) is not None for dag_id in dag_ids))

    # Runs.

    @cached_property
    def session(self) -> Session:
        """A session of this process on the same home."""
        return Session(self.environ)

    def trigger(self, dag_id: str, count: int = 1) -> list[int]:
        """Make runs of a DAG in one transaction, and wake the scheduler."""
        store = self.session.store
        dag = store.catalog.load_dag(dag_id)
        assert dag is not None, "wait until the DAG was read"
        document = store.catalog.load_documents([dag.document_hash])[dag.document_hash]
        now = self.session.clock.now()
        actions = [
            decide_manual_run(
                document,
                document_hash=dag.document_hash,
                run_pk=self.session.next_pk(),
                now=now + timedelta(microseconds=number),  # no two runs of one date
                run_id=f"bench-{time.monotonic_ns()}-{number}",
                logical_date=None,
                conf={},
                note=None,
                triggering_user="bench",
            )
            for number in range(count)
        ]
        pks = [action.run.run_pk for action in actions]
        notes = [Note(kind="run", subject=str(pk)) for pk in pks]
        assert store.runs.apply([[action] for action in actions], notes=notes).all
        self.session.wakeup.wake()
        return pks

    def wait_until_ended(self, run_pks: Sequence[int]) -> list[RunRecord]:
        """Wait until runs have ended; they must have succeeded."""
        runs: list[RunRecord] = []

        def have_ended() -> bool:
            runs[:] = self.session.store.runs.load_runs(run_pks)
            return all(run.state in RUN_FINISHED for run in runs)

        self.wait_for(have_ended)
        failed = [run.reason for run in runs if run.state is not RunState.SUCCESS]
        if failed:
            raise RuntimeError(f"runs failed: {failed[:3]}\n{self.said()[-4000:]}")
        return runs

    def run(self, dag_id: str, count: int = 1) -> tuple[float, list[int]]:
        """Trigger runs at once; return the seconds until all were seen to have succeeded, and their ids."""
        began_s = time.monotonic()
        pks = self.trigger(dag_id, count)
        self.wait_until_ended(pks)
        return time.monotonic() - began_s, pks

    def tasks(self, run_pk: int) -> list[TaskRecord]:
        """Return the task instances of a run by start."""
        return sorted(self.session.store.runs.load_tasks([run_pk]), key=started_at)

    # What it costs.

    def cpu_s(self) -> float:
        """Return the processor seconds of all its processes so far."""
        return processes.cpu_s(self.process.pid)

    def settle(self) -> None:
        """Let the last children leave, so that what they used is counted."""
        time.sleep(0.3)

    def cpu_per_task_ms(self, before_s: float, tasks: int) -> float:
        """Return the processor milliseconds per task since `before_s`, everything included."""
        self.settle()
        return (self.cpu_s() - before_s) * 1000 / tasks

    def pss_mb(self) -> float:
        """Return the memory of all its processes; what they share counts once."""
        return processes.pss_mb(self.process.pid)

    def queries(self) -> int:
        """Return the queries that its components have sent since they started; they are asked by a signal."""
        root = self.process.pid
        named = {"windward scheduler", "windward processor", "windward api-server"}
        # Children of the supervisor only: what they forked may still have their name.
        mine = [
            pid
            for pid in processes.tree(root)
            if processes.name(pid) in named and processes.parent(pid) == root
        ]
        start, found = len(self.said()), list[str]()
        for pid in mine:
            os.kill(pid, signal.SIGUSR2)

        def have_answered() -> bool:
            found[:] = re.findall(r"store counters queries=(\d+)", self.said()[start:])
            return len(found) == len(mine)

        self.wait_for(have_answered, seconds=60)
        return sum(map(int, found))

    def idle(self, seconds: float) -> tuple[float, float]:
        """Do nothing for a while; return the share of a core used, in percent, and the queries per second."""
        queries, cpu_s, began_s = self.queries(), self.cpu_s(), time.monotonic()
        time.sleep(seconds)
        used_s, lasted_s = self.cpu_s() - cpu_s, time.monotonic() - began_s
        return 100 * used_s / lasted_s, (self.queries() - queries) / lasted_s


def started_at(task: TaskRecord) -> datetime:
    """Return when an instance started; it must have."""
    assert task.start_date is not None, f"`{task.task_id}` did not start"
    return task.start_date
