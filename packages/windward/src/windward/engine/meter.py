"""What the scheduler measures: of each pass what was written, and now and then what is in use.

It works after everybody was told of a pass, and exists only where somebody wants metrics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from windward.core.actions import Action, MoveRun, MoveTask
from windward.core.transitions import TaskEvent
from windward.core.view import RunView
from windward.engine.cache import Cache
from windward.engine.holdings import Holdings
from windward.engine.work import Pass
from windward.model.ids import TaskKey
from windward.model.records import RunRecord
from windward.model.states import FINISHED, RUN_FINISHED, RunState, RunType, TaskState
from windward.ports.executor import Executor
from windward.ports.metrics import Metrics
from windward.telemetry import names
from windward.telemetry.names import Teller

K = TypeVar("K")
V = TypeVar("V")

TASKS_MAX = 20_000
"""Tasks for which it is remembered where their values go; with more, all begins anew."""
GAUGED_EVERY = timedelta(seconds=10)
_TOLD_BY_STATE = {TaskState.SUCCESS: names.TI_SUCCESSES, TaskState.FAILED: names.TI_FAILURES}
_RUN_TIMERS = {RunState.SUCCESS: names.RUN_SUCCESS, RunState.FAILED: names.RUN_FAILED}


class _Made(dict[K, V]):
    """Values that are made when they are first asked for."""

    def __init__(self, make: Callable[[K], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: K) -> V:
        made = self[key] = self._make(key)
        return made


class _OfDag:
    """Takes values of one DAG's tasks: what is told for each attempt has to be cheap."""

    def __init__(self, metrics: Metrics, dag_id: str) -> None:
        self.starts = _Made[str, Teller](lambda task_id: metrics.teller(names.TI_START, dag_id, task_id))
        self.queued = _Made[str, Teller](lambda task_id: metrics.teller(names.TASK_QUEUED, dag_id, task_id))
        self.durations = _Made[str, Teller](
            lambda task_id: metrics.teller(names.TASK_DURATION, dag_id, task_id)
        )
        self.finishes = _Made[TaskState, _Made[str, Teller]](
            lambda state: _Made(lambda task_id: metrics.teller(names.TI_FINISH, dag_id, task_id, str(state)))
        )


class Meter:
    """Tells metrics of the passes of one scheduler, for as long as it remembers the same cache."""

    def __init__(self, metrics: Metrics, cache: Cache, holdings: Holdings, executor: Executor) -> None:
        self._metrics = metrics
        self._cache = cache
        self._holdings = holdings
        self._executor = executor
        self._tell_loop = metrics.teller(names.SCHEDULER_LOOP)
        self._of_dags = self._new_of_dags()
        self._finished = Counter[TaskState]()
        """Instances that came to an end in the pass that is looked at."""
        self._started: dict[TaskKey, datetime] = {}
        """When the attempts began that run; their run may be forgotten when the last of them ends."""
        self._gauged_at: datetime | None = None
        self._hostnames: set[str] = set()
        """Where triggerers were: a machine that has none any more runs no trigger."""
        self._queued = 0
        """Attempts that were queued since then."""

    def passed(self, work: Pass, refused: frozenset[Hashable], *, ended_at: datetime) -> None:
        """Take in a pass, of which all was written but the `refused` groups."""
        self._tell_loop((ended_at - work.now).total_seconds())
        for groups in (work.groups, work.after):
            for name, actions in groups.items():
                if name not in refused:
                    self._written(name, actions, work.now)
        if self._finished:
            self._tell_finished()
        if work.fired or work.triggerer_beats:
            self._triggers(work, refused)
        if self._gauged_at is None or work.now - self._gauged_at >= GAUGED_EVERY:
            if self._gauged_at is None:
                self._take_over()
            self._gauged_at = work.now
            self._in_use()
        self._metrics.flush()

    def _new_of_dags(self) -> _Made[str, _OfDag]:
        return _Made(lambda dag_id: _OfDag(self._metrics, dag_id))

    def _tell_finished(self) -> None:
        for state, metric in _TOLD_BY_STATE.items():
            if count := self._finished[state]:
                self._metrics.count(metric, by=count)
        self._finished.clear()

    def _in_use(self) -> None:
        """Look at slots, pools and triggerers."""
        metrics, cache = self._metrics, self._cache
        if sum(len(one.starts) for one in self._of_dags.values()) > TASKS_MAX:
            self._of_dags = self._new_of_dags()
        slots = self._running_slots()
        running, total = len(self._started), cache.usage.total
        metrics.count(names.SCHEDULER_HEARTBEAT)
        metrics.gauge(names.EXECUTOR_RUNNING, running)
        metrics.gauge(names.EXECUTOR_QUEUED, max(0, total - running))
        metrics.gauge(
            names.EXECUTOR_OPEN, max(0, min(self._executor.capacity(), cache.limits.parallelism) - total)
        )
        metrics.gauge(names.TASKS_EXECUTABLE, self._queued)
        self._queued = 0
        metrics.gauge(names.TASKS_STARVING, len(cache.ready))
        metrics.gauge(names.RUNS_RUNNING, len(cache.views))
        waiting = cache.ready.by_pool()
        for pool, size in cache.limits.pools.items():
            used, deferred = cache.usage.pools.get(pool, 0), cache.usage.deferred.get(pool, 0)
            counted = used + (deferred if pool in cache.limits.deferred_pools else 0)
            if size >= 0:
                metrics.gauge(names.POOL_OPEN, max(0, size - counted), pool)
            metrics.gauge(names.POOL_RUNNING, slots[pool], pool)
            metrics.gauge(names.POOL_QUEUED, max(0, used - slots[pool]), pool)
            metrics.gauge(names.POOL_DEFERRED, deferred, pool)
            metrics.gauge(names.POOL_STARVING, waiting[pool], pool)
        held, left = self._holdings.by_hostname()
        for hostname in self._hostnames.union(held):
            metrics.gauge(names.TRIGGERS_RUNNING, held[hostname], hostname)
            metrics.gauge(names.TRIGGERER_LEFT, left[hostname], hostname)
        self._hostnames.update(held)

    def _triggers(self, work: Pass, refused: frozenset[Hashable]) -> None:
        metrics = self._metrics
        for group, is_event in work.fired:
            if group not in refused:
                metrics.count(names.TRIGGERS_SUCCEEDED if is_event else names.TRIGGERS_FAILED)
        for blocked in work.triggerer_beats:
            metrics.count(names.TRIGGERER_HEARTBEAT)
            if blocked:
                metrics.count(names.TRIGGERS_BLOCKED, by=blocked)

    def _running_slots(self) -> Counter[str]:
        """Return slots by pool of the attempts that run; forget of the others when they began."""
        slots = Counter[str]()
        for key in list(self._started):
            found = self._cache.find(key)
            if found is None or found[1].state is not TaskState.RUNNING:
                del self._started[key]
                continue
            task = found[0].plan.tasks[found[0].plan.number_of[key.task_id]]
            slots[task.pool] += task.pool_slots
        return slots

    def _take_over(self) -> None:
        """Learn what runs already."""
        for view in self._cache.views.values():
            for record in view.all_instances() if view.in_flight else ():
                if record.state is TaskState.RUNNING and record.start_date is not None:
                    self._started.setdefault(record.key, record.start_date)

    def _written(self, name: Hashable, actions: Sequence[Action], now: datetime) -> None:
        view = self._cache.views.get(name) if isinstance(name, int) else None
        of_dag: _OfDag | None = None
        for action in actions:
            if isinstance(action, MoveTask):
                if action.event is TaskEvent.QUEUE:
                    self._queued += 1
                    continue
                if of_dag is None:
                    of_dag = self._of_dags[view.run.dag_id if view is not None else _dag_of(actions)]
                if action.event is TaskEvent.START:
                    self._start(action, of_dag, view)
                else:
                    self._end(action, of_dag)
            elif isinstance(action, MoveRun):
                self._run(action, now)

    def _start(self, action: MoveTask, of_dag: _OfDag, view: RunView | None) -> None:
        key, at = action.key, action.at
        self._started[key] = at
        of_dag.starts[key.task_id](1.0)
        record = view.find(key.task_id, key.map_index) if view is not None else None
        if record is not None and record.queued_at is not None:
            of_dag.queued[key.task_id]((at - record.queued_at).total_seconds())

    def _end(self, action: MoveTask, of_dag: _OfDag) -> None:
        """Tell of what came after a start, or instead of one."""
        key, state = action.key, action.state
        began = self._started.pop(key, None)
        if began is not None:
            of_dag.durations[key.task_id]((action.at - began).total_seconds())
        if action.event is TaskEvent.LOSE:
            self._metrics.count(names.TASKS_LOST)
        if state in FINISHED or action.event is TaskEvent.RETRY:
            of_dag.finishes[state][key.task_id](1.0)
            self._finished[state] += 1

    def _run(self, action: MoveRun, now: datetime) -> None:
        if action.state is RunState.RUNNING and (view := self._cache.views.get(action.run_pk)) is not None:
            if view.run.run_type is RunType.SCHEDULED:
                delay = (now - view.run.run_after).total_seconds()
                self._metrics.time(names.SCHEDULE_DELAY, max(0.0, delay), action.dag_id)
        elif action.state in RUN_FINISHED:
            run = self._ended(action)
            if run is not None and run.start_date is not None:
                seconds = (now - run.start_date).total_seconds()
                self._metrics.time(_RUN_TIMERS[action.state], max(0.0, seconds), action.dag_id)

    def _ended(self, action: MoveRun) -> RunRecord | None:
        ending = self._cache.ending.get(action.dag_id, ())
        return next((run for run in ending if run.run_pk == action.run_pk), None)


def _dag_of(actions: Iterable[Action]) -> str:
    """Return whose run these actions are about, which is not in progress any more."""
    return next((action.dag_id for action in actions if isinstance(action, MoveRun)), "unknown")


def meter_of(metrics: Metrics | None, cache: Cache, holdings: Holdings, executor: Executor) -> Meter | None:
    """Return a meter, where somebody wants metrics."""
    return None if metrics is None else Meter(metrics, cache, holdings, executor)
