"""What changes while a file is being parsed: the file is parsed again, and what hangs is not waited for."""

import os
import signal
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.processor.folder import Folder, eventually
from windward.errors import UnavailableError
from windward.processor.discover import Found
from windward.processor.pool import ParseOutcome
from windward.processor.template import TemplateHandle
from windward.protocol.outcomes import DeadXCom


def test_a_module_that_changes_while_its_file_is_parsed_is_imported_again(folder: Folder) -> None:
    """What was imported counts, and not what stands there when the file is done."""
    folder.write("lib.py", b"NAMES = ['a']\n")
    change = "os.system(f\"sed -i \\\"s/'a'/'b'/\\\" {lib.__file__}\")"
    folder.write("one.py", f"import os, lib\nDAGS = {{'one': lib.NAMES}}\n{change}")
    folder.parse()
    folder.parse()
    assert folder.tasks("one") == ["b"]
    assert folder.parse().parsed == []


def test_what_is_read_and_changes_meanwhile_is_read_again(folder: Folder) -> None:
    folder.write("names.txt", b"a")
    read = "NAMES = [open(HERE + '/names.txt').read()]\nDAGS = {'one': NAMES}"
    folder.write("one.py", f"import os\nHERE = os.path.dirname(__file__)\n{read}\nos.system(f'cp {{HERE}}/next.txt {{HERE}}/names.txt')")  # fmt: skip
    folder.write("next.txt", b"b")
    folder.parse()
    folder.parse()
    assert folder.tasks("one") == ["b"]
    assert folder.parse().parsed == []


def test_what_changes_before_the_processor_hears_that_it_was_read_is_read_again(folder: Folder) -> None:
    was_read = folder.path.parent / "was_read"
    folder.write("names.txt", b"a")
    read = "NAMES = [open(os.path.dirname(__file__) + '/names.txt').read()]\nDAGS = {'one': NAMES}"
    folder.write("one.py", f"import os\n{read}\nopen({str(was_read)!r}, 'w').close()")
    processor = folder.processor()
    current = processor._pool._current
    heard: list[str] = []

    def change_first(dependency: str) -> str:
        heard.append(dependency)
        if heard.count("names.txt") == 1 and dependency == "names.txt":
            eventually(was_read.exists)
            folder.write("names.txt", b"b")
        return current(dependency)

    processor._pool._current = change_first
    processor.parse_once()
    processor.close()
    assert folder.tasks("one") == ["b"]
    assert folder.parse().parsed == []


def test_a_file_that_changes_what_it_reads_rests(folder: Folder) -> None:
    folder.write("count.txt", b"1")
    count = "os.system(f'echo $(($(cat {HERE}/count.txt) + 1)) > {HERE}/count.txt')"
    folder.write("one.py", f"import os\nHERE = os.path.dirname(__file__)\nopen(HERE + '/count.txt').close()\nDAGS = {{'one': ['a']}}\n{count}")  # fmt: skip
    parsed = [folder.parse().parsed for _ in range(4)]
    assert parsed == [["one.py", "one.py"], [], [], []]


def test_a_file_that_hangs_is_parsed_anew_as_soon_as_it_is_mended(folder: Folder) -> None:
    folder.set(dagbag_import_timeout_s=600, dag_file_processor_timeout_s=600)
    hung = folder.path.parent / "hung"
    folder.write("one.py", f"import time\nopen({str(hung)!r}, 'w').close()\ntime.sleep(600)")
    with folder.running():
        eventually(hung.exists)
        folder.write("one.py", "DAGS = {'one': ['a']}")
        eventually(lambda: folder.dags() == ["one"])
    assert folder.file("one.py").error is None


def test_a_module_that_hangs_is_imported_anew_as_soon_as_it_is_mended(folder: Folder) -> None:
    folder.set(dagbag_import_timeout_s=600, dag_file_processor_timeout_s=600)
    hung = folder.path.parent / "hung"
    folder.write("lib/slow.py", f"import time\nopen({str(hung)!r}, 'w').close()\ntime.sleep(600)".encode())
    folder.write("one.py", "import lib.slow\nDAGS = {'one': ['a']}")
    folder.write("two.py", "DAGS = {'two': ['a']}")
    with folder.running():
        eventually(hung.exists)
        folder.write("lib/slow.py", b"")
        eventually(lambda: folder.dags() == ["one", "two"])
    assert folder.file("one.py").error is None


def test_a_file_that_hangs_and_is_deleted_makes_room_for_others(folder: Folder) -> None:
    folder.set(dagbag_import_timeout_s=600, dag_file_processor_timeout_s=600, parsing_processes=1)
    hung = folder.path.parent / "hung"
    path = folder.write("one.py", f"import time\nopen({str(hung)!r}, 'w').close()\ntime.sleep(600)")
    with folder.running():
        eventually(hung.exists)
        folder.write("two.py", "DAGS = {'two': ['a']}")
        path.unlink()
        eventually(lambda: folder.dags() == ["two"])


def pack(path: Path, task: str, then: str = "") -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.py", f"# airflow dag\n{then}\nDAGS = {{'one': ['{task}']}}\n")


def test_a_zip_that_is_replaced_while_it_is_parsed_is_parsed_again(folder: Folder) -> None:
    second = folder.path.parent / "second.zip"
    pack(second, "b")
    pack(folder.path / "pack.zip", "a", f"import os\nos.system('cp {second} {folder.path}/pack.zip')")
    folder.parse()
    folder.parse()
    assert folder.tasks("one") == ["b"]
    assert folder.parse().parsed == []


def test_a_file_that_was_away_when_it_was_to_be_read_is_read_again_at_once(folder: Folder) -> None:
    path, away = folder.write("one.py", "DAGS = {'one': ['a']}"), folder.path.parent / "away"
    processor = folder.processor()
    launch, wait = processor._pool._launch, processor._pool.wait
    was_away: list[str] = []

    def take_away(found: Found, *, purges: tuple[DeadXCom, ...] = ()) -> None:
        if not was_away:
            was_away.append(found.fileloc)
            path.rename(away)
        launch(found, purges=purges)

    def bring_back(timeout_s: float) -> list[ParseOutcome]:
        done = wait(timeout_s)
        if done and away.exists():
            away.rename(path)
        return done

    processor._pool._launch = take_away  # type: ignore[method-assign]
    processor._pool.wait = bring_back  # type: ignore[method-assign]
    assert processor.parse_once().parsed == ["one.py", "one.py"]
    processor.close()
    assert was_away == ["one.py"]
    assert folder.file("one.py").error is None
    assert folder.dags() == ["one"]


ASKS = """
from windward.sdk.bridge import current_bridge
from windward.protocol.calls import GetVariable
DAGS = {"one": [current_bridge(purpose="x").call(GetVariable(key="name")).value]}
"""


def test_a_file_whose_question_met_no_database_is_parsed_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windward.processor.processor.BEAT_S", 0.1)
    folder.set(dagbag_import_timeout_s=600, dag_file_processor_timeout_s=600)
    folder.store.secrets.set_variable("name", "a")
    read, asked = folder.store.secrets.get_variable, []

    def fail_once(key: str) -> str | None:
        asked.append(key)
        if len(asked) == 1:
            raise UnavailableError("the database is away")
        return read(key)

    folder.store.secrets.get_variable = fail_once  # type: ignore[method-assign]
    folder.write("one.py", ASKS)
    with folder.running():
        eventually(lambda: folder.dags() == ["one"])
    assert folder.file("one.py").error is None
    assert folder.tasks("one") == ["a"]


def test_a_processor_outlives_that_its_template_dies_before_it_is_told_to_stop_a_parse(
    folder: Folder,
) -> None:
    folder.set(dagbag_import_timeout_s=600, dag_file_processor_timeout_s=600)
    hung = folder.path.parent / "hung"
    folder.write("one.py", f"import time\nopen({str(hung)!r}, 'w').close()\ntime.sleep(600)")
    with folder.running() as processor:
        eventually(hung.exists)
        pid, set_folders = processor.template_pid, processor._events.set_folders
        assert pid is not None

        def kill_first(folders: Iterable[str]) -> bool:
            if processor.template_pid == pid:
                os.kill(pid, signal.SIGKILL)
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            return set_folders(folders)

        processor._events.set_folders = kill_first  # type: ignore[method-assign]
        folder.write("one.py", "DAGS = {'one': ['a']}")
        eventually(lambda: folder.dags() == ["one"])


def test_a_variable_that_changes_between_two_questions_of_a_file_has_it_parsed_again(folder: Folder) -> None:
    asked, go = folder.path.parent / "asked", folder.path.parent / "go"
    folder.store.secrets.set_variable("name", "a")
    ask = "current_bridge(purpose='x').call(GetVariable(key='name')).value"
    wait = f"import os, time\nopen({str(asked)!r}, 'w').close()\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)"
    imports, _ = ASKS.split("DAGS")
    folder.write("one.py", f"{imports}\nfirst = {ask}\n{wait}\nDAGS = {{'one': [first, 'then_' + {ask}]}}")
    with folder.running() as processor:
        eventually(asked.exists)
        folder.store.secrets.set_variable("name", "b")
        processor._answers.begin_pass()
        go.touch()
        eventually(lambda: folder.dags() == ["one"] and folder.tasks("one") == ["b", "then_b"])


def test_a_file_is_parsed_when_templates_start_again_after_some_that_did_not(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windward.processor.processor.BEAT_S", 0.1)
    began, go = folder.path.parent / "began", folder.path.parent / "go"
    wait = f"while not os.path.exists({str(go)!r}): time.sleep(0.01)"
    folder.write(
        "one.py", f"import os, time\nopen({str(began)!r}, 'w').close()\n{wait}\nDAGS = {{'one': []}}"
    )
    with folder.running() as processor:
        launch = processor._pool._launch_template
        failures: list[int] = []

        def fail_at_first(**settings: Any) -> TemplateHandle:
            handle = launch(**settings)
            if len(failures) < 3:
                failures.append(handle.pid)
                os.kill(handle.pid, signal.SIGKILL)
            return handle

        eventually(began.exists)
        processor._pool._launch_template = fail_at_first
        assert processor.template_pid is not None
        os.kill(processor.template_pid, signal.SIGKILL)
        go.touch()
        eventually(lambda: folder.dags() == ["one"])
