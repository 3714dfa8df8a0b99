"""Which runs a schedule wants next, told from the document, the DAG's place in its schedule, and the time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from windward.document import DagDocument
from windward.model.records import DagRecord
from windward.timetable import (
    CustomSchedule,
    DataInterval,
    Restriction,
    RunSlot,
    Windows,
    by_time,
    next_slot,
    next_window,
    slot_of,
)


def upcoming_slots(
    document: DagDocument, record: DagRecord, *, now: datetime, windows: Windows | None = None
) -> Iterator[RunSlot]:
    """Yield the runs that the schedule wants, from the next one on, as long as there are any.

    Of a timetable of the author's own, `windows` are what it said.
    """
    if isinstance(by_time(document.schedule), CustomSchedule):
        yield from _upcoming_windows(document, record, now=now, windows=windows)
        return
    last = None
    if record.last_interval_start is not None and record.last_interval_end is not None:
        last = DataInterval(record.last_interval_start, record.last_interval_end)
    restriction = Restriction(document.start_date, document.end_date, document.catchup)
    moment = now
    while slot := next_slot(document.schedule, last=last, restriction=restriction, now=moment):
        yield slot
        last = slot.data_interval
        moment = max(moment, slot.run_after)


def _upcoming_windows(
    document: DagDocument, record: DagRecord, *, now: datetime, windows: Windows | None
) -> Iterator[RunSlot]:
    last, moment = record.last_run_after, now
    while windows is not None:
        window = next_window(windows, last_run_after=last, catchup=document.catchup, now=moment)
        if window is None:
            return
        yield slot_of(window)
        last, moment = window.run_after, max(moment, window.run_after)


def next_slot_of(
    document: DagDocument, record: DagRecord, *, now: datetime, windows: Windows | None = None
) -> RunSlot | None:
    """Return the next run that the schedule wants, or None when it wants none."""
    return next(upcoming_slots(document, record, now=now, windows=windows), None)


def next_run(
    document: DagDocument, record: DagRecord, *, now: datetime, windows: Windows | None = None
) -> datetime | None:
    """Return when the schedule's next run starts, or None when it wants none."""
    slot = next_slot_of(document, record, now=now, windows=windows)
    return None if slot is None else slot.run_after
