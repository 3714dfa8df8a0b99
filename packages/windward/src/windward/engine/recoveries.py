"""Recovery in the loop: which failed runs are due to run again, and when there is nothing better to do.

What is run again, and whether at all, is decided by `windward.core.recovery`. A run is looked at when its
timer says so; from then on it waits for a pass that leaves no scheduled or manual task without a slot.
"""

from __future__ import annotations

from datetime import timedelta

from windward.core.recovery import RecoveryRules, RecoveryScope, decide_recovery
from windward.engine.cache import Cache, RecoveryDue
from windward.engine.deciding import Decider
from windward.engine.loading import Loader
from windward.engine.timers import Timer
from windward.engine.work import Pass
from windward.ports.store import Store

LOADED_MAX = 1000
"""Planned recoveries that a new leader reads; the others follow when these are done."""
OPEN_MAX = 16
"""Runs that are run again at a time: the backlog waits in the store, not in the queue of ready work."""
LOOK_AGAIN = timedelta(minutes=1)
"""A run is looked at once more that much later: somebody else may have been first."""


class Recoveries:
    """Failed runs that may run again on their own."""

    def __init__(
        self, store: Store, cache: Cache, loader: Loader, decider: Decider, rules: RecoveryRules
    ) -> None:
        self._store = store
        self._cache = cache
        self._loader = loader
        self._decider = decider
        self._rules = rules
        self._asked: list[RecoveryDue] = []
        self._has_more = False

    def load_all(self) -> None:
        """Learn what is planned."""
        if self._rules.scope is RecoveryScope.NEVER:
            return
        runs = self._store.runs.load_recoverable_runs(limit=LOADED_MAX)
        self._has_more = len(runs) == LOADED_MAX
        for run in runs:
            self._cache.watch_recovery(run)

    def choose(self) -> bool:
        """After slots were given: choose what to run again, oldest first; whether the next pass has to load it."""
        due = self._cache.recoveries_due
        if not due or self._asked or self._cache.ready.is_waited_for():
            return bool(self._asked)
        room = OPEN_MAX - self._cache.open_recoveries()
        for candidate in sorted(due):
            if room <= 0:
                break
            dag = self._cache.dags.get(candidate.dag_id)
            if dag is None:
                due.discard(candidate)
            elif not dag.is_paused:
                due.discard(candidate)
                self._asked.append(candidate)
                room -= 1
        if not due and self._has_more:
            self.load_all()
        return bool(self._asked)

    def decide(self, work: Pass) -> None:
        """Load what was chosen, and run it again."""
        asked, self._asked = self._asked, []
        if not asked:
            return
        runs = {run.run_pk: run for run in self._store.runs.load_runs([one.run_pk for one in asked])}
        self._loader.load_tasks_of(runs.values(), work)
        for candidate in asked:
            run = runs.get(candidate.run_pk)
            dag = self._cache.dags.get(candidate.dag_id)
            newest = self._cache.plans.get(dag.document_hash) if dag is not None else None
            records = work.tasks_at_hand.pop(candidate.run_pk, ())
            view = self._loader.make_view(run, records) if run is not None else None
            if run is None or view is None or newest is None:
                continue
            actions = decide_recovery(view, newest, self._rules, now=work.now, records=records)
            if not actions:
                continue
            self._decider.revisions[run.run_pk] = run.revision
            for action in actions:
                work.add(run.run_pk, action)
            self._loader.stale_runs.add(run.run_pk)
            self._cache.timers.set(work.now + LOOK_AGAIN, Timer.RECOVERY_DUE, candidate)
