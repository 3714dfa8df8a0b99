"""A picture of the coming clock changes, as SVG: a map of the zones above, a calendar of the regions below.

Pure: zones and changes in, text out. Only the standard library draws.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, timedelta
from xml.etree import ElementTree as ET

from .database import Change, Zone

WIDTH, MARGIN = 1200, 48
MAP_TOP, NORTH, SOUTH = 128, 84, -60
LABELS = 116
"""Room for the names of the regions, left of the calendar."""

ROW = 38
RADIUS_MIN, RADIUS_MAX = 3.5, 16.0

NIGHT, SEA, LINE, TEXT, QUIET = "#0d1726", "#122036", "#1f3350", "#e9eff7", "#8ea2bd"
FORWARD, BACK, STILL = "#f6b73c", "#5aaef5", "#667c9e"
FONT = "Inter, 'Segoe UI', 'DejaVu Sans', sans-serif"


def draw(zones: Sequence[Zone], changes: Sequence[Change], *, start: date, end: date) -> str:
    """Return the picture of the changes from `start` up to `end`."""
    regions = sorted({zone.region for zone in zones})
    calendar_top = MAP_TOP + _map_height() + 84
    height = calendar_top + ROW * len(regions) + 64
    svg = ET.Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {height}", "role": "img",
         "width": str(WIDTH), "height": str(height), "font-family": FONT, "aria-labelledby": "title"},
    )  # fmt: skip
    title = f"Which clocks change from {_day(start)} to {_day(end)}"
    ET.SubElement(svg, "title", {"id": "title"}).text = title
    _rect(svg, 0, 0, WIDTH, height, fill=NIGHT)
    moving = len({change.zone for change in changes})
    _text(svg, MARGIN, 60, "Which clocks change?", size=30, weight="600")
    _text(
        svg, MARGIN, 92,
        f"{_day(start)} to {_day(end)}: {moving} of {len(zones)} time zones change theirs, {len(changes)} times",
        size=16, fill=QUIET,
    )  # fmt: skip
    _legend(svg)
    _map(svg, zones, changes)
    _calendar(svg, regions, changes, start=start, end=end, top=calendar_top)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _legend(svg: ET.Element) -> None:
    entries = ((FORWARD, "forward next"), (BACK, "back next"), (STILL, "no change"))
    x = WIDTH - MARGIN - 372.0
    for colour, words in entries:
        _circle(svg, x, 55, 5, fill=colour)
        _text(svg, x + 12, 60, words, size=14, fill=QUIET)
        x += 138


def _map(svg: ET.Element, zones: Sequence[Zone], changes: Sequence[Change]) -> None:
    """Draw each zone where its principal place is, in the colour of its next change."""
    group = ET.SubElement(svg, "g")
    width, height = WIDTH - 2 * MARGIN, _map_height()
    _rect(group, MARGIN, MAP_TOP, width, height, fill=SEA, radius=10)
    for hour in range(-11, 12):  # the sun takes an hour from one line to the next
        x = _map_x(hour * 15)
        _line(group, x, MAP_TOP, x, MAP_TOP + height, colour=LINE, width=1.6 if hour == 0 else 0.6)
    for latitude in (66.56, 23.44, 0, -23.44):
        _line(group, MARGIN, _map_y(latitude), WIDTH - MARGIN, _map_y(latitude), colour=LINE, width=0.6)
    _text(group, _map_x(0), MAP_TOP + height + 20, "Greenwich", size=12, fill=QUIET, anchor="middle")
    for hour in (-9, -6, -3, 3, 6, 9):
        label = f"{hour:+d} h".replace("-", "\u2212")
        _text(group, _map_x(hour * 15), MAP_TOP + height + 20, label, size=12, fill=QUIET, anchor="middle")
    upcoming = {change.zone: change for change in sorted(changes, key=lambda c: c.at, reverse=True)}
    # Those that change are drawn last, above the others.
    for zone in sorted(zones, key=lambda zone: zone.name in upcoming):
        change = upcoming.get(zone.name)
        if SOUTH < zone.latitude < NORTH:
            dot = _circle(
                group, _map_x(zone.longitude), _map_y(zone.latitude), 4.2 if change else 3,
                fill=_colour(change) if change else STILL,
            )  # fmt: skip
            ET.SubElement(dot, "title").text = _sentence(change) if change else f"{zone.name}: no change"


def _calendar(
    svg: ET.Element, regions: Sequence[str], changes: Sequence[Change], *, start: date, end: date, top: float
) -> None:
    """Draw a row per region and a disc per day with changes; its area tells how many zones change."""
    group = ET.SubElement(svg, "g")
    left, right, bottom = MARGIN + LABELS, WIDTH - MARGIN, top + ROW * len(regions)
    _text(group, left, top - 14, "zones that change on a day", size=13, fill=QUIET)

    def x_of(day: date) -> float:
        return left + (right - left) * ((day - start) / (end - start))

    for first in _months(start, end):
        _line(group, x_of(first), top, x_of(first), bottom, colour=LINE, width=0.8)
        if x_of(first) < right - 24:
            words = f"{first:%b %Y}" if first.month == 1 else f"{first:%b}"
            _text(group, x_of(first) + 4, bottom + 20, words, size=13, fill=QUIET)
    for index, region in enumerate(regions):
        y = top + ROW * (index + 0.5)
        _line(group, left, y, right, y, colour=LINE, width=0.8)
        _text(group, MARGIN, y + 5, region, size=14)
    counted = Counter((c.region, c.at.astimezone(UTC).date(), c.after_s > c.before_s) for c in changes)
    most = max(counted.values(), default=1)
    # Large discs first, so that none hides a smaller one.
    for (region, day, is_forward), count in sorted(counted.items(), key=lambda item: -item[1]):
        radius = RADIUS_MIN + (RADIUS_MAX - RADIUS_MIN) * math.sqrt(count / most)
        x, y = x_of(day), top + ROW * (regions.index(region) + 0.5)
        disc = _circle(group, x, y, radius, fill=FORWARD if is_forward else BACK, stroke=NIGHT)
        words = "1 zone" if count == 1 else f"{count} zones"
        ET.SubElement(
            disc, "title"
        ).text = f"{region}, {_day(day)}: {words} {'forward' if is_forward else 'back'}"
        if radius >= 8:
            _text(group, x, y + 4, str(count), size=11, fill=NIGHT, anchor="middle", weight="600")


def _months(start: date, end: date) -> list[date]:
    """Return the first days of the months that begin within the time."""
    days = (start + timedelta(days=offset) for offset in range((end - start).days + 1))
    return [day for day in days if day.day == 1]


def _map_height() -> float:
    return round((WIDTH - 2 * MARGIN) * (NORTH - SOUTH) / 360, 1)


def _map_x(longitude: float) -> float:
    return MARGIN + (WIDTH - 2 * MARGIN) * (longitude + 180) / 360


def _map_y(latitude: float) -> float:
    return MAP_TOP + _map_height() * (NORTH - latitude) / (NORTH - SOUTH)


def _colour(change: Change) -> str:
    return FORWARD if change.after_s > change.before_s else BACK


def _sentence(change: Change) -> str:
    minutes = (change.after_s - change.before_s) // 60
    return f"{change.zone}: {minutes:+d} min on {change.at:%Y-%m-%d %H:%M} UTC"


def _day(day: date) -> str:
    return f"{day.day} {day.strftime('%B %Y')}"


def _circle(
    parent: ET.Element, x: float, y: float, radius: float, *, fill: str, stroke: str = "none"
) -> ET.Element:
    return ET.SubElement(
        parent, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius:.1f}", "fill": fill, "stroke": stroke}
    )  # fmt: skip


def _line(
    parent: ET.Element, x1: float, y1: float, x2: float, y2: float, *, colour: str, width: float
) -> None:
    places = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    ET.SubElement(parent, "line", {**places, "stroke": colour, "stroke-width": str(width)})


def _rect(
    parent: ET.Element, x: float, y: float, width: float, height: float, *, fill: str, radius: int = 0
) -> None:
    places = {"x": str(x), "y": str(y), "width": str(width), "height": str(height), "rx": str(radius)}
    ET.SubElement(parent, "rect", {**places, "fill": fill})


def _text(
    parent: ET.Element, x: float, y: float, words: str, *,
    size: int, fill: str = TEXT, anchor: str = "start", weight: str = "400",
) -> None:  # fmt: skip
    places = {"x": f"{x:.1f}", "y": f"{y:.1f}", "font-size": str(size), "font-weight": weight}
    ET.SubElement(parent, "text", {**places, "fill": fill, "text-anchor": anchor}).text = words
