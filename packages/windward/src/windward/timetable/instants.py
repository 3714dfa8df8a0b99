"""Cron ticks as instants: what a wall clock that is set forward and back does to a job.

What lives here: the one rule between wall-clock ticks and UTC, and next and previous tick by it.
What may not: the grammar of cron (`cron`), schedules and runs (`slots`).

The rule:

- A tick of the wall clock fires at its first occurrence. When the clock is set back, a job at a fixed time
  therefore fires once.
- A tick that the wall clock skips fires later by what was skipped: 02:30 on the day New York goes from 02:00 to
  03:00 fires at 03:30 local time. If another tick is due at that instant, they are one.
- A job that fires every hour (`*` in the hour field, or anything that means all 24) follows real hours: it fires
  at both occurrences of a repeated wall-clock time.

So no tick is lost, no instant comes twice, and the gap of an hourly job is never two hours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from windward.timetable.cron import Cron

_CHANGE_MAX = timedelta(hours=25)
"""No zone has moved its clock by more than a day (Samoa skipped 30 December 2011)."""

_ZERO = timedelta(0)
_SECOND = timedelta(seconds=1)


def next_instant(cron: Cron, zone: tzinfo, after: datetime) -> datetime | None:
    """Return the first instant (UTC) of a cron job later than an aware time; None when there is none any more."""
    local = after.astimezone(zone)
    wall = cron.next_wall(local.replace(tzinfo=None))
    if wall is None:
        return None
    if zone is UTC:
        return wall.replace(tzinfo=UTC)
    offset = _offset(local)
    if _is_steady(zone, after, offset) and _is_plain(zone, wall):
        return _instant(zone, wall)
    return _next_near_change(cron, zone, after)


def previous_instant(cron: Cron, zone: tzinfo, before: datetime) -> datetime | None:
    """Return the last instant (UTC) of a cron job earlier than an aware time; None when there was none."""
    local = before.astimezone(zone)
    wall = cron.previous_wall(local.replace(tzinfo=None))
    if wall is None:
        return None
    if zone is UTC:
        return wall.replace(tzinfo=UTC)
    offset = _offset(local)
    # A skipped tick before the wall tick may have been moved behind it, hence the look at its day before.
    if _is_steady(zone, before, offset) and _is_plain(zone, wall) and _is_plain_since(zone, wall):
        return _instant(zone, wall)
    return _previous_near_change(cron, zone, before)


def _next_near_change(cron: Cron, zone: tzinfo, after: datetime) -> datetime | None:
    """Look at every tick whose wall time could be the answer under any offset in force around it."""
    utc = after.astimezone(UTC).replace(tzinfo=None)
    offsets = _offsets_around(zone, after)
    wall, highest, best = cron.next_wall(utc + min(offsets) - _SECOND), max(offsets), None
    while wall is not None:
        early, late = _offsets_of(zone, wall)
        highest = max(highest, early, late)
        if best is not None and wall - highest >= best:
            break
        for candidate in _occurrences(cron, wall, early=early, late=late):
            if candidate > utc and (best is None or candidate < best):
                best = candidate
        wall = cron.next_wall(wall)
    return None if best is None else best.replace(tzinfo=UTC)


def _previous_near_change(cron: Cron, zone: tzinfo, before: datetime) -> datetime | None:
    utc = before.astimezone(UTC).replace(tzinfo=None)
    offsets = _offsets_around(zone, before)
    wall, lowest, best = cron.previous_wall(utc + max(offsets) + _SECOND), min(offsets), None
    while wall is not None:
        early, late = _offsets_of(zone, wall)
        lowest = min(lowest, early, late)
        if best is not None and wall - lowest <= best:
            break
        for candidate in _occurrences(cron, wall, early=early, late=late):
            if candidate < utc and (best is None or candidate > best):
                best = candidate
        wall = cron.previous_wall(wall)
    return None if best is None else best.replace(tzinfo=UTC)


def _occurrences(cron: Cron, wall: datetime, *, early: timedelta, late: timedelta) -> tuple[datetime, ...]:
    """The instants (naive UTC) at which a wall-clock tick fires, by the rule of this module."""
    if early > late and cron.is_every_hour:
        return wall - early, wall - late
    return (wall - early,)


def _instant(zone: tzinfo, wall: datetime) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _is_steady(zone: tzinfo, at: datetime, offset: timedelta) -> bool:
    """True when the clock is not changed around an instant, so that wall time and instants run in step."""
    return (
        _offset((at - _CHANGE_MAX).astimezone(zone)) == offset
        and _offset((at + _CHANGE_MAX).astimezone(zone)) == offset
    )


def _is_plain(zone: tzinfo, wall: datetime) -> bool:
    """True when a wall-clock time exists exactly once."""
    early, late = _offsets_of(zone, wall)
    return early == late


def _is_plain_since(zone: tzinfo, wall: datetime) -> bool:
    return _offset((wall - _CHANGE_MAX).replace(tzinfo=zone)) == _offset(wall.replace(tzinfo=zone))


def _offsets_of(zone: tzinfo, wall: datetime) -> tuple[timedelta, timedelta]:
    """The offsets of both readings of a wall-clock time: equal, or repeated (first > second), or skipped."""
    return _offset(wall.replace(tzinfo=zone)), _offset(wall.replace(tzinfo=zone, fold=1))


def _offsets_around(zone: tzinfo, at: datetime) -> tuple[timedelta, ...]:
    return tuple(_offset((at + shift).astimezone(zone)) for shift in (-_CHANGE_MAX, _ZERO, _CHANGE_MAX))


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    assert offset is not None, "a time zone gives an offset"
    return offset
