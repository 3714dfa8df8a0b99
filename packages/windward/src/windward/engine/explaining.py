"""Gathering what an explanation is told from, out of the store.

What lives here: reads. What may not: reasons (`core.explain`, `core.explain_runs`), output.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from windward.core.admission import HOLDING, Limits, Usage
from windward.core.assets import waits_for
from windward.core.explain import Surroundings
from windward.core.explain_runs import DagSurroundings, RunSurroundings
from windward.core.past import previous_of
from windward.core.plan import DagPlan, compile_plan
from windward.core.recovery import RecoveryRules, RecoveryScope
from windward.core.view import RunView
from windward.document import DagDocument
from windward.model.records import BackfillRecord, RunRecord
from windward.model.states import RunState
from windward.ports.reads import DagDetails
from windward.ports.store import Store
from windward.settings import Settings
from windward.timetable import condition_of, describe_leaf

SILENCE_MAX = timedelta(seconds=45)
"""A scheduler that was silent for longer is taken to be gone; it gives a sign of life every 10 to 15 seconds."""


class Gatherer:
    """The reads of one explanation."""

    def __init__(self, store: Store, settings: Settings, *, now: datetime) -> None:
        self._store = store
        self._settings = settings
        self._now = now
        self._plans: dict[str, DagPlan] = {}

    def view(self, run: RunRecord) -> RunView | None:
        """Return a run with its tasks and what it knows of the run before; None when its DAG version is gone."""
        self._load_plans([run])
        plan = self._plans.get(run.document_hash)
        if plan is None:
            return None
        view = RunView(run, plan, self._store.runs.load_tasks([run.run_pk]))
        if plan.asks_past and run.logical_date is not None:
            self._load_past(view)
        return view

    def around_tasks(self, run: RunRecord) -> Surroundings:
        """Return what decides about the tasks of a run beside the run: slots, limits, components."""
        dag = self._store.catalog.load_dag(run.dag_id)
        pools = {pool.name: pool.slots for pool in self._store.secrets.load_pools()}
        hosts = [host for host in self._store.hosts.load_hosts() if host.kind == "worker"]
        alive = [host for host in hosts if host.lease_until > self._now and not host.is_draining]
        return Surroundings(
            is_paused=dag is not None and dag.is_paused,
            has_scheduler=self.has_scheduler(),
            capacity=sum(host.capacity for host in alive),
            usage=self._usage(),
            limits=Limits(parallelism=self._settings.core.parallelism, pools=pools),
            previous=self._previous(run),
        )

    def around_run(self, run: RunRecord, details: DagDetails) -> RunSurroundings:
        """Return what decides about a run."""
        backfill = self._backfill_of(run)
        others = [one for one in self._store.runs.load_open_runs() if one.dag_id == run.dag_id]
        pk = backfill.backfill_pk if backfill is not None else None
        scheduler = self._settings.scheduler
        return RunSurroundings(
            dag=details.record,
            newest=details.document,
            running=sum(one.state is RunState.RUNNING and one.backfill_pk == pk for one in others),
            backfill=backfill,
            parent=self._store.reads.run_parent(run.run_pk),
            assets=tuple(
                dict.fromkeys(event.name for event in self._store.assets.consumed_events(run.run_pk))
            ),
            recovery=RecoveryRules(
                scope=RecoveryScope(scheduler.recover_failed_runs),
                recoveries_max=scheduler.recoveries_max,
                delay_s=scheduler.recovery_delay_s,
            ),
            tasks=self.around_tasks(run),
        )

    def around_dag(self, details: DagDetails, *, next_run: datetime | None) -> DagSurroundings:
        """Return what a DAG's next run depends on."""
        dag_id = details.record.dag_id
        runs = [one for one in self._store.runs.load_open_runs() if one.dag_id == dag_id]
        errors = {file.fileloc for file in self._store.reads.import_errors()}
        latest = self._store.reads.list_runs(dag_id=dag_id, limit=1)
        return DagSurroundings(
            dag=details.record,
            next_run=next_run,
            paused_reason=details.paused_reason,
            running=sum(one.state is RunState.RUNNING for one in runs),
            queued=sum(one.state is RunState.QUEUED for one in runs),
            missing_assets=self._missing_assets(details.document),
            latest=latest[0] if latest else None,
            has_import_errors=details.record.fileloc in errors,
            has_scheduler=self.has_scheduler(),
        )

    def has_scheduler(self) -> bool:
        """Whether a scheduler gave a sign of life lately."""
        return any(
            one["kind"] == "scheduler" and self._now - one["last_beat_at"] <= SILENCE_MAX
            for one in self._store.hosts.load_components()
        )

    # -- parts -------------------------------------------------------------------------------

    def _missing_assets(self, document: DagDocument) -> tuple[str, ...]:
        condition = condition_of(document.schedule)
        if condition is None:
            return ()
        waiting = self._store.assets.load_waiting([document.dag_id]).get(document.dag_id, [])
        members: dict[str, frozenset[str]] = {}
        for alias, key in self._store.assets.load_members():
            members[alias] = members.get(alias, frozenset()) | {key}
        return tuple(describe_leaf(leaf) for leaf in waits_for(condition, waiting, members))

    def _backfill_of(self, run: RunRecord) -> BackfillRecord | None:
        if run.backfill_pk is None:
            return None
        found = self._store.backfills.load_backfills([run.backfill_pk])
        return found[0] if found else None

    def _usage(self) -> Usage:
        """Count what is in flight, as the scheduler counts it."""
        usage = Usage()
        held = self._store.reads.tasks_in(HOLDING)
        runs = {run.run_pk: run for run in self._store.runs.load_runs(sorted({one.run_pk for one in held}))}
        self._load_plans(runs.values())
        views: dict[int, RunView] = {}
        for record in held:
            run = runs.get(record.run_pk)
            plan = self._plans.get(run.document_hash) if run is not None else None
            if run is not None and plan is not None:
                view = views.setdefault(record.run_pk, RunView(run, plan, ()))
                usage.count(view, record, 1)
        return usage

    def _previous(self, run: RunRecord) -> RunRecord | None:
        if run.logical_date is None:
            return None
        return self._store.runs.load_previous_run(run.dag_id, run.logical_date, exclude_pk=run.run_pk)

    def _load_past(self, view: RunView) -> None:
        previous = self._previous(view.run)
        if previous is None:
            return
        view.is_first = False
        self._load_plans([previous])
        plan = self._plans.get(previous.document_hash)
        if plan is not None:
            tasks = self._store.runs.load_tasks([previous.run_pk])
            view.previous = previous_of(RunView(previous, plan, tasks), view.plan)

    def _load_plans(self, runs: Iterable[RunRecord]) -> None:
        missing = {run.document_hash for run in runs} - self._plans.keys()
        if missing:
            for name, document in self._store.catalog.load_documents(missing).items():
                self._plans[name] = compile_plan(document, name)
