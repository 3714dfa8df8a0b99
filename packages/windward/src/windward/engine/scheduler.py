"""The scheduler: wait, load, decide, apply, deliver; again. One pass is one transaction.

Only the leader runs passes; others stand by until the lease is free. Everything remembered between passes
is a cache: a refused group costs the view of its run, a lost lease or an unreachable database costs the
whole cache, and nothing else. `step` is split into its phases so that a simulator can let other actors
act between them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime, timedelta

from windward.engine.assets import Assets
from windward.engine.backfills import Backfills
from windward.engine.cache import Cache
from windward.engine.callbacks import Callbacks
from windward.engine.deciding import Decider
from windward.engine.delivery import Delivery
from windward.engine.housekeeping import Upkeep
from windward.engine.intake import Intake
from windward.engine.loading import Loader
from windward.engine.meter import meter_of
from windward.engine.recoveries import Recoveries
from windward.engine.refusals import Refusals
from windward.engine.service import ExecutionService
from windward.engine.slas import Slas
from windward.engine.triggerers import Triggerers
from windward.engine.waits import Waits
from windward.engine.work import Input, Pass, expecting
from windward.engine.workers import Workers
from windward.errors import ConflictError, UnavailableError
from windward.ports.clock import Clock, Ids
from windward.ports.executor import Envelope, Executor, HostGone, Mailbox, Woken
from windward.ports.metrics import Metrics
from windward.ports.remote import NO_INBOX, Inbox
from windward.ports.store import Guard, Store
from windward.protocol.messages import Unknown
from windward.settings import Settings

LEASE = "scheduler"
ROUNDS_MAX = 100
RETRY_AFTER_S = 1.0
"""How long a database that did not answer is left alone."""

log = logging.getLogger("windward.scheduler")


class Scheduler:
    """One scheduler process. It leads, or stands by."""

    def __init__(
        self,
        *,
        store: Store,
        mailbox: Mailbox,
        executor: Executor,
        clock: Clock,
        ids: Ids,
        settings: Settings,
        name: str,
        upkeep: Upkeep | None = None,
        ask_for_triggerer: Callable[[], None] = lambda: None,
        inbox: Inbox = NO_INBOX,
        metrics: Metrics | None = None,
    ) -> None:
        """`ask_for_triggerer` is called when triggers wait and no triggerer is there; `inbox` is of other machines' hosts."""
        self._store = store
        self._mailbox = mailbox
        self._executor = executor
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._name = name
        self._upkeep = upkeep
        self._ask_for_triggerer = ask_for_triggerer
        self._inbox, self._metrics = inbox, metrics
        self._guard: Guard | None = None
        self._renew_at: datetime | None = None
        self._poll_at: datetime | None = None
        self._retry_at: datetime | None = None
        self._is_woken = True
        self._goes_on = False
        """Whether there is work left that needs no message to begin."""
        self._intake = Intake(settings.scheduler.idle_class_per_pass_max)
        self._pending: list[Input] = []
        """Messages to be judged again: what they led to was refused."""
        self._in_hand: list[Input] = []
        """All that the pass in progress judges."""
        self._forget()

    def _forget(self) -> None:
        """Drop everything that is remembered."""
        self._cache = Cache(
            parallelism=self._settings.core.parallelism,
            queued_timeout_s=self._settings.scheduler.task_queued_timeout_s,
        )
        self._assets = Assets(self._store.assets, self._ids)
        self._loader = Loader(self._store, self._cache, self._assets)
        self._decider = Decider(
            self._cache,
            self._ids,
            core=self._settings.core,
            scheduler=self._settings.scheduler,
            assets=self._assets,
            find_run=self._store.runs.find_run,
            make_view=self._loader.make_view,
        )
        self._waits = self._decider.waits = Waits(self._store, self._cache, self._decider.act)
        self._decider.slas = Slas(self._cache, self._store, self._decider.act)
        self._decider.drops_states = self._settings.state_store.clear_on_success
        self._forget_parts()
        self._is_loaded = False
        self._inbox.forget()

    def _forget_parts(self) -> None:
        """Make what works on the cache anew."""
        self._callbacks = Callbacks(self._store, self._cache.timers, self._waits.told)
        self._workers = Workers(
            self._cache,
            self._decider,
            self._callbacks,
            self._store.hosts,
            settings=self._settings.scheduler,
        )
        self._triggerers = Triggerers(
            self._cache,
            self._decider,
            self._store,
            settings=self._settings,
            ids=self._ids,
            ask_for_one=self._ask_for_triggerer,
            has_reports=self._note_reports,
        )
        self._service = ExecutionService(self._store, self._ids, wake=self._wake_self)
        self._backfills = Backfills(
            self._store,
            self._cache,
            self._loader,
            self._decider,
            self._ids,
            settings=self._settings.scheduler,
        )
        self._recoveries = Recoveries(
            self._store, self._cache, self._loader, self._decider, self._decider.recovery
        )
        self._delivery = Delivery(
            self._cache,
            self._workers,
            self._triggerers,
            self._callbacks,
            self._service,
            mailbox=self._mailbox,
            executor=self._executor,
        )
        self._refusals = Refusals(
            self._cache,
            self._loader,
            self._decider,
            self._assets,
            backfills=self._backfills,
            callbacks=self._callbacks,
            delivery=self._delivery,
        )
        self.meter = meter_of(self._metrics, self._cache, self._triggerers.holdings, self._executor)

    def _note_reports(self) -> None:
        self._assets.has_reports = self._goes_on = True

    def _wake_self(self) -> None:
        self._is_woken = self._goes_on = True

    # -- the loop ------------------------------------------------------------------------

    def run(self, stop: Callable[[], bool]) -> None:
        """Run passes until `stop` says so; then give the lease back."""
        while not stop():
            self.step()
        self.resign()

    def step(self) -> None:
        """Wait for something to happen, and make one pass."""
        inputs = self._mailbox.wait(self.wait_s())
        now = self._clock.now()
        # Who was stopped for a while wakes up here: whatever came before `now` is read before silence is judged by it.
        inputs += self._mailbox.wait(0.0)
        try:
            work = self.load(inputs, now)
            if work is None:
                return
            self.decide(work)
            applied = self.apply(work)
            self.deliver(work, applied)
            self._inbox.settle(self._pending)
            if self.meter is not None:
                self.meter.passed(work, applied, ended_at=self._clock.now())
        except UnavailableError as error:
            log.warning("database unavailable", extra={"error": str(error)})
            self.unavailable(inputs)
            return
        if self._upkeep is not None and self._is_loaded:
            self._upkeep.step(work.now, is_idle=not inputs and self._work_due_s() > 0)

    def unavailable(self, inputs: list[Input]) -> None:
        """Nobody knows what was written: keep what came in, and load everything again."""
        known = [*self._pending, *self._in_hand, *self._intake.drain(), *inputs]
        self._pending = list({id(item): item for item in known if not isinstance(item, Woken)}.values())
        self._lose_faith()
        self._retry_at = self._clock.now() + timedelta(seconds=RETRY_AFTER_S)

    def wait_s(self) -> float:
        """Return how long there is nothing to do, in seconds."""
        upkeep_at = self._upkeep.due_at if self._upkeep is not None and self._is_loaded else None
        due_s = self._work_due_s()
        if upkeep_at is None:
            return due_s
        return max(0.0, min(due_s, (upkeep_at - self._clock.now()).total_seconds()))

    def _work_due_s(self) -> float:
        now = self._clock.now()
        if self._guard is None and self._renew_at is not None:
            return max(0.0, (self._renew_at - now).total_seconds())
        if self._retry_at is not None:
            return min(max(0.0, (self._retry_at - now).total_seconds()), RETRY_AFTER_S)
        cache, loader = self._cache, self._loader
        if self._pending or loader.stale_runs or loader.stale_dags or cache.dirty_dags or cache.ending:
            return 0.0
        if self._goes_on or cache.undated or len(self._intake):
            return 0.0
        times = [self._poll_at, self._renew_at, cache.timers.next_due()]
        due = min((time for time in times if time is not None), default=now)
        return max(0.0, min((due - now).total_seconds(), self._settings.scheduler.poll_interval_s))

    def resign(self) -> None:
        """Give the lease back, so that another scheduler can lead at once."""
        if self._guard is not None:
            self._store.leases.release_lease(self._guard)
            self._guard = None

    @property
    def is_leader(self) -> bool:
        """Whether this scheduler holds the lease, as far as it knows."""
        return self._guard is not None

    # -- load ----------------------------------------------------------------------------

    def load(self, inputs: list[Input], now: datetime) -> Pass | None:
        """Read what changed; None when another scheduler leads."""
        self._in_hand = []
        is_woken = any(isinstance(item, Woken) for item in inputs)
        self._is_woken |= is_woken
        if not self._lead(now, is_woken=is_woken):
            self._intake.stand_by([*self._pending, *inputs])
            self._pending = []
            return None
        heard, unknown = self._intake.heard_standing_by()
        self._retry_at, self._goes_on = None, False
        taken = self._intake.take(inputs, self._cache.is_idle_class)
        work = Pass([*heard, *self._pending, *taken], now)
        work.replies += [(None, host_id, Unknown()) for host_id in unknown]
        self._pending, self._in_hand = [], work.inputs
        if not self._is_loaded:
            self._load_all(work)
        self._delivery.take_up(work)
        if self._is_woken or self._poll_at is None or now >= self._poll_at:
            self._is_woken = self._goes_on = self._loader.load_changes(work)
            self._poll_at = now + timedelta(seconds=self._settings.scheduler.poll_interval_s)
        if self._loader.has_letters:
            self._loader.has_letters = False
            work.inputs += self._inbox.read()
        self._goes_on |= self._assets.load_reports()
        self._loader.load_stale(work)
        if self._loader.have_hosts_changed():
            self._executor.avoid(self._workers.draining())
        self._cache.ends_are_written()
        self._backfills.load(work)
        self._waits.load(work)
        for dag_id in sorted(self._cache.dirty_dags):
            starting = self._decider.runs_to_start(work, dag_id)
            if starting:
                self._loader.load_tasks_of(starting, work)
        return work

    def _lead(self, now: datetime, *, is_woken: bool) -> bool:
        """Hold the lease, renewing it in time; who stands by asks for it as often, and when something happens."""
        if self._renew_at is not None and now < self._renew_at and (self._guard is not None or not is_woken):
            return self._guard is not None
        lease_s = self._settings.scheduler.lease_s
        guard = self._store.leases.take_lease(
            LEASE, self._name, now=now, until=now + timedelta(seconds=lease_s)
        )
        self._renew_at = now + timedelta(seconds=lease_s / 3)
        if guard is None or self._guard is None or guard.epoch != self._guard.epoch:
            self._forget()
        if guard is not None and self._guard is None:
            log.info("scheduler leads", extra={"scheduler": self._name, "epoch": guard.epoch})
        self._guard = guard
        return guard is not None

    def _load_all(self, work: Pass) -> None:
        self._workers.load(work.now)
        self._triggerers.load(work)
        self._backfills.load_all()
        self._loader.load_everything()
        self._recoveries.load_all()
        self._is_loaded = True
        work.asks_callbacks = True
        work.submissions.extend(record.key for record in self._workers.unsent())
        self._workers.orphans(work)

    # -- decide --------------------------------------------------------------------------

    def decide(self, work: Pass) -> None:
        """Work out everything that follows from what came in and what is due."""
        self._refusals.decide(work)
        for item in work.inputs:
            match item:
                case Envelope() if self._triggerers.is_theirs(item):
                    self._triggerers.take(work, item)
                case HostGone() if self._triggerers.is_theirs(item):
                    self._triggerers.gone(work, item)
                case Envelope():
                    self._workers.take(work, item)
                case HostGone():
                    self._workers.gone(work, item)
                case Woken():
                    pass
        for ref, host_id in self._executor.placed():
            self._workers.placed(work, ref, host_id)
        self._decider.take_timers(work, self._workers.late, self._triggerers.due)
        self._decider.assets.route(work)
        self._backfills.settle(work)
        self._recoveries.decide(work)
        left_over: set[str] = set()
        for _ in range(ROUNDS_MAX):
            dag_ids, self._cache.dirty_dags = (
                self._refusals.free(self._cache.dirty_dags - left_over, work.now),
                set(),
            )
            if not dag_ids and not self._cache.dirty_runs:
                break
            left_over |= self._decider.create_runs(work, dag_ids)
            self._backfills.decide(work, dag_ids)
            left_over |= self._decider.start_runs(work, dag_ids)
            self._decider.advance_runs(work)
        self._cache.dirty_dags |= left_over
        self._goes_on |= self._decider.admit(work, capacity=self._executor.capacity())
        self._goes_on |= self._recoveries.choose() or self._backfills.needs_load()

    # -- apply ---------------------------------------------------------------------------

    def apply(self, work: Pass) -> frozenset[Hashable]:
        """Write all groups in one transaction; return the groups that were refused."""
        revisions, self._decider.revisions = self._decider.revisions, {}
        names, later = list(work.groups), list(work.after)
        if not names and not later:
            return frozenset()
        try:
            applied = self._store.runs.apply(
                [expecting(name, work.groups[name], revisions) for name in names],
                after=[expecting(name, work.after[name], revisions) for name in later],
                guard=self._guard,
            )
        except ConflictError:
            log.warning("scheduler lost its lease", extra={"scheduler": self._name})
            self._pending = [item for item in self._in_hand if not isinstance(item, Woken)]
            self._guard = None
            self._lose_faith()
            return frozenset((*names, *later))
        names_in_order = (*names, *later)
        refused = frozenset(name for name, ok in zip(names_in_order, applied.results, strict=True) if not ok)
        self._assets.settle_links(action for name in refused for action in work.groups.get(name, ()))
        unwritable = {names_in_order[place]: said for place, said in applied.unwritable.items()}
        for name in refused:
            if name in unwritable:
                self._refusals.set_aside(work, name, unwritable[name])
            else:
                self._refusals.take(work, name)
                self._keep_inputs(work, [name])
        return refused

    def _keep_inputs(self, work: Pass, names: Iterable[Hashable]) -> None:
        for name in names:
            self._pending.extend(work.inputs_of.get(name, ()))

    def _lose_faith(self) -> None:
        """The cache may say what was never written: start from the store again."""
        self._forget()
        self._is_woken = True
        self._renew_at = None

    # -- deliver -------------------------------------------------------------------------

    def deliver(self, work: Pass, refused: frozenset[Hashable]) -> None:
        """Tell the workers and triggerers; only what was written is told, and nothing by who leads no more."""
        if self._guard is not None:
            self._delivery.deliver(work, refused, loading=self._loader.stale_runs)
