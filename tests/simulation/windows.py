"""Timetables of authors' own in a world: published ahead by a processor that is late, and a book of what may come of it.

Safety: a run is on a slot of the timetable and not before it is due; with catchup no slot is passed over, without it
only the latest due slot of something that was published is run. Liveness: what is published and due is run.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec

from tests.simulation.dice import START
from windward.core.actions import Action, CreateRun, SkipSlot
from windward.document import DagDocument
from windward.model.records import DagRecord
from windward.model.states import RunType
from windward.timetable import (
    AssetOrTimeSchedule,
    CronSchedule,
    CustomSchedule,
    DeltaSchedule,
    RunSlot,
    Schedule,
    Window,
    Windows,
    by_time,
    slot_of,
)

_BASE = START - timedelta(hours=60)
_OWN = CustomSchedule(timetable="dice.Uneven")
_MOMENTS = [
    _BASE + timedelta(minutes=21 * round_ + minute) for round_ in range(2000) for minute in (0, 3, 10)
]
"""What the author's timetable means: intervals of 3, 7 and 11 minutes in turn."""
SLOTS_MAX = 15


def _slot(number: int) -> Window:
    start, end = _MOMENTS[number], _MOMENTS[number + 1]
    return Window(run_after=end, start=start, end=end)


def is_own(document: DagDocument) -> bool:
    """Whether a DAG has a timetable of the author's own."""
    return isinstance(by_time(document.schedule), CustomSchedule)


def own_slots(start: datetime, end: datetime) -> list[RunSlot]:
    """Return the slots of a range as the author's timetable gives them, both ends inclusive."""
    first, last = bisect_left(_MOMENTS, start), bisect_left(_MOMENTS, end + timedelta(microseconds=1))
    return [slot_of(_slot(number)) for number in range(first, last)]


class WindowBook:
    """Dice of its own, so that worlds without such timetables stay as they were."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(f"windows {seed}")
        self._asked: list[tuple[str, Windows]] = []
        """What timetables have answered and nobody has written yet."""
        self._published: defaultdict[str, list[tuple[Window, ...]]] = defaultdict(list)
        self._last: dict[str, tuple[str, Window]] = {}
        """The document and slot of each DAG's last scheduled run."""
        self.runs = 0

    def with_own_timetable(self, document: DagDocument) -> DagDocument:
        """Give some DAGs that run by time a timetable of the author's own instead."""
        schedule: Schedule = document.schedule
        if not isinstance(by_time(schedule), CronSchedule | DeltaSchedule) or self._dice.random() > 0.3:
            return document
        if isinstance(schedule, AssetOrTimeSchedule):
            return msgspec.structs.replace(
                document, schedule=AssetOrTimeSchedule(schedule=_OWN, condition=schedule.condition)
            )
        return msgspec.structs.replace(document, schedule=_OWN)

    # -- the processor -------------------------------------------------------------------

    def step(self, store: Any, documents: Iterable[DagDocument], now: datetime) -> None:
        """Ask a timetable, or write what was answered before; in between anything may happen."""
        chance = self._dice.random()
        if chance < 0.02:
            self._ask(store, documents, now)
        elif chance < 0.05 and self._asked:
            self._publish(store)

    def publish_all(self, store: Any, documents: Iterable[DagDocument], now: datetime) -> None:
        """Bring what is published up to date."""
        while self._asked:
            self._publish(store)
        self._ask(store, documents, now)
        while self._asked:
            self._publish(store)

    def _ask(self, store: Any, documents: Iterable[DagDocument], now: datetime) -> None:
        for document in documents:
            dag = store.catalog.load_dag(document.dag_id)
            if is_own(document) and dag is not None:
                self._asked.append((document.dag_id, self._answer(document, dag, now)))

    def _answer(self, document: DagDocument, dag: DagRecord, now: datetime) -> Windows:
        assert document.start_date is not None
        after = dag.last_interval_end if dag.last_interval_end is not None else document.start_date
        number = bisect_left(_MOMENTS, max(after, document.start_date))
        ahead = self._dice.randint(1, 4)
        slots: list[Window] = []
        while ahead and len(slots) < SLOTS_MAX:
            slots.append(_slot(number))
            ahead -= slots[-1].run_after > now
            number += 1
        return Windows(slots=tuple(slots))

    def _publish(self, store: Any) -> None:
        dag_id, windows = self._asked.pop(0)
        self._published[dag_id].append(windows.slots)
        store.catalog.put_windows({dag_id: windows})

    # -- the book ------------------------------------------------------------------------

    def written(self, actions: Iterable[Action], document_of: Any) -> None:
        """Take in what was applied at once. Raises `AssertionError`."""
        for action in actions:
            if isinstance(action, SkipSlot) and action.dag_id in self._last:
                name, _ = self._last[action.dag_id]
                start, end = action.interval_start, action.interval_end
                self._last[action.dag_id] = (name, Window(run_after=action.run_after, start=start, end=end))
            if isinstance(action, CreateRun) and action.run.run_type is RunType.SCHEDULED:
                self._scheduled(action, document_of(action.run.document_hash))

    def _scheduled(self, action: CreateRun, document: DagDocument) -> None:
        run = action.run
        before = self._last.pop(run.dag_id, None)
        if not is_own(document):
            return
        self.runs += 1
        assert run.data_interval_start is not None
        number = bisect_left(_MOMENTS, run.data_interval_start)
        slot = _slot(number)
        assert (slot.start, slot.end, slot.run_after) == (
            run.data_interval_start,
            run.data_interval_end,
            run.run_after,
        ), f"{run.run_id} is on no slot of the timetable"
        assert slot.run_after <= action.at, f"{run.run_id} was made before it was due"
        if before is not None and before[0] == run.document_hash:
            assert slot.start >= before[1].end, f"{run.run_id} lies behind the run before it"
            assert document.start_date is not None
            # A version with a later start may still be run on windows of the one before, and leaps when it is asked.
            first = _slot(bisect_left(_MOMENTS, document.start_date))
            is_leap = before[1].end < document.start_date and slot == first
            assert not document.catchup or is_leap or slot.start == before[1].end, (
                f"a slot before {run.run_id} was left out"
            )
        if not document.catchup:
            latest = [
                max((one for one in slots if one.run_after <= action.at), default=None, key=_when)
                for slots in self._published[run.dag_id]
            ]
            assert slot in latest, f"{run.run_id} is not on the latest slot that is due"
        self._last[run.dag_id] = (run.document_hash, slot)

    def unsettled(self, store: Any, documents: Iterable[DagDocument], now: datetime) -> list[str]:
        """Return the DAGs that ought to have made a run, given what is published, and have not."""
        found = []
        for document in documents:
            dag = store.catalog.load_dag(document.dag_id)
            windows = store.catalog.load_windows([document.dag_id]).get(document.dag_id)
            if not is_own(document) or dag is None or dag.is_paused or windows is None:
                continue
            busy = sum(
                run.dag_id == document.dag_id and run.state in {"queued", "running"}
                for run in store.tables.runs.values()
            )
            last = dag.last_run_after or datetime.min.replace(tzinfo=now.tzinfo)
            due = [slot for slot in windows.slots if last < slot.run_after <= now]
            if due and busy < document.max_active_runs:
                found.append(f"{document.dag_id} has not run {len(due)} slots")
        return found


def _when(slot: Window) -> datetime:
    return slot.run_after
