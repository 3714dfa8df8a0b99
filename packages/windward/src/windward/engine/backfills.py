"""Backfills in the loop: a page of each one's next dates at hand, runs made as far as there is room.

What becomes of a date is decided by `windward.core.backfill`; here stands what is known of each backfill
between passes. It is a cache: a refused group costs the page, and the store is asked again.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

import msgspec

from windward.core.backfill import (
    decide_backfill_end,
    decide_backfill_run,
    decide_cancelled_run,
    decide_reprocess,
    decide_skip,
    decide_slot,
)
from windward.core.plan import DagPlan
from windward.core.view import RunView
from windward.engine.cache import Cache
from windward.engine.deciding import Decider
from windward.engine.loading import Loader
from windward.engine.work import BackfillGroup, Pass
from windward.model.records import BackfillRecord, BackfillSlot, RunRecord, TaskRecord
from windward.model.states import BACKFILL_OPEN, BackfillState, SlotState
from windward.ports.clock import Ids
from windward.ports.store import Store
from windward.settings import SchedulerSettings

PAGE = 100
"""Dates of a backfill that are read at once."""
REFUSALS_MAX = 3
"""A date whose run is refused so often, although no run has its logical date, is passed over."""


class _Open(msgspec.Struct):
    """A backfill that is running or paused, with its next dates and the runs that these have already."""

    record: BackfillRecord
    slots: deque[tuple[BackfillSlot, RunRecord | None]]
    has_more: bool = True
    """Whether the store may hold dates beyond those at hand."""
    ended_runs: dict[int, tuple[RunView, tuple[TaskRecord, ...]]] = {}
    """Runs that are to be cleared next, with all of their instances."""


class Backfills:
    """All open backfills."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        loader: Loader,
        decider: Decider,
        ids: Ids,
        *,
        settings: SchedulerSettings,
    ) -> None:
        self._store = store
        self._cache = cache
        self._loader = loader
        self._decider = decider
        self._ids = ids
        self._settings = settings
        self._open: dict[int, _Open] = {}
        self._stale: set[int] = set()
        self._lacking: set[int] = set()
        """Backfills that cannot go on without being read."""
        self._in_transit: dict[int, int] = {}
        """Runs that were cleared in a pass and are loaded in the next, with their backfill."""
        self._doomed: list[tuple[BackfillRecord, RunRecord]] = []
        """Runs of cancelled backfills that have not begun."""
        self._finished: set[int] = set()
        """Backfills without a date that is left: completed by a later pass, when all this was written."""
        self._ended: list[BackfillRecord] = []
        self._refusals: Counter[tuple[int, int]] = Counter()

    # -- load ----------------------------------------------------------------------------

    def load_all(self) -> None:
        """Learn which backfills are open; before any run is loaded."""
        for record in self._store.backfills.load_open_backfills():
            self._keep(record)

    def load(self, work: Pass) -> None:
        """Read what changed, and what cannot go on without being read."""
        self._in_transit.clear()
        self._stale |= {int(pk) for pk in self._loader.stale_backfills}
        self._loader.stale_backfills.clear()
        if self._stale:
            stale, self._stale = sorted(self._stale), set()
            found = {record.backfill_pk: record for record in self._store.backfills.load_backfills(stale)}
            for pk in stale:
                self._take(pk, found.get(pk))
        if self._cache.orphans:
            self._adopt(work)
        for pk in sorted(self._lacking & self._open.keys()):
            self._fill(self._open[pk], work)
        self._lacking.clear()
        self._ended = [self._open[pk].record for pk in sorted(self._finished & self._open.keys())]
        self._finished.clear()

    def _keep(self, record: BackfillRecord) -> None:
        self._open[record.backfill_pk] = _Open(record, deque())
        self._lacking.add(record.backfill_pk)
        self._cache.set_backfill(record)

    def _take(self, pk: int, record: BackfillRecord | None) -> None:
        known = self._open.pop(pk, None)
        if record is not None and record.state in BACKFILL_OPEN:
            self._keep(record)
        elif known is not None:
            self._cache.drop_backfill(known.record)

    def _adopt(self, work: Pass) -> None:
        """Find out what became of the backfills of queued runs that belong to none that is open."""
        orphans, self._cache.orphans = self._cache.orphans, {}
        pks = {run.backfill_pk for run in orphans.values() if run.backfill_pk is not None}
        records = {one.backfill_pk: one for one in self._store.backfills.load_backfills(sorted(pks))}
        doomed = []
        for run in orphans.values():
            record = records.get(run.backfill_pk or 0)
            if record is None:
                continue
            if record.state is BackfillState.CANCELLED:
                doomed.append((record, run))
            elif record.state in BACKFILL_OPEN and record.backfill_pk not in self._open:
                self._keep(record)
        if doomed:
            self._loader.load_tasks_of((run for _, run in doomed), work)
            self._doomed += doomed

    def _fill(self, known: _Open, work: Pass) -> None:
        record = known.record
        backfills = self._store.backfills
        if not known.slots and known.has_more:
            slots = backfills.load_waiting_slots(record.backfill_pk, limit=PAGE)
            dates = [slot.logical_date for slot in slots]
            runs = self._store.runs.find_runs_at(record.dag_id, dates) if dates else []
            existing = {run.logical_date: run for run in runs}
            known.slots.extend((slot, existing.get(slot.logical_date)) for slot in slots)
            known.has_more = len(slots) == PAGE
        cleared = [
            run
            for slot, run in list(known.slots)[: record.max_active_runs]
            if run is not None and decide_slot(record, run).state is SlotState.CLEARED
        ]
        if cleared:
            self._loader.load_tasks_of(cleared, work)
            for run in cleared:
                tasks = work.tasks_at_hand.pop(run.run_pk, ())
                view = self._loader.make_view(run, tasks)
                if view is not None:
                    known.ended_runs[run.run_pk] = (view, tasks)
        self._cache.dirty_dags.add(record.dag_id)

    # -- decide --------------------------------------------------------------------------

    def settle(self, work: Pass) -> None:
        """End what is over, and what has not begun of what was cancelled; before anything else is decided.

        Whether a backfill is over is judged by what was written, not by what this pass will write.
        """
        for record in self._ended:
            known = self._open.get(record.backfill_pk)
            if known is None:
                continue
            waiting = len(known.slots) + known.has_more
            open_runs = self._cache.open_backfill_runs(record)
            end = decide_backfill_end(record, waiting=waiting, open_runs=open_runs, now=work.now)
            if end is not None:
                self._decider.act(work, BackfillGroup(record.backfill_pk), end)
                del self._open[record.backfill_pk]
                self._cache.drop_backfill(record)
        doomed, self._doomed = self._doomed, []
        for record, run in doomed:
            view = self._loader.make_view(run, work.tasks_at_hand.get(run.run_pk, ()))
            if view is None or run.run_pk not in self._cache.queued.get(run.dag_id, ()):
                continue
            self._decider.revisions[run.run_pk] = run.revision
            for action in decide_cancelled_run(view, record, now=work.now):
                self._decider.act(work, run.run_pk, action)

    def decide(self, work: Pass, dag_ids: Iterable[str]) -> None:
        """Deal with the next dates of these DAGs' backfills."""
        for dag_id in sorted(dag_ids):
            record = self._cache.backfill_of.get(dag_id)
            known = self._open.get(record.backfill_pk) if record is not None else None
            dag = self._cache.dags.get(dag_id)
            if known is None or dag is None or dag.is_paused:
                continue
            plan = self._cache.plans.get(dag.document_hash)
            if plan is not None and known.record.state is BackfillState.RUNNING:
                self._decide_one(work, known, plan)

    def needs_load(self) -> bool:
        """Whether a backfill cannot go on before it was read."""
        is_stale = self._cache.orphans or self._loader.stale_backfills or self._stale
        return bool(is_stale or self._lacking or self._finished)

    def _decide_one(self, work: Pass, known: _Open, plan: DagPlan) -> None:
        record = known.record
        pk = record.backfill_pk
        in_transit = sum(one == pk for one in self._in_transit.values())
        room = record.max_active_runs - self._cache.open_backfill_runs(record) - in_transit
        while known.slots:
            slot, existing = known.slots[0]
            outcome = decide_slot(record, existing)
            if self._refusals[pk, slot.ordinal] >= REFUSALS_MAX:
                outcome = outcome._replace(
                    state=SlotState.SKIPPED, reason="its run was refused: its run id is taken"
                )
            if outcome.state is SlotState.SKIPPED:
                skip = decide_skip(slot, existing, reason=outcome.reason)
                self._decider.act(work, BackfillGroup(pk), skip)
            elif room <= 0:
                return
            elif existing is None:
                if not self._may_make_run(work, record):
                    self._lacking.add(pk)
                    return
                self._make_run(work, record, slot, plan)
                room -= 1
            elif self._clear_run(work, known, slot, existing, plan, outcome.reason):
                room -= 1
            else:
                self._lacking.add(pk)
                return
            known.slots.popleft()
        if known.has_more:
            self._lacking.add(pk)
            return
        if not self._cache.open_backfill_runs(record):
            self._finished.add(pk)

    def _may_make_run(self, work: Pass, record: BackfillRecord) -> bool:
        if record.is_idle_class and work.backfilled >= self._settings.idle_class_per_pass_max:
            return False
        return work.runs_created < self._settings.runs_created_per_pass_max

    def _make_run(self, work: Pass, record: BackfillRecord, slot: BackfillSlot, plan: DagPlan) -> None:
        run_pk = self._ids.next_pk()
        actions = decide_backfill_run(
            plan.document, record, slot, document_hash=plan.document_hash, run_pk=run_pk, now=work.now
        )
        for action in actions:
            self._decider.act(work, run_pk, action)
        work.tasks_at_hand[run_pk] = getattr(actions[0], "tasks", ())
        work.runs_created += 1
        work.backfilled += record.is_idle_class

    def _clear_run(
        self,
        work: Pass,
        known: _Open,
        slot: BackfillSlot,
        run: RunRecord,
        plan: DagPlan,
        reason: str,
    ) -> bool:
        held = known.ended_runs.pop(run.run_pk, None)
        if held is None:
            return False
        view, records = held
        self._decider.revisions[run.run_pk] = run.revision
        for action in decide_reprocess(
            view, known.record, slot, reason=reason, now=work.now, newest=plan, records=records
        ):
            work.add(run.run_pk, action)
        self._in_transit[run.run_pk] = known.record.backfill_pk
        self._loader.stale_runs.add(run.run_pk)
        return True

    # -- after apply ---------------------------------------------------------------------

    def refused(self, backfill_pk: int, ordinal: int | None = None) -> None:
        """Someone was first: read the backfill and its next dates again."""
        if ordinal is not None:
            self._refusals[backfill_pk, ordinal] += 1
        self._stale.add(backfill_pk)
