"""A real `windward standalone` in a home of its own, and ways to wait for what it says and does."""

import contextlib
import json
import os
import queue
import re
import select
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

DEADLINE_S = 60.0
WINDWARD = Path(sys.executable).parent / "windward"
STANDALONE_SETTINGS = {"WINDWARD__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false"}


class Standalone:
    """A running `windward standalone`. What it prints is kept in `said`."""

    def __init__(self, home: Path, *, port: int = 0, variables: dict[str, str] | None = None):
        self.home = home
        self.said: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self.process = subprocess.Popen(
            [str(WINDWARD), "standalone", "--port", str(port)],
            env={
                **os.environ,
                "WINDWARD_HOME": str(home),
                **STANDALONE_SETTINGS,
                **(variables or {}),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line)

    def wait_for(self, pattern: str) -> str:
        """Wait for the next line that matches, and return it."""
        end = time.monotonic() + DEADLINE_S
        while (left := end - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            self.said.append(line)
            if re.search(pattern, line):
                return line
        raise AssertionError(f"it never said {pattern!r}, but:\n{''.join(self.said)}")

    def has_said(self, pattern: str) -> str:
        """Return the first line that matches; wait for it when it was not said yet."""
        found = next((line for line in self.said if re.search(pattern, line)), None)
        return found or self.wait_for(pattern)

    def ready(self) -> "Standalone":
        self.wait_for("ready in")
        return self

    @property
    def address(self) -> str:
        return next(found[0] for line in self.said if (found := re.search(r"http://[\d.:]+", line)))

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.address + path, timeout=DEADLINE_S) as answer:
            return json.load(answer)

    def component(self, name: str) -> int:
        """Return the process id of a component."""
        for pid in children_of(self.process.pid):
            words = ""
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_text()
            if f"windward {name}" in words or (name == "worker" and "worker_host" in words):
                return pid
        raise AssertionError(f"there is no {name}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(timeout=DEADLINE_S)
        self._reader.join(DEADLINE_S)
        while not self._lines.empty():
            self.said.append(self._lines.get())
        return code

    def close(self) -> None:
        self._reader.join(DEADLINE_S)
        assert self.process.stderr is not None
        self.process.stderr.close()


def children_of(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # it has ended meanwhile
        return []


def tree_below(pid: int) -> list[int]:
    found = children_of(pid)
    for child in found:
        found += children_of(child)
    return found


def pidfds_below(pid: int) -> list[int]:
    """Return descriptors of all processes below a process, but for those that end meanwhile."""
    found = []
    for below in tree_below(pid):
        with contextlib.suppress(ProcessLookupError):
            found.append(os.pidfd_open(below))
    return found


def wait_until_gone(pidfds: list[int]) -> None:
    """Wait until all processes have ended, by their pid descriptors."""
    end = time.monotonic() + DEADLINE_S
    for pidfd in pidfds:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        assert poll.poll(max(0.0, end - time.monotonic()) * 1000), "a process is left"
        os.close(pidfd)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "dags").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., Standalone]]:
    started: list[Standalone] = []

    def begin(**options: Any) -> Standalone:
        one = Standalone(options.pop("home", home), **options)
        started.append(one)
        return one

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGTERM)
            try:
                one.process.wait(timeout=DEADLINE_S)
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()
        one.close()


class Pipe:
    """A named pipe that tasks tell by."""

    def __init__(self, path: Path):
        self.path = path
        os.mkfifo(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._rest = b""

    def read(self) -> str:
        """Wait for the next line."""
        end = time.monotonic() + DEADLINE_S
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._descriptor], [], [], max(0.0, end - time.monotonic()))
            assert ready, "no task told anything"
            self._rest += os.read(self._descriptor, 4096)
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def close(self) -> None:
        os.close(self._descriptor)


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipe]:
    made = Pipe(tmp_path / "pipe")
    yield made
    made.close()


TASK_FILE = """
import os, signal, time
from datetime import datetime
from windward.sdk.dag import DAG
from windward.sdk.operators.python import PythonOperator

def tell(word):
    with open({pipe!r}, "w") as pipe:
        print(word, os.getpid(), file=pipe, flush=True)

{body}

with DAG("one", schedule="@once", start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="task", python_callable=work, retries=2, retry_delay=0.01)
"""


@pytest.fixture
def write_task(home: Path, pipe: Pipe) -> Callable[[str], None]:
    """Write a DAG file with one task that runs by itself, once; its function is `work`."""

    def write(body: str) -> None:
        text = TASK_FILE.format(pipe=str(pipe.path), body=body)
        (home / "dags" / "one.py").write_text(text, encoding="utf-8")

    return write
