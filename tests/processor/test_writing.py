"""How finished files get into the store: together where possible, none held up or kept out by another."""

from collections.abc import Sequence
from datetime import datetime

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
