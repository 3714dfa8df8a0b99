"""Each way in which a DAG file can be bad: a clear error for it, and nothing for the others."""

import os
import re
import zipfile
from pathlib import Path

import pytest

from tests.processor.folder import Folder, eventually

GOOD = 'DAGS = {"good": ["extract", "load"]}'


@pytest.fixture(autouse=True)
def _good_neighbour(folder: Folder) -> None:
    folder.write("good.py", GOOD)


def the_good_one_is_unharmed(folder: Folder) -> bool:
    return "good" in folder.dags() and folder.file("good.py").error is None


def test_an_error_shows_the_authors_lines_and_none_of_ours(folder: Folder) -> None:
    folder.write("lib/tables.py", "def load(name):\n    return {}[name]")
    folder.write("bad.py", "from lib.tables import load\nDAGS = {'bad': load('orders')}")
    folder.parse()
    error = folder.error("bad.py")
    assert error.splitlines()[-1] == "KeyError: 'orders'"
    assert re.findall(r'File "(.+?)", line (\d+)', error) == [("bad.py", "3"), ("lib/tables.py", "3")]
    assert "return {}[name]" in error
    assert the_good_one_is_unharmed(folder)


def test_a_library_is_part_of_the_traceback(folder: Folder) -> None:
    folder.write("bad.py", "import json\njson.loads('{')")
    folder.parse()
    assert re.findall(r'File ".*?(\w+\.py)"', folder.error("bad.py")) == [
        "bad.py",
        "__init__.py",
        "decoder.py",
        "decoder.py",
    ]


def test_a_cause_is_shown_with_its_own_lines(folder: Folder) -> None:
    folder.write(
        "bad.py", "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('no rows') from e"
    )
    folder.parse()
    error = folder.error("bad.py")
    assert error.index("ZeroDivisionError") < error.index("direct cause") < error.index("ValueError: no rows")


def test_a_syntax_error_names_the_line(folder: Folder) -> None:
    folder.write("bad.py", "DAGS = {")
    folder.parse()
    assert 'File "bad.py", line 2' in folder.error("bad.py")
    assert "SyntaxError" in folder.error("bad.py")
    assert the_good_one_is_unharmed(folder)


def test_a_file_that_calls_exit_is_told_where(folder: Folder) -> None:
    folder.write("bad.py", "import sys\nsys.exit(3)")
    folder.parse()
    assert "calls `sys.exit(3)`" in folder.error("bad.py")
    assert 'File "bad.py", line 3' in folder.error("bad.py")
    assert the_good_one_is_unharmed(folder)


def test_a_file_that_ends_its_process_is_told_so(folder: Folder) -> None:
    folder.write("bad.py", "import os\nos._exit(7)")
    folder.parse()
    assert "exit code 7" in folder.error("bad.py")
    assert "os._exit" in folder.error("bad.py")
    assert the_good_one_is_unharmed(folder)


def test_a_file_that_kills_its_process_hears_of_memory(folder: Folder) -> None:
    folder.write("bad.py", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    folder.parse()
    assert "ran out of memory" in folder.error("bad.py")


def test_a_crash_in_c_shows_the_signal_and_the_line(folder: Folder) -> None:
    folder.write("bad.py", "import ctypes\nctypes.string_at(0)")
    folder.parse()
    assert "SIGSEGV" in folder.error("bad.py")
    assert 'File "bad.py", line 3' in folder.error("bad.py")
    assert the_good_one_is_unharmed(folder)


def test_a_file_that_hangs_is_ended_and_shows_where(folder: Folder) -> None:
    folder.set(dagbag_import_timeout_s=2)
    folder.write("bad.py", "import time\n\ndef wait():\n    time.sleep(600)\n\nwait()")
    folder.parse()
    error = folder.error("bad.py")
    assert "longer than 2 s" in error
    assert "dagbag_import_timeout" in error
    assert error.index('File "bad.py", line 5') < error.index('File "bad.py", line 7')
    assert the_good_one_is_unharmed(folder)


def test_a_file_that_catches_everything_cannot_outlive_its_time(folder: Folder) -> None:
    folder.set(dagbag_import_timeout_s=2)
    folder.write("bad.py", "while True:\n    try:\n        while True: pass\n    except BaseException: pass")
    folder.parse()
    assert "longer than 2 s" in folder.error("bad.py")


def test_a_file_that_disarms_its_time_limit_is_killed(folder: Folder) -> None:
    folder.set(dagbag_import_timeout_s=2, dag_file_processor_timeout_s=-4.7)  # 5 s of grace less 4.7
    folder.write("bad.py", "import signal, time\nsignal.setitimer(signal.ITIMER_REAL, 0)\ntime.sleep(600)")
    folder.parse()
    assert "longer than 2 s" in folder.error("bad.py")


def test_documents_that_take_too_long_name_the_other_limit(folder: Folder) -> None:
    folder.set(dag_file_processor_timeout_s=2)
    folder.write(
        "bad.py", "import time\nclass Slow(dict):\n    def items(self): time.sleep(600)\nDAGS = Slow()"
    )
    folder.parse()
    assert "dag_file_processor_timeout" in folder.error("bad.py")


def test_a_file_that_allocates_without_end_is_told_of_its_limit(folder: Folder) -> None:
    folder.set(parse_memory_mb_max=200)
    folder.write("bad.py", "rows = []\nwhile True:\n    rows.append(bytearray(1 << 20))")
    folder.parse()
    error = folder.error("bad.py")
    assert "more than 200 MB" in error
    assert "parse_memory_mb_max" in error
    assert 'File "bad.py", line 4' in error
    assert the_good_one_is_unharmed(folder)


def test_bytes_that_are_not_utf8_are_named_with_their_place(folder: Folder) -> None:
    folder.write("bad.py", b"# airflow dag\nx = 1\nname = 'caf\xe9'\n")
    folder.parse()
    assert "not UTF-8: byte 0xE9 at line 3, column 12" in folder.error("bad.py")
    assert "hint: " in folder.error("bad.py")
    assert the_good_one_is_unharmed(folder)


def test_a_file_whose_name_is_not_utf8_keeps_no_other_from_being_read(folder: Folder) -> None:
    folder.write(os.fsdecode(b"caf\xe9.py"), "DAGS = {'odd': []}")
    folder.write(os.fsdecode(b"th\xe9/tea.py"), "DAGS = {'odder': []}")
    folder.parse()
    assert folder.dags() == ["good"]


def test_a_file_may_open_and_list_what_has_a_name_that_is_not_utf8(folder: Folder) -> None:
    folder.write(os.fsdecode(b"th\xe9/caf\xe9.txt"), b"x")
    folder.write(
        "reads.py",
        "import os\nhere = os.fsencode(os.path.dirname(__file__)) + b'/th\\xe9'\nopen(here + b'/' + os.listdir(here)[0]).read()\nDAGS = {'reads': []}",
    )
    folder.parse()
    assert folder.dags() == ["good", "reads"]
    assert folder.file("reads.py").error is None


def test_a_file_may_import_what_has_a_name_that_is_not_utf8(folder: Folder) -> None:
    folder.write(os.fsdecode(b"th\xe9/tea.py"), b"NAMES = ['a']")
    folder.write(
        "reads.py",
        "import os, sys\nsys.path.insert(0, os.path.dirname(__file__) + os.fsdecode(b'/th\\xe9'))\nfrom tea import NAMES\nDAGS = {'reads': NAMES}",
    )
    folder.parse()
    assert folder.tasks("reads") == ["a"]


def test_a_file_may_name_another_encoding(folder: Folder) -> None:
    folder.write("latin.py", b"# -*- coding: latin-1 -*-\n# airflow\nDAGS = {'caf\xe9': []}\n")
    folder.parse()
    assert "café" in folder.dags()


def test_what_a_file_prints_becomes_a_warning_of_it(
    folder: Folder, capfd: pytest.CaptureFixture[str]
) -> None:
    folder.write(
        "loud.py",
        "import os, sys\nprint('to stdout')\nos.system('echo from a shell')\nprint('to stderr', file=sys.stderr)\nDAGS = {'loud': []}",
    )
    folder.parse()
    (warning,) = folder.file("loud.py").warnings
    assert all(text in warning for text in ("to stdout", "from a shell", "to stderr"))
    assert folder.file("loud.py").error is None
    assert capfd.readouterr() == ("", "")


def test_output_without_end_is_cut(folder: Folder) -> None:
    folder.write("loud.py", "for _ in range(100_000): print('x' * 50)\nDAGS = {'loud': []}")
    folder.parse()
    (warning,) = folder.file("loud.py").warnings
    assert len(warning) < 10_000
    assert re.search(r"and \d{7} bytes more", warning)
    assert "loud" in folder.dags()


def test_a_file_that_reads_its_input_finds_none(folder: Folder) -> None:
    folder.write("ask.py", "import sys\nDAGS = {'ask_' + str(len(sys.stdin.read())): []}")
    folder.parse()
    assert "ask_0" in folder.dags()


def test_threads_that_a_file_starts_hold_nothing_up(folder: Folder) -> None:
    folder.write(
        "threads.py",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), name='poller').start()\nDAGS = {'threads': []}",
    )
    folder.parse()
    (warning,) = folder.file("threads.py").warnings
    assert "starts 1 thread(s)" in warning
    assert "`poller`" in warning
    assert folder.file("threads.py").error is None
    assert "threads" in folder.dags()


def test_what_a_file_leaves_running_ends_with_it(folder: Folder) -> None:
    left = folder.path / "left"
    folder.write(
        "spawn.py",
        f"import subprocess\np = subprocess.Popen(['sleep', '600'])\nopen({str(left)!r}, 'w').write(str(p.pid))\nDAGS = {{'spawn': []}}",
    )
    folder.parse()
    eventually(lambda: _is_gone(int(left.read_text())))


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in {"Z", "X"}
    except OSError:
        return True


def test_a_file_that_forks_declares_its_dags_once(folder: Folder) -> None:
    folder.write(
        "forks.py", "import os\npid = os.fork()\nDAGS = {'forks': ['child' if pid == 0 else 'parent']}"
    )
    folder.parse()
    assert folder.tasks("forks") == ["parent"]


def test_a_deprecated_name_is_a_warning_with_its_line(folder: Folder) -> None:
    folder.write(
        "old.py", "import warnings\nwarnings.warn('use `schedule`', DeprecationWarning)\nDAGS = {'old': []}"
    )
    folder.parse()
    assert folder.file("old.py").warnings == ("old.py:3: DeprecationWarning: use `schedule`",)


def test_one_bad_dag_does_not_hide_the_others_of_its_file(folder: Folder) -> None:
    folder.write(
        "two.py", "DAGS = {'first': ['a'], 'second': ValueError('tasks wait for each other'), 'third': ['b']}"
    )
    folder.parse()
    assert folder.dags() == ["first", "good", "third"]
    assert "tasks wait for each other" in folder.error("two.py")


@pytest.mark.parametrize(
    "text",
    [
        "1 / 0",
        "DAGS = {",
        "import os\nos._exit(3)",
        "DAGS = {'one': ValueError('x'), 'two': ValueError('y')}",
    ],
)
def test_dags_of_a_file_that_breaks_stay_as_they_were_last_read(folder: Folder, text: str) -> None:
    folder.write("one.py", "DAGS = {'one': ['a'], 'two': ['a']}")
    folder.parse()
    folder.write("one.py", text)
    done = folder.parse()
    assert folder.dags() == ["good", "one", "two"]
    assert folder.tasks("one") == ["a"]
    assert done.changed_dags == set()
    assert folder.error("one.py")
    assert folder.file("one.py").dag_ids == ("one", "two")
    folder.write("one.py", "DAGS = {'two': ['c']}")
    folder.parse()
    assert folder.dags() == ["good", "two"]


def test_a_dag_that_breaks_stays_as_it_was_and_one_that_is_declared_no_more_does_not(folder: Folder) -> None:
    folder.write("one.py", "DAGS = {'one': ['a'], 'two': ['a'], 'three': ['a']}")
    folder.parse()
    folder.write("one.py", "DAGS = {'one': ValueError('x'), 'two': ['b']}")
    folder.parse()
    assert folder.dags() == ["good", "one", "two"]
    assert folder.tasks("one") == ["a"]
    assert folder.tasks("two") == ["b"]


def test_a_copy_of_a_file_that_breaks_takes_no_dag_away(folder: Folder) -> None:
    folder.write("b.py", "DAGS = {'same': ['b']}")
    folder.parse()
    folder.write("a.py", "DAGS = {'same': ['a']}")
    folder.write("b.py", "1 / 0")
    folder.parse()
    assert folder.tasks("same") == ["b"]
    assert "`same` is declared by `b.py`" in folder.error("a.py")


def test_a_damaged_zip_is_an_error_of_its_own(folder: Folder) -> None:
    folder.write("pack.zip", b"PK\x03\x04 not a zip")
    folder.parse()
    assert "not a readable zip" in folder.error("pack.zip")
    assert the_good_one_is_unharmed(folder)


def test_a_zip_that_is_damaged_keeps_its_dags_until_it_is_mended(folder: Folder) -> None:
    path = folder.path / "pack.zip"
    with zipfile.ZipFile(path, "w") as pack:
        pack.writestr("inner.py", "# airflow dag\nDAGS = {'packed': ['a']}")
    whole = path.read_bytes()
    folder.parse()
    path.write_bytes(whole[: len(whole) // 2])
    folder.parse()
    assert folder.dags() == ["good", "packed"]
    assert "not a readable zip" in folder.error("pack.zip")
    path.write_bytes(whole)
    assert folder.parse().gone == ["pack.zip"]
    assert folder.dags() == ["good", "packed"]


def test_a_file_that_deletes_itself_leaves_no_trace(folder: Folder) -> None:
    folder.write("gone.py", "import os\nos.remove(__file__)\nDAGS = {'gone': []}")
    folder.parse()
    assert folder.dags() == ["good"]
    assert [record.fileloc for record in folder.store.catalog.load_files()] == ["good.py"]


def test_a_file_that_is_renamed_while_it_is_parsed_is_found_under_its_new_name(folder: Folder) -> None:
    folder.write(
        "before.py",
        "import os\nif __file__.endswith('before.py'):\n    os.rename(__file__, __file__.replace('before', 'after'))\nDAGS = {'moved': []}",
    )
    folder.parse()
    assert folder.document("moved").fileloc == "after.py"
    assert {record.fileloc for record in folder.store.catalog.load_files()} == {"after.py", "good.py"}


def test_a_file_cannot_reach_the_descriptors_of_the_processor(
    folder: Folder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("db") / "database"
    secret.write_text("rows")
    folder.write(
        "spy.py",
        "import os\nDAGS = {'spy': sorted({os.path.basename(os.readlink(f'/proc/self/fd/{fd}')) for fd in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{fd}')})}",
    )
    with secret.open():
        folder.parse()
    assert "null" in folder.tasks("spy")
    assert "database" not in folder.tasks("spy")
