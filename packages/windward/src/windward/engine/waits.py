"""What waits outside of tasks: deadlines of runs, and questions whose time is up.

Only runs whose DAG has deadlines cost anything here: their rows are read, or written, once they are known to the
scheduler, and stand in the heap of times. Whether a deadline was missed decides `core`, and the store notes it once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NamedTuple

from windward.core.actions import Action
from windward.core.deadlines import (
    DeadlineFacts,
    Told,
    decide_asks,
    decide_deadlines,
    decide_miss,
    told_deadline,
)
from windward.core.human_input import TRIGGER_CLASS, decide_unanswered
from windward.core.view import RunView
from windward.core.waits import AskDeadlines, SetDeadlines
from windward.document import DagDocument
from windward.engine.cache import Cache
from windward.engine.timers import Timer
from windward.engine.work import Pass
from windward.model.records import CallbackRecord, RunRecord, TaskRecord
from windward.model.states import RUN_FINISHED
from windward.model.waits import DeadlineRecord
from windward.ports.store import Store


class DeadlineDue(NamedTuple):
    """A deadline in the heap of times."""

    run_pk: int
    number: int


class Waits:
    """Deadlines by run, for the runs in progress."""

    def __init__(self, store: Store, cache: Cache, act: Callable[[Pass, Hashable, Action], None]) -> None:
        self._store = store
        self._cache = cache
        self._act = act
        self._deadlines: dict[DeadlineDue, DeadlineRecord] = {}

    def load(self, work: Pass) -> None:
        """Give deadlines to the runs that came since the last pass."""
        if not self._cache.undated:
            return
        pks, self._cache.undated = self._cache.undated, set()
        runs = [run for pk in sorted(pks) if (run := self._cache.find_run(pk)) is not None]
        existing: dict[int, list[DeadlineRecord]] = {run.run_pk: [] for run in runs}
        for deadline in self._store.waits.load_deadlines(list(existing)):
            existing[deadline.run_pk].append(deadline)
        facts: dict[str, DeadlineFacts] = {}
        for run in runs:
            plan = self._cache.plans.get(run.document_hash)
            if plan is None:
                continue
            document = plan.document
            if document.dag_id not in facts:
                facts[document.dag_id] = self._facts(document)
            new = decide_deadlines(document, run, existing[run.run_pk], facts[document.dag_id])
            for deadline in (*existing[run.run_pk], *new):
                self._watch(deadline)
            if new:
                action = SetDeadlines(run_pk=run.run_pk, dag_id=run.dag_id, deadlines=new)
                self._act(work, run.run_pk, action)
            asks = decide_asks(document, run, existing[run.run_pk])
            if asks:
                question = AskDeadlines(run_pk=run.run_pk, dag_id=run.dag_id, asks=asks, at=work.now)
                self._act(work, run.run_pk, question)
                work.asks_callbacks = True

    def told(self, work: Pass, group: Hashable, callback: CallbackRecord, told: Told) -> None:
        """Give a run the deadline that a worker was asked about, as a part of `group`."""
        number = callback.deadline_number
        found = self._run_of(callback.run_pk)
        if found is None or number is None or number >= len(found[1].deadlines):
            return
        run, document = found
        known = {one.number: one for one in self._store.waits.load_deadlines([run.run_pk])}
        deadline = told_deadline(
            document.deadlines[number],
            run,
            known.get(number),
            self._facts(document),
            number=number,
            asked_round=callback.try_number,
            told=told,
        )
        if deadline is not None:
            self._watch(deadline)
            action = SetDeadlines(run_pk=run.run_pk, dag_id=run.dag_id, deadlines=(deadline,))
            self._act(work, group, action)

    def _run_of(self, run_pk: int) -> tuple[RunRecord, DagDocument] | None:
        """Return a run and its document: from the store when the cache has just dropped it."""
        run = self._cache.find_run(run_pk)
        if run is None:
            run = next(iter(self._store.runs.load_runs([run_pk])), None)
        if run is None:
            return None
        plan = self._cache.plans.get(run.document_hash)
        if plan is not None:
            return run, plan.document
        document = self._store.catalog.load_documents([run.document_hash]).get(run.document_hash)
        return None if document is None else (run, document)

    def due(self, work: Pass, timer: Timer, subject: Hashable) -> None:
        """Look at a deadline whose time has come."""
        if timer is not Timer.DEADLINE or not isinstance(subject, DeadlineDue):
            return
        deadline = self._deadlines.pop(subject, None)
        run = self._cache.find_run(subject.run_pk)
        if deadline is None or run is None:
            return
        missed = decide_miss(run, deadline, now=work.now)
        if missed is None:
            self._watch(deadline)
            return
        self._act(work, run.run_pk, missed)
        work.asks_callbacks = True

    def input_due(self, work: Pass, view: RunView, record: TaskRecord) -> None:
        """Look at a question whose time may be up."""
        if record.trigger_class != TRIGGER_CLASS or record.due_at is None or record.due_at > work.now:
            return
        asked = self._store.waits.load_input(record.key, try_number=record.try_number)
        for action in decide_unanswered(record, asked, now=work.now):
            self._act(work, view.run.run_pk, action)

    def _watch(self, deadline: DeadlineRecord) -> None:
        place = DeadlineDue(deadline.run_pk, deadline.number)
        if deadline.missed_at is None and self._deadlines.get(place) != deadline:
            self._deadlines[place] = deadline
            self._cache.timers.set(deadline.due_at, Timer.DEADLINE, place)

    def _facts(self, document: DagDocument) -> DeadlineFacts:
        alerts = document.deadlines
        wanted = max((alert.runs_max for alert in alerts if alert.reference == "average_runtime"), default=0)
        durations: list[float] = []
        if wanted:
            ended = self._store.reads.list_runs(
                dag_id=document.dag_id, states=tuple(sorted(RUN_FINISHED)), limit=wanted
            )
            durations = [seconds for run in ended if (seconds := _duration_s(run)) is not None]
        return DeadlineFacts(durations_s=durations)


def _duration_s(run: RunRecord) -> float | None:
    if run.start_date is None or run.end_date is None:
        return None
    return (run.end_date - run.start_date).total_seconds()
