"""A DAG file whose tasks leave marks in a folder, and a host that runs it."""

import os
from pathlib import Path
from typing import Any

from tests.runner.fake_scheduler import HostUnderTest, submission
from windward.protocol.work import AttemptRef, Submission

HEAD = """
import os, signal, threading, time
from datetime import datetime
from pathlib import Path
from windward.sdk.dag import DAG
from windward.sdk.operator import BaseOperator

MARKS = Path({marks!r})

class Task(BaseOperator):
    def execute(self, context):
        MARKS.joinpath(f"{{self.task_id}}.{{context['ti'].try_number}}").write_text(str(os.getpid()))
        return self.work(context)
    def work(self, context):
        pass
"""

BODY = """
class Wait(Task):
    def work(self, context):
        deadline = time.monotonic() + 300
        while not MARKS.joinpath("go").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        return "went"
    def on_kill(self):
        MARKS.joinpath("on_kill").touch()

class Stubborn(Task):
    def work(self, context):
        signal.signal(signal.SIGTERM, lambda *_: MARKS.joinpath("asked").touch())
        if os.fork() == 0:
            MARKS.joinpath("grandchild").write_text(str(os.getpid()))
            time.sleep(600)
        time.sleep(600)

class Swallows(Wait):
    def work(self, context):
        try:
            super().work(context)
        except BaseException:
            return "fine"

class Asks(Task):
    def work(self, context):
        from windward.sdk.variable import Variable
        return Variable.get("colour")

with DAG("d", schedule=None, start_date=datetime(2026, 1, 1)) as d:
    Task(task_id="quick"); Wait(task_id="wait"); Stubborn(task_id="stubborn"); Swallows(task_id="swallows")
    Asks(task_id="asks")
"""


class Bench:
    """A host with a DAG file whose tasks leave marks."""

    def __init__(self, host: HostUnderTest, marks: Path) -> None:
        self.host = host
        self.scheduler = host.scheduler
        self.marks = marks
        marks.mkdir(exist_ok=True)
        self.fileloc = host.write("f.py", HEAD.format(marks=os.fspath(marks)) + BODY)

    def work(self, task_id: str, fence: int = 1, **arguments: Any) -> Submission:
        return submission(self.fileloc, task_id, fence=fence, **arguments)

    def begin(self, work: Submission) -> int:
        """Submit; return the process id once user code runs."""
        self.scheduler.submit(work)
        return self.pid_in(f"{work.ref.task_id}.{work.ref.fence}")

    def pid_in(self, name: str) -> int:
        path = self.marks / name
        return int(self.scheduler.until(lambda: path.exists() and path.read_text()))

    def ended(self, ref: AttemptRef) -> Any:
        return self.scheduler.until(lambda: self.scheduler.endings.get(ref))

    def go(self) -> None:
        (self.marks / "go").touch()

    def gone(self, pid: int) -> bool:
        return self.scheduler.until(lambda: not is_alive(pid)) is True


def is_alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return text.rpartition(")")[2].split()[0] not in {"Z", "X"}
