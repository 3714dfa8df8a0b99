"""One run, or one attempt, of a DAG on a memory store of its own, driven by the production scheduler in this thread.

Tasks are not retried; nothing is written but logs, in a temporary folder. Variables and connections come from the
environment, from files, and, for reading only, from the installation's database when there is one.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from windward.app.files import MemoryXComs
from windward.app.inline import InlineBridge, InlineWorker
from windward.app.inline_triggers import trigger_work, wait_for_trigger
from windward.app.kept_files import put_connections, put_variables
from windward.app.kept_secrets import KeptSecrets
from windward.app.progress import Progress, errors_in, make_progress, name_of, print_logs
from windward.core.paths import log_path
from windward.core.plan import compile_plan
from windward.core.runs import decide_manual_run
from windward.core.view import RunView
from windward.document import DagDocument, content_hash, encode
from windward.document.params import check_conf
from windward.engine.contexts import task_context
from windward.engine.scheduler import Scheduler
from windward.engine.service import ExecutionService
from windward.errors import UserError
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import PoolRecord, RunRecord, TaskRecord
from windward.model.states import RUN_FINISHED, RunState, TaskState, TriggeredBy
from windward.ports.clock import SystemClock
from windward.protocol.fired import Resumption
from windward.protocol.messages import StartGranted
from windward.protocol.outcomes import Deferred, Ending
from windward.protocol.work import AttemptRef
from windward.sdk.setting_up import set_up
from windward.settings import Settings
from windward.store.ids import SnowflakeIds
from windward.store.memory import MemoryStore

POLL_S = 0.5
WAITS_IN_VAIN_MAX = 4
_MAY_GO_ON = frozenset(
    {
        TaskState.QUEUED,
        TaskState.RUNNING,
        TaskState.UP_FOR_RESCHEDULE,
        TaskState.UP_FOR_RETRY,
        TaskState.DEFERRED,
        TaskState.AWAITING_INPUT,
    }
)


class _Ids:
    def __init__(self) -> None:
        self.next_pk = SnowflakeIds()


class Rehearsal:
    """One run of one DAG on a store of its own."""

    def __init__(
        self,
        settings: Settings,
        *,
        variables_file: str | None = None,
        connections_file: str | None = None,
    ) -> None:
        self._settings = replace(
            settings,
            scheduler=replace(settings.scheduler, poll_interval_s=POLL_S),
            triggerer=replace(settings.triggerer, queues_enabled=False),  # there is one for all queues
        )
        self._clock = SystemClock()
        self._ids = _Ids()
        self.store = MemoryStore()
        self.store.secrets = KeptSecrets(self.store.tables, settings)
        if variables_file:
            put_variables(variables_file, self.store.secrets)
        if connections_file:
            put_connections(connections_file, self.store.secrets)
        self.bridge = InlineBridge(ExecutionService(self.store, self._ids, wake=lambda: None), self._clock)
        self.bridge.large_values = MemoryXComs(threshold_bytes=settings.xcom.threshold_bytes)
        set_up(settings, is_worker=True)

    def run(
        self,
        dag: Any,
        dags: Mapping[str, Any],
        document: DagDocument,
        *,
        logical_date: datetime | None,
        conf: Mapping[str, Any],
        mark_success_pattern: str | None,
        is_live: bool,
        captures: bool,
    ) -> RunRecord:
        """Run the DAG once; return the run as it ended."""
        check_conf(document, conf)
        run = self._create(document, logical_date=logical_date, conf=dict(conf))
        progress = make_progress(document, live=is_live)
        with tempfile.TemporaryDirectory(prefix="windward-test-") as logs:
            worker = InlineWorker(
                {**dags, dag.dag_id: dag},
                self.bridge,
                logs=Path(logs),
                captures=captures,
                skips=_pattern(mark_success_pattern),
                on_start=lambda ref: self._show(progress, run, ref),
            )
            try:
                ended = self._drive(run, worker, progress)
            finally:
                worker.close()
            tasks = self.store.reads.task_states(run.run_pk)
            failed = [task for task in tasks if task.state is TaskState.FAILED and task.try_number]
            failures = [(name_of(task), Path(logs) / _log_of(run, task)) for task in failed]
            progress.end(ended, failures, errors_in(Path(logs), but=[path for _, path in failures]))
        return ended

    def run_one(
        self,
        dag: Any,
        dags: Mapping[str, Any],
        document: DagDocument,
        key: tuple[str, int],
        *,
        logical_date: datetime | None,
        conf: Mapping[str, Any],
    ) -> Ending:
        """Run one task of the DAG without asking for its upstreams; return how the attempt ended."""
        task_id, map_index = key
        if task_id not in {task.task_id for task in document.tasks}:
            raise UserError(
                f"DAG `{dag.dag_id}` has no task `{task_id}`",
                hint=f"`windward tasks list {dag.dag_id}` shows its tasks.",
            )
        document = _without_retries(document)
        run = self._create(document, logical_date=logical_date, conf=dict(conf))
        record = TaskRecord(
            run_pk=run.run_pk,
            task_id=task_id,
            map_index=map_index,
            try_number=1,
            start_date=self._clock.now(),
        )
        view = RunView(run, compile_plan(document, content_hash(encode(document))), [record])
        with tempfile.TemporaryDirectory(prefix="windward-test-") as logs:
            worker = InlineWorker(dags, self.bridge, logs=Path(logs), captures=False)
            context = task_context(view, record)
            ref = AttemptRef(run.run_pk, task_id, map_index, 0)
            ending = worker.run(StartGranted(ref=ref, context=context))
            while isinstance(ending.outcome, Deferred):
                work = trigger_work(ref, ending.outcome, context)
                went_on = wait_for_trigger(ending.outcome, work, logs=Path(logs), bridge=self.bridge)
                if not isinstance(went_on, Resumption):
                    ending = msgspec.structs.replace(ending, outcome=went_on)
                    break
                resumed = msgspec.structs.replace(context, resumption=went_on)
                ending = worker.run(StartGranted(ref=ref, context=resumed))
            if ending.exit.kind != "ok":
                print_logs([(name_of(record), Path(logs) / context.log_path)], out=sys.stderr)
        return ending

    def _create(
        self, document: DagDocument, *, logical_date: datetime | None, conf: dict[str, Any]
    ) -> RunRecord:
        document = _without_retries(document)
        encoded = encode(document)
        name = content_hash(encoded)
        store = self.store
        now = self._clock.now()
        file = FileRecord(fileloc=document.fileloc, content_hash=name, dag_ids=(document.dag_id,))
        store.catalog.put_file(file, [(name, encoded, document)], paused_at_creation=False, now=now)
        for pool in {task.pool for task in document.tasks}:
            store.secrets.set_pool(PoolRecord(name=pool, slots=-1))
        action = decide_manual_run(
            document,
            document_hash=name,
            run_pk=self._ids.next_pk(),
            now=now,
            logical_date=logical_date,
            conf=conf,
            triggered_by=TriggeredBy.TEST,
        )
        applied = store.runs.apply([[action]])
        assert applied.all, "an empty store refuses no run"
        # Without an active DAG its schedule makes no runs: this one is the only one.
        store.catalog.delete_file(document.fileloc, now=now)
        return action.run

    def _drive(self, run: RunRecord, worker: InlineWorker, progress: Progress) -> RunRecord:
        """Step the scheduler until the run has ended and its callbacks were run."""
        scheduler = Scheduler(
            store=self.store,
            mailbox=worker,
            executor=worker,
            clock=self._clock,
            ids=self._ids,
            settings=self._settings,
            name="test",
        )
        runs = self.store.runs
        while True:
            scheduler.step()
            (now,) = runs.load_runs([run.run_pk])
            tasks = self.store.reads.task_states(run.run_pk)
            progress.show(tasks)
            if now.state in RUN_FINISHED and not runs.load_open_callbacks(limit=1):
                return now
            if worker.waits_in_vain >= WAITS_IN_VAIN_MAX and not any(
                task.state in _MAY_GO_ON for task in tasks
            ):
                return msgspec.structs.replace(now, state=RunState.FAILED, reason=_why_stuck(tasks))

    def _show(self, progress: Progress, run: RunRecord, ref: AttemptRef) -> None:
        running = TaskKey(ref.run_pk, ref.task_id, ref.map_index)
        progress.show(self.store.reads.task_states(run.run_pk), running=running)


def _without_retries(document: DagDocument) -> DagDocument:
    tasks = tuple(msgspec.structs.replace(task, retries=0) for task in document.tasks)
    return msgspec.structs.replace(document, tasks=tasks, is_paused_upon_creation=False)


def _log_of(run: RunRecord, task: TaskRecord) -> str:
    return log_path(run.dag_id, run.run_id, task.task_id, task.map_index, task.try_number)


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise UserError(
            f"`{text}` is no regular expression: {error}", hint="It is matched against whole task ids."
        ) from error


def _why_stuck(tasks: Sequence[TaskRecord]) -> str:
    waiting = [task for task in tasks if task.state in {TaskState.NONE, TaskState.SCHEDULED}]
    reasons = "; ".join(
        f"`{name_of(task)}` waits: {task.reason or 'no reason is known'}" for task in waiting[:5]
    )
    return f"the run cannot go on: {reasons}"
