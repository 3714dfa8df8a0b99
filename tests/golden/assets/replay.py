"""Runs the scenes of assets on the production scheduler, over the memory store and in this process.

The same shape comes out as `record.py` writes for real Airflow. There the scheduler looks between steps; here
it looks all the time, so that the DAGs that wait are paused during a step, which collects, and unpaused after it.
"""

import json
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec

from windward.app.dag_file import document_of, import_file
from windward.app.inline import InlineBridge, InlineWorker
from windward.core.actions import PauseDag
from windward.core.runs import decide_manual_run
from windward.document import DagDocument, content_hash, encode
from windward.engine.scheduler import Scheduler
from windward.engine.service import ExecutionService
from windward.model.files import FileRecord
from windward.model.records import RunRecord
from windward.model.states import RUN_FINISHED, RunType
from windward.ports.clock import SystemClock
from windward.ports.executor import Woken
from windward.ports.store import Note
from windward.settings import Settings, load
from windward.store.ids import SnowflakeIds
from windward.store.memory import MemoryStore
from windward.timetable import condition_of

DAGS = Path(__file__).parent / "dags"
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
STEPS_MAX = 5_000
PASSES = 2
"""A DAG that was unpaused is loaded in one pass, and makes its run in it or the next."""

Dags = dict[str, tuple[Any, DagDocument]]


def settings_for(semantics: str, home: Path) -> Settings:
    settings = load({"WINDWARD_HOME": str(home)})
    return replace(settings, core=replace(settings.core, dags_folder=DAGS, semantics=semantics))


def load_dags(settings: Settings) -> Dags:
    """Return all DAGs of the folder with their documents, by id."""
    return {
        dag_id: (dag, document_of(dag, settings))
        for file in sorted(DAGS.glob("*.py"))
        for dag_id, dag in import_file(file, settings).items()
    }


class _Ids:
    def __init__(self) -> None:
        self.next_pk = SnowflakeIds()


class Stage:
    """A scheduler with all DAGs, on which one scene is played."""

    def __init__(self, dags: Dags, settings: Settings, logs: Path) -> None:
        self._store, self._ids, self._clock = MemoryStore(), _Ids(), SystemClock()
        self._documents = {dag_id: document for dag_id, (_, document) in dags.items()}
        self._waiting = {
            dag_id for dag_id, document in self._documents.items() if condition_of(document.schedule)
        }
        for document in self._documents.values():
            self._put(document)
        bridge = InlineBridge(ExecutionService(self._store, self._ids, wake=lambda: None), self._clock)
        self._worker = InlineWorker(
            {dag_id: dag for dag_id, (dag, _) in dags.items()}, bridge, logs=logs, captures=True
        )
        self._scheduler = Scheduler(
            store=self._store, mailbox=self._worker, executor=self._worker, clock=self._clock, ids=self._ids,
            settings=settings, name="replay",
        )  # fmt: skip
        self._known: set[int] = set()
        self._kept_paused: set[str] = set()

    def play(self, steps: Sequence[Sequence[str]]) -> list[list[dict[str, Any]]]:
        """Return the runs that each step has made."""
        found, number = [], 0
        for step in steps:
            for word in step:
                verb, _, dag_id = word.rpartition(" ")
                if verb:
                    self._kept_paused ^= {dag_id}
                    continue
                self._run(dag_id, FIRST + timedelta(days=number))
                number += 1
            found.append(self._look())
        return found

    def _put(self, document: DagDocument) -> None:
        is_waiting = document.dag_id in self._waiting
        document = msgspec.structs.replace(
            document, is_paused_upon_creation=is_waiting, fileloc=f"{document.dag_id}.py"
        )
        self._documents[document.dag_id] = document
        name = content_hash(encode(document))
        file = FileRecord(fileloc=document.fileloc, content_hash=name, dag_ids=(document.dag_id,))
        packed = [(name, encode(document), document)]
        self._store.catalog.put_file(file, packed, paused_at_creation=False, now=self._clock.now())

    def _run(self, dag_id: str, date: datetime) -> None:
        document = self._documents[dag_id]
        create = decide_manual_run(
            document,
            document_hash=content_hash(encode(document)),
            run_pk=self._ids.next_pk(),
            now=date,
            logical_date=date,
        )
        note = Note(kind="run", subject=str(create.run.run_pk))
        assert self._store.runs.apply([[create]], notes=[note]).all
        self._drive()

    def _look(self) -> list[dict[str, Any]]:
        """Let the DAGs that wait make their runs, and return these."""
        awake = self._waiting - self._kept_paused
        self._pause(awake, is_paused=False)
        self._drive()
        self._pause(awake, is_paused=True)
        self._drive()
        runs = [
            run
            for run in self._store.tables.runs.values()
            if run.run_type is RunType.ASSET_TRIGGERED and run.run_pk not in self._known
        ]
        self._known |= {run.run_pk for run in runs}
        return sorted((self._made(run) for run in runs), key=lambda one: one["dag_id"])

    def _pause(self, dag_ids: set[str], *, is_paused: bool) -> None:
        actions = [
            PauseDag(dag_id=dag_id, is_paused=is_paused, at=self._clock.now()) for dag_id in sorted(dag_ids)
        ]
        notes = [Note(kind="dag", subject=dag_id) for dag_id in sorted(dag_ids)]
        assert self._store.runs.apply([[action] for action in actions], notes=notes).all

    def _drive(self) -> None:
        """Let the scheduler notice what was changed, and step until everything that was begun is over."""
        for _ in range(PASSES):
            self._worker._events.append(Woken())
            self._step()
        for _ in range(STEPS_MAX):
            if all(run.state in RUN_FINISHED for run in self._store.tables.runs.values()):
                return
            self._step()
        raise AssertionError(f"it does not end: {self._store.tables.tasks}")

    def _step(self) -> None:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            self._scheduler.step()

    def _made(self, run: RunRecord) -> dict[str, Any]:
        events = self._store.assets.consumed_events(run.run_pk)
        interval = None
        if run.data_interval_start is not None and run.data_interval_end is not None:
            interval = [run.data_interval_start.isoformat(), run.data_interval_end.isoformat()]
        after = run.logical_date or run.run_after
        return {
            "dag_id": run.dag_id,
            "run_id": run.run_id.partition("__")[0],
            "has_logical_date": run.logical_date is not None,
            "is_after_its_events": after >= max(event.at for event in events),
            "data_interval": interval,
            "events": sorted(
                (
                    {
                        "uri": event.uri,
                        "extra": event.extra,
                        "dag_id": event.source_dag_id,
                        "task_id": event.source_task_id,
                        "map_index": event.source_map_index,
                    }
                    for event in events
                ),
                key=lambda event: json.dumps(event, sort_keys=True),
            ),
        }
