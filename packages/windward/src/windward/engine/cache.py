"""What the scheduler remembers between passes: plans, views, queued runs, usage, ready work.

All of it can be thrown away at any time and made again from the store. Nothing here decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from windward.core.actions import Action, AddTasks, CreateRun, MoveRun, MoveTask, PauseDag, SkipSlot
from windward.core.admission import Limits, ReadyQueue, Usage, scopes
from windward.core.moments import later
from windward.core.past import previous_of
from windward.core.plan import DagPlan, compile_plan
from windward.core.slas import sla_times
from windward.core.view import RunView
from windward.core.watchers import WatcherIndex
from windward.document import DagDocument
from windward.engine.starts import Starts
from windward.engine.timers import Timer, Timers
from windward.model.ids import TaskKey
from windward.model.records import BackfillRecord, DagRecord, RunRecord, TaskRecord
from windward.model.states import FINISHED, RUN_FINISHED, RunState, TaskState
from windward.timetable import Windows


class RecoveryDue(NamedTuple):
    """A failed run that may run again on its own; the oldest date comes first."""

    logical_date: datetime
    run_pk: int
    dag_id: str


class Cache:
    """The scheduler's memory."""

    def __init__(self, *, parallelism: int, queued_timeout_s: float) -> None:
        self.dags: dict[str, DagRecord] = {}
        self.plans: dict[str, DagPlan] = {}
        self.windows: dict[str, Windows] = {}
        """What timetables of authors' own want, by DAG."""
        self.views: dict[int, RunView] = {}
        """Runs in state running."""
        self.queued: dict[str, dict[int, RunRecord]] = {}
        """Runs in state queued, by DAG."""
        self.running: dict[str, set[int]] = {}
        self.followers: dict[int, set[int]] = {}
        """Run to the runs that ask it about the past."""
        self.backfill_of: dict[str, BackfillRecord] = {}
        """The open backfill of a DAG; a DAG has one at most."""
        self.orphans: dict[int, RunRecord] = {}
        """Queued runs of backfills that are not known to be open."""
        self.recoveries_due: set[RecoveryDue] = set()
        self.usage = Usage()
        self.limits = Limits(parallelism=parallelism, pools={})
        self.ready = ReadyQueue()
        self.timers = Timers()
        self._starts = Starts(self.timers, self.find, timeout=timedelta(seconds=queued_timeout_s))
        self.waits: set[TaskKey] = set()
        """Instances that may have begun or ceased to wait for a trigger since somebody looked."""
        self.undated: set[int] = set()
        """Runs that came since deadlines were last looked at, of DAGs that have any."""
        self.watchers = WatcherIndex()
        self.dirty_runs: set[int] = set()
        """Running runs with something to decide."""
        self.slas_watched: set[tuple[int, datetime]] = set()
        """Moments of runs for which a timer is set."""
        self.ending: dict[str, list[RunRecord]] = {}
        """Runs whose end was decided but not written yet, by DAG: a person may still be first, so they count."""
        self.dirty_dags: set[str] = set()
        """DAGs whose queued runs may be allowed to start, or whose schedule may be due."""

    # -- plans and DAGs ------------------------------------------------------------------

    def add_plan(self, document_hash: str, document: DagDocument) -> DagPlan:
        """Keep a compiled document."""
        plan = self.plans.get(document_hash)
        if plan is None:
            plan = self.plans[document_hash] = compile_plan(document, document_hash)
        return plan

    def add_dag(self, dag: DagRecord) -> None:
        """Keep a DAG row; what depends on it is looked at again."""
        before = self.dags.get(dag.dag_id)
        self.dags[dag.dag_id] = dag
        self.dirty_dags.add(dag.dag_id)
        if before is not None and before.is_paused and not dag.is_paused:
            self.ready.release(("paused", dag.dag_id))
            self.dirty_runs.update(self.running.get(dag.dag_id, ()))

    def is_paused(self, dag_id: str) -> bool:
        """Whether nothing new of the DAG may begin."""
        dag = self.dags.get(dag_id)
        return dag is not None and dag.is_paused

    # -- runs ----------------------------------------------------------------------------

    def add_queued(self, run: RunRecord) -> None:
        """Keep a queued run."""
        self.queued.setdefault(run.dag_id, {})[run.run_pk] = run
        self.watch_slas(run)
        self._date(run)
        if run.backfill_pk is not None and self.backfill_limiting(run) is None:
            self.orphans[run.run_pk] = run
        self.dirty_dags.add(run.dag_id)

    def find_run(self, run_pk: int) -> RunRecord | None:
        """Return a run in progress, queued or running."""
        view = self.views.get(run_pk)
        if view is not None:
            return view.run
        return next((runs[run_pk] for runs in self.queued.values() if run_pk in runs), None)

    def _date(self, run: RunRecord) -> None:
        """Note a run whose deadlines have to be looked at."""
        plan = self.plans.get(run.document_hash)
        if plan is not None and plan.document.deadlines:
            self.undated.add(run.run_pk)

    def add_view(self, view: RunView) -> None:
        """Keep a running run and count what it has in flight."""
        run = view.run
        self.drop_run(run.run_pk, run.dag_id)
        self.views[run.run_pk] = view
        self._date(run)
        self.running.setdefault(run.dag_id, set()).add(run.run_pk)
        if view.previous_pk is not None:
            self.followers.setdefault(view.previous_pk, set()).add(run.run_pk)
        for record in view.all_instances():
            self.usage.count(view, record, 1)
            self._starts.watch(record)
            if record.state is TaskState.DEFERRED:
                self.waits.add(record.key)
        for due, key in view.next_due():
            self.timers.set(due, Timer.TASK_DUE, key)
        self.dirty_runs.add(run.run_pk)
        self._tell_followers_anew(view)
        self.watch_slas(run)

    def set_run_timeout(self, view: RunView) -> None:
        """Look at the run again when its `dagrun_timeout` ends."""
        limit_s = view.plan.document.dagrun_timeout_s
        if limit_s is not None and view.run.start_date is not None:
            due = later(view.run.start_date, limit_s)
            if due is not None:
                self.timers.set(due, Timer.RUN_TIMEOUT, view.run.run_pk)

    def watch_slas(self, run: RunRecord) -> None:
        """Look at the run again when tasks of it ought to have ended."""
        plan = self.plans.get(run.document_hash)
        for due in sla_times(plan.document, run) if plan is not None else ():
            if (run.run_pk, due) not in self.slas_watched:
                self.slas_watched.add((run.run_pk, due))
                self.timers.set(due, Timer.SLA_DUE, (run.run_pk, due))

    def drop_run(self, run_pk: int, dag_id: str) -> RunView | None:
        """Forget a run, with all that was counted for it."""
        self.queued.get(dag_id, {}).pop(run_pk, None)
        view = self.views.pop(run_pk, None)
        if view is None:
            return None
        for record in view.all_instances():
            self.usage.count(view, record, -1)
            self._release(view, record)
            if record.state is TaskState.DEFERRED:
                self.waits.add(record.key)
        self.running.get(dag_id, set()).discard(run_pk)
        if view.previous_pk is not None:
            self.followers.get(view.previous_pk, set()).discard(run_pk)
        self.dirty_runs.discard(run_pk)
        self.dirty_dags.add(dag_id)
        return view

    # -- backfills and recovery ----------------------------------------------------------

    def set_backfill(self, record: BackfillRecord) -> None:
        """Keep an open backfill."""
        self.backfill_of[record.dag_id] = record
        self.dirty_dags.add(record.dag_id)

    def drop_backfill(self, record: BackfillRecord) -> None:
        """Forget a backfill that is over; what it left queued is looked at."""
        if self.backfill_of.get(record.dag_id) == record:
            del self.backfill_of[record.dag_id]
        for run in self.queued.get(record.dag_id, {}).values():
            if run.backfill_pk == record.backfill_pk:
                self.orphans[run.run_pk] = run
        self.dirty_dags.add(record.dag_id)

    def backfill_limiting(self, run: RunRecord) -> BackfillRecord | None:
        """Return the open backfill that a run counts against, or None when it counts against its DAG."""
        record = self.backfill_of.get(run.dag_id)
        return record if record is not None and record.backfill_pk == run.backfill_pk else None

    def open_backfill_runs(self, record: BackfillRecord) -> int:
        """Count the open runs of a backfill."""
        queued = self.queued.get(record.dag_id, {}).values()
        running = (self.views[run_pk].run for run_pk in self.running.get(record.dag_id, ()))
        ending = self.ending.get(record.dag_id, ())
        return sum(run.backfill_pk == record.backfill_pk for run in (*queued, *running, *ending))

    def open_runs(self, dag_id: str) -> int:
        """Count the open runs that count against the DAG's own limit."""
        count = len(self.queued.get(dag_id, ())) + len(self.running.get(dag_id, ()))
        count += len(self.ending.get(dag_id, ()))
        record = self.backfill_of.get(dag_id)
        return count if record is None else count - self.open_backfill_runs(record)

    def running_runs(self, dag_id: str, record: BackfillRecord | None) -> int:
        """Count the running runs that count against a DAG's own limit (None) or its backfill's."""
        running, ending = self.running.get(dag_id, ()), self.ending.get(dag_id, ())
        if dag_id not in self.backfill_of:
            return len(running) + len(ending)
        runs = (*(self.views[run_pk].run for run_pk in running), *ending)
        return sum(self.backfill_limiting(run) == record for run in runs)

    def watch_recovery(self, run: RunRecord) -> None:
        """Look at a failed run again when it may run again on its own."""
        if run.recover_at is not None and run.logical_date is not None:
            due = RecoveryDue(run.logical_date, run.run_pk, run.dag_id)
            self.timers.set(run.recover_at, Timer.RECOVERY_DUE, due)

    def ends_are_written(self) -> None:
        """What was decided to end has ended, or was loaded anew: there may be room for other runs."""
        self.dirty_dags.update(self.ending)
        self.ending.clear()

    def is_idle_class(self, run_pk: int) -> bool:
        """Whether a run is known to be running in the idle class."""
        view = self.views.get(run_pk)
        return view is not None and view.run.is_idle_class

    def open_recoveries(self) -> int:
        """Count the open runs that run again on their own."""
        queued = (run for runs in self.queued.values() for run in runs.values())
        running = (view.run for view in self.views.values())
        return sum(run.recoveries > 0 and run.is_idle_class for run in (*queued, *running))

    # -- folding -------------------------------------------------------------------------

    def fold(self, action: Action) -> None:
        """Take in an action as applied; if the store refuses it, the run is dropped and loaded again."""
        match action:
            case MoveTask(key=key):
                view = self.views.get(key.run_pk)
                if view is not None:
                    self._fold_move(view, action)
            case AddTasks(run_pk=run_pk):
                view = self.views.get(run_pk)
                if view is not None:
                    self._fold_added(view, action)
            case MoveRun():
                self._fold_run(action)
            case CreateRun():
                self.add_queued(action.run)
                if action.advance_schedule:
                    self._advance_schedule(action.run)
            case SkipSlot():
                dag = self.dags.get(action.dag_id)
                if dag is not None:
                    self.dags[action.dag_id] = msgspec.structs.replace(
                        dag,
                        last_run_after=action.run_after,
                        last_interval_start=action.interval_start,
                        last_interval_end=action.interval_end,
                    )
                    self.dirty_dags.add(action.dag_id)
            case PauseDag(dag_id=dag_id, is_paused=is_paused):
                dag = self.dags.get(dag_id)
                if dag is not None:
                    self.add_dag(msgspec.structs.replace(dag, is_paused=is_paused))
            case _:
                pass

    def _fold_move(self, view: RunView, action: MoveTask) -> None:
        folded = view.fold(action)
        if folded is None:
            return
        before, after = folded
        self.usage.changed(view, before, after)
        if TaskState.DEFERRED in (before.state, after.state):
            self.waits.add(after.key)
        if view.is_dirty or not view.unfinished:
            self.dirty_runs.add(view.run.run_pk)
        if after.due_at is not None and after.state not in FINISHED:
            self.timers.set(after.due_at, Timer.TASK_DUE, after.key)
        self._starts.watch(after)
        self._release(view, before)
        if after.state in FINISHED or before.state in FINISHED:
            self._tell_followers(view, after.key, before=before.state, after=after.state)

    def _fold_added(self, view: RunView, action: AddTasks) -> None:
        view.fold_added(action)
        self.dirty_runs.add(action.run_pk)
        if action.replaces is not None:
            self._tell_followers(view, action.replaces, before=action.replaces_state, after=None)
        for record in action.tasks:
            self._tell_followers(view, record.key, before=None, after=record.state)

    def _release(self, view: RunView, before: TaskRecord) -> None:
        """Let go what was set aside for a limit that has room again."""
        number = view.plan.number_of.get(before.task_id)
        if number is None:
            return
        for scope, size in scopes(view.plan, view.run.run_pk, number):
            if self.usage.scopes.get(scope, 0) < size:
                self.ready.release(scope)

    def _tell_followers(
        self, view: RunView, key: TaskKey, *, before: TaskState | None, after: TaskState | None
    ) -> None:
        """Later runs that depend on the past hear how one instance of this run stands now."""
        for pk in self.followers.get(view.run.run_pk, ()):
            later = self.views.get(pk)
            if later is None or later.previous is None:
                continue
            later.previous_revision = view.run.revision
            touched = later.previous.changed(key.task_id, key.map_index, before=before, after=after)
            for task_id, map_index in touched:
                number = later.plan.number_of.get(task_id)
                if number is not None:
                    later.touch(number, map_index)
                    self.dirty_runs.add(pk)

    def _tell_followers_anew(self, view: RunView) -> None:
        """Later runs that depend on the past hear how all of this run stands: it was loaded."""
        for pk in self.followers.get(view.run.run_pk, ()):
            later = self.views.get(pk)
            if later is not None:
                later.previous_revision = view.run.revision
                later.previous = previous_of(view, later.plan)
                later.dirty.update(later.plan.asks_past)
                self.dirty_runs.add(pk)

    def _fold_run(self, action: MoveRun) -> None:
        run = self.queued.get(action.dag_id, {}).get(action.run_pk)
        self.dirty_dags.add(action.dag_id)
        if action.state is not RunState.QUEUED and run is not None:
            del self.queued[action.dag_id][action.run_pk]
            if action.state in RUN_FINISHED:
                self.ending.setdefault(action.dag_id, []).append(run)
            return
        view = self.views.get(action.run_pk)
        if view is not None:
            view.fold_run(action)
            self.watch_recovery(view.run)
            if view.run.state in RUN_FINISHED:
                self.drop_run(action.run_pk, action.dag_id)
                self.ending.setdefault(action.dag_id, []).append(view.run)
                self._count_failure(action)

    def _count_failure(self, action: MoveRun) -> None:
        """Count a run that ended, as the store does."""
        dag = self.dags.get(action.dag_id)
        if dag is not None:
            failures = dag.failed_in_a_row + 1 if action.state is RunState.FAILED else 0
            self.dags[dag.dag_id] = msgspec.structs.replace(dag, failed_in_a_row=failures)

    def _advance_schedule(self, run: RunRecord) -> None:
        dag = self.dags.get(run.dag_id)
        if dag is not None:
            self.dags[run.dag_id] = msgspec.structs.replace(
                dag,
                last_run_after=run.run_after,
                last_interval_start=run.data_interval_start,
                last_interval_end=run.data_interval_end,
            )
            self.dirty_dags.add(run.dag_id)

    # -- questions -----------------------------------------------------------------------

    def find(self, key: TaskKey) -> tuple[RunView, TaskRecord] | None:
        """Return an instance of a running run with its view."""
        view = self.views.get(key.run_pk)
        record = view.find(key.task_id, key.map_index) if view is not None else None
        return None if view is None or record is None else (view, record)

    def missing_plans(self, hashes: Iterable[str]) -> set[str]:
        """Return the documents that have to be loaded."""
        return {name for name in hashes if name not in self.plans}

    def forget_unused_plans(self) -> None:
        """Drop plans that no DAG and no run uses."""
        used = {dag.document_hash for dag in self.dags.values()}
        used |= {view.plan.document_hash for view in self.views.values()}
        used |= {run.document_hash for runs in self.queued.values() for run in runs.values()}
        for name in [name for name in self.plans if name not in used]:
            del self.plans[name]
