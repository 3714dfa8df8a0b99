"""A person's wish to have a file read again is kept until it is granted."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.processor.folder import Folder, eventually


def leaves_a_trail(trail: Path, go: Path) -> str:
    """Return the text of a file that notes each parse, and waits for another file."""
    note = f"import os, time\nwith open({str(trail)!r}, 'a') as trail: trail.write('x')"
    return f"{note}\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nDAGS = {{}}"


def test_a_wish_for_a_file_that_is_being_parsed_is_heard_after_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windward.processor.results.REQUESTS_LOOKED_FOR_S", 0.0)
    trail, go = folder.path.parent / "trail", folder.path.parent / "go"
    folder.write("one.py", leaves_a_trail(trail, go))
    with folder.running():
        eventually(trail.exists)
        folder.store.catalog.ask_parse("one.py", now=datetime.now(UTC))
        folder.write("two.py", "DAGS = {'two': []}")  # makes it look at the folder, and for wishes
        eventually(lambda: folder.dags() == ["two"] and not folder.store.tables.parse_requests)
        go.touch()
        eventually(lambda: trail.read_text() == "xx")
        folder.write("three.py", "DAGS = {'three': []}")
        eventually(lambda: "three" in folder.dags())
    assert trail.read_text() == "xx"


def test_a_wish_for_a_file_outlives_that_there_is_no_room_for_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windward.processor.results.REQUESTS_LOOKED_FOR_S", 0.0)
    folder.set(parsing_processes=1)
    trail, go, hung = (folder.path.parent / name for name in ("trail", "go", "hung"))
    go.touch()
    folder.write("one.py", leaves_a_trail(trail, go))
    folder.parse()
    go.unlink()
    with folder.running() as processor:
        folder.write("slow.py", leaves_a_trail(hung, go))
        folder.write("slower.py", leaves_a_trail(hung, go))
        eventually(lambda: len(processor._pool._running) == 2)
        folder.store.catalog.ask_parse("one.py", now=datetime.now(UTC))
        folder.write("two.py", "DAGS = {'two': []}")
        eventually(lambda: len(processor._pool._waiting) == 2)
        folder.write("three.py", "DAGS = {'three': []}")
        eventually(lambda: "three.py" in {found.fileloc for found in list(processor._pool._waiting)})
        go.touch()
        eventually(lambda: folder.dags() == ["three", "two"] and trail.read_text() == "xx")
