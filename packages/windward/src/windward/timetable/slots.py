"""From ticks to runs: which run comes next, which data interval it works on.

What lives here: Airflow's rules of start and end dates, catchup, data intervals and first runs, as functions of
values; `now` is an argument. What may not: the ticks themselves (`ticks`), creating runs.

Words: a *slot* is a run that the schedule wants. With the data-interval kind a slot lasts from one tick to the
next and its run starts at the later one; with the trigger kind the run starts at the tick, and the data interval
of the schedule's own length (none by default) ends there. The logical date is the start of the data interval.
Every time that goes in or comes out is aware, and UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

from windward.errors import UserError
from windward.timetable.delta import Delta, approximate_seconds, subtract_delta
from windward.timetable.schedule import (
    AssetOrTimeSchedule,
    AssetSchedule,
    ContinuousSchedule,
    CronSchedule,
    CustomSchedule,
    DeltaSchedule,
    EventsSchedule,
    MultipleCronSchedule,
    NullSchedule,
    OnceSchedule,
    Schedule,
    ScheduleKind,
    TimedSchedule,
    is_periodic,
)
from windward.timetable.ticks import align_next, align_previous, next_tick, previous_tick

_PATIENCE_MIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DataInterval:
    """The time a run works on: from `start` up to `end`, which may be the same instant."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class RunSlot:
    """A run that a schedule wants, not before `run_after`."""

    run_after: datetime
    logical_date: datetime
    data_interval: DataInterval
    run_id: str | None = None
    """The id of its run, when the timetable has a say in it."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """What the DAG's start date, end date (both inclusive) and catchup allow."""

    earliest: datetime | None
    latest: datetime | None
    catchup: bool


def next_slot(
    schedule: Schedule, *, last: RunSlot | DataInterval | None, restriction: Restriction, now: datetime
) -> RunSlot | None:
    """Return the slot after the last one (of scheduled and backfilled runs), or None when there is none.

    With catchup every slot since the start date comes, in order. Without it only the latest missed one, which is
    the later of: what follows the last run, what the start date allows, and what is current now.
    """
    before = last.data_interval if isinstance(last, RunSlot) else last
    match schedule:
        case NullSchedule() | AssetSchedule() | CustomSchedule():
            return None
        case AssetOrTimeSchedule(schedule=inner):
            return next_slot(inner, last=last, restriction=restriction, now=now)
        case OnceSchedule():
            at = restriction.earliest or now
            return None if before is not None or _is_late(at, restriction) else _slot(at, at)
        case ContinuousSchedule():
            return _next_continuous(before, restriction, now)
        case EventsSchedule():
            return _next_event(schedule, before, restriction, now)
        case MultipleCronSchedule():
            return _next_of_several(schedule, before, restriction, now)
        case CronSchedule(kind=ScheduleKind.DATA_INTERVAL) | DeltaSchedule(kind=ScheduleKind.DATA_INTERVAL):
            return _next_interval(schedule, before, restriction, now)
        case CronSchedule() | DeltaSchedule():
            return _next_trigger(schedule, before, restriction, now)
    assert_never(schedule)


def previous_slot(schedule: Schedule, slot: RunSlot) -> RunSlot | None:
    """Return the slot before one of the schedule's own slots, whatever the start date says."""
    match schedule:
        case NullSchedule() | OnceSchedule() | ContinuousSchedule() | AssetSchedule() | CustomSchedule():
            return None
        case AssetOrTimeSchedule(schedule=inner):
            return previous_slot(inner, slot)
        case CronSchedule(kind=ScheduleKind.DATA_INTERVAL) | DeltaSchedule(kind=ScheduleKind.DATA_INTERVAL):
            start = previous_tick(schedule, slot.data_interval.start)
            return None if start is None else _slot(start, slot.data_interval.start)
        case CronSchedule() | MultipleCronSchedule() | DeltaSchedule() | EventsSchedule():
            tick = previous_tick(schedule, slot.run_after)
            return None if tick is None else _slot_at(schedule, tick)
    assert_never(schedule)


def manual_interval(schedule: Schedule, run_after: datetime) -> DataInterval:
    """Return the data interval of a run that somebody triggers.

    A cron schedule of the data-interval kind gives the last complete interval; a delta schedule of that kind the
    delta that ends now; a trigger schedule its own interval, ending now; any other nothing but the instant (what a
    timetable of the author's own says is in its windows).
    """
    match schedule:
        case NullSchedule() | OnceSchedule() | ContinuousSchedule() | AssetSchedule() | CustomSchedule():
            return DataInterval(run_after, run_after)
        case AssetOrTimeSchedule(schedule=inner):
            return manual_interval(inner, run_after)
        case CronSchedule(kind=ScheduleKind.DATA_INTERVAL):
            end = align_previous(schedule, run_after) or run_after
            return DataInterval(previous_tick(schedule, end) or end, end)
        case DeltaSchedule(kind=ScheduleKind.DATA_INTERVAL):
            return DataInterval(subtract_delta(run_after, schedule.delta), run_after)
        case CronSchedule() | MultipleCronSchedule() | DeltaSchedule():
            return DataInterval(subtract_delta(run_after, schedule.interval), run_after)
        case EventsSchedule():
            if schedule.restrict_to_events and schedule.events:
                at = align_previous(schedule, run_after) or schedule.events[0]
                return DataInterval(at, at)
            return DataInterval(run_after, run_after)
    assert_never(schedule)


def slots_between(schedule: Schedule, *, start: datetime, end: datetime) -> Iterator[RunSlot]:
    """Return the slots of a backfill, lazily and in order; both ends are inclusive.

    A data-interval slot belongs to the range by its logical date, any other by its tick. Raises `UserError` for a
    schedule without ticks. The number of slots is up to the range: the caller bounds it.
    """
    if not is_periodic(schedule):
        raise UserError(
            f"a schedule of type `{type(schedule).__struct_config__.tag}` has no dates to fill",
            hint="Only a DAG that runs by cron, by distance or by events can be backfilled. Trigger it instead.",
        )
    return _slots_between(schedule, Restriction(start, end, catchup=True))


def _slots_between(schedule: Schedule, restriction: Restriction) -> Iterator[RunSlot]:
    assert restriction.earliest is not None, "a range has a start"
    slot = next_slot(schedule, last=None, restriction=restriction, now=restriction.earliest)
    while slot is not None:
        yield slot
        following = next_slot(schedule, last=slot, restriction=restriction, now=restriction.earliest)
        if following is not None and following.run_after <= slot.run_after:
            raise UserError(
                f"the schedule does not lead forward from {slot.run_after.isoformat()}",
                hint="A `relativedelta` with fixed parts only, such as `day=1`, has no next tick. Add `months=1`.",
            )
        slot = following


def _next_interval(
    schedule: CronSchedule | DeltaSchedule,
    before: DataInterval | None,
    restriction: Restriction,
    now: datetime,
) -> RunSlot | None:
    earliest = restriction.earliest
    if not restriction.catchup:
        earliest = _latest_start(schedule, earliest, now)
    elif earliest is not None:
        earliest = align_next(schedule, earliest)
    if before is None:
        start = earliest
    else:
        # The schedule may be another one than that of the last run, whose end is then between ticks.
        start = align_previous(schedule, before.end) or before.end
        start = start if earliest is None else max(start, earliest)
    if start is None or _is_late(start, restriction):
        return None
    end = next_tick(schedule, start)
    return None if end is None else _slot(start, end)


def _latest_start(
    schedule: CronSchedule | DeltaSchedule, earliest: datetime | None, now: datetime
) -> datetime | None:
    """Return the start of the last interval that is complete now, or the first that the start date allows."""
    if isinstance(schedule, DeltaSchedule):
        length = approximate_seconds(schedule.delta)
        seconds = now.timestamp()
        rounded = datetime.fromtimestamp(seconds - seconds % length, UTC) if length > 0 else now
        start: datetime | None = subtract_delta(rounded, schedule.delta)
    else:
        end = align_previous(schedule, now)
        start = None if end is None else previous_tick(schedule, end)
        earliest = None if earliest is None else align_next(schedule, earliest)
    if start is None or earliest is None:
        return start or earliest
    return max(start, earliest)


def _next_trigger(
    schedule: CronSchedule | DeltaSchedule,
    before: DataInterval | None,
    restriction: Restriction,
    now: datetime,
) -> RunSlot | None:
    earliest = restriction.earliest
    candidates = [] if restriction.catchup else [align_previous(schedule, now)]
    if before is not None:
        following = next_tick(schedule, before.end)
        if following is None:
            return None
        candidates.append(following)
    elif earliest is None:
        candidates.append(_first_tick(schedule, now))
    if earliest is not None and not (restriction.catchup and before is not None):
        aligned = align_next(schedule, earliest)
        if aligned is None:
            return None
        candidates.append(aligned)
    tick = max((candidate for candidate in candidates if candidate is not None), default=None)
    return None if tick is None or _is_late(tick, restriction) else _slot_at(schedule, tick)


def _first_tick(schedule: CronSchedule | DeltaSchedule, now: datetime) -> datetime | None:
    """Return the first tick of a schedule without start date and without runs, by its `run_immediately`."""
    past = align_previous(schedule, now)
    if isinstance(schedule, DeltaSchedule) or past is None or schedule.run_immediately is True:
        return past or next_tick(schedule, now)
    following = align_next(schedule, now)
    if following is None:
        return past
    if schedule.run_immediately is None:
        patience_s = max((following - past) / 10, _PATIENCE_MIN).total_seconds()
    else:
        patience_s = schedule.run_immediately  # False: no patience at all
    return past if (now - past).total_seconds() <= patience_s else following


def _next_of_several(
    schedule: MultipleCronSchedule, before: DataInterval | None, restriction: Restriction, now: datetime
) -> RunSlot | None:
    """Ask each expression, and take the nearest: with catchup the earliest, else the latest that is due."""
    slots = []
    for expression in schedule.expressions:
        single = CronSchedule(
            expression=expression,
            timezone=schedule.timezone,
            kind=ScheduleKind.TRIGGER,
            interval=schedule.interval,
            run_immediately=schedule.run_immediately,
            seconds=schedule.seconds,
        )
        slot = _next_trigger(single, before, restriction, now)
        if slot is not None:
            slots.append(slot)
    if not restriction.catchup:
        due = [slot for slot in slots if slot.logical_date <= now]
        if due:
            return max(due, key=_by_logical_date)
    return min(slots, key=_by_logical_date, default=None)


def _next_continuous(before: DataInterval | None, restriction: Restriction, now: datetime) -> RunSlot | None:
    earliest = restriction.earliest
    if earliest is None:
        return None
    if before is None:
        start, end = earliest, max(earliest, now)
    elif before.end > now:  # the start date has been moved into the future
        start, end = earliest, earliest + (before.end - before.start)
    else:
        start, end = before.end, now
    return None if _is_late(end, restriction) else _slot(start, end)


def _next_event(
    schedule: EventsSchedule, before: DataInterval | None, restriction: Restriction, now: datetime
) -> RunSlot | None:
    earliest = restriction.earliest
    if not restriction.catchup:
        earliest = now if earliest is None else max(earliest, now)
    event = next_tick(schedule, before.end) if before is not None else next(iter(schedule.events), None)
    if event is not None and earliest is not None and event < earliest:
        event = align_next(schedule, earliest)
    return None if event is None or _is_late(event, restriction) else _slot(event, event)


def _is_late(at: datetime, restriction: Restriction) -> bool:
    return restriction.latest is not None and at > restriction.latest


def _slot(start: datetime, end: datetime) -> RunSlot:
    return RunSlot(run_after=end, logical_date=start, data_interval=DataInterval(start, end))


def _slot_at(schedule: TimedSchedule, tick: datetime) -> RunSlot:
    interval: Delta = 0.0 if isinstance(schedule, EventsSchedule) else schedule.interval
    return _slot(subtract_delta(tick, interval), tick)


def _by_logical_date(slot: RunSlot) -> datetime:
    return slot.logical_date
