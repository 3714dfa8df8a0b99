"""DAG files as their authors write them, through the authoring SDK."""

import sys
from collections.abc import Iterator

import pytest

from tests.processor.folder import Folder
from windward.model.states import Semantics
from windward.ports.clock import SystemClock
from windward.processor.load import load_file
from windward.processor.processor import Pass, open_processor
from windward.sdk import defaults

CLASSIC = """
from datetime import datetime
from airflow import DAG
from airflow.operators.python import PythonOperator

with DAG("classic", start_date=datetime(2024, 1, 1), schedule_interval="@daily") as dag:
    first = PythonOperator(task_id="first", python_callable=print)
    first >> PythonOperator(task_id="second", python_callable=print)
"""
NATIVE = """
from windward import dag, task

@dag(schedule="@daily")
def native():
    @task
    def extract(): ...
    @task
    def load(rows): ...
    load(extract())

native()
"""


def parse(folder: Folder) -> Pass:
    processor = open_processor(folder.settings, folder.store, folder.wakeup, SystemClock(), code=folder.code)
    try:
        return processor.parse_once()
    finally:
        processor.close()


def test_classic_and_native_files_become_documents(folder: Folder) -> None:
    folder.write("classic.py", CLASSIC)
    folder.write("native.py", NATIVE)
    parse(folder)
    assert [folder.store.catalog.load_files()[at].error for at in (0, 1)] == [None, None]
    assert folder.tasks("classic") == ["first", "second"]
    assert folder.tasks("native") == ["extract", "load"]
    assert folder.document("classic").semantics is Semantics.AIRFLOW2
    assert folder.document("native").semantics is Semantics.AIRFLOW3
    assert folder.document("classic").code_hash in folder.code.saved
    assert parse(folder).parsed == []


def test_what_a_file_says_by_a_helper_of_its_folder_decides_the_semantics(folder: Folder) -> None:
    folder.write("factory.py", "from airflow import DAG\ndef make(dag_id): return DAG(dag_id)")
    folder.write("made.py", "from factory import make\nmade = make('made')")
    parse(folder)
    assert folder.document("made").semantics is Semantics.AIRFLOW2


def test_a_cycle_is_an_error_of_its_dag_alone(folder: Folder) -> None:
    cycle = "from airflow.operators.empty import EmptyOperator\nwith DAG('cycle') as cycle:\n    a = EmptyOperator(task_id='a')\n    b = EmptyOperator(task_id='b')\n    a >> b >> a"
    folder.write("both.py", CLASSIC + cycle)
    parse(folder)
    assert folder.dags() == ["classic"]
    assert "cycle" in folder.error("both.py")
    assert "hint: " in folder.error("both.py")


def test_two_tasks_of_one_name_are_told_with_the_line(folder: Folder) -> None:
    folder.write("twice.py", CLASSIC.replace('task_id="second"', 'task_id="first"'))
    folder.write("native.py", NATIVE)
    parse(folder)
    error = folder.error("twice.py")
    assert "'first'" in error.splitlines()[0]
    assert 'File "twice.py", line 9' in error
    assert "hint: " in error
    assert folder.dags() == ["native"]


def test_an_import_error_of_an_unknown_name_shows_one_line_of_the_author(folder: Folder) -> None:
    folder.write("unknown.py", "from airflow.operators.python import NoSuchOperator")
    parse(folder)
    error = folder.error("unknown.py")
    assert 'File "unknown.py", line 2' in error
    assert error.count("File ") == 1


def test_a_variable_is_read_while_the_file_is_imported(folder: Folder) -> None:
    folder.store.secrets.set_variable("names", '["x", "y"]')
    folder.write(
        "loop.py",
        "from airflow import DAG\nfrom airflow.models import Variable\nfor name in Variable.get('names', deserialize_json=True):\n    globals()[name] = DAG('load_' + name)",
    )
    parse(folder)
    assert folder.dags() == ["load_x", "load_y"]


def test_a_connection_is_read_while_the_file_is_imported(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FROM_ENV", "postgres://env_host/db")
    folder.store.secrets.set_connection("from_store", {"conn_type": "http", "host": "store_host"})
    folder.write(
        "conns.py",
        "from airflow import DAG\nfrom airflow.hooks.base import BaseHook\nfor name in ('from_env', 'from_store'):\n    globals()[name] = DAG(BaseHook.get_connection(name).host)",
    )
    parse(folder)
    assert folder.dags() == ["env_host", "store_host"]


@pytest.fixture
def _own_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what loading a file does to this process."""
    before = defaults.current()
    monkeypatch.setattr("sys.path", [*sys.path])
    yield
    defaults.configure(before)


@pytest.mark.usefixtures("_own_process")
def test_a_file_can_be_loaded_into_this_process_without_a_database(folder: Folder) -> None:
    path = folder.write("sub/native.py", NATIVE)
    loaded = load_file(path, folder.settings)
    assert loaded.fileloc == "sub/native.py"
    assert sorted(loaded.dags["native"].task_ids) == ["extract", "load"]
    assert loaded.documents["native"].semantics is Semantics.AIRFLOW3
    assert loaded.errors == {}


@pytest.mark.usefixtures("_own_process")
def test_a_file_that_cannot_be_loaded_says_what_the_processor_would_say(folder: Folder) -> None:
    path = folder.write("bad.py", "def load():\n    return 1 / 0\nload()")
    loaded = load_file(path, folder.settings)
    parse(folder)
    assert loaded.dags == {}
    assert loaded.errors == {"bad.py": folder.error("bad.py")}


def test_a_preset_of_an_installed_package_is_its_timetable(folder: Folder) -> None:
    plugins = folder.settings.home / "plugins"
    package = plugins / "ticks-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: ticks\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[windward.timetables]\nnoon = ticks:Noon\n")
    (plugins / "ticks.py").write_text(
        "from datetime import timedelta\n"
        "from windward import DagRunInfo, Timetable\n"
        "class Noon(Timetable):\n"
        "    def next_dagrun_info(self, *, last_automated_data_interval, restriction):\n"
        "        last = last_automated_data_interval\n"
        "        start = restriction.earliest if last is None else last.end\n"
        "        return DagRunInfo.interval(start, start + timedelta(days=1))\n"
    )
    folder.write(
        "named.py",
        "import pendulum\nfrom windward import DAG\n"
        "dag = DAG('named', schedule='@noon', start_date=pendulum.datetime(2026, 1, 1, 12), catchup=True)",
    )

    parse(folder)

    assert folder.file("named.py").error is None
    windows = folder.store.catalog.load_windows()["named"]
    assert windows.slots[0].start.isoformat() == "2026-01-01T12:00:00+00:00"


def test_a_timetable_that_cannot_be_asked_is_an_error_that_names_its_dag(folder: Folder) -> None:
    folder.write(
        "odd.py",
        "import pendulum\nfrom windward import DAG, DagRunInfo, Timetable\n"
        "class Down(Timetable):\n"
        "    def next_dagrun_info(self, **_):\n        raise RuntimeError('the calendar is down')\n"
        "class Standing(Timetable):\n"
        "    def next_dagrun_info(self, **_):\n"
        "        start = pendulum.datetime(2026, 1, 1)\n"
        "        return DagRunInfo.interval(start, start.add(days=1))\n"
        "start = pendulum.datetime(2026, 1, 1)\n"
        "one = DAG('down', schedule=Down(), start_date=start)\n"
        "two = DAG('standing', schedule=Standing(), start_date=start)\n"
        "three = DAG('well', schedule='@daily', start_date=start)\n",
    )

    parse(folder)

    error = folder.error("odd.py")
    assert "RuntimeError: the calendar is down\nThe timetable of DAG `down` raised this." in error
    assert "DAG `standing`: the timetable does not lead forward" in error
    assert folder.file("odd.py").dag_ids == ("well",)
