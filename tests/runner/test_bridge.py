"""What the bridge of a worker on another machine carries while its server does not answer everything."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from tests.runner.fake_scheduler import submission
from windward.errors import UnavailableError
from windward.protocol.framing import frame
from windward.protocol.messages import Goodbye, Heartbeat, Hello, StartGranted, StartRequest, Submit
from windward.protocol.work import AttemptRef
from windward.runner.remote.api import Beaten, ExecutionApi, Mailed, Welcomed
from windward.runner.remote.bridge import CARRIERS_MAX, Bridge, open_listener
from windward.store.code import LocalCodeStore

DEADLINE_S = 60.0
"""A limit and no claim: for a machine that does much else."""


class FaultyApi:
    """A server whose scheduler is away: it takes everything and grants no start."""

    def __init__(self, mail: Submit) -> None:
        self._mail = [Mailed(mail_pk=1, message=mail, tokens=["token" for _ in mail.work])]
        self._starts = threading.Semaphore(0)
        self.read = threading.Event()
        self.beaten = threading.Event()
        self.gone = threading.Event()

    def hello(self, _hello: Hello) -> Welcomed:
        return Welcomed(lease_s=30.0)

    def mail(self, _host_id: str) -> list[Mailed]:
        if self.read.is_set():
            self.gone.wait()
            return []
        return self._mail

    def has_read(self, _host_id: str, _mail_pks: list[int]) -> None:
        self.read.set()

    def start(self, _token: str) -> StartGranted:
        self._starts.release()
        raise UnavailableError("the scheduler has not answered: ask again")

    def wait_starts(self, count: int) -> None:
        for _ in range(count):
            assert self._starts.acquire(timeout=DEADLINE_S)

    def beat(self, _host_id: str, _running: list[AttemptRef], renew: list[str]) -> Beaten:
        self.beaten.set()
        return Beaten(renewed=[None for _ in renew])

    def goodbye(self, _host_id: str) -> None:
        self.gone.set()


class SlowApi(FaultyApi):
    """A server that takes its time to say that a host is welcome."""

    def __init__(self, mail: Submit) -> None:
        super().__init__(mail)
        self.asked = threading.Event()
        self.may_answer = threading.Event()

    def hello(self, hello: Hello) -> Welcomed:
        self.asked.set()
        assert self.may_answer.wait(DEADLINE_S)
        return super().hello(hello)


@contextmanager
def bridging(api: FaultyApi, path: Path, tmp_path: Path) -> Iterator[tuple[Bridge, threading.Thread]]:
    """Give a bridge, and the thread that it runs in."""
    told = socket.socketpair()
    told[0].setblocking(False)
    bridge = Bridge(
        open_listener(path),
        cast("ExecutionApi", api),  # what it needs of one
        LocalCodeStore(tmp_path / "code"),
        log_folder=tmp_path / "logs",
        logs_done=told[0].fileno(),
    )
    serving = threading.Thread(target=bridge.run)
    serving.start()
    try:
        yield bridge, serving
    finally:
        api.gone.set()
        bridge.stop()
        serving.join(DEADLINE_S)
        for end in told:
            end.close()


def test_a_sign_of_life_does_not_wait_for_starts_that_nobody_grants(
    short_folder: Path, tmp_path: Path
) -> None:
    work = tuple(submission("f.py", "t", map_index=index) for index in range(CARRIERS_MAX + 4))
    refs = tuple(one.ref for one in work)
    api, path = FaultyApi(Submit(work=work)), short_folder / "bridge.sock"
    with bridging(api, path, tmp_path) as (_, serving), socket.socket(socket.AF_UNIX) as host:
        host.connect(str(path))
        host.sendall(frame(Hello(host_id="h", hostname="there", pid=1, capacity=len(work))))
        assert api.read.wait(DEADLINE_S)
        host.sendall(frame(StartRequest(refs=refs)))
        api.wait_starts(CARRIERS_MAX)
        host.sendall(frame(Heartbeat(host_id="h", running=refs)))
        try:
            assert api.beaten.wait(DEADLINE_S)
        finally:
            host.sendall(frame(Goodbye(host_id="h")))
            serving.join(DEADLINE_S)


def test_the_goodbye_of_a_host_that_has_ended_is_still_passed_on(short_folder: Path, tmp_path: Path) -> None:
    api, path = SlowApi(Submit(work=())), short_folder / "bridge.sock"
    with bridging(api, path, tmp_path) as (bridge, serving):
        with socket.socket(socket.AF_UNIX) as host:
            host.connect(str(path))
            host.sendall(frame(Hello(host_id="h", hostname="there", pid=1, capacity=1)))
            assert api.asked.wait(DEADLINE_S)
            host.sendall(frame(Goodbye(host_id="h")))
        bridge.stop_after_host()
        api.may_answer.set()
        serving.join(DEADLINE_S)
        assert not serving.is_alive()
        assert api.gone.is_set()
