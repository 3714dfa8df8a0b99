"""The next slot of each DAG's schedule, remembered until it was used."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from windward.document import DagDocument
from windward.engine.cache import Cache
from windward.engine.timers import Timer
from windward.model.records import DagRecord
from windward.timetable import (
    CustomSchedule,
    DataInterval,
    Restriction,
    RunSlot,
    by_time,
    next_slot,
    next_window,
    slot_of,
)

FORESEEN_LATE_MAX = timedelta(minutes=1)
"""A slot that was missed by more is looked for anew: without catchup only the latest one counts."""


class Slots:
    """What comes next, by DAG."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._slots: dict[str, tuple[tuple[str, datetime | None], RunSlot | None]] = {}
        """The next slot of each DAG, and what it was computed from."""

    def next_slot(self, dag: DagRecord, now: datetime, *, may_name: bool = True) -> RunSlot | None:
        """Return the next slot of a DAG's schedule, as it was foreseen when the one before was made.

        `may_name` is False when the id that a timetable gave the run may be taken.

        A schedule by distance has no grid of its own: asked again a moment late, it would drift by that moment.
        """
        if isinstance(by_time(self._cache.plans[dag.document_hash].document.schedule), CustomSchedule):
            return self._of_windows(dag, now, may_name=may_name)
        basis = (dag.document_hash, dag.last_run_after)
        foreseen = self._slots.get(dag.dag_id)
        if foreseen is not None and foreseen[0] == basis:
            slot = foreseen[1]
            if slot is None or slot.run_after + FORESEEN_LATE_MAX >= now:
                return slot
        slot = self._compute(dag, now)
        self._slots[dag.dag_id] = (basis, slot)
        if slot is not None and slot.run_after > now:
            self._cache.timers.set(slot.run_after, Timer.SLOT_DUE, dag.dag_id)
        return slot

    def _of_windows(self, dag: DagRecord, now: datetime, *, may_name: bool) -> RunSlot | None:
        """Return the next slot of a timetable of the author's own, as far as it was published."""
        windows = self._cache.windows.get(dag.dag_id)
        catchup = self._cache.plans[dag.document_hash].document.catchup
        if windows is None:
            return None
        window = next_window(windows, last_run_after=dag.last_run_after, catchup=catchup, now=now)
        if window is not None and window.run_after > now:
            self._cache.timers.set(window.run_after, Timer.SLOT_DUE, dag.dag_id)
        slot = slot_of(window) if window is not None else None
        return slot if slot is None or may_name else replace(slot, run_id=None)

    def _compute(self, dag: DagRecord, now: datetime) -> RunSlot | None:
        document = self._cache.plans[dag.document_hash].document
        last = None
        if dag.last_interval_start is not None and dag.last_interval_end is not None:
            last = DataInterval(dag.last_interval_start, dag.last_interval_end)
        restriction = Restriction(document.start_date, document.end_date, document.catchup)
        return next_slot(document.schedule, last=last, restriction=restriction, now=now)


def is_missed(document: DagDocument, slot: RunSlot, *, now: datetime) -> bool:
    """Whether a slot makes up for a time that is over: the one after it is due as well."""
    if not document.catchup:
        return False
    restriction = Restriction(document.start_date, document.end_date, document.catchup)
    following = next_slot(document.schedule, last=slot, restriction=restriction, now=now)
    return following is not None and following.run_after <= now
