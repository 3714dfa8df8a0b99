"""Time zones by name: what a schedule stores, and what arithmetic needs.

What lives here: IANA names and fixed offsets such as `+02:00`, both ways. What may not: clocks, the local zone.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from windward.errors import UserError

_FIXED = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", re.ASCII)
_UTC_NAMES = frozenset({"UTC", "Z", "ETC/UTC", "ZULU"})


@lru_cache(maxsize=1024)
def zone_named(name: str) -> tzinfo:
    """Return the zone of an IANA name or of a fixed offset (`+02:00`); raise `UserError` for any other text."""
    if name.upper() in _UTC_NAMES:
        return UTC
    fixed = _FIXED.fullmatch(name)
    if fixed and int(fixed[2]) < 24 and int(fixed[3] or 0) < 60:
        offset = timedelta(hours=int(fixed[2]), minutes=int(fixed[3] or 0))
        return timezone(offset if fixed[1] == "+" else -offset)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise _unknown_zone(name) from error


def zone_name(zone: tzinfo | str) -> str:
    """Return the name under which `zone_named` finds a zone: of the standard library's, pendulum's, pytz' kind."""
    if isinstance(zone, str):
        zone_named(zone)
        return zone
    if zone is UTC:
        return "UTC"
    for attribute in ("key", "name", "zone"):
        name = getattr(zone, attribute, None)
        if isinstance(name, str):
            zone_named(name)
            return name
    offset = zone.utcoffset(None)
    if offset is None:
        raise UserError(
            f"time zone `{zone!r}` has no name",
            hint="Use `zoneinfo.ZoneInfo` or an IANA name such as `Europe/Berlin`.",
        )
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return "UTC" if minutes == 0 else f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def _unknown_zone(name: str) -> UserError:
    zones = available_timezones()
    by_last = {zone.rpartition("/")[2].lower(): zone for zone in sorted(zones)}
    from difflib import get_close_matches  # for what is wrong only

    close = get_close_matches(name, zones, n=1, cutoff=0.7)
    close = close or [by_last[last] for last in get_close_matches(name.lower(), by_last, n=1, cutoff=0.8)]
    suggestion = f"Did you mean `{close[0]}`? " if close else ""
    return UserError(
        f"there is no time zone `{name}`",
        hint=f"{suggestion}A zone is an IANA name such as `Europe/Berlin`, or an offset such as `+02:00`.",
    )
