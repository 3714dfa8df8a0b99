"""Looking at SLAs when they are due: a timer for each moment of each run that has any."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime

from windward.core.actions import Action
from windward.core.slas import MissSla, decide_sla, sla_times
from windward.document import DagDocument
from windward.engine.cache import Cache
from windward.engine.work import Pass
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RunState
from windward.ports.store import Store


class Slas:
    """Finds tasks that are late. What was written down already is read when there is something to write."""

    def __init__(self, cache: Cache, store: Store, act: Callable[[Pass, Hashable, Action], None]) -> None:
        self._cache = cache
        self._store = store
        self._act = act

    def look(self, work: Pass, run_pk: int, due: datetime) -> None:
        """Judge a run whose moment has come; it may be running, still queued, or over."""
        self._cache.slas_watched.discard((run_pk, due))
        if any(isinstance(action, MissSla) for action in work.groups.get(run_pk, ())):
            return
        found = self._find(run_pk)
        if found is None:
            return
        document, run, instances = found
        records = list(instances)
        if decide_sla(document, run, records, recorded=(), now=work.now) is None:
            return
        recorded = {miss.task_id for miss in self._store.waits.load_sla_misses([run_pk])}
        action = decide_sla(document, run, records, recorded=recorded, now=work.now)
        if action is not None:
            work.asks_callbacks |= action.callback is not None
            self._act(work, run_pk, action)

    def _find(self, run_pk: int) -> tuple[DagDocument, RunRecord, Iterable[TaskRecord]] | None:
        view = self._cache.views.get(run_pk)
        if view is not None:
            return view.plan.document, view.run, view.all_instances()
        runs = self._store.runs.load_runs([run_pk])
        if not runs:
            return None
        run = runs[0]
        document = self._store.catalog.load_documents([run.document_hash]).get(run.document_hash)
        if document is None or not sla_times(document, run):
            return None
        tasks = () if run.state is RunState.QUEUED else self._store.runs.load_tasks([run_pk])
        return document, run, tasks
