"""The sensors that wait for functions, commands, files and queries: what counts, what fails, what is waited on."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.sdk_runtime.fakes import FakeBridge, running
from windward.sdk.dag import DAG
from windward.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    TaskDeferred,
)
from windward.sdk.found_files import FSHook
from windward.sdk.sensor import BaseSensorOperator, PokeReturnValue
from windward.sdk.sensors.bash import BashSensor
from windward.sdk.sensors.filesystem import FileSensor
from windward.sdk.sensors.python import PythonSensor
from windward.sdk.sensors.sql import SqlSensor
from windward.sdk.triggers.file import DirectoryFileDeleteTrigger, FileDeleteTrigger, FileTrigger


def poked(sensor: BaseSensorOperator, *, bridge: FakeBridge | None = None, **fields: Any) -> Any:
    with running(sensor, bridge=bridge, **fields) as (context, _):
        sensor.render_template_fields(context)
        return sensor.poke(context)


@pytest.mark.parametrize(("answer", "is_over"), [(1, True), ("", False), (None, False), ([0], True)])
def test_a_function_is_asked_for_a_truth(dag: DAG, answer: Any, is_over: bool) -> None:
    assert poked(PythonSensor(task_id="s", python_callable=lambda: answer, dag=dag)) is is_over


def test_a_function_gets_its_arguments_and_the_context_that_it_names(dag: DAG) -> None:
    seen: list[Any] = []

    def look(first: Any, *, ds: str, own: str, templates_dict: dict[str, str]) -> PokeReturnValue:
        seen.append((first, ds, own, templates_dict))
        return PokeReturnValue(is_done=True, xcom_value="found")

    sensor = PythonSensor(
        task_id="s", python_callable=look, op_args=["{{ ds }}"], op_kwargs={"own": "{{ task.task_id }}"},
        templates_dict={"a": "{{ ds_nodash }}"}, dag=dag,
    )  # fmt: skip
    with running(sensor) as (context, _):
        sensor.render_template_fields(context)
        assert sensor.execute(context) == "found"
    assert seen == [("2024-03-09", "2024-03-09", "s", {"a": "20240309"})]


def test_what_is_no_function_is_refused_where_it_is_declared(dag: DAG) -> None:
    with pytest.raises(TypeError, match="`python_callable` of sensor `s` is 5"):
        PythonSensor(task_id="s", python_callable=5, dag=dag)  # type: ignore[arg-type]


@pytest.mark.parametrize(("code", "is_over"), [(0, True), (1, False), (99, False)])
def test_any_failure_of_a_command_means_not_yet(dag: DAG, code: int, is_over: bool) -> None:
    assert poked(BashSensor(task_id="s", bash_command=f"exit {code}", dag=dag)) is is_over


def test_with_a_code_for_not_yet_another_failure_fails_the_task(dag: DAG) -> None:
    def sensor(code: int) -> BashSensor:
        return BashSensor(task_id=f"s{code}", bash_command=f"exit {code}", retry_exit_code=99, dag=dag)

    assert poked(sensor(99)) is False
    assert poked(sensor(0)) is True
    with pytest.raises(AirflowFailException, match="return code 2; only 99"):
        poked(sensor(2))


def test_a_command_sees_its_environment_and_its_run(dag: DAG) -> None:
    command = 'test "$WORD" = 2024-03-09 && test "$AIRFLOW_CTX_TASK_ID" = s && test -z "$HOME"'
    sensor = BashSensor(task_id="s", bash_command=command, env={"WORD": "{{ ds }}"}, dag=dag)
    assert poked(sensor) is True


@pytest.fixture
def files(tmp_path: Path) -> FakeBridge:
    """Return a bridge whose connection `here` is the test's folder."""
    bridge = FakeBridge()
    bridge.connections["here"] = {"conn_type": "fs", "extra": f'{{"path": "{tmp_path}"}}'}
    return bridge


@pytest.mark.parametrize(
    ("pattern", "recursive", "is_over"),
    [
        ("a.csv", False, True),
        ("{{ ds }}.csv", False, True),
        ("*.csv", False, True),
        ("b.csv", False, False),
        ("folder", False, True),
        ("empty", False, False),
        ("**/deep.csv", True, True),
        ("**/deep.csv", False, False),
    ],
)
def test_files_globs_and_folders_with_files_count(
    dag: DAG, tmp_path: Path, files: FakeBridge, pattern: str, recursive: bool, is_over: bool
) -> None:  # fmt: skip
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    for name in ("a.csv", "2024-03-09.csv", "folder/inner/deep.csv"):
        (tmp_path / name).touch()
    sensor = FileSensor(task_id="s", filepath=pattern, recursive=recursive, fs_conn_id="here", dag=dag)
    assert poked(sensor, bridge=files) is is_over


def test_without_a_connection_paths_begin_at_the_root(dag: DAG, tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert poked(FileSensor(task_id="s", filepath=tmp_path / "a", dag=dag)) is True
    assert poked(FileSensor(task_id="t", filepath=str(tmp_path / "a").lstrip("/"), dag=dag)) is True


def test_a_connection_that_was_named_and_is_missing_fails(dag: DAG) -> None:
    with pytest.raises(AirflowNotFoundException, match="nowhere"):
        poked(FileSensor(task_id="s", filepath="a", fs_conn_id="nowhere", dag=dag))


def test_a_file_hook_says_whether_its_folder_is_there(files: FakeBridge, dag: DAG, tmp_path: Path) -> None:
    with running(FileSensor(task_id="s", filepath="a", dag=dag), bridge=files):
        hook = FSHook("here")
        assert hook.get_path() == str(tmp_path)
        assert hook.test_connection() == (True, f"Path {tmp_path} exists.")
        assert FSHook().test_connection() == (False, "File Path is undefined.")


def test_a_deferrable_file_sensor_leaves_the_wait_to_a_trigger(
    dag: DAG, tmp_path: Path, files: FakeBridge
) -> None:  # fmt: skip
    sensor = FileSensor(
        task_id="s", filepath="a", fs_conn_id="here", deferrable=True, poke_interval=7, timeout=60, dag=dag
    )
    with running(sensor, bridge=files) as (context, _):
        with pytest.raises(TaskDeferred) as deferred:
            sensor.execute(context)
        _, arguments = deferred.value.trigger.serialize()
        assert arguments == {"filepath": str(tmp_path / "a"), "recursive": False, "poke_interval": 7}
        assert deferred.value.timeout is not None
        assert deferred.value.timeout.total_seconds() == 60
        with pytest.raises(AirflowException, match="waiting for file a failed"):
            sensor.execute_complete(context, event=False)
        assert sensor.execute_complete(context, event=True) is None  # type: ignore[func-returns-value]
        (tmp_path / "a").touch()
        assert sensor.execute(context) is None


async def _first(trigger: FileTrigger | FileDeleteTrigger | DirectoryFileDeleteTrigger) -> Any:
    async for event in trigger.run():
        return event.payload
    return None


def test_a_file_trigger_fires_when_the_file_is_there(tmp_path: Path) -> None:
    import asyncio

    async def wait() -> Any:
        waiting = asyncio.create_task(_first(FileTrigger(str(tmp_path / "a*"), poke_interval=0.01)))
        await asyncio.sleep(0)
        assert not waiting.done()
        (tmp_path / "abc").touch()
        return await asyncio.wait_for(waiting, 20)

    assert asyncio.run(wait()) is True


def test_a_deleting_trigger_takes_the_file_away(tmp_path: Path) -> None:
    import asyncio

    (tmp_path / "a").touch()
    assert asyncio.run(asyncio.wait_for(_first(FileDeleteTrigger(str(tmp_path / "a"))), 20)) is True
    assert not (tmp_path / "a").exists()


def test_triggers_of_one_folder_share_its_reader_and_take_each_its_own_file(tmp_path: Path) -> None:
    import asyncio

    folder = tmp_path / "flags"
    one, other = (
        DirectoryFileDeleteTrigger(directory=path, filename=name, poke_interval=0.01)
        for path, name in ((str(folder), "us"), (f"{tmp_path}/./flags/", "eu"))
    )
    assert one.shared_stream_key() == other.shared_stream_key()
    assert (
        DirectoryFileDeleteTrigger(directory=str(tmp_path), filename="us").shared_stream_key()
        != one.shared_stream_key()
    )

    async def wait() -> Any:
        waiting = asyncio.create_task(_first(one))
        await asyncio.sleep(0.05)
        assert not waiting.done(), "the folder is not there yet"
        folder.mkdir()
        (folder / "eu").touch()
        (folder / "us").touch()
        return await asyncio.wait_for(waiting, 20)

    assert asyncio.run(wait()) == {"filepath": str(folder / "us")}
    assert [path.name for path in folder.iterdir()] == ["eu"]


@pytest.fixture
def database(tmp_path: Path) -> FakeBridge:
    """Return a bridge whose connection `db` is a SQLite file with a table of one row, and an empty one."""
    path = tmp_path / "data.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "create table full (n integer, word text); insert into full values (3, 'x'); create table none (n)"
        )
    bridge = FakeBridge()
    bridge.connections["db"] = {"conn_type": "sqlite", "host": str(path)}
    return bridge


@pytest.mark.parametrize(
    ("sql", "arguments", "is_over"),
    [
        ("select n from full", {}, True),
        ("select n - 3 from full", {}, False),
        ("select n from none", {}, False),
        ("select n from full where n = :n", {"parameters": {"n": 3}}, True),
        ("select n from full where n = :n", {"parameters": {"n": 4}}, False),
        ("select n from full", {"success": lambda n: n > 3}, False),
        ("select n - 3 from full", {"success": lambda n: n == 0}, True),
        ("select 0, word from full", {"selector": lambda row: row[1]}, True),
        ("select '{{ ds }}' = '2024-03-09'", {}, True),
    ],
)
def test_the_first_cell_of_a_query_decides(
    dag: DAG, database: FakeBridge, sql: str, arguments: dict[str, Any], is_over: bool
) -> None:  # fmt: skip
    sensor = SqlSensor(task_id="s", conn_id="db", sql=sql, dag=dag, **arguments)
    assert poked(sensor, bridge=database) is is_over


def test_a_query_may_fail_the_task(dag: DAG, database: FakeBridge) -> None:
    failing = SqlSensor(task_id="a", conn_id="db", sql="select 3", failure=lambda n: n == 3, dag=dag)
    with pytest.raises(AirflowException, match=r"self.failure\(3\) returned True"):
        poked(failing, bridge=database)
    empty = SqlSensor(task_id="b", conn_id="db", sql="select n from none", fail_on_empty=True, dag=dag)
    with pytest.raises(AirflowException, match="No rows returned"):
        poked(empty, bridge=database)


def test_a_criterion_that_is_no_function_is_refused_where_it_is_declared(dag: DAG) -> None:
    with pytest.raises(AirflowException, match="`success` of sensor `s` is 1"):
        SqlSensor(task_id="s", conn_id="db", sql="select 1", success=1, dag=dag)  # type: ignore[arg-type]
