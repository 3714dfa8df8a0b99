"""The middle of a pass: ask `core` what follows, and fold the answers into the cache at once.

Everything decided for one run goes into one group, which the store applies whole or not at all; a group
that is refused costs the run's view, nothing else. No task state is judged here: `core` does that.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime

from windward.core.actions import Action, ExpectRun, MoveRun, MoveTask, SkipSlot, dropping_states
from windward.core.advance import advance, decide_run_end, decide_run_timeout, verdict_of
from windward.core.attempts import QUEUEABLE, decide_late, decide_lost, decide_queue
from windward.core.deferral import decide_overdue, decide_start_in_trigger, starts_in_trigger
from windward.core.past import ask_past
from windward.core.recovery import RecoveryRules, RecoveryScope, with_recovery
from windward.core.runs import decide_run_starts, decide_scheduled_run
from windward.core.transitions import REVOKING, TaskEvent
from windward.core.trigger_rules import Verdict
from windward.core.view import UNSTARTED, RunView
from windward.engine.asset_runs import AssetRuns
from windward.engine.assets import Assets
from windward.engine.cache import Cache, RecoveryDue
from windward.engine.failing import bring_down, end_run, note_failure
from windward.engine.slas import Slas
from windward.engine.slots import Slots, is_missed
from windward.engine.timers import StartLate, Timer
from windward.engine.waits import Waits
from windward.engine.work import Pass
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import IN_FLIGHT, BackfillState, RunState, TaskState
from windward.ports.clock import Ids
from windward.ports.lookups import FindRun
from windward.protocol.work import AttemptRef
from windward.settings import CoreSettings, SchedulerSettings

ADMITTED_PER_PASS_MAX = 512
TIMERS_PER_PASS_MAX = 10_000
ROUNDS_MAX = 10_000


class Decider:
    """Turns what changed into groups of actions."""

    waits: Waits
    slas: Slas

    def __init__(
        self,
        cache: Cache,
        ids: Ids,
        *,
        core: CoreSettings,
        scheduler: SchedulerSettings,
        assets: Assets,
        find_run: FindRun,
        make_view: Callable[[RunRecord, tuple[TaskRecord, ...], Pass], RunView | None],
    ) -> None:
        self._cache = cache
        self._ids = ids
        self._core = core
        self._settings = scheduler
        self.recovery = RecoveryRules(
            scope=RecoveryScope(scheduler.recover_failed_runs),
            recoveries_max=scheduler.recoveries_max,
            delay_s=scheduler.recovery_delay_s,
        )
        self._make_view = make_view
        self.drops_states = False
        self.assets = AssetRuns(cache, assets, self.act, runs_created_max=scheduler.runs_created_per_pass_max)
        self._find_run = find_run
        self.slots = Slots(cache)
        self._late: dict[tuple[TaskKey, int], int] = {}
        """How often a try was queued without being started; forgotten with the scheduler, which costs time only."""
        self.doubtful_dags: set[str] = set()
        """DAGs whose last scheduled run was refused: the next slot may be taken."""
        self.revisions: dict[int, int] = {}
        """Revision of each run that this pass decided upon (a run that ends is forgotten meanwhile)."""

    def act(self, work: Pass, group: Hashable, action: Action) -> None:
        """Add an action to the pass and take it as applied."""
        if self.drops_states and isinstance(action, MoveTask):
            action = dropping_states(action)
        work.add(group, action)
        if isinstance(group, int) and (view := self._cache.views.get(group)) is not None:
            self.revisions[group] = view.run.revision
        self._cache.fold(action)
        if isinstance(action, MoveTask):
            self._after_move(work, action)
            note_failure(self._cache, work, action)

    def _after_move(self, work: Pass, action: MoveTask) -> None:
        work.asks_callbacks |= action.callback is not None
        if action.state is TaskState.QUEUED:
            work.submissions.append(action.key)
        elif action.event is TaskEvent.RESUME:
            found = self._cache.find(action.key)
            if found is not None:
                self._cache.ready.add(found[0], action.key)
        elif action.expect_state in IN_FLIGHT and action.event in REVOKING:
            key = action.key
            ref = AttemptRef(key.run_pk, key.task_id, key.map_index, action.expect_fence)
            work.cancels.append((ref, action.reason))

    # -- times ---------------------------------------------------------------------------

    def take_timers(
        self,
        work: Pass,
        host_late: Callable[[Pass, str], None],
        triggerer_due: Callable[[Pass, Timer, str], None],
    ) -> None:
        """Look at everything that has become due; the callables look at a host that is silent."""
        for timer, subject in self._cache.timers.take_due(work.now, limit=TIMERS_PER_PASS_MAX):
            match timer, subject:
                case Timer.TASK_DUE, TaskKey() as key:
                    self._task_due(work, key)
                case ((Timer.RUN_DUE | Timer.SLOT_DUE), str() as dag_id):
                    self._cache.dirty_dags.add(dag_id)
                case Timer.RUN_TIMEOUT, int() as run_pk:
                    self._run_timeout(work, run_pk)
                case Timer.START_LATE, StartLate(key, fence):
                    self._start_late(work, key, fence)
                case Timer.HOST_LATE, str() as host_id:
                    host_late(work, host_id)
                case Timer.WATCH_DUE, TaskKey() as key:
                    self._cache.waits.add(key)
                case ((Timer.TRIGGERER_LATE | Timer.TRIGGERER_MISSED), str() as host_id):
                    triggerer_due(work, timer, host_id)
                case Timer.RECOVERY_DUE, RecoveryDue() as due:
                    self._cache.recoveries_due.add(due)
                case Timer.SLA_DUE, (int() as run_pk, datetime() as due):
                    self.slas.look(work, run_pk, due)
                case Timer.CALLBACK_LATE, int():
                    work.asks_callbacks = True
                case _:
                    self.waits.due(work, timer, subject)

    def _task_due(self, work: Pass, key: TaskKey) -> None:
        found = self._cache.find(key)
        if found is None:
            return
        view, record = found
        if record.due_at is not None and record.due_at <= work.now and record.state in QUEUEABLE:
            self._make_ready(work, view, key)
        elif (overdue := decide_overdue(record, now=work.now)) is not None:
            self.act(work, view.run.run_pk, overdue)
        else:
            self.waits.input_due(work, view, record)

    def _make_ready(self, work: Pass, view: RunView, key: TaskKey) -> None:
        """Let an instance wait for a slot, or begin at once where none is needed."""
        record = view.find(key.task_id, key.map_index)
        start = starts_in_trigger(view, record) if record is not None else None
        asks_past = view.plan.number_of[key.task_id] in view.plan.asks_past
        if record is None or start is None or asks_past or self._cache.is_paused(view.run.dag_id):
            self._cache.ready.add(view, key)
        else:
            self.act(work, view.run.run_pk, decide_start_in_trigger(record, start, now=work.now))

    def _run_timeout(self, work: Pass, run_pk: int) -> None:
        view = self._cache.views.get(run_pk)
        if view is None:
            return
        decided = decide_run_timeout(view, now=work.now)
        if decided is None:
            return
        moves, end = decided
        for action in moves:
            self.act(work, run_pk, action)
        self.end_run(work, view, end)

    def _start_late(self, work: Pass, key: TaskKey, fence: int) -> None:
        found = self._cache.find(key)
        if found is None or found[1].fence != fence or found[1].state is not TaskState.QUEUED:
            return
        view, record = found
        place = (key, record.try_number)
        times = self._late.get(place, 0) + 1
        reason = f"no worker started it within {self._settings.task_queued_timeout_s:g} s"
        action = decide_late(
            view,
            record,
            times=times,
            times_max=self._settings.queued_retries_max,
            reason=reason,
            now=work.now,
        )
        if action.state is TaskState.QUEUED:
            self._late[place] = times
        else:
            self._late.pop(place, None)
        self.act(work, view.run.run_pk, action)

    def lose(self, work: Pass, view: RunView, record: TaskRecord, *, reason: str) -> None:
        """Settle an attempt whose worker is gone or never started it."""
        action = decide_lost(
            view, record, reason=reason, now=work.now, lost_attempts_max=self._settings.lost_attempts_max
        )
        if action is not None:
            self.act(work, view.run.run_pk, action)

    # -- runs ----------------------------------------------------------------------------

    def create_runs(self, work: Pass, dag_ids: set[str]) -> set[str]:
        """Make the runs whose slots are due, as far as each DAG's `max_active_runs` allows.

        Return the DAGs that have to wait for the next pass, because this one has made enough.
        """
        left_over = set()
        for dag_id in sorted(dag_ids):
            dag = self._cache.dags.get(dag_id)
            if dag is None or dag.is_paused:
                continue
            if not self.assets.create(
                work, dag, has_run=self._has_run if dag_id in self.doubtful_dags else None
            ):
                left_over.add(dag_id)
            while work.runs_created < self._settings.runs_created_per_pass_max:
                if not self._create_next(work, dag_id):
                    break
                work.runs_created += 1
            else:
                left_over.add(dag_id)
        return left_over

    def _create_next(self, work: Pass, dag_id: str) -> bool:
        dag = self._cache.dags[dag_id]
        plan = self._cache.plans.get(dag.document_hash)
        if plan is None:
            return False
        document = plan.document
        if self._cache.open_runs(dag_id) >= document.max_active_runs:
            return False
        is_doubtful = dag_id in self.doubtful_dags
        slot = self.slots.next_slot(dag, work.now, may_name=not is_doubtful)
        if slot is None or slot.run_after > work.now:
            return False
        self.doubtful_dags.discard(dag_id)
        if is_doubtful and self._has_run(dag_id, slot.logical_date):
            skip = SkipSlot(
                dag_id=dag_id,
                run_after=slot.run_after,
                interval_start=slot.data_interval.start,
                interval_end=slot.data_interval.end,
                expect_last_run_after=dag.last_run_after,
            )
            self.act(work, dag_id, skip)
            return True
        run_pk = self._ids.next_pk()
        action = decide_scheduled_run(
            document,
            dag,
            slot,
            now=work.now,
            run_pk=run_pk,
            is_missed=is_missed(document, slot, now=work.now),
            is_id_taken=lambda name: is_doubtful and self._find_run(dag_id, run_id=name) is not None,
        )
        self.act(work, run_pk, action)
        work.tasks_at_hand[run_pk] = action.tasks
        return True

    def _has_run(self, dag_id: str, date: datetime) -> bool:
        return self._find_run(dag_id, logical_date=date) is not None

    def runs_to_start(self, work: Pass, dag_id: str) -> list[RunRecord]:
        """Return the queued runs of a DAG that may start now."""
        queued = self._cache.queued.get(dag_id)
        if not queued or self._cache.is_paused(dag_id):
            return []
        ahead = min((run.run_after for run in queued.values() if run.run_after > work.now), default=None)
        if ahead is not None:
            self._cache.timers.set(ahead, Timer.RUN_DUE, dag_id)
        first = next(iter(queued.values()))
        dag = self._cache.dags.get(dag_id)
        plan = self._cache.plans.get(dag.document_hash if dag is not None else first.document_hash)
        active_max = plan.document.max_active_runs if plan is not None else 0
        own: list[RunRecord] = []
        of_backfill: list[RunRecord] = []
        for run in queued.values():
            (own if self._cache.backfill_limiting(run) is None else of_backfill).append(run)
        running = self._cache.running_runs(dag_id, None)
        starts = decide_run_starts(own, running=running, active_max=active_max, now=work.now)
        backfill = self._cache.backfill_of.get(dag_id)
        if of_backfill and backfill is not None and backfill.state is BackfillState.RUNNING:
            running = self._cache.running_runs(dag_id, backfill)
            limit = backfill.max_active_runs
            starts += decide_run_starts(of_backfill, running=running, active_max=limit, now=work.now)
        return [queued[start.run_pk] for start in starts]

    def start_runs(self, work: Pass, dag_ids: set[str]) -> set[str]:
        """Start queued runs; return the DAGs whose runs have to be loaded first, in the next pass."""
        left_over = set()
        for dag_id in sorted(dag_ids | self._cache.dirty_dags):
            for run in self.runs_to_start(work, dag_id):
                tasks = work.tasks_at_hand.get(run.run_pk)
                if tasks is None:
                    left_over.add(dag_id)
                    continue
                view = self._make_view(run, tasks, work)
                if view is None:
                    continue
                told = view.plan.document.callbacks
                start = decide_run_starts([run], running=0, active_max=1, now=work.now, callbacks=told)[0]
                work.add(run.run_pk, start)
                work.asks_callbacks |= start.callback is not None
                self.revisions[run.run_pk] = run.revision
                self._cache.fold(start)
                view.fold_run(start)
                self._cache.add_view(view)
                self._cache.set_run_timeout(view)
        return left_over

    # -- tasks ---------------------------------------------------------------------------

    def advance_runs(self, work: Pass) -> None:
        """Let every change take its effect, to the end: skips, failures, expansions, ended runs."""
        rounds = 0
        while self._cache.dirty_runs:
            rounds += 1
            assert rounds < ROUNDS_MAX, "advance does not come to an end"
            for run_pk in sorted(self._cache.dirty_runs):
                view = self._cache.views.get(run_pk)
                self._cache.dirty_runs.discard(run_pk)
                if view is not None and view.run.state is RunState.RUNNING:
                    self._advance_run(work, view)

    def _advance_run(self, work: Pass, view: RunView) -> None:
        run_pk = view.run.run_pk
        bring_down(self.act, work, view)
        if view.is_dirty:
            decided = advance(view, now=work.now, map_length_max=self._core.max_map_length)
            view.clean()
            for action in decided.actions:
                self.act(work, run_pk, action)
            bring_down(self.act, work, view)
            for key in decided.ready:
                self._make_ready(work, view, key)
        if not view.unfinished:
            end = decide_run_end(view, now=work.now)
            if end is not None:
                self.end_run(work, view, end)
        if not view.is_dirty:
            self._cache.dirty_runs.discard(run_pk)

    def end_run(self, work: Pass, view: RunView, end: MoveRun) -> None:
        """End a run, with what follows for its DAG."""
        end_run(self._cache, self.act, work, view, with_recovery(end, view, self.recovery, now=work.now))

    def admit(self, work: Pass, *, capacity: int) -> bool:
        """Give slots to ready instances; return whether more may get one in the next pass."""
        if not len(self._cache.ready):
            return False
        keys = self._cache.ready.admit(
            self._cache.usage,
            self._cache.limits,
            capacity=capacity,
            check=lambda key: self._check_ready(key, work),
            admitted_max=ADMITTED_PER_PASS_MAX,
            idle_admitted_max=self._settings.idle_class_per_pass_max,
        )
        idle = 0
        for key in keys:
            found = self._cache.find(key)
            assert found is not None, "an admitted instance was checked"
            idle += found[0].run.is_idle_class
            start = starts_in_trigger(*found)
            record, now = found[1], work.now
            action = (
                decide_start_in_trigger(record, start, now=now) if start else decide_queue(record, now=now)
            )
            group = work.after[key.run_pk]
            view = found[0]
            if view.previous_pk is not None and view.plan.number_of[key.task_id] in view.plan.asks_past:
                group.append(ExpectRun(run_pk=view.previous_pk, revision=view.previous_revision))
            group.append(action)
            self.revisions[key.run_pk] = found[0].run.revision
            self._cache.fold(action)
            self._after_move(work, action)
        return len(keys) == ADMITTED_PER_PASS_MAX or idle == self._settings.idle_class_per_pass_max

    def _check_ready(self, key: TaskKey, work: Pass) -> Hashable | bool:
        found = self._cache.find(key)
        if found is None:
            return False
        view, record = found
        if record.state not in QUEUEABLE or view.run.state is not RunState.RUNNING:
            return False
        if self._cache.is_paused(view.run.dag_id):
            return ("paused", view.run.dag_id)
        if record.state in UNSTARTED:
            number = view.plan.number_of[key.task_id]
            verdict, _ = verdict_of(view, number, key.map_index)
            past = ask_past(view, number, [record])
            return verdict is Verdict.RUN and not past.waits
        return record.due_at is None or record.due_at <= work.now
