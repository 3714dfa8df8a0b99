"""What single operations of the stores cost. Run `python -m bench.store_micro`; prints a table of medians.

The databases are made for the measurement and dropped after it; one that does not answer is left out.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from tests import services
from windward.core.actions import Action, CreateRun, move
from windward.core.transitions import TaskEvent
from windward.document import DagDocument, content_hash, encode
from windward.model.files import FileRecord
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RunState, RunType
from windward.ports.store import Guard, Store
from windward.store.memory import MemoryStore
from windward.store.sql.open import open_store

T0 = datetime(2026, 1, 1, tzinfo=UTC)
REPEATS = 5
MOVES = (TaskEvent.QUEUE, TaskEvent.START, TaskEvent.SUCCEED)


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/bench.db"


def _run(run_pk: int, at: datetime) -> RunRecord:
    return RunRecord(
        run_pk=run_pk,
        dag_id="bench",
        run_id=f"r{run_pk}",
        run_type=RunType.MANUAL,
        state=RunState.RUNNING,
        document_hash="0" * 32,
        run_after=at,
        logical_date=at,
    )


class Bench:
    """One store being measured; run ids only grow."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.run_pk = 0
        guard = store.leases.take_lease("scheduler", "bench", now=T0, until=T0 + timedelta(days=1))
        assert guard is not None
        self.guard: Guard = guard
        document = DagDocument(dag_id="bench", fileloc="bench.py")
        body = encode(document)
        file = FileRecord(fileloc="bench.py", content_hash="", dag_ids=("bench",))
        store.catalog.put_file(file, [(content_hash(body), body, document)], paused_at_creation=False, now=T0)
        self.last_run_after: datetime | None = None

    def create(self, tasks: int, *, runs: int = 1, advance: bool = False) -> list[Sequence[Action]]:
        """Return groups that create runs."""
        groups: list[Sequence[Action]] = []
        for _ in range(runs):
            self.run_pk += 1
            at = T0 + timedelta(seconds=self.run_pk)
            records = tuple(TaskRecord(run_pk=self.run_pk, task_id=f"t{n}") for n in range(tasks))
            action = CreateRun(
                run=_run(self.run_pk, at), tasks=records, at=at, advance_schedule=advance,
                expect_last_run_after=self.last_run_after,
            )  # fmt: skip
            if advance:
                self.last_run_after = at
            groups.append([action])
        return groups

    def apply(self, groups: list[Sequence[Action]]) -> float:
        """Apply, and return the seconds it took."""
        began = time.perf_counter()
        applied = self.store.runs.apply(groups, guard=self.guard)
        spent = time.perf_counter() - began
        assert applied.all
        return spent

    def moves(self, *, tasks: int, batch: int) -> float:
        """Return microseconds per move when a run's tasks are moved in batches, three moves each."""
        self.apply(self.create(tasks))
        spent = 0.0
        for event in MOVES:
            records = self.store.runs.load_tasks([self.run_pk])
            changes = {"queued_at": T0, "try_number": 1} if event is TaskEvent.QUEUE else {"end_date": T0}
            actions = [
                move(task, event, at=T0, reason="a reason of usual length", **changes) for task in records
            ]
            for start in range(0, tasks, batch):
                spent += self.apply([[action] for action in actions[start : start + batch]])
        return spent / tasks / len(MOVES) * 1e6

    def creation(self, *, runs: int, tasks: int) -> float:
        """Return microseconds per run when many are created at once and the schedule advances with each."""
        return self.apply(self.create(tasks, runs=runs, advance=True)) / runs * 1e6

    def refusals(self) -> float:
        """Return microseconds per move in a batch of 100 of which one is refused."""
        self.apply(self.create(100))
        records = self.store.runs.load_tasks([self.run_pk])
        groups: list[Sequence[Action]] = [[move(task, TaskEvent.QUEUE, at=T0)] for task in records]
        groups[63] = [move(TaskRecord(run_pk=self.run_pk, task_id="t1", fence=7), TaskEvent.QUEUE, at=T0)]
        began = time.perf_counter()
        applied = self.store.runs.apply(groups, guard=self.guard)
        assert applied.results.count(False) == 1
        return (time.perf_counter() - began) / len(groups) * 1e6

    def loading(self) -> float:
        """Return microseconds per task instance when a run of 1,000 is loaded."""
        self.apply(self.create(1000))
        began = time.perf_counter()
        assert len(self.store.runs.load_tasks([self.run_pk])) == 1000
        return (time.perf_counter() - began) / 1000 * 1e6


ROWS: dict[str, Callable[[Bench], float]] = {
    "MoveTask alone, with commit": lambda bench: bench.moves(tasks=100, batch=1),
    "MoveTask in a batch of 100": lambda bench: bench.moves(tasks=1000, batch=100),
    "the same, one of 100 refused": Bench.refusals,
    "CreateRun of 500, 2 tasks each": lambda bench: bench.creation(runs=500, tasks=2),
    "CreateRun of one, 1,000 tasks": lambda bench: bench.apply(bench.create(1000)) * 1e6,
    "TaskRecord loaded": Bench.loading,
}


def main() -> int:
    """Measure and print."""
    key = Fernet.generate_key().decode()
    with ExitStack() as stack:
        benches = {"memory": Bench(MemoryStore())}
        for name, database in (
            ("sqlite", _sqlite), ("postgres", services.fresh_postgres), ("mariadb", services.fresh_mariadb)
        ):  # fmt: skip
            try:
                url = stack.enter_context(database())
            except pytest.skip.Exception as reason:
                print(reason, file=sys.stderr)
                continue
            store = open_store(url, fernet_keys=[key], create=True)
            stack.callback(store.close)
            benches[name] = Bench(store)
        print(f"{'microseconds, median of ' + str(REPEATS):34}", *(f"{name:>10}" for name in benches))
        for title, measure in ROWS.items():
            medians = [
                statistics.median(measure(bench) for _ in range(REPEATS)) for bench in benches.values()
            ]
            print(f"{title:34}", *(f"{median:10.1f}" for median in medians))
    return 0


if __name__ == "__main__":
    sys.exit(main())
