"""Windows: the runs that a timetable of the author's own wants, worked out ahead and read as data.

What lives here: what published windows mean at a moment. What may not: the author's code, which makes them (it runs
where DAG files are parsed, and nowhere else), and a clock.

Windows cover a stretch of time. When they are used up and the timetable has more to say, it is asked again; until
then there is no next run, and `has_run_out` says why.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from windward.timetable.slots import DataInterval, RunSlot

WINDOWS_AHEAD = 100
"""So many slots are worked out beyond now."""
WINDOWS_MAX = 1000
"""So many in all, of those that were missed and those to come."""
WINDOWS_LEFT_MIN = 25
"""With fewer than that to come, the timetable is asked again."""


class Window(Struct, frozen=True, omit_defaults=True, array_like=True):
    """One slot: when its run may start, the interval that it works on, and its run id when the timetable has a say."""

    run_after: datetime
    start: datetime
    end: datetime
    run_id: str | None = None


class ManualRule(Struct, frozen=True, omit_defaults=True):
    """Which interval a run has that somebody triggers.

    With `offsets_s`, both ends are so far from the time of the run; else the interval is that of the last of `steps`
    (from when it is so, start, end) that has begun.
    """

    offsets_s: tuple[float, float] | None = None
    steps: tuple[tuple[datetime, datetime, datetime], ...] = ()


class Windows(Struct, frozen=True, omit_defaults=True):
    """What a timetable of the author's own said when it was last asked."""

    slots: tuple[Window, ...] = ()
    """In the order of `run_after`."""
    is_complete: bool = False
    """Whether the timetable has no more slots than these."""
    manual: ManualRule = ManualRule()
    error: str = ""
    """Why the timetable could not be asked to the end."""


class Dates(Struct, frozen=True, omit_defaults=True):
    """What a timetable of the author's own said of a range of time."""

    slots: tuple[Window, ...] = ()
    """In order."""
    error: str = ""
    """Why the timetable could not be asked to the end: then the slots are not all."""


def next_window(
    windows: Windows, *, last_run_after: datetime | None, catchup: bool, now: datetime
) -> Window | None:
    """Return the slot after the last one that was made.

    With catchup they come in order; without it, of those that are due only the latest.
    """
    left = [slot for slot in windows.slots if last_run_after is None or slot.run_after > last_run_after]
    if not left:
        return None
    due = [slot for slot in left if slot.run_after <= now]
    return due[-1] if due and not catchup else left[0]


def slot_of(window: Window) -> RunSlot:
    """Return a window as a slot of a schedule."""
    return RunSlot(
        run_after=window.run_after,
        logical_date=window.start,
        data_interval=DataInterval(window.start, window.end),
        run_id=window.run_id,
    )


def has_run_out(windows: Windows | None, *, last_run_after: datetime | None) -> bool:
    """Whether the timetable has more to say than was published, and the DAG waits for it."""
    if windows is None:
        return True
    if windows.is_complete:
        return False
    return last_run_after is not None and not any(slot.run_after > last_run_after for slot in windows.slots)


def renew_at(windows: Windows, *, last_run_after: datetime | None, now: datetime) -> datetime | None:
    """Return when the timetable is to be asked again, which may be now; None when it has said all."""
    if windows.is_complete:
        return None
    after = max(now, last_run_after) if last_run_after is not None else now
    if len(windows.slots) >= WINDOWS_MAX:
        # Full of what was missed: as fast as that is made up for, more is needed.
        left = [slot for slot in windows.slots if last_run_after is None or slot.run_after > last_run_after]
        return now if len(left) < WINDOWS_MAX // 2 else now + timedelta(seconds=30)
    coming = [slot.run_after for slot in windows.slots if slot.run_after > after]
    return coming[-WINDOWS_LEFT_MIN] if len(coming) >= WINDOWS_LEFT_MIN else now


def manual_window(windows: Windows | None, run_after: datetime) -> DataInterval:
    """Return the interval of a run that somebody triggers at a moment."""
    if windows is None:
        return DataInterval(run_after, run_after)
    rule = windows.manual
    if rule.offsets_s is not None:
        start, end = (run_after + timedelta(seconds=offset) for offset in rule.offsets_s)
        return DataInterval(start, end)
    begun = [step for step in rule.steps if step[0] <= run_after] or list(rule.steps[:1])
    if not begun:
        return DataInterval(run_after, run_after)
    return DataInterval(begun[-1][1], begun[-1][2])
