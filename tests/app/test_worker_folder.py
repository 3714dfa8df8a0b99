"""The folder of a worker of another machine: gone when its worker is, however that ended."""

import os
from pathlib import Path

from windward.app.worker_folder import PREFIX, own_folder


def test_a_folder_goes_with_its_worker(tmp_path: Path) -> None:
    with own_folder(tmp_path) as folder:
        (folder / "code").mkdir()
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_worker_left_goes_at_the_next_start(tmp_path: Path) -> None:
    pid = os.fork()
    if pid == 0:
        with own_folder(tmp_path) as folder:
            (folder / "code").mkdir()
            os._exit(0)  # as a kill: nothing of its own is removed
    os.waitpid(pid, 0)
    [left] = tmp_path.iterdir()

    with own_folder(tmp_path) as folder:
        assert left != folder
        assert list(tmp_path.iterdir()) == [folder]


def test_folders_of_workers_that_live_and_of_others_stay(tmp_path: Path) -> None:
    strange = tmp_path / f"{PREFIX}mine"
    strange.mkdir()
    with own_folder(tmp_path) as first, own_folder(tmp_path) as second:
        assert set(tmp_path.iterdir()) == {strange, first, second}
