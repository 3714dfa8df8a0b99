"""The place of assets in a pass: events of what tasks wrote, events that others reported, and the runs they make."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime

from windward.core.actions import Action
from windward.core.view import RunView
from windward.engine.assets import Assets, dags_of
from windward.engine.cache import Cache
from windward.engine.work import Pass
from windward.model.ids import TaskKey
from windward.model.records import DagRecord
from windward.protocol.outcomes import AssetWrite

Act = Callable[[Pass, Hashable, Action], None]


class AssetRuns:
    """Puts what `Assets` decides into the groups of a pass."""

    def __init__(self, cache: Cache, assets: Assets, act: Act, *, runs_created_max: int) -> None:
        self._cache = cache
        self._assets = assets
        self._act = act
        self._runs_created_max = runs_created_max

    def create(self, work: Pass, dag: DagRecord, *, has_run: Callable[[str, datetime], bool] | None) -> bool:
        """Make the run that a DAG's waiting events make, if any; return False when a later pass has to."""
        plan = self._cache.plans.get(dag.document_hash)
        if plan is None or not self._assets.has_waiting(dag.dag_id):
            return True
        if work.runs_created >= self._runs_created_max or self._assets.has_unwritten_links:
            return False
        forgotten = self._assets.forget(plan.document)
        if forgotten is not None:
            self._act(work, dag.dag_id, forgotten)
        action = self._assets.next_run(plan.document, dag, now=work.now, has_run=has_run)
        if action is not None:
            self._act(work, action.run.run_pk, action)
            work.tasks_at_hand[action.run.run_pk] = action.tasks
            work.runs_created += 1
        return True

    def written(self, work: Pass, view: RunView, key: TaskKey, writes: Iterable[AssetWrite]) -> None:
        """Make the events of what a task has written, in the group of its success."""
        for action in self._assets.written(view, key, writes, now=work.now):
            self._act(work, key.run_pk, action)
            self._cache.dirty_dags.update(dags_of(action))

    def route(self, work: Pass) -> None:
        """Let events that others reported wait for whoever names their assets."""
        for group, action in self._assets.route_reports():
            self._act(work, group, action)
            self._cache.dirty_dags.update(action.dag_ids)
