"""Asking a timetable of one's own for the runs to come: its code in, windows out. Runs where DAG files are parsed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from windward.errors import UserError
from windward.model.ids import check_run_id
from windward.model.states import RunType
from windward.sdk.custom_timetables import DataInterval, TimeRestriction
from windward.sdk.times import at_users_edge, to_utc
from windward.timetable import DataInterval as Interval
from windward.timetable import Dates, Window, Windows
from windward.timetable.windows import WINDOWS_AHEAD, WINDOWS_MAX, ManualRule

ASKED_S_MAX = 2.0
"""A timetable that takes longer is asked for the rest another time."""
DATES_MAX = 10_001
"""Slots of a range: one more than a backfill may have, so that too many are told from just enough."""
DATES_S_MAX = 10.0
"""A timetable that takes longer over a range is not asked to the end."""
_PROBES = (timedelta(0), timedelta(seconds=1), timedelta(hours=7, minutes=13), timedelta(days=40))
STEPS_MAX = 200


def windows_of(
    timetable: Any, *, earliest: datetime | None, latest: datetime | None, catchup: bool, last: Interval | None, now: datetime
) -> Windows:  # fmt: skip
    """Return the slots after `last` that a timetable wants, up to a bounded number beyond now.

    The DAG's dates bind, whether or not the timetable looks at its restriction: nothing begins after `latest`, and
    without `catchup` only the latest of the slots that were missed is kept.

    Raises `UserError` when the timetable cannot be asked at all; what goes wrong later is in `Windows.error`.
    """
    restriction = TimeRestriction(at_users_edge(earliest), at_users_edge(latest), catchup)
    before = _edged(last) if last is not None else None
    slots: list[Window] = []
    ahead = 0
    is_second = False
    began = time.monotonic()
    while ahead < WINDOWS_AHEAD and len(slots) < WINDOWS_MAX:
        try:
            info = timetable.next_dagrun_info(last_automated_data_interval=before, restriction=restriction)
            slot = None if info is None else _window(timetable, info)
        except Exception as error:
            if not slots:
                raise
            return Windows(slots=tuple(slots), manual=_manual(timetable, slots, now), error=_line(error))
        if slot is None or (latest is not None and slot.start > latest):
            return Windows(slots=tuple(slots), is_complete=True, manual=_manual(timetable, slots, now))
        if slots and slot.run_after <= slots[-1].run_after:
            text = f"the timetable does not lead forward from {slots[-1].run_after.isoformat()}"
            if is_second:
                raise UserError(
                    text,
                    hint="`next_dagrun_info` has to give a later run for a later `last_automated_data_interval`.",
                )
            return Windows(slots=tuple(slots), manual=_manual(timetable, slots, now), error=text)
        is_second = not slots
        if slots and not catchup and slot.run_after <= now:
            slots.pop()
        slots.append(slot)
        ahead += slot.run_after > now
        before = _edged(Interval(slot.start, slot.end))
        if time.monotonic() - began > ASKED_S_MAX:
            break
    return Windows(slots=tuple(slots), manual=_manual(timetable, slots, now))


def dates_of(timetable: Any, *, start: datetime, end: datetime) -> Dates:
    """Return the slots whose logical date is in a range, both ends inclusive, as if all of them were caught up."""
    restriction = TimeRestriction(at_users_edge(start), at_users_edge(end), catchup=True)
    slots: list[Window] = []
    last: Window | None = None
    began = time.monotonic()
    while len(slots) < DATES_MAX:
        before = _edged(Interval(last.start, last.end)) if last is not None else None
        try:
            info = timetable.next_dagrun_info(last_automated_data_interval=before, restriction=restriction)
            slot = None if info is None else _window(timetable, info)
        except Exception as error:  # noqa: BLE001 - author's code
            return Dates(slots=tuple(slots), error=_line(error))
        if slot is None or slot.start > end:
            break
        if last is not None and slot.run_after <= last.run_after:
            text = f"the timetable does not lead forward from {last.run_after.isoformat()}"
            return Dates(slots=tuple(slots), error=text)
        if slot.start >= start:
            slots.append(slot)
        last = slot
        if time.monotonic() - began > DATES_S_MAX:
            text = f"the timetable takes longer than {DATES_S_MAX:g} s; it came to {slot.start.isoformat()}"
            return Dates(slots=tuple(slots), error=text)
    return Dates(slots=tuple(slots))


def _window(timetable: Any, info: Any) -> Window:
    run_after = _utc(info.run_after)
    interval = info.data_interval
    start, end = (run_after, run_after) if interval is None else (_utc(interval.start), _utc(interval.end))
    edged = DataInterval(at_users_edge(start), at_users_edge(end))
    run_id = None
    if hasattr(timetable, "generate_run_id"):
        run_id = timetable.generate_run_id(
            run_type=RunType.SCHEDULED,
            run_after=at_users_edge(run_after),
            data_interval=edged,
            logical_date=edged.start,
        )
    if run_id is not None:
        check_run_id(run_id)
    return Window(run_after=run_after, start=start, end=end, run_id=run_id)


def _manual(timetable: Any, slots: list[Window], now: datetime) -> ManualRule:
    """Return the rule behind `infer_manual_data_interval`: a fixed distance, or one interval from step to step."""
    try:
        probed = [(now + probe, _inferred(timetable, now + probe)) for probe in _PROBES]
        offsets = {(interval.start - at, interval.end - at) for at, interval in probed}
        if len(offsets) == 1:
            ((start, end),) = offsets
            return ManualRule(offsets_s=(start.total_seconds(), end.total_seconds()))
        moments = sorted({now, *(slot.run_after for slot in slots if slot.run_after > now)})[:STEPS_MAX]
        found = [(at, _inferred(timetable, at)) for at in moments]
    except Exception:  # noqa: BLE001 - author's code; without a rule a manual run has its own instant
        return ManualRule(offsets_s=(0.0, 0.0))
    return ManualRule(steps=tuple((at, interval.start, interval.end) for at, interval in found))


def _inferred(timetable: Any, at: datetime) -> Interval:
    interval = timetable.infer_manual_data_interval(run_after=at_users_edge(at))
    return Interval(_utc(interval.start), _utc(interval.end))


def _edged(interval: Interval) -> DataInterval:
    return DataInterval(at_users_edge(interval.start), at_users_edge(interval.end))


def _utc(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise UserError(
            f"a timetable gave `{value!r}` where a time is needed",
            hint="Return aware datetimes, as Pendulum makes them.",
        )
    if value.tzinfo is None:
        raise UserError(
            f"a timetable gave `{value.isoformat()}`, which has no time zone",
            hint='Give every time a zone: `datetime(2026, 1, 31, 9, tzinfo=ZoneInfo("Europe/Berlin"))`.',
        )
    return datetime.fromtimestamp(0, UTC) + (to_utc(value, UTC) - datetime.fromtimestamp(0, UTC))


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}".rstrip(": ")
