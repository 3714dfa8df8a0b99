"""W6: a backfill of 30 days x 5 tasks; and one of a year beside a busy DAG, which must not notice.

The busy DAG is a chain whose user code takes the times itself, so that what is compared is the time from the last
line of a task to the first line of the next. The backfill's tasks wait for something, as most tasks do.
The chain runs in turn alone and beside a part of the year's backfill: what else the machine does befalls both.
"""

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.harness import Standalone
from bench.rows import Row
from bench.w02_chain import median_ms
from windward.core.backfill import BackfillRequest, decide_backfill
from windward.model.records import BackfillRecord, RunRecord
from windward.model.states import BackfillState, RunState
from windward.ports.reads import LIST_LIMIT_MAX
from windward.ports.store import Note

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
DAYS, TASKS, YEAR = 30, 5, 365
WAIT_S = 0.2
CHAIN = 40
PARTS_MIN = 5
SLOTS = 32
LIMIT_S = 1.0
HEAD = """
import os, time
from datetime import datetime
from windward import DAG
from windward.sdk.operators.python import PythonOperator

def nothing():
    pass

def wait():
    time.sleep({wait_s})

def take_times():
    began = time.time()
    time.sleep(0.01)
    file = os.open(os.path.join(os.environ["WINDWARD_HOME"], "busy.times"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, b"%f %f\\n" % (began, time.time()))
    os.close(file)
"""
DAILY = """
with DAG("{dag_id}", schedule="@daily", start_date=datetime(2030, 1, 1), max_active_tasks=1000):
    before = None
    for number in range({tasks}):
        task = PythonOperator(task_id=f"task_{{number}}", python_callable={work})
        if before is not None:
            before >> task
        before = task
"""
BUSY = """
with DAG("busy", schedule=None, start_date=datetime(2026, 1, 1)):
    before = None
    for number in range({chain}):
        task = PythonOperator(task_id=f"task_{{number}}", python_callable=take_times)
        if before is not None:
            before >> task
        before = task
"""


def measure(repeat: int) -> Iterator[Row]:
    """The short backfill several times over other dates, the long one once beside repeats of the busy chain."""
    head = HEAD.format(wait_s=WAIT_S)
    files = {
        "month.py": head + DAILY.format(dag_id="month", tasks=TASKS, work="nothing"),
        "year.py": head + DAILY.format(dag_id="year", tasks=TASKS, work="wait"),
        "busy.py": head + BUSY.format(chain=CHAIN),
    }
    with Standalone(files) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read("month", "year", "busy")
        backfill(standalone, "month", FIRST, 2)  # makes the template
        walls = []
        for number in range(1, repeat + 1):
            first = FIRST + timedelta(days=number * DAYS)
            walls.append(backfill(standalone, "month", first, DAYS, max_active_runs=DAYS))
        what = f"backfill of {DAYS} days x {TASKS} tasks"
        yield Row(name="W6", what=what, unit="s", values=walls, at_most=LIMIT_S)

        standalone.run("busy")
        yield from _beside(standalone, standalone.home / "busy.times", max(repeat, PARTS_MIN))


def _beside(standalone: Standalone, times: Path, parts: int) -> Iterator[Row]:
    """The year in parts, each beside one chain, and a chain alone before each."""
    alone, beside, used = [], [], []
    days = YEAR // parts
    for part in range(parts):
        alone.append(gap_of_chain(standalone, times))
        first = FIRST + timedelta(days=part * days)
        pk = ask(standalone, "year", first, days, max_active_runs=2 * SLOTS)
        standalone.wait_for(lambda first=first: bool(started(standalone, "year", first)))  # type: ignore[misc]
        beside.append(gap_of_chain(standalone, times))
        assert is_open(standalone, pk), "the part is over before the chain is: it shows nothing"
        standalone.wait_for(lambda pk=pk: not is_open(standalone, pk))  # type: ignore[misc]
        used.append(100 * slots_used(standalone, started(standalone, "year", first)))
    check(standalone, "year", days * parts)
    yield Row(name="W6", what="busy chain, end to next start, alone", unit="ms", values=alone)
    what = f"the same beside {days * parts} backfilled runs x {TASKS} tasks of {WAIT_S:g} s"
    yield Row(name="W6", what=what, unit="ms", values=beside)
    differences = [after - before for before, after in zip(alone, beside, strict=True)]
    yield Row(name="W6", what="what the backfill adds to it", unit="ms", values=differences)
    what = "slots left to the backfill that it used while it had work for all"
    yield Row(name="W6", what=what, unit="%", values=used)


def started(standalone: Standalone, dag_id: str, first: datetime) -> list[RunRecord]:
    """Return the runs of a DAG from a date on that have started."""
    runs = standalone.session.store.reads.list_runs(dag_id=dag_id, limit=LIST_LIMIT_MAX)
    return [run for run in runs if run.start_date is not None and (run.logical_date or first) >= first]


def slots_used(standalone: Standalone, runs: list[RunRecord]) -> float:
    """Return the share of the idle class's slots in which a task waited, up to the last run's first task.

    After that there are fewer runs than slots: what is not used then is not left by the scheduler.
    """
    tasks = standalone.session.store.runs.load_tasks([run.run_pk for run in runs])
    spans = [(task.start_date, task.end_date) for task in tasks if task.start_date and task.end_date]
    began = min(start for start, _ in spans)
    until = max(task.start_date for task in tasks if task.task_id == "task_0" and task.start_date)
    at_work_s = sum(max(0.0, (min(end, until) - start).total_seconds()) for start, end in spans)
    return at_work_s / ((SLOTS - SLOTS // 8) * (until - began).total_seconds())


def ask(standalone: Standalone, dag_id: str, first: datetime, days: int, *, max_active_runs: int) -> int:
    """Write a backfill down as the command line does; return its number."""
    store = standalone.session.store
    details = store.reads.dag_details(dag_id)
    assert details is not None, "wait until the DAG was read"
    newest = store.backfills.list_backfills(limit=1)
    action = decide_backfill(
        details.document,
        BackfillRequest(first, first + timedelta(days=days - 1), max_active_runs=max_active_runs),
        backfill_pk=newest[0].backfill_pk + 1 if newest else 1,
        now=standalone.session.clock.now(),
        by="bench",
    )
    pk = action.backfill.backfill_pk
    assert store.runs.apply([[action]], notes=[Note(kind="backfill", subject=str(pk))]).all
    standalone.session.wakeup.wake()
    return pk


def backfill(
    standalone: Standalone, dag_id: str, first: datetime, days: int, *, max_active_runs: int = 10
) -> float:
    """Run a backfill to its end; return the seconds."""
    began_s = time.monotonic()
    pk = ask(standalone, dag_id, first, days, max_active_runs=max_active_runs)
    standalone.wait_for(lambda: not is_open(standalone, pk))
    return time.monotonic() - began_s


def is_open(standalone: Standalone, pk: int) -> bool:
    """Whether a backfill goes on; it must not have been cancelled."""
    record: BackfillRecord = standalone.session.store.backfills.load_backfills([pk])[0]
    assert record.state in {BackfillState.RUNNING, BackfillState.COMPLETED}, record.reason
    return record.state is BackfillState.RUNNING


def check(standalone: Standalone, dag_id: str, count: int) -> None:
    """All runs are there and have succeeded: what was measured is a whole backfill."""
    runs = standalone.session.store.reads.list_runs(dag_id=dag_id, limit=LIST_LIMIT_MAX)
    assert [run.state for run in runs] == [RunState.SUCCESS] * count, f"{len(runs)} runs"


def gap_of_chain(standalone: Standalone, times: Path) -> float:
    """Run the chain; return the median milliseconds from the end of a task to the start of the next."""
    times.unlink(missing_ok=True)
    standalone.run("busy")
    lines = sorted(tuple(map(float, line.split())) for line in times.read_text().splitlines())
    assert len(lines) == CHAIN, f"{len(lines)} tasks took their time"
    return median_ms([after[0] - before[1] for before, after in itertools.pairwise(lines)])
