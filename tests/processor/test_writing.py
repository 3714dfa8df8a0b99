"""How many files are parsed at once, and how they get into the store: none held up or kept out by another."""

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate

import pytest

from tests.processor.folder import Folder, eventually
from windward.ports.store import ParsedFile, StoredFile
from windward.store.memory.catalog import MemoryCatalog


class RefusingCatalog(MemoryCatalog):
    """Refuses documents of the DAG `refused`, as a database does with what no column of it holds."""

    def put_files(
        self, files: Sequence[ParsedFile], *, paused_at_creation: bool, now: datetime
    ) -> tuple[StoredFile, ...]:
        stored: list[StoredFile] = []
        for file in files:
            if any(document.dag_id == "refused" for _, _, document in file.documents):
                stored.append(StoredFile(refused="value too long"))
            else:
                stored += super().put_files([file], paused_at_creation=paused_at_creation, now=now)
        return tuple(stored)


def test_a_file_that_the_database_refuses_has_an_error_and_the_others_are_there(folder: Folder) -> None:
    folder.store.catalog = RefusingCatalog(folder.store.tables)
    for name in ("one", "refused", "two"):
        folder.write(f"{name}.py", f"DAGS = {{'{name}': ['a']}}")

    folder.parse()

    assert folder.dags() == ["one", "two"]
    assert "the database refuses what the file declares: value too long" in folder.error("refused.py")
    assert folder.parse().parsed == []


def test_a_finished_file_does_not_wait_for_one_that_is_being_imported(folder: Folder) -> None:
    go = folder.path / "go"
    folder.write("slow.py", f"import os, time\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.01)")
    folder.write("quick.py", "DAGS = {'quick': ['a']}")

    with folder.running():
        eventually(lambda: folder.dags() == ["quick"])
        assert [file.fileloc for file in folder.store.catalog.load_files()] == ["quick.py"]
        go.touch()
        eventually(lambda: len(folder.store.catalog.load_files()) == 2)


@pytest.mark.parametrize("at_once", [1, 2])
def test_no_more_files_are_imported_at_once_than_the_setting_says(folder: Folder, at_once: int) -> None:
    folder.set(parsing_processes=at_once)
    trail = folder.path / "trail"
    for number in range(8):
        folder.write(
            f"file_{number}.py",
            "import os, time\n"
            f"trail = os.open({str(trail)!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)\n"
            "os.write(trail, b'+')\ntime.sleep(0.02)\nos.write(trail, b'-')",
        )

    assert len(folder.parse().parsed) == 8

    under_way = list(accumulate(1 if step == "+" else -1 for step in trail.read_text()))
    assert len(under_way) == 16
    assert max(under_way) <= at_once
