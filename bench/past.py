"""A past for measurements: runs that have ended, written to the database as they would stand there after years."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice

from bench.harness import Standalone
from windward.core.actions import CreateRun
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RunState, RunType, TaskState
from windward.store.sql.rows import TASK_COLUMNS, task_row

BEGIN = datetime(2025, 11, 1, tzinfo=UTC)
BATCH_TASKS = 20_000
StateOf = Callable[[int, int], TaskState]
"""What became of a task in a run: by their numbers."""


def mostly_well(run: int, task: int) -> TaskState:
    """Return success, and now and then something else."""
    number = (run * 7919 + task * 104_729) % 997
    match number:
        case 0 | 1:
            return TaskState.FAILED
        case 2 | 3 | 4:
            return TaskState.UPSTREAM_FAILED
        case 5 | 6 | 7 | 8 | 9:
            return TaskState.SKIPPED
        case _:
            return TaskState.SUCCESS


def ended_run(
    standalone: Standalone, dag_id: str, document_hash: str, number: int, *, run_id: str = ""
) -> RunRecord:
    """Return a run of a day, which ended."""
    at = BEGIN + timedelta(days=number)
    length = timedelta(minutes=20 + number * 37 % 45)
    return RunRecord(
        run_pk=standalone.session.next_pk(),
        dag_id=dag_id,
        run_id=run_id or f"scheduled__{at.isoformat()}",
        run_type=RunType.SCHEDULED,
        state=RunState.FAILED if number % 9 == 4 else RunState.SUCCESS,
        document_hash=document_hash,
        run_after=at,
        logical_date=at,
        data_interval_start=at - timedelta(days=1),
        data_interval_end=at,
        queued_at=at,
        start_date=at,
        end_date=at + length,
    )


def ended_task(
    run: RunRecord, task_id: str, state: TaskState, place: float, *, map_index: int = -1
) -> TaskRecord:
    """Return an instance that ended; `place` from 0 to 1 says when in its run it began."""
    assert run.start_date is not None
    assert run.end_date is not None
    begun = run.start_date + (run.end_date - run.start_date) * (place * 0.9)
    has_run = state in {TaskState.SUCCESS, TaskState.FAILED}
    return TaskRecord(
        run_pk=run.run_pk,
        task_id=task_id,
        map_index=map_index,
        state=state,
        fence=1,
        try_number=1 if has_run else 0,
        queued_at=begun if has_run else None,
        start_date=begun,
        end_date=begun + timedelta(seconds=20 + 40 * place),
        first_start_date=begun if has_run else None,
    )


def write(
    standalone: Standalone, made: Iterator[tuple[RunRecord, Sequence[TaskRecord]]], *, at_once: int
) -> int:
    """Write runs, so many at once; return how many.

    Instances go into their table as they are: by the store, none is born at its end.
    """
    names = (*TASK_COLUMNS, "trail")
    text = f"INSERT INTO task_instance ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    count = 0
    with closing(sqlite3.connect(standalone.home / "windward.db", timeout=60)) as database:
        while some := list(islice(made, at_once)):
            groups = [[CreateRun(run=run, tasks=(), at=run.run_after)] for run, _ in some]
            assert standalone.session.store.runs.apply(groups).all
            with database:
                database.executemany(text, [(*task_row(task), "") for _, tasks in some for task in tasks])
            count += len(groups)
    return count


def write_days(standalone: Standalone, dag_id: str, days: int, *, state_of: StateOf = mostly_well) -> int:
    """Write a run of each of some days with all of its tasks; return how many runs there are."""
    store = standalone.session.store
    dag = store.catalog.load_dag(dag_id)
    assert dag is not None, "wait until the DAG was read"
    document = store.catalog.load_documents([dag.document_hash])[dag.document_hash]
    names = [task.task_id for task in document.tasks]

    def runs() -> Iterator[tuple[RunRecord, Sequence[TaskRecord]]]:
        for number in range(days):
            run = ended_run(standalone, dag_id, dag.document_hash, number)
            tasks = [
                ended_task(run, name, state_of(number, place), place / len(names))
                for place, name in enumerate(names)
            ]
            yield run, tasks

    return write(standalone, runs(), at_once=max(1, BATCH_TASKS // len(names)))
