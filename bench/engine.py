"""The production scheduler over a real store, with a worker that obeys at once: what the control plane costs by itself.

Nothing is forked and no user code runs: an attempt that is granted its start succeeds with the next message.
Used by rows about the scheduler, and by the tests of its budgets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet

from windward.core.runs import decide_manual_run
from windward.document import DagDocument, content_hash, encode
from windward.engine.scheduler import Scheduler
from windward.model.files import FileRecord
from windward.model.states import RUN_FINISHED
from windward.ports.executor import Envelope, HostGone, Woken
from windward.ports.metrics import Metrics
from windward.ports.store import Note
from windward.protocol.messages import AttemptEnded, FromHost, Hello, StartGranted, StartRequest, ToHost
from windward.protocol.outcomes import Ending, ExitFact, Succeeded
from windward.protocol.work import AttemptRef, Submission
from windward.settings import Settings, load
from windward.store.sql.open import SqlStore, open_store

START = datetime(2026, 1, 1, tzinfo=UTC)
HOST = "obedient"
STEPS_MAX = 100_000


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the wall time."""
        return self._now

    def monotonic(self) -> float:
        """Return the same as seconds."""
        return (self._now - START).total_seconds()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)


class CountingIds:
    """1, 2, 3, …"""

    def __init__(self) -> None:
        self._last = 0

    def next_pk(self) -> int:
        """Return the next id."""
        self._last += 1
        return self._last


@dataclass
class ObedientWorker:
    """Mailbox, executor and worker in one. A wait takes no time; where there is nothing to hear, the clock moves on."""

    clock: Clock
    slots: int
    """Attempts at once; with 0 nothing is given to it."""
    batch_max: int = 16
    """Messages that one wait returns at most."""
    is_obedient: bool = True
    """Otherwise it takes attempts and never asks for their start."""
    name: str = "obedient"
    waits: list[float] = field(default_factory=list)
    finished: int = 0
    is_woken: bool = False
    _heard: deque[FromHost] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._heard.append(Hello(host_id=HOST, hostname=HOST, pid=1, capacity=1000))

    @property
    def is_quiet(self) -> bool:
        """Whether it has nothing more to say."""
        return not self._heard

    def wait(self, timeout_s: float) -> list[Envelope | HostGone | Woken]:
        """Return what the worker said; let the time pass when it said nothing."""
        found: list[Envelope | HostGone | Woken] = []
        if self.is_woken:
            self.is_woken = False
            found.append(Woken())
        while self._heard and len(found) < self.batch_max:
            found.append(Envelope(HOST, self._heard.popleft()))
        if not found:
            self.waits.append(timeout_s)
            self.clock.advance(timeout_s)
        return found

    def send(self, host_id: str, message: ToHost) -> None:
        """Do what a message asks for."""
        assert host_id == HOST, "there is no other worker"
        if isinstance(message, StartGranted):
            ending = Ending(outcome=Succeeded(), exit=ExitFact(kind="ok"), at=self.clock.now())
            self._heard.append(AttemptEnded(ref=message.ref, ending=ending))
            self.finished += 1

    def capacity(self) -> int:
        """Return the slots."""
        return self.slots

    def submit(self, work: Sequence[Submission]) -> list[str]:
        """Ask for the start of each attempt."""
        if self.is_obedient:
            self._heard.append(StartRequest(refs=tuple(submission.ref for submission in work)))
        return [HOST] * len(work)

    def placed(self) -> list[tuple[AttemptRef, str]]:
        """Return nothing: the one host serves every queue."""
        return []

    def avoid(self, host_ids: Collection[str]) -> None:
        """Avoid nobody."""

    def cancel(self, refs: Sequence[AttemptRef], *, reason: str) -> None:
        """Nothing runs long enough to be stopped."""


class ControlPlane:
    """A scheduler with its store, worker and clock."""

    def __init__(
        self, store: SqlStore, settings: Settings, worker: ObedientWorker, *, metrics: Metrics | None = None
    ) -> None:
        self.store = store
        self.worker = worker
        self.clock = worker.clock
        self.ids = CountingIds()
        self.scheduler = Scheduler(
            store=store,
            mailbox=worker,
            executor=worker,
            clock=worker.clock,
            ids=self.ids,
            settings=settings,
            name="bench",
            metrics=metrics,
        )

    def put(self, *documents: DagDocument) -> None:
        """Store DAGs, active and not paused, as one file."""
        file = FileRecord(
            fileloc=documents[0].fileloc,
            content_hash="0" * 32,
            dag_ids=tuple(document.dag_id for document in documents),
        )
        bodies = [encode(document) for document in documents]
        put = [(content_hash(body), body, document) for body, document in zip(bodies, documents, strict=True)]
        self.store.catalog.put_file(file, put, paused_at_creation=False, now=self.clock.now())

    def trigger(self, document: DagDocument, count: int = 1) -> list[int]:
        """Make runs, as the command line does."""
        dag = self.store.catalog.load_dag(document.dag_id)
        assert dag is not None, "put it first"
        pks = []
        for _ in range(count):
            self.clock.advance(0.001)  # no two runs of one date
            action = decide_manual_run(
                document,
                document_hash=dag.document_hash,
                run_pk=self.ids.next_pk(),
                now=self.clock.now(),
                run_id=f"run-{self.clock.now().timestamp()}",
                logical_date=None,
                conf={},
                note=None,
                triggering_user="bench",
            )
            pks.append(action.run.run_pk)
            note = Note(kind="run", subject=str(action.run.run_pk))
            assert self.store.runs.apply([[action]], notes=[note]).all
        self.worker.is_woken = True
        return pks

    def step_until_ended(self, run_pks: Sequence[int]) -> None:
        """Make passes until runs have ended."""
        for _ in range(STEPS_MAX):
            self.scheduler.step()
            if self.worker.is_quiet and not self.open_runs().intersection(run_pks):
                return
        raise RuntimeError("the runs do not end")

    def open_runs(self) -> set[int]:
        """Return the runs that have not ended, as the database has them."""
        return {run.run_pk for run in self.store.runs.load_open_runs() if run.state not in RUN_FINISHED}


@contextmanager
def control_plane(
    folder: Path, worker: ObedientWorker, *, metrics: Metrics | None = None, **core: int
) -> Iterator[ControlPlane]:
    """Give a scheduler over a new SQLite database in `folder`; `core` are settings of `[core]`."""
    settings = load({"WINDWARD_HOME": str(folder)})
    settings = replace(settings, core=replace(settings.core, **core))  # type: ignore[arg-type]
    key = Fernet.generate_key().decode()
    store = open_store(f"sqlite:///{folder}/engine.db", fernet_keys=[key], create=True)
    try:
        yield ControlPlane(store, settings, worker, metrics=metrics)
    finally:
        store.close()
