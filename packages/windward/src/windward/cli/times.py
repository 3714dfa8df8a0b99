"""Times for people: always with their zone, in UTC and in the zone of the DAG.

What lives here: the shape of times, and which run a schedule wants next. What may not: schedules.
"""

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
from windward.timetable.zones import zone_named


def in_zone(moment: datetime | None, zone: str) -> datetime | None:
    """Return the same instant in the named zone."""
    return None if moment is None else moment.astimezone(zone_named(zone))


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


def next_run(
    document: DagDocument, record: DagRecord, *, now: datetime, windows: Windows | None = None
) -> datetime | None:
    """Return when the schedule's next run starts, or None when it wants none."""
    slot = next(upcoming_slots(document, record, now=now, windows=windows), None)
    return None if slot is None else slot.run_after
