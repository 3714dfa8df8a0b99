"""Times for people: always with their zone, in UTC and in the zone of the DAG.

What lives here: the shape of times. What may not: schedules.
"""

from __future__ import annotations

from datetime import datetime

from windward.timetable.zones import zone_named


def in_zone(moment: datetime | None, zone: str) -> datetime | None:
    """Return the same instant in the named zone."""
    return None if moment is None else moment.astimezone(zone_named(zone))
