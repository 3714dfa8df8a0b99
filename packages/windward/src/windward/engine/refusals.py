"""Groups that were not written: somebody else was first, or the database does not take what they hold.

The first is everyday: what was assumed is forgotten and read again. The second would come again for ever, so that one
run would keep all others from being written: that run fails, and a DAG whose run cannot even be made is left alone for
a while. What the messages of its workers said is not judged again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Hashable
from datetime import datetime, timedelta

from windward.core.actions import Action, CreateRun, MoveBackfill, MoveRun, MoveSlot, RouteAssetEvent
from windward.core.advance import decide_early_end
from windward.engine.assets import Assets, dags_of
from windward.engine.backfills import Backfills
from windward.engine.cache import Cache
from windward.engine.callbacks import Callbacks
from windward.engine.deciding import Decider
from windward.engine.delivery import Delivery
from windward.engine.loading import Loader
from windward.engine.timers import Timer
from windward.engine.work import Pass
from windward.model.states import RunState

ALONE = timedelta(minutes=1)
"""How long a DAG is left alone."""
TRIES_MAX = 3
"""How often it is tried to write that a run failed; after that it is left alone until somebody changes it."""
REASON = "the database did not take what came of it; the log of the scheduler has what it said"

log = logging.getLogger("windward.scheduler")


class Refusals:
    """What follows from groups that were refused."""

    def __init__(
        self,
        cache: Cache,
        loader: Loader,
        decider: Decider,
        assets: Assets,
        *,
        backfills: Backfills,
        callbacks: Callbacks,
        delivery: Delivery,
    ) -> None:
        self._cache = cache
        self._loader = loader
        self._decider = decider
        self._assets = assets
        self._backfills = backfills
        self._callbacks = callbacks
        self._delivery = delivery
        self._failing: set[int] = set()
        """Runs that fail in the next pass, when they have been read again."""
        self._tries: Counter[int] = Counter()
        self._alone: dict[str, datetime] = {}
        """DAGs that nothing is begun for, and until when."""

    def take(self, work: Pass, name: Hashable) -> set[str]:
        """Forget what was assumed of a group and look again; return the DAGs that it is about."""
        actions = work.groups.get(name, [])
        dag_ids = {
            dag_id
            for action in actions
            if isinstance(dag_id := getattr(getattr(action, "run", action), "dag_id", None), str)
        }
        self._loader.stale_dags.update(dag_id for action in actions for dag_id in dags_of(action))
        self._assets.has_reports |= any(isinstance(action, RouteAssetEvent) for action in actions)
        if isinstance(name, int):
            view = self._cache.views.get(name)
            if view is not None:
                dag_ids.add(view.run.dag_id)
            for dag_id in dag_ids:
                self._cache.drop_run(name, dag_id)
            self._loader.stale_runs.add(name)
        for action in actions:
            if isinstance(action, MoveSlot | MoveBackfill):
                self._backfills.refused(action.backfill_pk, getattr(action, "ordinal", None))
        if isinstance(name, tuple):
            self._callbacks.refused(name)
            self._delivery.asks_callbacks = True
        self._loader.stale_dags.update(dag_ids)
        if any(isinstance(action, CreateRun) for action in actions):
            self._decider.doubtful_dags.update(dag_ids)
        return dag_ids

    def set_aside(self, work: Pass, name: Hashable, said: str) -> None:
        """Let what the database does not take be no matter of others; `said` is what it says."""
        is_begun = isinstance(name, int) and not any(_begins(action) for action in work.groups.get(name, []))
        dag_ids = self.take(work, name)
        where = {"dags": sorted(dag_ids), "group": str(name), "error": said}
        log.error("the database does not take what was decided", extra=where)
        if isinstance(name, int) and is_begun:
            self._tries[name] += 1
            if self._tries[name] <= TRIES_MAX:
                self._failing.add(name)
            else:
                self._loader.stale_runs.discard(name)
            return
        for dag_id in dag_ids:
            until = self._alone[dag_id] = work.now + ALONE
            self._cache.timers.set(until, Timer.RUN_DUE, dag_id)

    def decide(self, work: Pass) -> None:
        """Fail the runs that could not be written."""
        for run_pk in sorted(self._failing):
            view = self._cache.views.get(run_pk)
            if view is not None:
                moves, end = decide_early_end(view, reason=REASON, now=work.now)
                for move in moves:
                    self._decider.act(work, run_pk, move)
                self._decider.end_run(work, view, end)
        self._failing.clear()

    def free(self, dag_ids: set[str], now: datetime) -> set[str]:
        """Return the DAGs that are not left alone."""
        self._alone = {dag_id: until for dag_id, until in self._alone.items() if now < until}
        return dag_ids - self._alone.keys()


def _begins(action: Action) -> bool:
    """Whether a run is made or started by this: what cannot be written of it is what its DAG says."""
    return isinstance(action, CreateRun) or (
        isinstance(action, MoveRun) and action.expect_state is RunState.QUEUED
    )
