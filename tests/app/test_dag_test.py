"""A whole run in one process: how it ends, what it shows, and what it leaves alone."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from windward.app import dag_test
from windward.settings import load

HEAD = """
from datetime import datetime, timedelta
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowSkipException
from windward.sdk.operators.bash import BashOperator
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.operators.python import PythonOperator
from windward.sdk.variable import Variable

def task(name, work, **arguments):
    return PythonOperator(task_id=name, python_callable=work, **arguments)

def fail():
    raise ValueError("on purpose")

def skip():
    raise AirflowSkipException("nothing new")

"""
Write = Callable[..., Path]
Run = Callable[..., int]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(body: str, *, arguments: str = "", name: str = "dag.py") -> Path:
        path = tmp_path / name
        inner = textwrap.indent(textwrap.dedent(body).strip(), "    ")
        path.write_text(
            f"{HEAD}\nwith DAG('d', schedule=None, start_date=datetime(2026, 1, 1){arguments}) as dag:\n{inner}\n",
            encoding="utf-8",
        )
        return path

    return make


@pytest.fixture
def run(tmp_path: Path) -> Run:
    settings = load({}, home=tmp_path / "home")

    def test(target: Path | str, **options: object) -> int:
        conf = options.pop("conf", {})
        return dag_test.main(str(target), None, conf, settings=settings, **options)  # type: ignore[arg-type]

    return test


def test_a_run_whose_tasks_succeed_ends_with_0(
    write: Write, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        "task('a', lambda: print('heard')) >> EmptyOperator(task_id='b') >> BashOperator(task_id='c', bash_command='true')"
    )
    assert run(path) == 0
    shown = capsys.readouterr()
    assert [line.split()[:2] for line in shown.err.splitlines()[:3]] == [
        ["a", "success"],
        ["b", "success"],
        ["c", "success"],
    ]
    assert "heard" not in shown.out + shown.err


def test_a_failure_ends_with_1_and_shows_its_log(
    write: Write, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("[task('bad', fail), task('good', lambda: print('fine'))]")
    assert run(path) == 1
    shown = capsys.readouterr().err
    assert "log of bad:" in shown
    assert "ValueError: on purpose" in shown
    assert "log of good:" not in shown


def test_a_failed_task_is_not_retried(write: Write, run: Run, tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    path = write(
        f"BashOperator(task_id='a', bash_command='echo x >> {tries}; false', retries=5, retry_delay=timedelta(0))"
    )
    assert run(path) == 1
    assert tries.read_text() == "x\n"


def test_a_failure_that_the_graph_forgives_ends_with_0(write: Write, run: Run) -> None:
    assert run(write("task('a', fail) >> EmptyOperator(task_id='b', trigger_rule='all_done')")) == 0


def test_skips_cross_the_graph(write: Write, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(write("task('a', skip) >> task('b', fail)")) == 0
    assert [line.split()[:2] for line in capsys.readouterr().err.splitlines()[:2]] == [
        ["a", "skipped"],
        ["b", "skipped"],
    ]


def test_values_pass_between_tasks(write: Write, run: Run) -> None:
    path = write(
        """
        a = task('a', lambda: {'n': 41})
        def check(ti):
            assert ti.xcom_pull(task_ids='a') == {'n': 41}
        a >> task('b', check)
        """
    )
    assert run(path) == 0


def test_a_mapped_task_has_an_instance_for_each_value(
    write: Write, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        """
        numbers = task('numbers', lambda: [1, 2, 3])
        PythonOperator.partial(task_id='double', python_callable=lambda n: n * 2).expand(
            op_args=numbers.output.map(lambda n: [n])
        )
        """
    )
    assert run(path) == 0
    assert capsys.readouterr().err.count("double[") == 3


def test_callbacks_of_the_dag_run(write: Write, run: Run, tmp_path: Path) -> None:
    told = tmp_path / "told"
    arguments = f", on_failure_callback=lambda context: __import__('pathlib').Path({str(told)!r}).write_text(context['dag_run'].run_id)"
    assert run(write("task('a', fail)", arguments=arguments)) == 1
    assert told.read_text().startswith("manual__")


def test_tasks_that_match_the_pattern_succeed_without_running(write: Write, run: Run) -> None:
    path = write("task('wait_for_file', fail) >> task('work', lambda: None)")
    assert run(path, mark_success_pattern="wait_for_.*") == 0
    assert run(path, mark_success_pattern="wait_for_") == 1
    assert run(path, mark_success_pattern="(") == 2


def test_variables_and_connections_come_from_files_and_the_environment(
    write: Write, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "variables.json").write_text(json.dumps({"colour": "green", "shape": {"sides": 3}}))
    (tmp_path / "connections.yaml").write_text("db: sqlite://host/path\n")
    monkeypatch.setenv("AIRFLOW_VAR_SIZE", "7")
    path = write(
        """
        from windward.sdk.hook import BaseHook
        def check():
            assert Variable.get('colour') == 'green'
            assert Variable.get('shape', deserialize_json=True) == {'sides': 3}
            assert Variable.get('size') == '7'
            assert BaseHook.get_connection('db').host == 'host'
        task('a', check)
        """
    )
    files = {
        "variables_file": str(tmp_path / "variables.json"),
        "connections_file": str(tmp_path / "connections.yaml"),
    }
    assert run(path, **files) == 0


def test_the_conf_is_checked_against_the_params(write: Write, run: Run) -> None:
    path = write(
        "task('a', lambda params: 1 / (params['n'] == 5))",
        arguments=", params={'n': __import__('windward.sdk.params').sdk.params.Param(1, type='integer')}",
    )
    assert run(path, conf={"n": 5}) == 0
    assert run(path, conf={"n": "five"}) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("this is no python", "cannot be imported"),
        ("import sys; sys.exit(3)", "cannot be imported"),
        ("x = 1", "declares no DAG"),
        (f"{HEAD}\na = DAG('a')\nb = DAG('b')", "declares 2 DAGs"),
    ],
)
def test_a_file_that_cannot_be_run_ends_with_2(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    path = tmp_path / "dag.py"
    path.write_text(text, encoding="utf-8")
    assert run(path) == 2
    assert said in capsys.readouterr().err


def test_a_missing_file_ends_with_2(run: Run, tmp_path: Path) -> None:
    assert run(tmp_path / "nothing.py") == 2


def test_a_dag_is_found_by_its_id_in_the_dag_folder(write: Write, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "dags"
    folder.mkdir(parents=True)
    write("task('a', lambda: None)").rename(folder / "some.py")
    assert run("d") == 0
    assert run("e") == 2


def test_a_dag_is_found_beside_files_that_cannot_be_read_or_are_ignored(
    write: Write, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "home" / "dags"
    folder.mkdir(parents=True)
    write("task('a', lambda: None)").rename(folder / "zz.py")
    made = (folder / "zz.py").read_text().replace("DAG('d'", "DAG('co' + 'mputed'")
    (folder / "zz.py").write_text(made)
    (folder / "broken.py").write_text("# a dag of airflow\nraise ValueError('mine')\n")
    (folder / "ignored.py").write_text("import os\nos._exit(9)  # a dag of airflow\n")
    (folder / ".airflowignore").write_text("ignored.py\n")

    assert run("computed") == 0

    capsys.readouterr()
    assert run("nowhere") == 2
    assert "declares a DAG `nowhere`; 1 of them cannot be imported: `broken.py`" in capsys.readouterr().err
    (folder / "broken.py").write_text("# a dag of airflow, 'nowhere'\nraise ValueError('mine')\n")
    assert run("nowhere") == 2
    assert "ValueError: mine" in capsys.readouterr().err


def test_the_home_is_left_alone(write: Write, run: Run, tmp_path: Path) -> None:
    assert run(write("task('a', lambda: None)")) == 0
    assert not (tmp_path / "home").exists()


def test_a_scheduled_dag_is_run_once_and_its_schedule_makes_nothing(
    write: Write, run: Run, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    path = write(f"BashOperator(task_id='a', bash_command='echo x >> {told}')")
    path.write_text(path.read_text().replace("schedule=None", "schedule='@daily', catchup=True"))
    assert run(path) == 0
    assert told.read_text() == "x\n"


def test_a_pool_that_does_not_exist_holds_nothing_up(write: Write, run: Run) -> None:
    assert run(write("task('a', lambda: None, pool='elsewhere')")) == 0


def test_a_sensor_that_gives_its_slot_back_is_asked_again(write: Write, run: Run, tmp_path: Path) -> None:
    path = write(
        f"""
        from pathlib import Path
        from windward.sdk.sensor import BaseSensorOperator
        class Second(BaseSensorOperator):
            def poke(self, context):
                seen = Path({str(tmp_path / "seen")!r})
                return seen.exists() or seen.write_text('') and False
        Second(task_id='s', mode='reschedule', poke_interval=0.1)
        """
    )
    assert run(path) == 0


def test_dag_test_returns_the_run(write: Write, tmp_path: Path) -> None:
    path = write("task('a', fail if __import__('os').environ.get('BAD') else lambda: print('printed'))")
    program = (
        path.read_text() + "\nrun = dag.test(run_conf={'k': 1})\nprint(run.state, run.conf, run.run_id)\n"
    )
    path.write_text(program, encoding="utf-8")

    def state(**environ: str) -> list[str]:
        env = {**os.environ, "WINDWARD_HOME": str(tmp_path / "home"), **environ}
        done = subprocess.run(
            [sys.executable, str(path)], env=env, capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    assert state()[:2] == ["printed", "success"]
    assert state(BAD="1")[0] == "failed"


def test_one_task_runs_without_its_upstreams(write: Write, tmp_path: Path) -> None:
    settings = load({}, home=tmp_path / "home")
    folder = tmp_path / "home" / "dags"
    folder.mkdir(parents=True)
    write("task('a', fail) >> task('b', lambda: None)").rename(folder / "some.py")

    def code(task_id: str) -> int:
        return dag_test.test_task("d", task_id, None, params={}, env={}, settings=settings)

    assert (code("a"), code("b"), code("c")) == (1, 0, 2)


@pytest.mark.parametrize("is_whole", [False, True], ids=["windward tasks test", "dag.test()"])
def test_what_is_tried_by_hand_prints_no_secrets(tmp_path: Path, is_whole: bool) -> None:
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    text = """
        import logging
        import sys
        from windward.sdk.masking import mask_secret
        def say():
            secret = "-".join(["made", "at", "run", "time"])
            mask_secret(secret)
            print("out", secret[:5], secret[5:], sep="", flush=False)
            print("out made-at-", end="")
            print("run-time")
            print("err", secret, file=sys.stderr)
            logging.getLogger("mine").warning("log %s", secret)
            print("no end", end="")
        with DAG("d", schedule=None) as dag:
            task("a", say)
        if __name__ == "__main__":
            dag.test()
    """
    path = home / "dags" / "some.py"
    path.write_text(HEAD + textwrap.dedent(text))
    by_task = [str(Path(sys.executable).with_name("windward")), "tasks", "test", "d", "a"]

    done = subprocess.run(
        [sys.executable, str(path)] if is_whole else by_task,
        env={**os.environ, "WINDWARD_HOME": str(home)}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "out***\nout ***\nno end" in done.stdout
    assert "err ***" in done.stderr
    assert "mine: log ***" in done.stderr
    assert "run-time" not in done.stdout + done.stderr


def test_a_large_value_takes_the_way_of_large_values(write: Write, run: Run) -> None:
    path = write("""
        def make():
            return list(range(50_000))
        def check(ti):
            assert ti.xcom_pull(task_ids="make")[-1] == 49_999
        task("make", make) >> task("check", check)
    """)

    assert run(path) == 0


def test_a_callback_that_fails_is_shown_although_the_run_succeeds(
    write: Write, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        "task('a', lambda: print('quiet'), on_success_callback=lambda context: fail())",
        arguments=", on_success_callback=lambda context: fail()",
    )
    assert run(path) == 0
    shown = capsys.readouterr().err
    assert shown.count("ValueError: on purpose") == 2
    assert "errors in the log of a:" in shown
    assert "Returned value" not in shown
    assert shown.rstrip().endswith("(all tasks finished)")
