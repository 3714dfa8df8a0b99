"""Importing a DAG file once and forking it: what a file may do while it is imported, and which code is run."""

import hashlib
import json
import os
import signal
import sys
import zipfile
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from tests.runner.conftest import StartHost
from tests.runner.fake_scheduler import HostUnderTest, submission
from windward.errors import NotFoundError
from windward.protocol.calls import Done, GetVariable, VariableAnswer
from windward.protocol.outcomes import Ending, Failed, Succeeded
from windward.runner.importing import LoadedFile, find_code, load_file, preload
from windward.runner.options import HostOptions
from windward.runner.pool import FileKey
from windward.sdk.dag import DAG
from windward.sdk.operator import BaseOperator

FILE = """
{top}
from datetime import datetime
from windward.sdk.dag import DAG
from windward.sdk.operator import BaseOperator
class Task(BaseOperator):
    def execute(self, context):
        return {value}
with DAG("d", schedule=None, start_date=datetime(2026, 1, 1)) as d:
    Task(task_id="t")
"""


def write(host: HostUnderTest, name: str, *, top: str = "", value: str = "1") -> str:
    return host.write(name, FILE.format(top=top, value=value))


def returned(ending: Ending) -> object:
    assert isinstance(ending.outcome, Succeeded), ending
    return json.loads(ending.outcome.xcoms[0].value.data or b"null")


def test_a_file_is_imported_once_for_many_attempts(start_host: StartHost) -> None:
    host = start_host()
    marks = host.home / "imports"
    name = write(
        host, "f.py", top=f"open({os.fspath(marks)!r}, 'a').write('x')", value="__import__('os').getpid()"
    )
    endings = host.run(*[submission(name, "t", fence=number) for number in range(1, 6)])
    assert len({returned(ending) for ending in endings}) == 5
    assert marks.read_text() == "x"


def test_a_file_that_starts_threads_is_imported_by_each_child_and_says_so_once(start_host: StartHost) -> None:
    host = start_host()
    top = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    name = write(host, "threads.py", top=top, value="threading.active_count()")
    endings = [host.run(submission(name, "t", fence=number))[0] for number in range(1, 4)]
    assert [returned(ending) for ending in endings] == [2, 2, 2]
    assert (host.home / "host.log").read_text().count("tasks of the file import it themselves") == 1


def test_a_file_that_does_not_import_fails_each_attempt_with_the_authors_traceback(
    shared_host: HostUnderTest,
) -> None:
    name = write(shared_host, "broken.py", top="import json\n\njson.loads('{')")
    works = [submission(name, "t", run_pk=50, fence=number) for number in (1, 2)]
    for ending in shared_host.run(*works):
        assert (ending.exit.kind, ending.exit.error_type) == ("import_error", "JSONDecodeError")
        assert ending.outcome == Failed()
    for work in works:
        text = json.loads(shared_host.log(work.ref))["exception"]
        assert 'broken.py", line 4' in text
        assert "windward/runner" not in text


def test_a_file_that_calls_exit_is_an_import_error(shared_host: HostUnderTest) -> None:
    name = write(shared_host, "exits.py", top="import sys; sys.exit(4)")
    [ending] = shared_host.run(submission(name, "t", run_pk=51))
    assert ending.exit.kind == "import_error"
    assert ending.exit.message == "the file calls `sys.exit(4)` while it is imported"


def test_a_file_that_kills_its_process_is_an_import_error(shared_host: HostUnderTest) -> None:
    name = write(shared_host, "dies.py", top="import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    [ending] = shared_host.run(submission(name, "t", run_pk=52))
    assert ending.exit.kind == "import_error"
    assert ending.exit.message is not None
    assert "SIGKILL" in ending.exit.message


def test_a_file_that_hangs_is_interrupted_where_it_hangs(start_host: StartHost) -> None:
    host = start_host("--import-limit", "3.0")
    name = write(host, "hangs.py", top="import time\n\n\ntime.sleep(600)")
    work = submission(name, "t", run_pk=53)
    [ending] = host.run(work)
    assert ending.exit.error_type == "ImportTimeout"
    assert 'hangs.py", line 5' in json.loads(host.log(work.ref))["exception"]


def test_a_missing_file_is_an_import_error_that_says_what_to_do(shared_host: HostUnderTest) -> None:
    work = submission("no/such.py", "t", run_pk=54)
    [ending] = shared_host.run(work)
    assert ending.exit.error_type == "DagImportError"
    assert "hint: Put the file back" in json.loads(shared_host.log(work.ref))["exception"]


def test_what_a_file_opens_while_it_is_imported_is_open_in_its_tasks(shared_host: HostUnderTest) -> None:
    name = write(
        shared_host, "opens.py", top="import os\nfile = open(__file__)", value="len(file.read()) > 10"
    )
    [ending] = shared_host.run(submission(name, "t", run_pk=55))
    assert returned(ending) is True


def test_modules_beside_a_dag_file_can_be_imported(shared_host: HostUnderTest) -> None:
    shared_host.write("pack_of_mine/inner.py", "VALUE = 7")
    name = write(shared_host, "imports.py", top="from pack_of_mine.inner import VALUE", value="VALUE")
    [ending] = shared_host.run(submission(name, "t", run_pk=56))
    assert returned(ending) == 7


def test_a_file_inside_an_archive_is_run(shared_host: HostUnderTest) -> None:
    with zipfile.ZipFile(shared_host.home / "dags" / "pack.zip", "w") as archive:
        archive.writestr("inner.py", FILE.format(top="import zipped_module", value="zipped_module.VALUE"))
        archive.writestr("zipped_module.py", "VALUE = 8")
    [ending] = shared_host.run(submission("pack.zip/inner.py", "t", run_pk=57))
    assert returned(ending) == 8


def test_a_module_is_run_as_it_is_when_neither_its_time_nor_its_size_tells(
    start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    host = start_host()
    name = write(host, "uses.py", top="from of_one_size import VALUE", value="VALUE")
    found = []
    for number in (1, 2):
        path = host.home / "dags" / host.write("of_one_size.py", f"VALUE = {number}")
        os.utime(path, (1_700_000_000, 1_700_000_000))
        # The host has no store of code: another version is another template, of the same folder.
        [ending] = host.run(submission(name, "t", fence=number, code_hash=f"version{number}"))
        found.append(returned(ending))
    assert found == [1, 2]


def test_byte_code_is_kept_for_the_next_template_and_for_every_python(
    start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    host = start_host()
    name = write(host, "uses.py", top="import kept_code", value="kept_code.__spec__.cached")
    host.write("kept_code.py", "VALUE = 1")
    [ending] = host.run(submission(name, "t", code_hash="version1"))
    cached = Path(str(returned(ending)))
    made = cached.stat()

    [again] = host.run(submission(name, "t", fence=2, code_hash="version2"))

    assert returned(again) == str(cached)
    # When it was read changes by reading it.
    kept = cached.stat()
    assert (kept.st_ino, kept.st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    assert cached.read_bytes()[4] == 0b11  # it is checked against the hash of its source


def test_idle_templates_make_room_least_used_first(start_host: StartHost) -> None:
    host = start_host("--templates", "2", "--spare", "0")
    names = [write(host, f"f{number}.py", value="__import__('os').getppid()") for number in range(3)]
    parents = [returned(host.run(submission(name, "t", fence=fence))[0]) for fence, name in enumerate(names)]
    host.scheduler.until(lambda: len(host.templates()) <= 2)
    [again] = host.run(submission(names[0], "t", fence=9))
    assert returned(again) not in parents
    host.scheduler.until(lambda: len(host.templates()) <= 2)


def test_a_template_that_is_frozen_does_not_stop_other_files(start_host: StartHost) -> None:
    host = start_host()
    first, second = write(host, "a.py"), write(host, "b.py", value="2")
    host.run(submission(first, "t"))
    [frozen] = host.templates()
    os.kill(frozen, signal.SIGSTOP)
    host.scheduler.submit(*[submission(first, "t", fence=number) for number in range(2, 12)])
    [ending] = host.run(submission(second, "t", fence=50))
    assert returned(ending) == 2
    os.kill(frozen, signal.SIGCONT)
    host.scheduler.until(lambda: len(host.scheduler.endings) == 12)


class FakeCodeStore:
    """One snapshot in a folder."""

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self.folder = folder
        self.files = files
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)

    def save(self, root: Path, paths: Mapping[str, bytes]) -> str:
        raise NotImplementedError

    def materialise(self, code_hash: str) -> Path:
        self.manifest(code_hash)
        return self.folder

    def manifest(self, code_hash: str) -> dict[str, str]:
        if code_hash != "known":
            raise NotFoundError(code_hash)
        return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in self.files.items()}

    def snapshots(self) -> list[tuple[str, datetime]]:
        raise NotImplementedError

    def discard(self, code_hashes: Collection[str], *, saved_before: datetime) -> int:
        raise NotImplementedError


def code_options(tmp_path: Path, dag: str, snapshot: str) -> HostOptions:
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "f.py").write_text(dag)
    store = FakeCodeStore(tmp_path / "snapshot", {"f.py": snapshot})
    return HostOptions(socket_path=tmp_path / "s", dags_folder=dags, log_folder=tmp_path, code_store=store)


def test_unchanged_code_is_run_from_the_dag_folder(tmp_path: Path) -> None:
    options = code_options(tmp_path, "x = 1", "x = 1")
    assert find_code(FileKey("f.py", "known"), options) == (tmp_path / "dags", False)


def test_changed_code_is_run_from_its_snapshot(tmp_path: Path) -> None:
    options = code_options(tmp_path, "x = 2", FILE.format(top="", value="'old'"))
    loaded = load_file(FileKey("f.py", "known"), options, can_interrupt=False)
    assert isinstance(loaded, LoadedFile)
    assert loaded.is_from_snapshot
    assert loaded.dags["d"].task_dict["t"].execute({}) == "old"


def test_code_that_is_not_kept_any_more_is_said_to_be_gone(tmp_path: Path) -> None:
    problem = load_file(FileKey("f.py", "lost"), code_options(tmp_path, "", ""), can_interrupt=False)
    assert not isinstance(problem, LoadedFile)
    assert "is not kept any more" in problem.message


@pytest.mark.parametrize(
    ("package", "new"), [("gets_another_value", "VALUE = 2"), ("loses_its_name", "OTHER = 2")]
)
def test_code_that_changes_while_it_is_imported_is_run_from_its_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, new: str
) -> None:
    dags = tmp_path / "dags"
    lib = dags / package / "lib.py"
    lib.parent.mkdir(parents=True)
    top = (
        "import os, pathlib, sys\nsys.path.insert(0, os.path.dirname(__file__))\n"
        f"pathlib.Path({os.fspath(lib)!r}).write_text({new!r})\nfrom {package}.lib import VALUE"
    )
    files = {"f.py": FILE.format(top=top, value="VALUE"), f"{package}/lib.py": "VALUE = 1"}
    for name, text in files.items():
        (dags / name).write_text(text)
    store = FakeCodeStore(tmp_path / "snapshot", files)
    options = HostOptions(socket_path=tmp_path / "s", dags_folder=dags, log_folder=tmp_path, code_store=store)
    monkeypatch.setattr(sys, "path", [*sys.path])

    loaded = load_file(FileKey("f.py", "known"), options, can_interrupt=False)

    assert isinstance(loaded, LoadedFile)
    assert loaded.is_from_snapshot
    assert loaded.dags["d"].task_dict["t"].execute({}) == 1
    assert os.fspath(dags) not in sys.path


def test_what_operators_name_is_imported_before_children_are_forked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heavy_for_a_task.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    class Heavy(BaseOperator):
        preloads = ("heavy_for_a_task", "not_installed_anywhere")

    with DAG("d", auto_register=False) as dag:
        Heavy(task_id="plain")
    preload(LoadedFile(dags={"d": dag}, is_from_snapshot=False))
    assert "heavy_for_a_task" in sys.modules
    assert "not_installed_anywhere" not in sys.modules


def test_a_file_that_reads_a_variable_is_imported_by_each_child_which_reads_it_anew(
    start_host: StartHost,
) -> None:
    host = start_host()
    values = iter(["one", "two"])
    host.scheduler.answer = lambda _ref, call: (
        VariableAnswer(value=next(values)) if isinstance(call, GetVariable) else Done()
    )
    top = (
        "from windward.sdk.variable import Variable\n"
        "try:\n    VALUE = Variable.get('shop')\nexcept Exception:\n    VALUE = 'swallowed'"
    )
    name = write(host, "reads.py", top=top, value="VALUE")
    endings = [host.run(submission(name, "t", fence=number))[0] for number in (1, 2)]
    assert [returned(ending) for ending in endings] == ["one", "two"]
    assert (host.home / "host.log").read_text().count("tasks of the file import it themselves") == 1


def test_a_file_that_is_imported_for_one_attempt_knows_for_which(start_host: StartHost) -> None:
    host = start_host()
    host.scheduler.answer = lambda _ref, _call: VariableAnswer(value="shops")
    context = (
        "from windward.sdk.parsing_context import get_parsing_context\nFOR = list(get_parsing_context())"
    )
    once = write(host, "once.py", top=context, value="FOR")
    each = write(
        host,
        "each.py",
        top=f"from windward.sdk.variable import Variable\nVariable.get('shop')\n{context}",
        value="[FOR, list(get_parsing_context())]",
    )
    assert returned(host.run(submission(once, "t"))[0]) == [None, None]
    work = submission(each, "t", fence=2)
    assert returned(host.run(work)[0]) == [["d", "t"], [None, None]]


def test_secrets_that_a_file_takes_from_its_environment_are_hidden_in_raw_output(
    start_host: StartHost,
) -> None:
    host = start_host()
    top = (
        "import os\nos.environ['AIRFLOW_VAR_SHOP_PASSWORD'] = 'word-of-the-shop'\n"
        "from windward.sdk.variable import Variable\nVALUE = Variable.get('shop_password')"
    )
    name = write(host, "env.py", top=top, value="os.system('echo word-of-the-shop')")
    work = submission(name, "t")
    host.run(work)
    host.scheduler.until(lambda: "***" in host.log(work.ref))
    log = host.log(work.ref)
    assert "word-of-the-shop" not in log
