"""Functions that run in another interpreter: what they get, what comes back, what is said when it cannot."""

import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sdk_runtime.fakes import running
from windward.sdk.dag import DAG
from windward.sdk.decorators import task
from windward.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    DeserializingResultError,
    DownstreamTasksSkipped,
)
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.operators.virtualenv import (
    BranchExternalPythonOperator,
    ExternalPythonOperator,
    OtherPythonOperator,
)

OUTER = 7


def run(operator: Any, **fields: Any) -> Any:
    ready = operator.prepare_for_execution()
    with running(ready, **fields) as (context, _):
        ready.render_template_fields(context)
        return ready.execute(context)


def ran(dag: DAG, function: Callable[..., Any], **kwargs: Any) -> Any:
    return run(
        ExternalPythonOperator(
            task_id="p", python=sys.executable, python_callable=function, dag=dag, **kwargs
        )
    )


def test_a_function_gets_arguments_and_returns_a_value(dag: DAG) -> None:
    def add(a: int, b: int, *, ds: str) -> dict[str, Any]:
        import os

        return {"sum": a + b, "ds": ds, "pid": os.getpid()}

    result = ran(dag, add, op_args=[1], op_kwargs={"b": 2})
    assert (result["sum"], result["ds"]) == (3, "2024-03-09")
    assert result.pop("pid") != __import__("os").getpid()


def test_dates_of_the_context_are_pendulums_where_that_is_known(dag: DAG) -> None:
    def when(logical_date: Any, data_interval_end: Any) -> tuple[str, str]:
        return type(logical_date).__module__.partition(".")[0], data_interval_end.isoformat()

    assert ran(dag, when) == ("pendulum", "2024-03-10T12:30:00+00:00")


class Bare(OtherPythonOperator):
    """An interpreter without packages."""

    def execute_callable(self) -> Any:
        return self._call_in(sys.executable)

    def _sees_pendulum(self) -> bool:
        return False

    def _sees_airflow(self) -> bool:
        return False


def test_dates_are_plain_where_pendulum_is_not_there(dag: DAG) -> None:
    def when(logical_date: Any) -> tuple[str, Any]:
        return type(logical_date).__module__, logical_date

    assert run(Bare(task_id="p", python_callable=when, dag=dag)) == (
        "datetime",
        datetime.fromisoformat("2024-03-09T12:30:00+00:00"),
    )


def test_kwargs_hold_what_can_be_sent_and_nothing_else(dag: DAG) -> None:
    def names(**kwargs: Any) -> list[str]:
        return sorted(kwargs)

    found = ran(dag, names, op_kwargs={"mine": 1}, templates_dict={"t": "{{ ds }}"})
    assert {"mine", "ds", "params", "run_id", "logical_date", "templates_dict"} <= set(found)
    assert not {"ti", "task_instance", "var", "conn", "outlet_events"} & set(found)


def test_a_value_that_cannot_be_sent_is_named(dag: DAG) -> None:
    def wants(ti: Any) -> Any:
        return ti

    with pytest.raises(AirflowException, match="asks for `ti`, which cannot be sent"):
        ran(dag, wants)


def test_text_arguments_are_there_by_airflows_name(dag: DAG) -> None:
    def words() -> Any:
        return virtualenv_string_args  # type: ignore[name-defined] # noqa: F821

    assert ran(dag, words, string_args=["one", "two"]) == ["one", "two"]


def test_a_name_from_outside_is_explained(dag: DAG) -> None:
    def uses() -> int:
        return OUTER

    with (
        pytest.warns(UserWarning, match="uses `OUTER` from outside"),
        pytest.raises(AirflowException, match="`uses` uses `OUTER`, which stands outside"),
    ):
        ran(dag, uses)


def test_annotations_may_name_what_is_not_there(dag: DAG) -> None:
    def annotated(x: "OUTER" = None) -> "datetime":  # type: ignore[valid-type]
        return x

    assert ran(dag, annotated) is None


def test_an_error_comes_back_with_its_class_and_message(dag: DAG) -> None:
    def fails() -> None:
        raise LookupError("no such shop")

    with pytest.raises(
        AirflowException, match="`fails` failed in the other interpreter: LookupError: no such shop"
    ):
        ran(dag, fails)


@pytest.mark.parametrize("kind", [AirflowSkipException, AirflowFailException])
def test_signals_of_airflow_keep_their_meaning(dag: DAG, kind: type[Exception]) -> None:
    def signals(name: str) -> None:
        from windward.sdk import exceptions

        raise getattr(exceptions, name)("enough")

    with pytest.raises(kind, match="enough"):
        ran(dag, signals, op_args=[kind.__name__])


@pytest.mark.parametrize(("given", "code"), [(42, 42), ([1, 42], 42), (0, 0)])
def test_exit_codes_skip(dag: DAG, given: Any, code: int) -> None:
    def leaves(code: int) -> None:
        import sys

        sys.exit(code)

    with pytest.raises(AirflowSkipException, match=f"exited with code {code}"):
        ran(dag, leaves, op_args=[code], skip_on_exit_code=given)


def test_other_exit_codes_and_signals_fail_by_name(dag: DAG) -> None:
    def leaves() -> None:
        import os

        os._exit(3)

    def dies() -> None:
        import os
        import signal

        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(AirflowException, match="with exit code 3"):
        ran(dag, leaves)
    with pytest.raises(AirflowException, match=r"by signal 9 \(SIGKILL\)"):
        ran(DAG("two", schedule=None), dies)


def test_an_argument_that_cannot_be_sent_is_named(dag: DAG) -> None:
    def takes(good: int, bad: Any) -> Any:
        return good, bad

    with pytest.raises(AirflowException, match=r"^`bad` cannot be sent to another interpreter by `pickle`"):
        ran(dag, takes, op_kwargs={"good": 1, "bad": lambda: 1})


def test_cloudpickle_sends_what_pickle_cannot(dag: DAG) -> None:
    def calls(function: Any) -> Any:
        return function(2), lambda x: x + 1

    doubled, more = ran(dag, calls, op_kwargs={"function": lambda x: x * 2}, serializer="cloudpickle")
    assert (doubled, more(1)) == (4, 2)


def test_a_result_that_cannot_be_sent_back_is_explained(dag: DAG) -> None:
    def returns() -> Any:
        return lambda: 1

    with pytest.raises(AirflowException, match="what `returns` returned cannot be sent back by `pickle`"):
        ran(dag, returns)


def test_a_result_that_cannot_be_read_here_is_explained(dag: DAG) -> None:
    def returns() -> Any:
        import sys
        import types

        sys.modules["only_there"] = module = types.ModuleType("only_there")
        module.Thing = type("Thing", (), {"__module__": "only_there"})  # type: ignore[attr-defined]
        return module.Thing()

    with pytest.raises(DeserializingResultError, match="must not need packages or classes"):
        ran(dag, returns)


def test_the_environment_is_inherited_unless_it_is_not(dag: DAG, monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> Any:
        import os

        return os.environ.get("SHOP"), os.environ.get("DESK")

    monkeypatch.setenv("SHOP", "north")
    assert ran(dag, read, env_vars={"DESK": "3"}) == ("north", "3")
    assert ran(DAG("two", schedule=None), read, env_vars={"DESK": "3"}, inherit_env=False) == (None, "3")


def test_the_current_context_is_there_when_asked_for(dag: DAG) -> None:
    def inside() -> str:
        from windward.sdk.context import get_current_context

        return str(get_current_context()["ds"])

    assert ran(dag, inside, use_airflow_context=True) == "2024-03-09"


def test_a_coroutine_runs_to_its_end_elsewhere(dag: DAG) -> None:
    async def waits() -> str:
        import asyncio

        await asyncio.sleep(0)
        return "done"

    assert ran(dag, waits) == "done"


def test_output_goes_to_the_log_line_by_line(dag: DAG, caplog: pytest.LogCaptureFixture) -> None:
    def talks() -> None:
        import logging
        import sys

        print("to stdout")
        print("to stderr", file=sys.stderr)
        logging.getLogger("shop").info("by %s", "logging")

    with caplog.at_level("INFO"):
        ran(dag, talks)
    assert [m for m in caplog.messages if m in {"to stdout", "to stderr", "INFO - by logging"}] == [
        "to stdout",
        "to stderr",
        "INFO - by logging",
    ]


def test_decorated_functions_and_texts_to_the_left_are_sent_whole(dag: DAG) -> None:
    with dag:

        @task.external_python(python=sys.executable)
        def text(n: int) -> str:
            return (
                """
first
"""
                * n
            )

        text(2)
    assert run(dag.get_task("text")) == "\nfirst\n\nfirst\n"


def test_a_branch_follows_what_the_function_returns(dag: DAG) -> None:
    def choose() -> str:
        return "left"

    branch = BranchExternalPythonOperator(task_id="b", python=sys.executable, python_callable=choose, dag=dag)
    branch >> [EmptyOperator(task_id="left", dag=dag), EmptyOperator(task_id="right", dag=dag)]
    with pytest.raises(DownstreamTasksSkipped) as skip:
        run(branch)
    assert list(skip.value.tasks) == ["right"]


@pytest.mark.parametrize(
    ("function", "kwargs", "message"),
    [
        (lambda: 1, {}, "only supports functions"),
        (print, {}, "only supports functions"),
        (run, {"serializer": "json"}, "Unsupported serializer 'json'"),
    ],
)
def test_what_cannot_work_is_refused_at_once(
    dag: DAG, function: Any, kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(AirflowException, match=message):
        ExternalPythonOperator(
            task_id="p", python=sys.executable, python_callable=function, dag=dag, **kwargs
        )


def test_a_python_that_is_not_there_is_named(dag: DAG) -> None:
    def nothing() -> None: ...

    with pytest.raises(ValueError, match="'/no/python' must exists"):
        run(ExternalPythonOperator(task_id="p", python="/no/python", python_callable=nothing, dag=dag))


def test_a_stop_reaches_the_other_interpreter(dag: DAG, tmp_path: Path) -> None:
    mark = tmp_path / "begun"

    def waits(mark: str) -> None:
        import time
        from pathlib import Path

        Path(mark).touch()
        time.sleep(600)

    operator = ExternalPythonOperator(
        task_id="p", python=sys.executable, python_callable=waits, op_args=[str(mark)], dag=dag
    )
    errors: list[BaseException] = []

    def call() -> None:
        try:
            run_in_thread(operator)
        except AirflowException as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while not mark.exists():
        time.sleep(0.01)
    operator.on_kill()
    thread.join(60)
    assert "SIGTERM" in str(errors[0])


def run_in_thread(operator: Any) -> Any:
    with running(operator) as (context, _):
        return operator.execute(context)
