"""A scheduler for a worker host under test: listens, grants every start, accepts every ending, unless told not to.

It runs in the test's own thread: `until` reads what the host says until a claim about it holds.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from windward.core.paths import callback_log_path, log_path
from windward.model.states import Isolation, RunType, Semantics
from windward.protocol.calls import Answer, Call, Done
from windward.protocol.framing import FrameReader, frame
from windward.protocol.messages import (
    Accepted,
    AttemptEnded,
    Beat,
    CallAnswer,
    ChildCall,
    FromHost,
    Goodbye,
    Heartbeat,
    Hello,
    StartGranted,
    StartRequest,
    Submit,
    ToHost,
    Welcome,
)
from windward.protocol.outcomes import Ending
from windward.protocol.work import (
    AttemptRef,
    CallbackContext,
    RunContext,
    Submission,
    TaskContext,
)

DEADLINE_S = 120.0
"""A limit and no claim: for a machine that does much else."""
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class FakeScheduler:
    """The other end of a host's link."""

    def __init__(self, folder: Path, *, lease_s: float = 30.0) -> None:
        self.path = folder / "scheduler.sock"
        self.lease_s = lease_s
        self.grants_starts = True
        self.accepts_endings = True
        self.answers_beats = True
        self.answer: Callable[[AttemptRef, Call], Answer] = lambda _ref, _call: Done()
        self.said: list[FromHost] = []
        self.endings: dict[AttemptRef, Ending] = {}
        self.endings_received: list[AttemptRef] = []
        self.asked: set[AttemptRef] = set()
        self.granted_at: dict[AttemptRef, float] = {}
        self.contexts: dict[AttemptRef, TaskContext | CallbackContext] = {}
        self.stale: tuple[AttemptRef, ...] = ()
        self._listener = self._listen()
        self._connection: socket.socket | None = None
        self._frames: FrameReader[FromHost] = FrameReader(FromHost)

    def _listen(self) -> socket.socket:
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.fspath(self.path))
        listener.listen()
        return listener

    def until(self, claim: Callable[[], Any], *, within_s: float = DEADLINE_S) -> Any:
        """Serve the host until the claim is true; fail when that takes too long."""
        deadline = time.monotonic() + within_s
        while not (found := claim()):
            left = deadline - time.monotonic()
            assert left > 0, f"the claim does not become true; the host said last: {self.said[-5:]}"
            self._serve(min(left, 0.02))
        return found

    def send(self, message: ToHost) -> None:
        assert self._connection is not None
        with contextlib.suppress(
            BrokenPipeError, ConnectionResetError
        ):  # who has gone meanwhile hears nothing
            self._connection.sendall(frame(message))

    def submit(self, *work: Submission) -> None:
        self.send(Submit(work=tuple(work)))

    def heard(self, kind: type) -> list[Any]:
        return [message for message in self.said if isinstance(message, kind)]

    def disconnect(self) -> None:
        """Drop the connection and stop listening, as a scheduler that died."""
        self._listener.close()
        self._drop()

    def listen_again(self) -> None:
        self._listener = self._listen()

    def close(self) -> None:
        self._listener.close()
        if self._connection is not None:
            self._connection.close()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._frames = FrameReader(FromHost)

    def _serve(self, wait_s: float) -> None:
        with selectors.DefaultSelector() as selector:
            if self._listener.fileno() >= 0:
                selector.register(self._listener, selectors.EVENT_READ)
            if self._connection is not None:
                selector.register(self._connection, selectors.EVENT_READ)
            ready = [key.fileobj for key, _ in selector.select(wait_s)]
        if self._listener in ready:
            self._drop()
            self._connection, _ = self._listener.accept()
        elif self._connection is not None and self._connection in ready:
            try:
                data = self._connection.recv(1 << 20)
            except ConnectionError:
                data = b""
            if not data:
                self._drop()
            for message in self._frames.feed(data):
                self.said.append(message)
                self._react(message)

    def _react(self, message: FromHost) -> None:
        match message:
            case Hello():
                self.send(Welcome(lease_s=self.lease_s, stale=self.stale))
            case Heartbeat() if self.answers_beats:
                self.send(Beat(stale=self.stale))
            case StartRequest(refs=refs):
                self.asked |= set(refs)
                if self.grants_starts:
                    self.grant(*refs)
            case AttemptEnded(ref=ref, ending=ending):
                self.endings_received.append(ref)
                self.endings[ref] = ending
                if self.accepts_endings:
                    self.send(Accepted(ref=ref))
            case ChildCall(ref=ref, call_id=call_id, call=call):
                self.send(CallAnswer(ref=ref, call_id=call_id, answer=self.answer(ref, call)))
            case Heartbeat() | Goodbye():
                pass

    def grant(self, *refs: AttemptRef) -> None:
        data = b"".join(
            frame(StartGranted(ref=ref, context=self.contexts.get(ref) or task_context(ref))) for ref in refs
        )
        assert self._connection is not None
        now = time.monotonic()
        self.granted_at.update(dict.fromkeys(refs, now))
        self._connection.sendall(data)


class HostUnderTest:
    """A worker host process, its scheduler and its folders."""

    def __init__(self, scheduler: FakeScheduler, process: subprocess.Popen[bytes], home: Path) -> None:
        self.scheduler = scheduler
        self.process = process
        self.home = home
        self.next_fence = 0

    def write(self, name: str, text: str) -> str:
        """Write a DAG file; return its fileloc."""
        path = self.home / "dags" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return name

    def run(self, *work: Submission, within_s: float = DEADLINE_S) -> list[Ending]:
        """Submit, wait for all endings, return them."""
        self.scheduler.submit(*work)
        refs = {one.ref for one in work}
        self.scheduler.until(lambda: refs <= self.scheduler.endings.keys(), within_s=within_s)
        return [self.scheduler.endings[one.ref] for one in work]

    def log(self, ref: AttemptRef) -> str:
        path = self.home / "logs" / task_context(ref).log_path
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def children_of(self, pid: int) -> list[int]:
        """Return the process ids of children, zombies included."""
        try:
            text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        except FileNotFoundError:
            return []
        return [int(found) for found in text.split()]

    def templates(self) -> list[int]:
        return self.children_of(self.process.pid)

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def wait_exit(self, within_s: float = DEADLINE_S) -> int:
        self.scheduler.until(lambda: self.process.poll() is not None, within_s=within_s)
        assert self.process.returncode is not None
        return self.process.returncode


@contextmanager
def host_under_test(
    folder: Path, *arguments: str, lease_s: float = 30.0, module: str = "windward.runner"
) -> Iterator[HostUnderTest]:
    """Start a host with its scheduler; both are gone afterwards."""
    (folder / "dags").mkdir(exist_ok=True)
    scheduler = FakeScheduler(folder, lease_s=lease_s)
    command = [sys.executable, "-m", module, "--socket", os.fspath(scheduler.path)]
    with (folder / "host.log").open("ab") as output:
        process = subprocess.Popen(
            [*command, "--home", os.fspath(folder), *arguments], stdout=output, stderr=output
        )
    host = HostUnderTest(scheduler, process, folder)
    try:
        scheduler.until(lambda: scheduler.heard(Hello))
        yield host
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()
        scheduler.close()


def submission(
    fileloc: str,
    task_id: str,
    *,
    fence: int = 1,
    run_pk: int = 1,
    map_index: int = -1,
    isolation: Isolation = Isolation.ISOLATED,
    run_as_user: str | None = None,
    code_hash: str = "",
) -> Submission:
    return Submission(
        ref=AttemptRef(run_pk, task_id, map_index, fence),
        dag_id="d",
        fileloc=fileloc,
        code_hash=code_hash,
        isolation=isolation,
        run_as_user=run_as_user,
    )


def run_context(run_pk: int = 1) -> RunContext:
    return RunContext(
        run_pk=run_pk,
        dag_id="d",
        run_id=f"manual__{run_pk}",
        run_type=RunType.MANUAL,
        run_after=NOW,
        logical_date=NOW,
        data_interval_start=NOW,
        data_interval_end=NOW,
        start_date=NOW,
    )


def task_context(
    ref: AttemptRef, *, max_tries: int = 0, semantics: Semantics = Semantics.AIRFLOW3
) -> TaskContext:
    """Return the context of a granted start; the try number is the fence."""
    run = run_context(ref.run_pk)
    return TaskContext(
        run=run,
        dag_id="d",
        task_id=ref.task_id,
        map_index=ref.map_index,
        try_number=ref.fence,
        max_tries=max_tries,
        start_date=NOW,
        semantics=semantics,
        log_path=log_path("d", run.run_id, ref.task_id, ref.map_index, ref.fence),
    )


def callback_context(kind: str, *, reason: str = "task_failure") -> CallbackContext:
    run = run_context()
    return CallbackContext(
        run=run,
        dag_id="d",
        kind=kind,
        reason=reason,
        semantics=Semantics.AIRFLOW3,
        log_path=callback_log_path("d", run.run_id, kind, 0),
    )
