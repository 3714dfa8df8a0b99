"""Runs the DAGs of `dags/` on the production scheduler, over the memory store and in this process, with retries.

The same shape comes out as `record.py` writes for real Airflow.
"""

from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec

from windward.app.dag_file import document_of, import_file
from windward.app.inline import InlineBridge, InlineWorker
from windward.core.runs import decide_manual_run
from windward.document import DagDocument, content_hash, encode
from windward.engine.scheduler import Scheduler
from windward.engine.service import ExecutionService
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RUN_FINISHED, TriggeredBy
from windward.ports.clock import SystemClock
from windward.ports.executor import Woken
from windward.ports.store import FileRecord, Note
from windward.sdk.serde import decode
from windward.settings import Settings, load
from windward.store.ids import SnowflakeIds
from windward.store.memory import MemoryStore

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


def replay(
    dag: Any, document: DagDocument, dates: Sequence[datetime], settings: Settings, logs: Path
) -> list[dict[str, Any]]:
    """Run the DAG for each date, one after the other on one store; return how each run ended."""
    store, ids, clock = MemoryStore(), _Ids(), SystemClock()
    document = msgspec.structs.replace(document, is_paused_upon_creation=False)
    name = content_hash(encode(document))
    file = FileRecord(fileloc=document.fileloc, content_hash=name, dag_ids=(document.dag_id,))
    store.catalog.put_file(
        file, [(name, encode(document), document)], paused_at_creation=False, now=clock.now()
    )
    # Without an active DAG its schedule makes no runs: only these are made.
    store.catalog.delete_file(document.fileloc, now=clock.now())
    bridge = InlineBridge(ExecutionService(store, ids, wake=lambda: None), clock)
    worker = InlineWorker({dag.dag_id: dag}, bridge, logs=logs, captures=True)
    scheduler = Scheduler(
        store=store, mailbox=worker, executor=worker, clock=clock, ids=ids, settings=settings, name="replay"
    )
    found = []
    for date in dates:
        create = decide_manual_run(
            document,
            document_hash=name,
            run_pk=ids.next_pk(),
            now=date,
            logical_date=date,
            triggered_by=TriggeredBy.TEST,
        )
        note = Note(kind="run", subject=str(create.run.run_pk))
        assert store.runs.apply([[create]], notes=[note]).all
        worker._events.append(Woken())
        found.append(_outcome(store, _drive(store, scheduler, create.run.run_pk)))
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
