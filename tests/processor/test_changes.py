"""What makes a file be parsed, and what does not: contents, imports, data files, values, and nothing else."""

import os
import zipfile
from datetime import UTC, datetime

import pytest

from tests.processor.folder import Folder, eventually
from windward.document.warnings import DagWarningType, warning_type
from windward.model.records import PoolRecord


def test_an_unchanged_folder_is_parsed_once(folder: Folder) -> None:
    folder.write("lib.py", "NAMES = ['a']")
    folder.write("one.py", "from lib import NAMES\nDAGS = {'one': NAMES}")
    folder.write("bad.py", "1 / 0")
    assert sorted(folder.parse().parsed) == ["bad.py", "lib.py", "one.py"]
    again = folder.parse()
    assert (again.parsed, again.gone, again.changed_dags) == ([], [], set())


def test_the_scheduler_is_woken_once_for_all_files(folder: Folder) -> None:
    for number in range(5):
        folder.write(f"file_{number}.py", f"DAGS = {{'dag_{number}': []}}")
    folder.parse()
    folder.parse()
    assert folder.wakeup.count == 1


def test_a_touched_file_is_not_parsed(folder: Folder) -> None:
    path = folder.write("one.py", "DAGS = {'one': []}")
    folder.parse()
    os.utime(path, (1, 1))
    assert folder.parse().parsed == []


def test_a_file_that_somebody_wants_to_be_read_again_is_parsed_once(folder: Folder) -> None:
    folder.write("one.py", "DAGS = {'one': []}")
    folder.write("two.py", "DAGS = {'two': []}")
    folder.parse()
    folder.store.catalog.ask_parse("two.py", now=datetime.now(UTC))
    assert folder.parse().parsed == ["two.py"]
    assert folder.parse().parsed == []


def test_a_changed_file_is_parsed_alone(folder: Folder) -> None:
    folder.write("one.py", "DAGS = {'one': ['a']}")
    folder.write("two.py", "DAGS = {'two': ['a']}")
    folder.parse()
    folder.write("two.py", "DAGS = {'two': ['b']}")
    assert folder.parse().parsed == ["two.py"]
    assert folder.tasks("two") == ["b"]


def test_two_saves_of_one_size_within_a_second_are_two_contents(folder: Folder) -> None:
    folder.write("lib.py", "NAME = 'a'")
    folder.write("one.py", "import lib\nDAGS = {'one': [lib.NAME]}")
    folder.parse()
    folder.write("lib.py", "NAME = 'b'")
    folder.parse()
    assert folder.tasks("one") == ["b"]


def test_a_changed_module_parses_exactly_the_files_that_imported_it(folder: Folder) -> None:
    folder.write("lib/__init__.py", b"")
    folder.write("lib/deep.py", b"NAMES = ['a']\n")
    folder.write("lib/other.py", b"NAMES = ['a']\n")
    folder.write("middle.py", b"from lib.deep import NAMES\n")
    folder.write("direct.py", "from lib.deep import NAMES\nDAGS = {'direct': NAMES}")
    folder.write("indirect.py", "from middle import NAMES\nDAGS = {'indirect': NAMES}")
    folder.write("unrelated.py", "from lib.other import NAMES\nDAGS = {'unrelated': NAMES}")
    folder.parse()
    folder.write("lib/deep.py", b"NAMES = ['b']\n")
    assert sorted(folder.parse().parsed) == ["direct.py", "indirect.py"]
    assert folder.tasks("direct") == folder.tasks("indirect") == ["b"]
    assert folder.file("direct.py").imports == ("lib/__init__.py", "lib/deep.py")


def test_a_module_that_hangs_is_known_as_a_dependency_all_the_same(folder: Folder) -> None:
    folder.set(dagbag_import_timeout_s=2)
    folder.write("lib.py", b"import time; time.sleep(600)")
    folder.write("one.py", "import lib\nDAGS = {'one': []}")
    folder.parse()
    assert folder.dags() == []
    folder.set(dagbag_import_timeout_s=60)
    folder.write("lib.py", b"pass")
    folder.parse()
    assert folder.dags() == ["one"]


def test_a_module_that_was_missing_heals_the_file_when_it_appears(folder: Folder) -> None:
    folder.write("one.py", "from tables import NAMES\nDAGS = {'one': NAMES}")
    folder.parse()
    assert "ModuleNotFoundError" in folder.error("one.py")
    folder.write("tables.py", b"NAMES = ['a']")
    folder.parse()
    assert folder.tasks("one") == ["a"]
    assert folder.file("one.py").error is None


def test_a_module_that_was_missing_in_a_folder_with_a_dot_in_its_name_is_found_when_it_appears(
    folder: Folder,
) -> None:
    folder.write(
        "v1.2/one.py",
        "import os, sys\nsys.path.insert(0, os.path.dirname(__file__))\ntry:\n    from late import NAMES\nexcept ImportError:\n    NAMES = []\nDAGS = {'one': NAMES}",
    )
    folder.parse()
    folder.write("v1.2/late.py", b"NAMES = ['a']")
    folder.parse()
    assert folder.tasks("one") == ["a"]


def test_a_data_file_that_was_read_is_a_dependency(folder: Folder) -> None:
    folder.write("conf/orders.txt", b"a b")
    folder.write(
        "one.py",
        "import os\nhere = os.path.dirname(__file__)\nDAGS = {n[:-4]: open(f'{here}/conf/{n}').read().split() for n in os.listdir(f'{here}/conf')}",
    )
    folder.parse()
    assert folder.tasks("orders") == ["a", "b"]
    folder.write("conf/orders.txt", b"c")
    folder.parse()
    assert folder.tasks("orders") == ["c"]
    folder.write("conf/parts.txt", b"d")
    folder.parse()
    assert folder.dags() == ["orders", "parts"]


def test_a_listing_of_the_dag_folder_itself_is_a_dependency(folder: Folder) -> None:
    folder.write(
        "one.py",
        "import os\nDAGS = {n[:-4]: ['a'] for n in os.listdir(os.path.dirname(__file__)) if n.endswith('.txt')}",
    )
    folder.write("orders.txt", b"")
    folder.parse()
    folder.write("parts.txt", b"")
    folder.parse()
    assert folder.dags() == ["orders", "parts"]


def test_a_library_that_looks_for_installed_packages_makes_no_dependency(folder: Folder) -> None:
    folder.write(
        "one.py", "import importlib.metadata\nimportlib.metadata.entry_points()\nDAGS = {'one': ['a']}"
    )
    folder.parse()
    folder.write("other.py", "DAGS = {'two': ['b']}")
    assert folder.parse().parsed == ["other.py"]


def test_a_file_that_writes_what_it_reads_comes_to_rest(folder: Folder) -> None:
    folder.write(
        "one.py",
        "import os, time\npath = os.path.dirname(__file__) + '/cache.txt'\nopen(path, 'w').write(str(time.time_ns()))\nDAGS = {'one': [open(path).read() and 'a']}",
    )
    assert folder.parse().parsed == ["one.py"]
    assert folder.parse().parsed == []


def test_a_variable_that_was_read_is_a_dependency(folder: Folder) -> None:
    folder.store.secrets.set_variable("tables", "a b")
    folder.write(
        "one.py",
        "from windward.sdk.bridge import current_bridge\nfrom windward.protocol.calls import GetVariable\nDAGS = {'one': current_bridge(purpose='x').call(GetVariable(key='tables')).value.split()}",
    )
    folder.parse()
    assert folder.tasks("one") == ["a", "b"]
    assert folder.parse().parsed == []
    folder.store.secrets.set_variable("tables", "c")
    assert folder.parse().parsed == ["one.py"]
    assert folder.tasks("one") == ["c"]


def test_files_that_read_one_variable_cost_one_query(folder: Folder) -> None:
    for number in range(6):
        path = folder.write(
            f"f{number}.py",
            f"from windward.sdk.bridge import current_bridge\nfrom windward.protocol.calls import GetVariable\nDAGS = {{'dag_{number}': [str(current_bridge(purpose='x').call(GetVariable(key='tables')).value)]}}",
        )
        os.utime(path, (1, 1))  # None of them looks as if it were just being written.
    asked: list[str] = []
    secrets = folder.store.secrets
    read = secrets.get_variable
    secrets.get_variable = lambda key: (asked.append(key), read(key))[1]  # type: ignore[method-assign,func-returns-value]
    folder.parse()
    assert asked == ["tables"]
    assert folder.tasks("dag_5") == ["None"]


def test_an_unknown_pool_is_a_warning_until_it_exists(folder: Folder) -> None:
    folder.write("one.py", "DAGS = {'one': ['crowded', 'free']}")
    folder.parse()
    (warning,) = folder.document("one").warnings
    assert "`no_such_pool` does not exist" in warning
    assert warning_type(warning) is DagWarningType.NON_EXISTENT_POOL
    assert "`crowded`" in warning
    folder.store.secrets.set_pool(PoolRecord(name="no_such_pool", slots=1))
    folder.parse()
    assert folder.document("one").warnings == ()


def test_dags_of_a_deleted_file_become_inactive(folder: Folder) -> None:
    path = folder.write("one.py", "DAGS = {'one': [], 'two': []}")
    folder.parse()
    path.unlink()
    done = folder.parse()
    assert done.gone == ["one.py"]
    assert done.changed_dags == {"one", "two"}
    assert folder.dags() == []


def test_a_dag_that_a_file_declares_no_more_becomes_inactive(folder: Folder) -> None:
    folder.write("one.py", "DAGS = {'one': [], 'two': []}")
    folder.parse()
    folder.write("one.py", "DAGS = {'two': []}")
    folder.parse()
    assert folder.dags() == ["two"]


def test_a_renamed_file_takes_its_dags_along(folder: Folder) -> None:
    path = folder.write("one.py", "DAGS = {'one': []}")
    folder.parse()
    path.rename(folder.path / "a_new_name.py")
    folder.parse()
    assert folder.document("one").fileloc == "a_new_name.py"
    assert folder.store.catalog.load_dag("one") is not None


def test_a_folder_that_is_missing_takes_no_dag_away(folder: Folder) -> None:
    folder.write("one.py", "DAGS = {'one': []}")
    folder.parse()
    folder.path.rename(folder.path.with_name("unmounted"))
    assert folder.parse().gone == []
    assert folder.dags() == ["one"]


def test_of_two_files_that_come_at_once_the_first_by_name_has_a_dag(folder: Folder) -> None:
    folder.write("b.py", "DAGS = {'same': ['b'], 'own': []}")
    folder.write("a.py", "import time; time.sleep(0.2)\nDAGS = {'same': ['a']}")
    folder.parse()
    assert folder.tasks("same") == ["a"]
    assert "`same` is declared by `a.py`" in folder.error("b.py")
    assert folder.file("a.py").error is None
    assert folder.dags() == ["own", "same"]
    assert folder.parse().parsed == []


def test_a_copy_takes_no_dag_away_from_the_file_that_has_it(folder: Folder) -> None:
    folder.write("b.py", "DAGS = {'same': ['b']}")
    folder.parse()
    folder.write("a.py", "DAGS = {'same': ['a'], 'own': []}")
    folder.parse()
    assert folder.tasks("same") == ["b"]
    assert "`same` is declared by `b.py`" in folder.error("a.py")
    assert folder.dags() == ["own", "same"]
    assert folder.parse().parsed == []
    folder.write("b.py", "DAGS = {'same': ['b', 'c']}")
    folder.write("a.py", "DAGS = {'same': ['a', 'd'], 'own': []}")
    folder.parse()
    assert folder.tasks("same") == ["b", "c"]
    assert folder.file("b.py").error is None


def test_a_copy_that_comes_while_the_processor_runs_takes_no_dag_away(folder: Folder) -> None:
    folder.write("b.py", "DAGS = {'same': ['b']}")
    with folder.running():
        eventually(lambda: folder.wakeup.count == 1)
        folder.write("a.py", "DAGS = {'same': ['a']}")
        eventually(lambda: len(folder.store.catalog.load_files()) == 2)
        assert "`same` is declared by `b.py`" in folder.error("a.py")
        (folder.path / "b.py").unlink()
        eventually(lambda: folder.tasks("same") == ["a"])


@pytest.mark.parametrize("end", ["deleted", "edited"])
def test_the_second_file_takes_a_dag_over_when_the_first_lets_go(folder: Folder, end: str) -> None:
    folder.write("b.py", "DAGS = {'same': ['b']}")
    first = folder.write("a.py", "DAGS = {'same': ['a']}")
    folder.parse()
    assert "`same` is declared by `a.py`" in folder.error("b.py")
    if end == "deleted":
        first.unlink()
    else:
        folder.write("a.py", "DAGS = {'other': ['a']}")
    folder.parse()
    assert folder.tasks("same") == ["b"]
    assert folder.file("b.py").error is None


def test_a_dag_that_is_imported_from_another_file_belongs_to_that_file(folder: Folder) -> None:
    folder.write("a.py", "from b import DAGS")
    folder.write("b.py", "DAGS = {'b': []}")
    folder.parse()
    assert folder.document("b").fileloc == "b.py"
    assert folder.file("a.py").error is folder.file("b.py").error is None


def test_a_run_finds_all_that_its_file_imported_and_read(folder: Folder) -> None:
    folder.write("lib/tables.py", b"NAMES = ['a']")
    folder.write("conf.txt", b"x")
    folder.write(
        "one.py",
        "import os\nfrom lib.tables import NAMES\nopen(os.path.dirname(__file__) + '/conf.txt').read()\nDAGS = {'one': NAMES}",
    )
    folder.parse()
    snapshot = folder.code.saved[folder.document("one").code_hash]
    assert {
        name: (folder.path / name).read_bytes() for name in ("one.py", "lib/tables.py", "conf.txt")
    } == snapshot


def test_modules_of_a_zip_are_parsed_each_on_its_own(folder: Folder) -> None:
    with zipfile.ZipFile(folder.path / "pack.zip", "w") as pack:
        pack.writestr("good.py", "# airflow dag\nimport inner.names\nDAGS = {'packed': inner.names.NAMES}")
        pack.writestr("bad.py", "# airflow dag\n1 / 0")
        pack.writestr("inner/__init__.py", "")
        pack.writestr("inner/names.py", "NAMES = ['a']  # airflow dag")
    folder.parse()
    assert folder.tasks("packed") == ["a"]
    assert folder.document("packed").fileloc == "pack.zip/good.py"
    assert "1 / 0" in folder.error("pack.zip/bad.py")
    assert folder.parse().parsed == []


def test_a_running_processor_sees_a_saved_file_within_half_a_second(folder: Folder) -> None:
    folder.set(scan_interval_s=60.0)
    folder.write("one.py", "DAGS = {'one': ['a']}")
    with folder.running():
        eventually(lambda: folder.dags() == ["one"])
        folder.write("sub/two.py", "DAGS = {'two': ['a']}")
        eventually(lambda: folder.dags() == ["one", "two"])
        part = folder.write("sub/.two.py.swp", "DAGS = {'two': ['b']}")
        part.replace(folder.path / "sub/two.py")
        eventually(lambda: folder.tasks("two") == ["b"])
        (folder.path / "one.py").unlink()
        eventually(lambda: folder.dags() == ["two"])


def test_a_running_processor_needs_no_file_events(folder: Folder) -> None:
    folder.set(scan_interval_s=0.05)
    with folder.running() as processor:
        processor._events.drain = lambda: False  # type: ignore[method-assign]
        folder.write("one.py", "DAGS = {'one': ['a']}")
        eventually(lambda: folder.dags() == ["one"])


def test_a_processor_outlives_its_template(folder: Folder) -> None:
    folder.write("one.py", "DAGS = {'one': ['a']}")
    with folder.running() as processor:
        eventually(lambda: folder.dags() == ["one"])
        first = processor.template_pid
        assert first is not None
        os.kill(first, 9)
        folder.write("two.py", "DAGS = {'two': ['a']}")
        eventually(lambda: folder.dags() == ["one", "two"])
        assert processor.template_pid != first


def test_a_second_processor_stands_by(folder: Folder) -> None:
    with folder.running():
        folder.write("one.py", "DAGS = {'one': ['a']}")
        eventually(lambda: folder.dags() == ["one"])
    components = folder.store.hosts.load_components()
    assert [component["kind"] for component in components] == ["processor"]
