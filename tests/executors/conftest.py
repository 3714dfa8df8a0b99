"""A hub with its doors in a folder of its own, and hosts that speak the protocol and run nothing."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from windward.executors.doors import Doors, open_doors, scheduler_socket
from windward.executors.hub import Hub
from windward.ports.executor import Envelope, HostGone, Woken
from windward.protocol.framing import FrameReader, frame
from windward.protocol.messages import Hello, ToHost
from windward.protocol.work import AttemptRef, Submission

Event = Envelope | HostGone | Woken
DEADLINE_S = 60.0


class FakeHost:
    """A worker host as the hub sees one. Blocking: a test reads what it expects."""

    def __init__(
        self,
        run_folder: Path,
        host_id: str = "h1",
        *,
        capacity: int = 4,
        queues: tuple[str, ...] = ("default",),
    ):
        self.host_id = host_id
        self.hello = Hello(
            host_id=host_id, hostname="here", pid=os.getpid(), capacity=capacity, queues=queues
        )
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(DEADLINE_S)
        self.socket.connect(os.fspath(scheduler_socket(run_folder)))
        self._frames: FrameReader[ToHost] = FrameReader(ToHost)
        self._got: list[ToHost] = []
        self.before_read: Callable[[], None] = lambda: None
        """The hub sends when it waits; a test that reads first has it send."""

    def say(self, message: object) -> None:
        self.socket.sendall(frame(message))

    def read(self) -> ToHost:
        self.before_read()
        while not self._got:
            data = self.socket.recv(1 << 20)
            assert data, "the hub closed the connection"
            self._got += self._frames.feed(data)
        return self._got.pop(0)

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def doors(run_folder: Path) -> Iterator[Doors]:
    opened = open_doors(run_folder)
    yield opened
    opened.close()


@pytest.fixture
def hub(doors: Doors) -> Iterator[Hub]:
    made = Hub(doors)
    yield made
    made.close()


@pytest.fixture
def connect(hub: Hub, run_folder: Path) -> Iterator[Callable[..., FakeHost]]:
    hosts: list[FakeHost] = []

    def make(host_id: str = "h1", **options: object) -> FakeHost:
        host = FakeHost(run_folder, host_id, **options)  # type: ignore[arg-type]
        host.before_read = hub.flush
        hosts.append(host)
        host.say(host.hello)
        wait_for(hub, lambda event: isinstance(event, Envelope) and event.message == host.hello)
        return host

    yield make
    for host in hosts:
        host.close()


def wait_for(hub: Hub, is_it: Callable[[Event], bool]) -> Event:
    """Wait until the hub gives an event of a kind, and return it."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        for event in hub.wait(0.5):
            if is_it(event):
                return event
    raise AssertionError("the event did not come")


def submission(number: int, *, queue: str = "default") -> Submission:
    ref = AttemptRef(1, f"task{number}", -1, 1)
    return Submission(ref=ref, dag_id="d", fileloc="d.py", code_hash="c", queue=queue)


HOST_PROGRAM = """
import os, socket, sys
from windward.protocol.framing import frame
from windward.protocol.messages import Hello
connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
connection.connect(sys.argv[1])
connection.sendall(frame(Hello(host_id=sys.argv[2], hostname="there", pid=os.getpid(), capacity=8)))
for order in sys.stdin:
    if order.strip() == "hang up":
        connection.close()
"""


@pytest.fixture
def start_process(run_folder: Path) -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    started: list[subprocess.Popen[str]] = []

    def start(host_id: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", HOST_PROGRAM, os.fspath(scheduler_socket(run_folder)), host_id],
            stdin=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()
