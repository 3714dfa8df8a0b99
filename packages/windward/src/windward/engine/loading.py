"""The first half of a pass: read what changed into the cache. Reads only."""

from __future__ import annotations

from collections.abc import Iterable

from windward.core.past import previous_of
from windward.core.view import RunView
from windward.document import DagDocument
from windward.engine.assets import Assets
from windward.engine.cache import Cache
from windward.engine.contexts import ref_of
from windward.engine.work import Pass
from windward.model.records import DagRecord, RunRecord, TaskRecord
from windward.model.states import IN_FLIGHT, RunState, TaskState
from windward.ports.store import Note, Store
from windward.protocol.work import AttemptRef
from windward.timetable import CustomSchedule, by_time

NOTES_MAX = 1000
RUNS_PER_LOAD_MAX = 500


class Loader:
    """Brings the cache up to date from the store."""

    def __init__(self, store: Store, cache: Cache, assets: Assets) -> None:
        self._store = store
        self._cache = cache
        self._assets = assets
        self.notes_seen = 0
        self.stale_runs: set[int] = set()
        """Runs to be loaded (again) at the start of the next pass."""
        self.stale_dags: set[str] = set()
        self.stale_pools = True
        self.stale_hosts = True
        """Whether somebody has said of a host that it is to be drained, or no more."""
        self.stale_backfills: set[int] = set()
        self.has_letters = True
        """Whether hosts of other machines may have written."""

    def load_everything(self) -> None:
        """Fill an empty cache: what a scheduler does when it begins to lead."""
        self.stale_hosts = True
        notes = self._store.runs.load_notes(after=self.notes_seen, limit=NOTES_MAX)
        while notes:
            self.notes_seen = notes[-1].note_pk
            notes = self._store.runs.load_notes(after=self.notes_seen, limit=NOTES_MAX)
        dags = self._store.catalog.load_dags()
        runs = self._store.runs.load_open_runs()
        self._load_plans({dag.document_hash for dag in dags} | {run.document_hash for run in runs})
        for dag in dags:
            self._cache.add_dag(dag)
            self._tell_assets(dag)
        self._assets.load()
        self._load_windows(
            {
                dag.dag_id: self._cache.plans[dag.document_hash].document
                for dag in dags
                if dag.document_hash in self._cache.plans
            }
        )
        self._load_pools()
        running = [run for run in runs if run.state is RunState.RUNNING]
        for run in runs:
            if run.state is RunState.QUEUED:
                self._cache.add_queued(run)
        self._load_views(running)

    def load_changes(self, work: Pass) -> bool:
        """Read the change feed and note what is stale; return whether there is more than was read."""
        notes = self._store.runs.load_notes(after=self.notes_seen, limit=NOTES_MAX)
        for note in notes:
            self.notes_seen = max(self.notes_seen, note.note_pk)
            self._take_note(note, work)
        if notes:
            self._store.runs.delete_notes(up_to=self.notes_seen)
        return len(notes) == NOTES_MAX

    def have_hosts_changed(self) -> bool:
        """Return whether hosts may be drained, or no more, since the last call."""
        changed, self.stale_hosts = self.stale_hosts, False
        return changed

    def load_stale(self, work: Pass) -> None:
        """Load what is known to be out of date."""
        if self.stale_pools:
            self._load_pools()
        if self.stale_dags:
            self._load_dags()
        if self.stale_runs:
            stale, self.stale_runs = sorted(self.stale_runs), set()
            for start in range(0, len(stale), RUNS_PER_LOAD_MAX):
                self._reload_runs(stale[start : start + RUNS_PER_LOAD_MAX], work)

    def load_tasks_of(self, runs: Iterable[RunRecord], work: Pass) -> None:
        """Load the instances of queued runs that are about to start."""
        missing = [run for run in runs if run.run_pk not in work.tasks_at_hand]
        self._load_plans({run.document_hash for run in missing})
        for run_pk, tasks in self._tasks_by_run(missing).items():
            work.tasks_at_hand[run_pk] = tuple(tasks)

    def make_view(
        self, run: RunRecord, tasks: Iterable[TaskRecord], work: Pass | None = None
    ) -> RunView | None:
        """Make a view; None when the run's document is gone."""
        plan = self._cache.plans.get(run.document_hash)
        if plan is None:
            return None
        view = RunView(run, plan, tasks)
        if plan.asks_past and run.logical_date is not None:
            self._load_past(view, work.tasks_at_hand if work is not None else {})
        return view

    def _take_note(self, note: Note, work: Pass) -> None:
        match note.kind:
            case "run":
                self.stale_runs.add(int(note.subject))
            case "dag":
                self.stale_dags.add(note.subject)
            case "backfill":
                self.stale_backfills.add(int(note.subject))
            case "pool":
                self.stale_pools = True
            case "host":
                self.stale_hosts = True
            case "callback":
                work.asks_callbacks = True
            case "message":
                self.has_letters = True
            case "asset":
                self._assets.has_reports = True
            case _:
                pass

    def _load_pools(self) -> None:
        pools = self._store.secrets.load_pools()
        self._cache.limits.pools = {pool.name: pool.slots for pool in pools}
        self._cache.limits.deferred_pools = frozenset(pool.name for pool in pools if pool.include_deferred)
        self.stale_pools = False

    def _load_dags(self) -> None:
        documents = {}
        for dag_id in sorted(self.stale_dags):
            dag = self._store.catalog.load_dag(dag_id)
            if dag is None or not dag.is_active:
                self._cache.dags.pop(dag_id, None)
                self._assets.put_dag(dag_id, None)
                self._cache.waits |= self._cache.watchers.put(dag_id, None)
                continue
            self._load_plans({dag.document_hash})
            self._cache.add_dag(dag)
            if (document := self._tell_assets(dag)) is not None:
                documents[dag_id] = document
        self._assets.reload(documents)
        self._load_windows(documents)
        self.stale_dags.clear()
        self._cache.forget_unused_plans()

    def _load_windows(self, documents: dict[str, DagDocument]) -> None:
        own = [
            dag_id
            for dag_id, document in documents.items()
            if isinstance(by_time(document.schedule), CustomSchedule)
        ]
        if own:
            self._cache.windows.update(self._store.catalog.load_windows(own))

    def _tell_assets(self, dag: DagRecord) -> DagDocument | None:
        plan = self._cache.plans.get(dag.document_hash)
        document = plan.document if plan is not None else None
        self._assets.put_dag(dag.dag_id, document)
        self._cache.waits |= self._cache.watchers.put(dag.dag_id, document)
        return document

    def _load_plans(self, hashes: set[str]) -> None:
        missing = self._cache.missing_plans(hashes)
        if missing:
            for name, document in self._store.catalog.load_documents(missing).items():
                self._cache.add_plan(name, document)

    def _reload_runs(self, run_pks: list[int], work: Pass) -> None:
        runs = {run.run_pk: run for run in self._store.runs.load_runs(run_pks)}
        self._load_plans({run.document_hash for run in runs.values()})
        running = []
        for run_pk in run_pks:
            run = runs.get(run_pk)
            old = self._cache.views.get(run_pk)
            dag_id = run.dag_id if run is not None else old.run.dag_id if old is not None else ""
            self._cache.drop_run(run_pk, dag_id)
            if run is None:
                if old is not None:
                    work.cancels.extend((ref_of(record), "its run was deleted") for record in _live(old))
            elif run.state is RunState.QUEUED:
                self._cache.add_queued(run)
            elif run.state is RunState.FAILED and run.recover_at is not None and old is None:
                self._cache.watch_recovery(run)
            else:
                running.append((run, old))
        tasks = self._tasks_by_run([run for run, _ in running])
        for run, old in running:
            view = self.make_view(run, tasks.get(run.run_pk, ()))
            if view is None:
                continue
            if old is not None:
                work.cancels.extend(_superseded(old, view))
            if run.state is RunState.RUNNING:
                self._keep(view)
                work.submissions.extend(
                    record.key for record in _live(view) if record.state is TaskState.QUEUED
                )

    def _load_views(self, runs: list[RunRecord]) -> None:
        for start in range(0, len(runs), RUNS_PER_LOAD_MAX):
            some = runs[start : start + RUNS_PER_LOAD_MAX]
            tasks = self._tasks_by_run(some)
            for run in some:
                view = self.make_view(run, tasks.get(run.run_pk, ()))
                if view is not None:
                    self._keep(view)

    def _keep(self, view: RunView) -> None:
        self._cache.add_view(view)
        self._cache.set_run_timeout(view)

    def _tasks_by_run(self, runs: Iterable[RunRecord]) -> dict[int, list[TaskRecord]]:
        found: dict[int, list[TaskRecord]] = {run.run_pk: [] for run in runs}
        if found:
            for record in self._store.runs.load_tasks(list(found)):
                found[record.run_pk].append(record)
        return found

    def _load_past(self, view: RunView, tasks_at_hand: dict[int, tuple[TaskRecord, ...]]) -> None:
        """Learn how the previous run stands; it may be one that this very pass is about to write."""
        previous = self._previous_run(view.run)
        if previous is None:
            return
        view.is_first = False
        view.previous_pk = previous.run_pk
        view.previous_revision = previous.revision
        earlier = self._cache.views.get(previous.run_pk)
        if earlier is None:
            self._load_plans({previous.document_hash})
            plan = self._cache.plans.get(previous.document_hash)
            if plan is None:
                return
            tasks = tasks_at_hand.get(previous.run_pk) or self._store.runs.load_tasks([previous.run_pk])
            earlier = RunView(previous, plan, tasks)
        view.previous = previous_of(earlier, view.plan)

    def _previous_run(self, run: RunRecord) -> RunRecord | None:
        date = run.logical_date
        assert date is not None, "asked only of runs with a logical date"
        stored = self._store.runs.load_previous_run(run.dag_id, date, exclude_pk=run.run_pk)
        known = [self._cache.views[pk].run for pk in self._cache.running.get(run.dag_id, ())]
        known.extend(self._cache.queued.get(run.dag_id, {}).values())
        earlier = [
            (other.logical_date, other)
            for other in (*known, stored)
            if other is not None and other.logical_date is not None and other.logical_date < date
        ]
        return max(earlier, key=lambda pair: pair[0])[1] if earlier else None


def _live(view: RunView) -> list[TaskRecord]:
    return [record for record in view.all_instances() if record.state in IN_FLIGHT]


def _superseded(old: RunView, new: RunView) -> list[tuple[AttemptRef, str]]:
    """Return the attempts that were in flight and have been revoked, or are to end for a restart."""
    found = []
    for record in _live(old):
        now = new.find(record.task_id, record.map_index)
        if now is None or now.fence != record.fence or now.state not in IN_FLIGHT:
            found.append((ref_of(record), now.reason if now is not None else "the instance was removed"))
        elif now.state is TaskState.RESTARTING:
            found.append((ref_of(record), now.reason))
    return found
