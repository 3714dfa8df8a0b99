"""A whole installation with real processes: started, looked into, hurt and stopped by tests.

What lives here: one `System` per home, ways to find its processes, to ask it as people do, and to wait for files and
states with a deadline. What may not: claims about what the answers should be, but for one: a system that was closed
has left no process and no socket.
"""

import contextlib
import io
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from tests.acceptance.processes import children_of, command_of, is_alive, tree_below
from windward.app.session import Session
from windward.cli.main import main as run_command
from windward.core.people import decide_mark
from windward.core.plan import compile_plan
from windward.core.view import RunView
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RUN_FINISHED, TaskState
from windward.ports.store import Note

WINDWARD = Path(sys.executable).with_name("windward")
DEADLINE_S = 300.0
"""A limit and no claim: what is of the idle class gets what others leave, which is little on a busy machine."""
LOOK_S = 0.02
"""Time between two looks at a file or a state that is waited for."""
FAST_SETTINGS = {
    "WINDWARD__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
    # Retries of tasks that say nothing of them: as many as ever, but nobody waits for them here.
    "WINDWARD__CORE__DEFAULT_RETRY_DELAY": "0.1",
    "WINDWARD__CORE__DEFAULT_RETRY_DELAY_MAX": "0.2",
    "WINDWARD__CORE__KILLED_TASK_CLEANUP_TIME": "5",
}
Found = TypeVar("Found")


def wait_for(
    look: Callable[[], Found | None], what: str | Callable[[], str], *, deadline_s: float = DEADLINE_S
) -> Found:
    """Return what `look` finds as soon as it is true; fail when the time is up, and say what was waited for."""
    end = time.monotonic() + deadline_s
    while not (found := look()):
        if time.monotonic() >= end:
            raise AssertionError(f"after {deadline_s:g} s: {what if isinstance(what, str) else what()}")
        select.select([], [], [], LOOK_S)
    return found


def daily() -> str:
    """Return a daily schedule that is half a day from its next time, so that no run of it begins during a test."""
    at = datetime.now(UTC) + timedelta(hours=12)
    return f"{at.minute} {at.hour} * * *"


@dataclass(frozen=True)
class Effect:
    """One line that user code wrote at its start."""

    task_id: str
    try_number: int
    pid: int


class System:
    """An installation in `home`. Its DAG files go to `dags`; what tasks tell goes to the file `effects`."""

    def __init__(self, home: Path, *, url: str | None = None, settings: Mapping[str, str] | None = None):
        self.home = home
        self.dags = home / "dags"
        self.effects_file = home / "effects"
        self.out = home / "out.log"
        self.dags.mkdir(parents=True, exist_ok=True)
        self.environ = {
            **os.environ,
            **FAST_SETTINGS,
            "WINDWARD_HOME": str(home),
            "WINDWARD__API__PORT": "0",
            "EFFECTS": str(self.effects_file),
            **({"WINDWARD__DATABASE__SQL_ALCHEMY_CONN": url} if url else {}),
            **(settings or {}),
        }
        self.session = Session(self.environ)
        self._processes: list[subprocess.Popen[bytes]] = []

    # Life.

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The supervisor, or whatever was started first of those that still run."""
        return next(one for one in self._processes if one.poll() is None)

    def start(self) -> "System":
        """Start everything, and wait until it is healthy."""
        before = self.said()
        self.launch("standalone")
        self.wait_until_said(r"ready in", after=len(before))
        wait_for(self.is_healthy, lambda: f"it is not healthy:\n{self.said()}")
        return self

    def launch(self, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start one command, of this home unless `environ` says otherwise.

        It gets a session of its own, so that its processes can be told apart.
        """
        with self.out.open("ab") as out:
            process = subprocess.Popen(
                [str(WINDWARD), *arguments],
                env=environ or self.environ,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def stop(self) -> int:
        """Stop as Ctrl-C does; return the exit code."""
        process = self.process
        process.send_signal(signal.SIGINT)
        return process.wait(DEADLINE_S)

    def close(self) -> None:
        """Stop what still runs, and see that no process and no socket is left."""
        known = {pid: os.pidfd_open(pid) for pid in self.pids() if is_alive(pid)}
        running = [one for one in self._processes if one.poll() is None]
        for one in running:
            one.send_signal(signal.SIGCONT)
            one.send_signal(signal.SIGTERM)
        try:
            for one in running:
                one.wait(DEADLINE_S)
            wait_for(lambda: not self.pids(), lambda: f"processes are left: {self.pids()}")
            wait_for(lambda: not any(is_alive(pid) for pid in known), "a component's process is left")
            assert str(self.home / "run") not in Path("/proc/net/unix").read_text(), "a socket is left"
        finally:
            for pid, pidfd in known.items():
                if is_alive(pid):
                    with contextlib.suppress(ProcessLookupError):
                        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                os.close(pidfd)
            self.session.close()

    def kill(self, pid: int, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to one process of this system, and to no other."""
        assert pid in self.pids(), f"{pid} is no process of this system"
        os.kill(pid, number)

    def kill_if_there(self, pid: int) -> bool:
        """Kill a process of this system unless it is gone already; whether it was there."""
        if pid not in self.pids():
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    # Processes.

    def component(self, name: str) -> int:
        """Return the process id of a component: `scheduler`, `processor`, `worker` or `api-server`."""

        def look() -> int | None:
            for pid in children_of(self.process.pid):
                words = command_of(pid)
                if f"windward {name}" in words or (name == "worker" and "worker_host" in words):
                    return pid
            return None

        return wait_for(look, f"there is no {name}")

    def templates(self, worker: int | None = None) -> list[int]:
        """Return the processes that have imported a DAG file and are forked for its tasks."""
        return children_of(worker or self.component("worker"))

    def pids(self) -> set[int]:
        """Return all processes of this system that are no zombies."""
        sessions = {one.pid for one in self._processes}
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    # The supervisor itself is waited for by its parent, which is us: a zombie is none of its.
                    if int(fields[3]) in sessions and fields[0] != "Z":
                        found.add(int(entry.name))
        for process in self._processes:
            if process.poll() is None:
                found |= set(tree_below(process.pid))
        return found

    # What it says.

    def said(self) -> str:
        """Return what all processes printed."""
        return self.out.read_text(errors="replace") if self.out.exists() else ""

    def wait_until_said(self, pattern: str, *, after: int = 0) -> None:
        """Wait until something that matches was printed."""
        wait_for(lambda: re.search(pattern, self.said()[after:]), lambda: f"no {pattern!r} in\n{self.said()}")

    def address(self) -> str:
        """Return the address of the API server."""
        return str(re.findall(r"http://127[\d.:]+", self.said())[-1])

    def get(self, path: str) -> Any:
        """Ask the API."""
        with urllib.request.urlopen(self.address() + path, timeout=DEADLINE_S) as answer:
            return json.load(answer)

    def is_healthy(self) -> bool:
        """Whether the health endpoint says so of every component."""
        health = self.get("/api/v2/monitor/health")
        return all(
            health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor")
        )

    # DAG files and what their tasks did.

    def write(self, name: str, text: str) -> Path:
        """Put a file into the DAG folder, whole at once as editors do."""
        path = self.dags / name
        draft = path.with_suffix(".draft")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
        return path

    def effects(self) -> list[Effect]:
        """Return what tasks have written so far, in order."""
        if not self.effects_file.exists():
            return []
        lines = self.effects_file.read_text().splitlines()
        return [Effect(task, int(number), int(pid)) for task, number, pid in (x.split(",") for x in lines)]

    def wait_effects(self, count: int) -> list[Effect]:
        """Wait until so many attempts have begun."""
        return wait_for(
            lambda: found if len(found := self.effects()) >= count else None,
            lambda: f"only {len(self.effects())} attempts of {count} began\n{self.said()}",
        )

    # The command line.

    def cli(self, *arguments: str, code: int = 0) -> str:
        """Run a command in this process; return what it printed on stdout."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            got = run_command(arguments, environ=self.environ)
        assert got == code, f"`windward {' '.join(arguments)}` gave {got}:\n{out.getvalue()}{err.getvalue()}"
        return out.getvalue() if code == 0 else err.getvalue()

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a listing command; return its rows."""
        found: list[dict[str, Any]] = json.loads(self.cli(*arguments, "-o", "json"))
        return found

    def wait_dag(self, dag_id: str) -> None:
        """Wait until a DAG has been read."""
        look = lambda: self.session.store.catalog.load_dag(dag_id)  # noqa: E731 - reads as a sentence below
        wait_for(look, lambda: f"DAG `{dag_id}` never came\n{self.cli('dags', 'list')}\n{self.said()}")

    def trigger(self, dag_id: str, run_id: str, *arguments: str) -> None:
        """Wait for the DAG, and make a run as people do."""
        self.wait_dag(dag_id)
        self.cli("dags", "trigger", dag_id, "--run-id", run_id, *arguments)

    # States.

    def run(self, dag_id: str, run_id: str) -> RunRecord:
        """Return a run."""
        found = self.session.store.runs.find_run(dag_id, run_id=run_id)
        assert found is not None
        return found

    def wait_run(self, dag_id: str, run_id: str, *, deadline_s: float = DEADLINE_S) -> str:
        """Wait until a run has ended; return its state."""
        wait_for(
            lambda: self.run(dag_id, run_id).state in RUN_FINISHED,
            lambda: (
                f"run `{run_id}` has not ended: {self._unfinished(dag_id, run_id)}\n{self.said()[-4000:]}"
            ),
            deadline_s=deadline_s,
        )
        return str(self.run(dag_id, run_id).state)

    def tasks(self, dag_id: str, run_id: str) -> list[TaskRecord]:
        """Return all task instances of a run."""
        return self.session.store.reads.task_states(self.run(dag_id, run_id).run_pk)

    def task(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> TaskRecord:
        """Return one task instance."""
        key = (task_id, map_index)
        return next(x for x in self.tasks(dag_id, run_id) if (x.task_id, x.map_index) == key)

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Return the state of each instance by name; instances of a mapped task are called `task[0]`."""
        return {
            x.task_id if x.map_index < 0 else f"{x.task_id}[{x.map_index}]": str(x.state)
            for x in self.tasks(dag_id, run_id)
        }

    def wait_state(self, dag_id: str, run_id: str, task_id: str, state: str) -> TaskRecord:
        """Wait until a task instance is in a state."""

        def look() -> TaskRecord | None:
            found = self.task(dag_id, run_id, task_id)
            return found if found.state == state else None

        return wait_for(look, lambda: f"`{task_id}` is not {state}: {self.states(dag_id, run_id)}")

    def log_of(self, dag_id: str, run_id: str, task_id: str, *, try_number: int | None = None) -> str:
        """Return an attempt's log as people see it."""
        which = () if try_number is None else ("--try-number", str(try_number))
        return self.cli("tasks", "logs", dag_id, task_id, run_id, *which)

    def wait_log(self, dag_id: str, run_id: str, task_id: str, *texts: str, **which: int) -> str:
        """Return an attempt's log as soon as it has all of these texts.

        What is said after the ending was reported (the end itself, callbacks), and what was printed past Python, may come
        a moment after the state.
        """

        def look() -> str | None:
            log = self.log_of(dag_id, run_id, task_id, **which)
            return log if all(text in log for text in texts) else None

        return wait_for(
            look, lambda: f"{texts} are not all in\n{self.log_of(dag_id, run_id, task_id, **which)}"
        )

    def value(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Return an XCom that is stored as plain JSON."""
        found = self.session.store.xcoms.get_xcom(dag_id, run_id, key, task_id=task_id, map_index=None)
        assert found is not None, f"`{task_id}` left no `{key}`"
        assert found.encoding == "json", found
        assert found.data is not None, found
        return json.loads(found.data)

    def lines(self, name: str) -> list[list[str]]:
        """Return what tasks wrote to a file of the home, line by line."""
        path = self.home / name
        return [line.split(",") for line in path.read_text().splitlines()] if path.exists() else []

    def mark(self, dag_id: str, run_id: str, task_ids: Collection[str], state: TaskState) -> None:
        """Mark task instances, by the same decision that interfaces make."""
        store = self.session.store

        def try_once() -> bool:
            run = self.run(dag_id, run_id)
            document = store.catalog.load_documents([run.document_hash])[run.document_hash]
            view = RunView(
                run, compile_plan(document, run.document_hash), store.runs.load_tasks([run.run_pk])
            )
            keys = [TaskKey(run.run_pk, task_id, -1) for task_id in task_ids]
            actions = decide_mark(view, keys, state, by="a test", now=self.session.clock.now())
            note = Note(kind="run", subject=str(run.run_pk))
            return store.runs.apply([actions], notes=[note]).all

        wait_for(try_once, "the run changed too quickly to be marked")
        self.session.wakeup.wake()

    def _unfinished(self, dag_id: str, run_id: str) -> dict[str, str]:
        done = {"success", "skipped"}
        left = {x: state for x, state in self.states(dag_id, run_id).items() if state not in done}
        return dict(list(left.items())[:20])
