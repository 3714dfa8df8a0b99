"""A Bash command: its output, its exit codes, its environment, and its end."""

import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.sdk_runtime.fakes import running
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowException, AirflowSkipException
from windward.sdk.operators.bash import INLINE_BYTES_MAX, BashOperator


def ran(dag: DAG, command: str, **kwargs: Any) -> Any:
    operator = BashOperator(task_id="b", bash_command=command, dag=dag, **kwargs).prepare_for_execution()
    with running(operator) as (context, _):
        operator.render_template_fields(context)
        return operator.execute(context)


def test_the_last_line_is_the_result_and_every_line_is_logged(
    dag: DAG, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert ran(dag, "echo one; echo two >&2; echo {{ ds }}") == "2024-03-09"
    lines = [record.getMessage() for record in caplog.records]
    assert [line for line in lines if line in {"one", "two", "2024-03-09"}] == ["one", "two", "2024-03-09"]


def test_output_is_logged_while_the_command_runs(dag: DAG, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    operator = BashOperator(task_id="b", bash_command=f"echo early; cat {gate}", dag=dag)
    seen = threading.Event()

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() == "early":
                seen.set()

    logger, handler = logging.getLogger(), Watch()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with running(operator) as (context, _):
            thread = threading.Thread(target=operator.execute, args=(context,), daemon=True)
            thread.start()
            assert seen.wait(60)
            gate.write_text("late\n")
            thread.join(60)
            assert not thread.is_alive()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@pytest.mark.parametrize(
    ("code", "skip_on", "ends"),
    [
        (0, 99, None),
        (1, 99, AirflowException),
        (99, 99, AirflowSkipException),
        (3, [2, 3], AirflowSkipException),
        (99, None, AirflowException),
        (0, 0, AirflowSkipException),
    ],
)
def test_exit_codes_succeed_skip_or_fail(
    dag: DAG, code: int, skip_on: Any, ends: type[Exception] | None
) -> None:
    if ends is None:
        assert ran(dag, f"echo x; exit {code}", skip_on_exit_code=skip_on) == "x"
        return
    with pytest.raises(AirflowException, match=rf"exit code {code}") as caught:
        ran(dag, f"exit {code}", skip_on_exit_code=skip_on)
    assert type(caught.value) is ends


def test_the_environment_is_inherited_replaced_or_appended(dag: DAG, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTER", "outer")
    command = 'echo "$OUTER/$MINE/$AIRFLOW_CTX_TASK_ID"'
    assert ran(dag, command) == "outer//b"
    assert ran(DAG("dag", schedule=None), command, env={"MINE": "{{ ds }}"}) == "/2024-03-09/b"
    assert ran(DAG("dag", schedule=None), command, env={"MINE": "m"}, append_env=True) == "outer/m/b"


def test_it_runs_in_its_folder_or_in_one_that_is_gone_afterwards(dag: DAG, tmp_path: Path) -> None:
    assert ran(dag, "pwd", cwd=str(tmp_path)) == str(tmp_path)
    assert not Path(ran(DAG("dag", schedule=None), "pwd")).exists()
    with pytest.raises(AirflowException, match="Can not find the cwd"):
        ran(DAG("dag", schedule=None), "pwd", cwd=str(tmp_path / "none"))


def test_a_script_file_is_a_template(tmp_path: Path) -> None:
    (tmp_path / "x.sh").write_text("for i in 1 2; do\n  echo $i {{ ds }}\ndone\n")
    assert ran(DAG("dag", schedule=None, template_searchpath=str(tmp_path)), "x.sh") == "2 2024-03-09"


def test_a_very_long_command_runs(dag: DAG) -> None:
    assert ran(dag, f"echo start\n# {'x' * INLINE_BYTES_MAX}\necho end") == "end"


def test_bytes_that_are_no_text_and_a_processor(dag: DAG) -> None:
    assert ran(dag, r"printf 'a\xffb'", output_processor=len) == len(r"a\xffb")


def test_an_empty_command_is_refused(dag: DAG) -> None:
    with pytest.raises(AirflowException, match="not empty"):
        ran(dag, " ")


@pytest.mark.parametrize("trap", ["", "trap '' TERM;"], ids=["obeys", "ignores"])
def test_a_kill_reaches_what_the_command_started(dag: DAG, tmp_path: Path, trap: str) -> None:
    pids = tmp_path / "pids"
    command = f"{trap} sleep 600 & echo $! > {pids}; wait; wait"
    operator = BashOperator(task_id="b", bash_command=command, dag=dag)
    with running(operator) as (context, _):
        thread = threading.Thread(
            target=pytest.raises, args=(AirflowException, operator.execute, context), daemon=True
        )
        thread.start()
        deadline = time.monotonic() + 60
        while not (pids.exists() and pids.read_text().strip() and operator.subprocess_hook.sub_process):
            assert time.monotonic() < deadline
            os.sched_yield()
        operator.subprocess_hook.send_sigterm(grace_s=0.2)
        thread.join(60)
        assert not thread.is_alive()
    assert is_gone(int(pids.read_text()))


def is_gone(pid: int) -> bool:
    """Whether a process ended; a zombie that nobody waits for has."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(pid, signal.SIG_DFL)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        os.sched_yield()
    return False
