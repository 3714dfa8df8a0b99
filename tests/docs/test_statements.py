"""What pages say in tables and lists that the code can be asked about."""

import re
import runpy
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.tidy import tree
from windward.model.states import TriggerRule
from windward.timetable import PRESETS, next_instant, parse_cron

NEW_YORK = ZoneInfo("America/New_York")
DAYS = {
    "spring": (datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 8, 8, tzinfo=UTC)),
    "autumn": (datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 1, 9, tzinfo=UTC)),
}
"""The nights in which New York changes its clock, from midnight to about four."""


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading of a page."""
    section = tree.texts()[f"docs/{page}"].split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def ticks(expression: str, start: datetime, end: datetime) -> list[str]:
    """Return the local times at which a cron job fires in New York from `start` (with it) to `end`."""
    cron = parse_cron(expression)
    found = []
    at = next_instant(cron, NEW_YORK, start.replace(minute=0) - (end - start) / 1000)
    while at is not None and at <= end:
        found.append(f"{at.astimezone(NEW_YORK):%H:%M}")
        at = next_instant(cron, NEW_YORK, at)
    return found


@pytest.mark.parametrize("row", rows("scheduling.md", "When clocks change"), ids=lambda row: row[0])
def test_a_cron_job_fires_on_the_nights_of_a_clock_change_as_the_page_says(row: list[str]) -> None:
    expression, spring, autumn = row[0].strip("`"), *(cell.split(", ") for cell in row[1:3])

    assert spring == ticks(expression, *DAYS["spring"])
    assert autumn == ticks(expression, *DAYS["autumn"])


def test_every_preset_is_on_the_page() -> None:
    named = {row[0].strip("`"): row[1].strip("`") for row in rows("scheduling.md", "Presets")}

    assert {name: text for name, text in named.items() if name in PRESETS} == PRESETS


def test_every_trigger_rule_is_on_the_page() -> None:
    assert {row[0].strip("`") for row in rows("authoring.md", "Trigger rules")} == set(TriggerRule)


def test_a_setting_that_no_code_asks_for_is_told_from_one_that_is_read() -> None:
    is_read = runpy.run_path(str(tree.ROOT / "docs" / "draw.py"))["_is_read"]

    assert is_read("parallelism")
    assert not is_read("a_key_that_nobody_reads")


def test_pages_of_the_map_exist_and_all_are_on_it() -> None:
    index = tree.texts()["docs/index.md"]
    pages = {
        path.removeprefix("docs/")
        for path in tree.paths()
        if re.fullmatch(r"docs/[a-z-]+\.md", path) and path != "docs/index.md"
    }

    assert {page for page in pages if f"({page}" not in index} == set()
