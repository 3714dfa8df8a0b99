"""What a browser gets before it shows anything: how much that is, and that it is all the server's own."""

import re
from pathlib import Path

import pytest

from tests.ui import tools

KB_MAX = 250
LINKED = re.compile(r'(?:src|href)="/(assets/[^"]+)"')

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def static() -> Path:
    return tools.build()


def test_the_first_load_is_small(static: Path) -> None:
    linked = LINKED.findall((static / "index.html").read_text())
    assert {name.rsplit(".", 1)[1] for name in linked} == {"js", "css"}
    sizes = {name: (static / f"{name}.gz").stat().st_size for name in ("index.html", *linked)}
    largest = sorted(sizes.items(), key=lambda one: -one[1])[:8]
    assert sum(sizes.values()) <= KB_MAX * 1000, largest


def test_nothing_of_it_comes_from_elsewhere(static: Path) -> None:
    page = (static / "index.html").read_text()
    assert re.findall(r"(?:src|href)=[\"'](?!/assets/|data:)", page) == []
    assert re.findall(r"<script(?![^>]* src=)|<style|\bon\w+=", page) == []
