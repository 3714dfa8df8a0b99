"""W11: what one finished attempt costs the scheduler in a run of 10,000 mapped instances, against runs of 10.

The same 10,000 attempts either way, as many at once either way: one run of 10,000 instances, or 1,000 runs of 10. All
runs are made, started and expanded before the measurement begins. Once with a mapped task, once with a mapped group
of a chain of two tasks, where each finished instance makes another one ready. Then what the scheduler's memory holds
at its peak for each of the 10,000 instances; that is traced, in runs of its own, because tracing costs time.
"""

import gc
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.engine import Clock, ControlPlane, ObedientWorker, control_plane
from bench.rows import Row
from windward.document import DagDocument, Expansion, GroupDocument, LiteralLength, TaskDocument

ATTEMPTS = 10_000
SMALL = 10
AT_ONCE = 32
RATIO_MAX = 1.2
KB_MAX = 2.0
"""Of the scheduler's memory for an instance, at the peak: while the run is expanded, or while it runs."""


@dataclass
class Cost:
    """Of one finished attempt."""

    cpu_ms: float
    rows: float
    queries: float


def measure(repeat: int) -> Iterator[Row]:
    """Measure both arrangements of both kinds in turn."""
    for kind in ("task", "group"):
        yield from _measure_kind(kind, repeat)


def _measure_kind(kind: str, repeat: int) -> Iterator[Row]:
    small, large = list[Cost](), list[Cost]()
    for _ in range(repeat):
        small.append(cost(kind, size=SMALL))
        large.append(cost(kind, size=ATTEMPTS))
    # Whatever disturbs adds to the cost: the least of each is what the code itself takes.
    ratio = min(one.cpu_ms for one in large) / min(one.cpu_ms for one in small)
    yield Row(
        name="W11",
        what=f"cost of a finished attempt of a mapped {kind} in a run of 10,000 against one of 10",
        unit="x",
        values=[ratio],
        at_most=RATIO_MAX,
    )
    for name, costs in (("10", small), ("10,000", large)):
        yield Row(
            name="W11",
            what=f"scheduler CPU per attempt of a mapped {kind} in a run of {name}",
            unit="ms",
            values=[cost.cpu_ms for cost in costs],
            note=f"{costs[0].rows:.2f} rows, {costs[0].queries:.2f} queries",
        )
    yield Row(
        name="W11",
        what=f"scheduler memory per instance of a mapped {kind} in a run of 10,000, at the peak",
        unit="KB",
        values=[memory_kb(kind, size=ATTEMPTS)],
        at_most=KB_MAX,
    )


def cost(kind: str, *, size: int) -> Cost:
    """Return what one attempt costs when they come in runs of `size`."""
    runs = ATTEMPTS // size
    with _expanded(kind, size, runs) as plane:
        worker = plane.worker
        worker.slots = AT_ONCE
        counters = plane.store.counters
        rows, queries, began_s = counters.rows_written, counters.queries, time.process_time()
        while worker.finished < ATTEMPTS:
            plane.scheduler.step()
        used_s = time.process_time() - began_s
        return Cost(
            cpu_ms=used_s * 1000 / ATTEMPTS,
            rows=(counters.rows_written - rows) / ATTEMPTS,
            queries=(counters.queries - queries) / ATTEMPTS,
        )


def memory_kb(kind: str, *, size: int) -> float:
    """Return what the scheduler holds at its peak for each instance of a run of `size`, all else included."""
    with _expanded(kind, 2, runs=1):
        gc.collect()  # what is imported and remembered for good is there before the count begins
    tracemalloc.start()
    try:
        with _expanded(kind, size, runs=1) as plane:
            plane.worker.slots = AT_ONCE
            while plane.worker.finished < size:
                plane.scheduler.step()
            return tracemalloc.get_traced_memory()[1] / 1024 / size
    finally:
        tracemalloc.stop()


@contextmanager
def _expanded(kind: str, size: int, runs: int) -> Iterator[ControlPlane]:
    """Yield a control plane whose runs are made, started and expanded, and wait for slots."""
    document = _task(size, runs) if kind == "task" else _group(size, runs)
    worker = ObedientWorker(Clock(), slots=0)
    with (
        tempfile.TemporaryDirectory(prefix="windward-bench-") as folder,
        control_plane(Path(folder), worker, parallelism=AT_ONCE, max_map_length=ATTEMPTS) as plane,
    ):
        plane.put(document)
        plane.trigger(document, runs)
        prepare(plane)
        yield plane


def _task(size: int, runs: int) -> DagDocument:
    expansion = Expansion(style="product", arguments=(("x", LiteralLength(size)),))
    task = TaskDocument(task_id="mapped", operator="Nothing", expansion=expansion)
    return _document((task,), (), runs)


def _group(size: int, runs: int) -> DagDocument:
    expansion = Expansion(style="product", arguments=(("x", LiteralLength(size // 2)),))
    group = GroupDocument(group_id="group", expansion=expansion)
    first = TaskDocument(task_id="first", operator="Nothing", mapped_group="group")
    second = TaskDocument(task_id="second", operator="Nothing", mapped_group="group", upstream=("first",))
    return _document((first, second), (group,), runs)


def _document(tasks: tuple[TaskDocument, ...], groups: tuple[GroupDocument, ...], runs: int) -> DagDocument:
    return DagDocument(
        dag_id="bench",
        fileloc="bench.py",
        tasks=tasks,
        groups=groups,
        max_active_runs=runs,
        max_active_tasks=ATTEMPTS,
    )


def prepare(plane: ControlPlane) -> None:
    """Make passes until every run is expanded and waits for slots."""

    def is_ready() -> bool:
        open_runs = plane.store.runs.load_open_runs()
        return all(run.state == "running" for run in open_runs)

    while not is_ready():
        plane.scheduler.step()
    plane.scheduler.step()
    plane.scheduler.step()
