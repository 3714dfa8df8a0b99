"""What the scheduler may cost the database: rows per task, queries while nothing happens, work per attempt."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import w11_flat_cost
from bench.engine import Clock, ControlPlane, ObedientWorker, control_plane
from windward.document import DagDocument, Expansion, LiteralLength, TaskDocument
from windward.model.states import RunState, TaskState

ROWS_PER_TASK_MAX = 4
ROWS_PER_RUN_MAX = 8
"""Its own row and moves, and the note of whoever made it."""
IDLE_QUERIES_PER_S_MAX = 0.5
"""Of one per second for all components; processor, API server and workers share the rest."""
IDLE_S = 600.0
WIDTH = 200


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[ControlPlane]:
    with control_plane(tmp_path, ObedientWorker(Clock(), slots=32), max_map_length=2000) as made:
        yield made


def fan_out() -> DagDocument:
    """1 + 200 + 1 tasks."""
    middle = tuple(
        TaskDocument(task_id=f"task_{number}", operator="Nothing", upstream=("first",))
        for number in range(WIDTH)
    )
    first = TaskDocument(task_id="first", operator="Nothing")
    last = TaskDocument(task_id="last", operator="Nothing", upstream=tuple(task.task_id for task in middle))
    return DagDocument(
        dag_id="fan_out", fileloc="fan_out.py", tasks=(first, *middle, last), max_active_tasks=256
    )


def mapped(size: int, *, runs: int) -> DagDocument:
    """One mapped task of `size` instances."""
    length = Expansion(style="product", arguments=(("x", LiteralLength(size)),))
    return DagDocument(
        dag_id="mapped",
        fileloc="mapped.py",
        tasks=(TaskDocument(task_id="mapped", operator="Nothing", expansion=length),),
        max_active_tasks=size,
        max_active_runs=runs,
    )


def has_succeeded(plane: ControlPlane, run_pk: int) -> bool:
    """Whether a run and all of its instances have: what was counted is a whole life."""
    [run] = plane.store.runs.load_runs([run_pk])
    tasks = plane.store.runs.load_tasks([run_pk])
    return run.state is RunState.SUCCESS and all(task.state is TaskState.SUCCESS for task in tasks)


def test_a_task_costs_at_most_four_row_writes_in_its_whole_life(plane: ControlPlane) -> None:
    document = fan_out()
    plane.put(document)
    plane.scheduler.step()
    before = plane.store.counters.rows_written

    [run_pk] = plane.trigger(document)
    plane.step_until_ended([run_pk])

    written = plane.store.counters.rows_written - before
    assert has_succeeded(plane, run_pk)
    assert written <= ROWS_PER_TASK_MAX * (WIDTH + 2) + ROWS_PER_RUN_MAX


def test_tasks_that_end_together_share_their_queries(plane: ControlPlane) -> None:
    document = fan_out()
    plane.put(document)
    plane.scheduler.step()
    before = plane.store.counters.queries

    [run_pk] = plane.trigger(document)
    plane.step_until_ended([run_pk])

    assert has_succeeded(plane, run_pk)
    assert plane.store.counters.queries - before <= WIDTH + 2


def test_a_scheduler_with_nothing_to_do_asks_once_in_two_seconds_at_most(plane: ControlPlane) -> None:
    plane.put(fan_out())
    for _ in range(5):
        plane.scheduler.step()
    queries, began = plane.store.counters.queries, plane.clock.monotonic()

    while plane.clock.monotonic() - began < IDLE_S:
        plane.scheduler.step()

    lasted_s = plane.clock.monotonic() - began
    assert (plane.store.counters.queries - queries) / lasted_s <= IDLE_QUERIES_PER_S_MAX


@pytest.mark.parametrize(("size", "runs"), [(1000, 1), (10, 100)])
def test_an_attempt_costs_the_same_writes_in_a_long_run_as_in_a_short_one(
    plane: ControlPlane, size: int, runs: int
) -> None:
    document = mapped(size, runs=runs)
    plane.put(document)
    plane.worker.slots = 0
    run_pks = plane.trigger(document, runs)
    for _ in range(5):
        plane.scheduler.step()
    assert len(plane.store.runs.load_tasks(run_pks)) == 1000, "all are expanded before the count begins"
    rows, queries = plane.store.counters.rows_written, plane.store.counters.queries

    plane.worker.slots = 32
    plane.step_until_ended(run_pks)

    assert (plane.store.counters.rows_written - rows) / 1000 <= 3.2
    assert (plane.store.counters.queries - queries) / 1000 <= 1.0


@pytest.mark.parametrize("kind", ["task", "group"])
def test_an_instance_of_what_is_mapped_takes_little_memory_however_many_there_are(kind: str) -> None:
    assert w11_flat_cost.memory_kb(kind, size=2000) <= w11_flat_cost.KB_MAX
