"""The IANA time zone database of this machine: which zones there are, and when their clocks change."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

TABLE = "zone.tab"
"""Names each zone that people live by, once per country, with the coordinates of its principal place."""

STEP = timedelta(days=1)
"""How far apart a zone's clock is looked at. No zone changes twice within a day."""

_COORDINATES = re.compile(r"([+-])(\d{2,3})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?")


@dataclass(frozen=True)
class Zone:
    """A time zone and where it is."""

    name: str
    latitude: float
    """Degrees, north of the equator."""
    longitude: float
    """Degrees, east of Greenwich."""

    @property
    def region(self) -> str:
        """The first part of the name: a continent or an ocean."""
        return region_of(self.name)


@dataclass(frozen=True)
class Change:
    """A moment from which the clocks of a zone show another offset from UTC."""

    zone: str
    at: datetime
    """UTC."""
    before_s: int
    after_s: int
    """Seconds east of UTC."""

    @property
    def region(self) -> str:
        """The first part of the zone's name."""
        return region_of(self.zone)


def region_of(zone: str) -> str:
    """Return the continent or ocean that a zone is named after."""
    return zone.partition("/")[0]


def zones() -> list[Zone]:
    """Return all zones, by name."""
    lines = (line for line in _read_table().splitlines() if line and not line.startswith("#"))
    found = (_zone(line) for line in lines)
    return sorted(found, key=lambda zone: zone.name)


def _read_table() -> str:
    """Return the table of the machine; of the package `tzdata` where the machine has none, as on Windows."""
    for folder in zoneinfo.TZPATH:
        path = Path(folder) / TABLE
        if path.exists():
            return path.read_text(encoding="utf-8")
    return files("tzdata.zoneinfo").joinpath(TABLE).read_text(encoding="utf-8")


def _zone(line: str) -> Zone:
    """Read one line: country, coordinates as `+DDMM+DDDMM` or with seconds, name, perhaps a comment."""
    _country, coordinates, name, *_comment = line.split("\t")
    match = _COORDINATES.fullmatch(coordinates)
    if match is None:
        raise ValueError(f"`{name}` has no coordinates that we can read in `{TABLE}`: `{coordinates}`")
    north, east = _degrees(*match.groups()[:4]), _degrees(*match.groups()[4:])
    return Zone(name, latitude=north, longitude=east)


def _degrees(sign: str, degrees: str, minutes: str, seconds: str | None) -> float:
    value = int(degrees) + int(minutes) / 60 + int(seconds or 0) / 3600
    return -value if sign == "-" else value


def changes_of(zone: str, *, start: datetime, end: datetime) -> list[Change]:
    """Return when the clocks of a zone change, from `start` up to but without `end`, to the second."""
    info = ZoneInfo(zone)
    found: list[Change] = []
    low = start - timedelta(seconds=1)  # so that a change at `start` itself is seen
    while low < end - timedelta(seconds=1):
        high = min(low + STEP, end - timedelta(seconds=1))
        before, after = _offset_s(info, low), _offset_s(info, high)
        if before != after:
            found.append(Change(zone, _first_moment(info, low, high), before, after))
        low = high
    return found


def _first_moment(info: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """Return the first second with the offset of `high`; `low` has another one."""
    new = _offset_s(info, high)
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset_s(info, middle) == new:
            high = middle
        else:
            low = middle
    return high


def _offset_s(info: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(UTC).astimezone(info).utcoffset()
    assert offset is not None, "a moment in a zone has an offset"
    return round(offset.total_seconds())
