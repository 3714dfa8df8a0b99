"""A scheduler over the memory store with a clock that is set, and a worker that does what it is told."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from windward.core.actions import Action, PauseDag
from windward.core.runs import decide_manual_run
from windward.document import DagDocument, TaskDocument, content_hash, encode
from windward.engine.scheduler import Scheduler
from windward.model.files import FileRecord
from windward.model.records import CallbackRecord, RunRecord, TaskRecord
from windward.ports.executor import Envelope, HostGone, Woken
from windward.ports.metrics import Metrics
from windward.ports.store import Note
from windward.protocol.calls import Answer, Call
from windward.protocol.messages import (
    AttemptEnded,
    CallAnswer,
    ChildCall,
    Heartbeat,
    Hello,
    StartGranted,
    StartRequest,
    ToHost,
    Unknown,
)
from windward.protocol.outcomes import Ending, ExitFact, Failed, Outcome, Succeeded
from windward.protocol.work import AttemptRef, Submission
from windward.settings import Settings, load
from windward.store.memory import MemoryStore

T0 = datetime(2026, 1, 10, 6, tzinfo=UTC)
STEPS_MAX = 2_000


def task(task_id: str, *upstream: str, **fields: Any) -> TaskDocument:
    return TaskDocument(task_id=task_id, operator="Operator", upstream=tuple(sorted(upstream)), **fields)


def dag(*tasks: TaskDocument, **fields: Any) -> DagDocument:
    values = {
        "dag_id": "sales",
        "fileloc": f"{fields.get('dag_id', 'sales')}.py",
        "max_active_tasks": 100_000,
    }
    return DagDocument(**{**values, "tasks": tasks, **fields})


def settings_of(home: Path, **scheduler: Any) -> Settings:
    settings = load({"WINDWARD_HOME": str(home)})
    core = replace(settings.core, parallelism=100_000)
    return replace(settings, core=core, scheduler=replace(settings.scheduler, **scheduler))


class FakeClock:
    def __init__(self) -> None:
        self.time = T0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def pass_by(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class FakeIds:
    def __init__(self) -> None:
        self.last = 0

    def next_pk(self) -> int:
        self.last += 1
        return self.last


class FakeWorkers:
    """A mailbox and an executor: what is submitted is kept, what is sent is kept, nothing happens by itself."""

    name = "fake"

    def __init__(self) -> None:
        self.inbox: list[Envelope | HostGone | Woken] = []
        self.submitted: list[Submission] = []
        self.sent: list[tuple[str, ToHost]] = []
        self.cancelled: list[AttemptRef] = []
        self.slots = 0
        self.goes_to = "h"
        self.has_placed: list[tuple[AttemptRef, str]] = []
        self.avoided: frozenset[str] = frozenset()

    def wait(self, timeout_s: float) -> list[Envelope | HostGone | Woken]:
        arrived, self.inbox = self.inbox, []
        return arrived

    def send(self, host_id: str, message: ToHost) -> None:
        self.sent.append((host_id, message))

    def capacity(self) -> int:
        return self.slots

    def submit(self, work: Sequence[Submission]) -> list[str]:
        self.submitted.extend(work)
        return [self.goes_to] * len(work)

    def placed(self) -> list[tuple[AttemptRef, str]]:
        placed, self.has_placed = self.has_placed, []
        return placed

    def avoid(self, host_ids: Collection[str]) -> None:
        self.avoided = frozenset(host_ids)

    def cancel(self, refs: Sequence[AttemptRef], *, reason: str) -> None:
        self.cancelled.extend(refs)


class World:
    """A store, a clock and one leading scheduler; `schedulers` may be more."""

    def __init__(self, home: Path, *, metrics: Metrics | None = None, **scheduler: Any) -> None:
        self.store = MemoryStore()
        self._metrics = metrics
        self.clock = FakeClock()
        self.ids = FakeIds()
        self.settings = settings_of(home, **scheduler)
        self.workers = FakeWorkers()
        self.triggerers_asked_for = 0
        self.scheduler = self.new_scheduler("one")

    def new_scheduler(self, name: str) -> Scheduler:
        """Start a scheduler that shares the store; the one before is forgotten as if it had been killed."""
        return Scheduler(
            store=self.store,
            mailbox=self.workers,
            executor=self.workers,
            clock=self.clock,
            ids=self.ids,
            settings=self.settings,
            name=name,
            ask_for_triggerer=self._ask_for_triggerer,
            metrics=self._metrics,
        )

    def _ask_for_triggerer(self) -> None:
        self.triggerers_asked_for += 1

    def restart(self, name: str = "one") -> None:
        self.workers.inbox, self.workers.submitted, self.workers.sent = [], [], []
        self.scheduler = self.new_scheduler(name)

    # -- what others write ---------------------------------------------------------------

    def put(self, document: DagDocument, *, paused: bool = False) -> str:
        encoded = encode(document)
        name = content_hash(encoded)
        file = FileRecord(fileloc=document.fileloc, content_hash=name, dag_ids=(document.dag_id,))
        self.store.catalog.put_file(
            file, [(name, encoded, document)], paused_at_creation=paused, now=self.clock.now()
        )
        self.workers.inbox.append(Woken())
        return name

    def trigger(self, document: DagDocument, **fields: Any) -> int:
        """Make a run as the command line does; return its pk."""
        create = decide_manual_run(
            document,
            document_hash=content_hash(encode(document)),
            run_pk=self.ids.next_pk(),
            now=self.clock.now(),
            **fields,
        )
        assert self.write([create], run_pk=create.run.run_pk), "there is such a run already"
        return create.run.run_pk

    def write(self, actions: Iterable[Action], *, run_pk: int) -> bool:
        """Apply what a person decided, with the note that tells the scheduler."""
        note = Note(kind="run", subject=str(run_pk))
        self.workers.inbox.append(Woken())
        return self.store.runs.apply([list(actions)], notes=[note]).all

    def pause(self, dag_id: str, *, paused: bool) -> None:
        action = PauseDag(dag_id=dag_id, is_paused=paused, at=self.clock.now())
        assert self.store.runs.apply([[action]], notes=[Note(kind="dag", subject=dag_id)]).all
        self.workers.inbox.append(Woken())

    # -- what hosts say ------------------------------------------------------------------

    def hello(
        self, host_id: str = "h", *, running: tuple[AttemptRef, ...] = (), capacity: int = 100_000
    ) -> None:
        self.workers.slots = capacity
        self.say(Hello(host_id=host_id, hostname="x", pid=1, capacity=capacity, running=running), host_id)

    def say(self, message: Any, host_id: str = "h") -> None:
        self.workers.inbox.append(Envelope(host_id, message))

    def beat(self, *running: AttemptRef, host_id: str = "h") -> None:
        self.say(Heartbeat(host_id=host_id, running=running), host_id)

    def ask_start(self, *refs: AttemptRef, host_id: str = "h") -> None:
        self.say(StartRequest(refs=refs), host_id)

    def end(self, ref: AttemptRef, outcome: Outcome | None = None, *, host_id: str = "h") -> None:
        outcome = outcome or Succeeded()
        kind = "exception" if isinstance(outcome, Failed) else "ok"
        ending = Ending(outcome=outcome, exit=ExitFact(kind=kind), at=self.clock.now())  # type: ignore[arg-type]
        self.say(AttemptEnded(ref=ref, ending=ending), host_id)

    def call(self, ref: AttemptRef, call: Call, *, host_id: str = "h") -> Answer:
        """Pass a call of user code on and return its answer."""
        self.say(ChildCall(ref=ref, call_id=7, call=call), host_id)
        self.scheduler.step()
        (answer,) = self.take(CallAnswer)
        return answer.answer  # type: ignore[no-any-return]

    def take(self, kind: type) -> list[Any]:
        """Return and forget the messages of a kind that were sent."""
        found = [message for _, message in self.workers.sent if isinstance(message, kind)]
        self.workers.sent = [item for item in self.workers.sent if not isinstance(item[1], kind)]
        return found

    def submitted(self) -> list[AttemptRef]:
        """Return and forget what was submitted."""
        found, self.workers.submitted = self.workers.submitted, []
        return [submission.ref for submission in found]

    # -- driving -------------------------------------------------------------------------

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.scheduler.step()

    def settle(self) -> None:
        """Make passes until nothing is left to be done now."""
        for _ in range(STEPS_MAX):
            self.scheduler.step()
            if not self.workers.inbox and self.scheduler.wait_s() > 0:
                return
        raise AssertionError("the scheduler does not come to rest")

    def serve(self, decide: Callable[[AttemptRef], Outcome] = lambda _ref: Succeeded()) -> None:
        """Be a worker that starts and ends everything, until nothing is left to be done now."""
        for _ in range(STEPS_MAX):
            self.settle()
            refs = self.submitted()
            if refs:
                self.ask_start(*refs)
            for granted in self.take(StartGranted):
                self.end(granted.ref, decide(granted.ref))
            if self.take(Unknown):
                self.hello()
            if not self.workers.inbox:
                return
        raise AssertionError("the runs do not come to their end")

    def start(self, *refs: AttemptRef, host_id: str = "h") -> None:
        self.ask_start(*refs, host_id=host_id)
        self.settle()

    # -- looking -------------------------------------------------------------------------

    def run(self, run_pk: int) -> RunRecord:
        (found,) = self.store.runs.load_runs([run_pk])
        return found

    def runs(self, dag_id: str = "sales") -> list[RunRecord]:
        found = [run for run in self.store.tables.runs.values() if run.dag_id == dag_id]
        return sorted(found, key=lambda run: (run.run_after, run.run_pk))

    def tasks(self, run_pk: int) -> dict[str, str]:
        return {
            record.task_id
            if record.map_index < 0
            else f"{record.task_id}[{record.map_index}]": record.state.value
            for record in self.store.runs.load_tasks([run_pk])
        }

    def task(self, run_pk: int, task_id: str) -> TaskRecord:
        (found,) = [record for record in self.store.runs.load_tasks([run_pk]) if record.task_id == task_id]
        return found

    def callback(self) -> CallbackRecord:
        (found,) = self.store.tables.callbacks.values()
        return found

    def counters(self) -> Counter[str]:
        counters = self.store.runs.counters
        return Counter(rows=counters.rows_written, queries=counters.queries, commits=counters.commits)
