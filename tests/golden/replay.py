"""Runs the DAGs of `dags/` on the production scheduler, over the memory store and in this process, with retries.

The same shape comes out as `record.py` writes for real Airflow.
"""

from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec

from windward.app.dag_file import document_of, import_file
from windward.app.inline import InlineBridge, InlineWorker
from windward.core.actions import Action, CreateRun
from windward.core.people import decide_clear
from windward.core.plan import compile_plan
from windward.core.runs import decide_manual_run, decide_scheduled_run
from windward.core.selection import Selection, select
from windward.core.view import RunView
from windward.document import DagDocument, content_hash, encode
from windward.engine.scheduler import Scheduler
from windward.engine.service import ExecutionService
from windward.model.files import FileRecord
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RUN_FINISHED, RunType, TriggeredBy
from windward.ports.clock import SystemClock
from windward.ports.executor import Woken
from windward.ports.store import Note
from windward.sdk.serde import decode
from windward.settings import Settings, load
from windward.store.ids import SnowflakeIds
from windward.store.memory import MemoryStore
from windward.timetable import Restriction, RunSlot, next_slot

DAGS = Path(__file__).parent / "dags"
STEPS_MAX = 5_000


class _Ids:
    def __init__(self) -> None:
        self.next_pk = SnowflakeIds()


def settings_for(semantics: str, home: Path) -> Settings:
    settings = load({"WINDWARD_HOME": str(home)})
    return replace(settings, core=replace(settings.core, dags_folder=DAGS, semantics=semantics))


def load_dags(settings: Settings) -> dict[str, tuple[Any, DagDocument]]:
    """Return all DAGs of the folder with their documents, by id."""
    found = {}
    for file in sorted(DAGS.glob("*.py")):
        for dag_id, dag in import_file(file, settings).items():
            found[dag_id] = (dag, document_of(dag, settings))
    return found


class Stage:
    """A DAG on a store of its own, whose schedule makes no runs: only these are made."""

    def __init__(self, dag: Any, document: DagDocument, settings: Settings, logs: Path) -> None:
        self.store, self.ids, self.clock = MemoryStore(), _Ids(), SystemClock()
        self.document = msgspec.structs.replace(document, is_paused_upon_creation=False)
        self.name = content_hash(encode(self.document))
        file = FileRecord(fileloc=document.fileloc, content_hash=self.name, dag_ids=(self.document.dag_id,))
        documents = [(self.name, encode(self.document), self.document)]
        self.store.catalog.put_file(file, documents, paused_at_creation=False, now=self.clock.now())
        # Without an active DAG its schedule makes no runs.
        self.store.catalog.delete_file(document.fileloc, now=self.clock.now())
        service = ExecutionService(self.store, self.ids, wake=lambda: None)
        bridge = InlineBridge(service, self.clock)
        self.worker = InlineWorker({dag.dag_id: dag}, bridge, logs=logs, captures=True)
        self.scheduler = Scheduler(
            store=self.store,
            mailbox=self.worker,
            executor=self.worker,
            clock=self.clock,
            ids=self.ids,
            settings=settings,
            name="replay",
        )

    def run(self, create: CreateRun) -> RunRecord:
        """Make a run and take it to its end."""
        return self.go_on(create.run.run_pk, [create])

    def run_by_hand(self, date: datetime) -> RunRecord:
        """Make the run of a date as `dag.test()` does, and take it to its end."""
        create = decide_manual_run(
            self.document,
            document_hash=self.name,
            run_pk=self.ids.next_pk(),
            now=date,
            logical_date=date,
            triggered_by=TriggeredBy.TEST,
        )
        return self.run(create)

    def go_on(self, run_pk: int, actions: Sequence[Action]) -> RunRecord:
        """Apply what somebody decided about a run, and take it to its end."""
        assert self.store.runs.apply([actions], notes=[Note(kind="run", subject=str(run_pk))]).all
        self.worker._events.append(Woken())
        return _drive(self.store, self.scheduler, run_pk)

    def tasks(self, run: RunRecord) -> dict[str, list[Any]]:
        """Return the state of each instance, and its try number unless the scheduler passes such tasks by."""
        passed = {task.task_id for task in self.document.tasks if task.operator == "EmptyOperator"}
        return {
            _name(task): [task.state.value, *([] if task.task_id in passed else [task.try_number])]
            for task in self.store.runs.load_tasks([run.run_pk])
        }


def replay(
    dag: Any, document: DagDocument, dates: Sequence[datetime], settings: Settings, logs: Path
) -> list[dict[str, Any]]:
    """Run the DAG for each date, one after the other on one store; return how each run ended."""
    stage = Stage(dag, document, settings, logs)
    return [_outcome(stage.store, stage.run_by_hand(date)) for date in dates]


def replay_cleared(
    dag: Any, document: DagDocument, words: Sequence[str], settings: Settings, logs: Path
) -> dict[str, Any]:
    """Run the DAG, clear a task of it and what is asked for with it, run again; return what `record.py` does."""
    stage = Stage(dag, document, settings, logs)
    run = stage.run_by_hand(datetime(2026, 1, 1, tzinfo=UTC))
    view = RunView(run, compile_plan(stage.document, stage.name), stage.store.runs.load_tasks([run.run_pk]))
    wanted = Selection(task_ids=(words[0],), downstream="down" in words, upstream="up" in words)
    records = select(view, wanted)
    keys = [record.key for record in records]
    run = stage.go_on(run.run_pk, decide_clear(view, keys, by="golden", now=stage.clock.now()))
    cleared = sorted({record.task_id for record in records})
    return {"cleared": cleared, "state": run.state.value, "tasks": stage.tasks(run)}


def replay_latest(dag: Any, document: DagDocument, settings: Settings, logs: Path) -> dict[str, Any]:
    """Run an old slot of the schedule, the newest one, an old one by hand and an old one of a backfill."""
    stage = Stage(dag, document, settings, logs)
    now = stage.clock.now()
    slots: list[RunSlot] = []
    restriction = Restriction(document.start_date, None, catchup=True)
    while slot := next_slot(
        document.schedule, last=slots[-1] if slots else None, restriction=restriction, now=now
    ):
        if slot.run_after > now:
            break
        slots.append(slot)
    made = {"newest": (slots[-1], RunType.SCHEDULED)}
    if len(slots) > 5:
        made["old"] = (slots[-4], RunType.SCHEDULED)
        made["before"] = (slots[-2], RunType.SCHEDULED)
        made["by_hand"] = (slots[-5], RunType.MANUAL)
        made["backfill"] = (slots[-6], RunType.BACKFILL)
    found = {}
    record = stage.store.catalog.load_dag(dag.dag_id)
    assert record is not None
    for name, (slot, run_type) in made.items():
        create = decide_scheduled_run(
            stage.document, record, replace(slot, run_id=name), now=now, run_pk=stage.ids.next_pk()
        )
        run = msgspec.structs.replace(create.run, run_type=run_type)
        changed = msgspec.structs.replace(create, run=run, advance_schedule=False)
        found[name] = stage.tasks(stage.run(changed))
    return found


def _drive(store: MemoryStore, scheduler: Scheduler, run_pk: int) -> RunRecord:
    for _ in range(STEPS_MAX):
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            scheduler.step()
        (run,) = store.runs.load_runs([run_pk])
        if run.state in RUN_FINISHED:
            return run
    raise AssertionError(f"the run does not end: {store.runs.load_tasks([run_pk])}")


def _outcome(store: MemoryStore, run: RunRecord) -> dict[str, Any]:
    assert run.logical_date is not None
    assert run.data_interval_start is not None
    assert run.data_interval_end is not None
    return {
        "run_id": run.run_id,
        "state": run.state.value,
        "logical_date": run.logical_date.isoformat(),
        "data_interval": [run.data_interval_start.isoformat(), run.data_interval_end.isoformat()],
        "tasks": {_name(task): task.state.value for task in store.runs.load_tasks([run.run_pk])},
        "xcoms": _xcoms(store, run),
    }


def _xcoms(store: MemoryStore, run: RunRecord) -> Mapping[str, Any]:
    return {
        f"{task_id if index < 0 else f'{task_id}[{index}]'} {key}": decode(kept.value)
        for (task_id, index, key), kept in store.tables.xcoms[run.run_pk].items()
    }


def _name(task: TaskRecord) -> str:
    return task.task_id if task.map_index < 0 else f"{task.task_id}[{task.map_index}]"
