"""The context has every key of Airflow 2 and 3, and costs nothing until it is used."""

import sys
import warnings
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sdk_runtime.fakes import DATE, FakeBridge, run_context, running, task_context
from windward.model.states import RunType, Semantics
from windward.protocol import calls
from windward.protocol.work import CallbackContext
from windward.sdk.context import build_callback_context, build_context, get_current_context
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowException, ParamValidationError
from windward.sdk.operator import BaseOperator
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.params import Param, ParamsDict

EXPECTED = {
    "ds": "2024-03-09",
    "ds_nodash": "20240309",
    "ts": "2024-03-09T12:30:00+00:00",
    "ts_nodash": "20240309T123000",
    "ts_nodash_with_tz": "20240309T123000+0000",
    "run_id": "run_1",
    "task_instance_key_str": "dag__task__20240309",
    "task_reschedule_count": 0,
}
EXPECTED_2 = {
    "next_ds": "2024-03-10",
    "next_ds_nodash": "20240310",
    "prev_ds": "2024-03-08",
    "prev_ds_nodash": "20240308",
    "tomorrow_ds": "2024-03-10",
    "tomorrow_ds_nodash": "20240310",
    "yesterday_ds": "2024-03-08",
    "yesterday_ds_nodash": "20240308",
}


@pytest.fixture
def task(dag: DAG) -> BaseOperator:
    return EmptyOperator(task_id="task", dag=dag)


def quiet(context: Any, key: str) -> Any:
    with pytest.warns(DeprecationWarning, match=f"`{key}` is gone in Airflow 3"):
        return context[key]


@pytest.mark.parametrize("key", EXPECTED)
def test_a_key_of_airflow_3_has_its_value(task: BaseOperator, key: str) -> None:
    assert build_context(task, task_context(task))[key] == EXPECTED[key]


@pytest.mark.parametrize("key", EXPECTED_2)
@pytest.mark.parametrize("semantics", list(Semantics))
def test_a_key_of_airflow_2_has_its_value_and_warns(
    task: BaseOperator, key: str, semantics: Semantics
) -> None:
    work = task_context(
        task,
        semantics=semantics,
        prev_logical_date=datetime(2024, 3, 8, tzinfo=UTC),
        next_logical_date=datetime(2024, 3, 10, tzinfo=UTC),
    )
    assert quiet(build_context(task, work), key) == EXPECTED_2[key]


@pytest.mark.parametrize("key", ["next_ds", "prev_ds"])
def test_a_run_that_somebody_asked_for_is_its_own_neighbour(task: BaseOperator, key: str) -> None:
    work = task_context(
        task,
        run=run_context(run_type=RunType.MANUAL),
        prev_logical_date=datetime(2024, 3, 8, tzinfo=UTC),
        next_logical_date=datetime(2024, 3, 10, tzinfo=UTC),
    )
    assert quiet(build_context(task, work), key) == "2024-03-09"


def test_dates_are_pendulum_in_utc(task: BaseOperator) -> None:
    import pendulum

    context = build_context(task, task_context(task))
    for date in (context["logical_date"], context["dag_run"].logical_date, quiet(context, "execution_date")):
        assert isinstance(date, pendulum.DateTime)
        assert (date, date.timezone_name) == (DATE, "UTC")
    assert context["data_interval_end"].subtract(days=1) == context["data_interval_start"]


def test_making_a_context_reads_nothing(task: BaseOperator) -> None:
    with running(task) as (context, bridge):
        assert "ds" in context
        assert context["ti"].task_id == "task"
        assert bridge.calls == []
        assert set(dict.keys(context)) == {"dag", "dag_run", "run_id", "task", "task_instance", "ti"}


def test_passing_the_whole_context_on_makes_no_call_and_no_warning(task: BaseOperator) -> None:
    def function(**kwargs: Any) -> dict[str, Any]:
        return kwargs

    with running(task) as (context, bridge), warnings.catch_warnings():
        warnings.simplefilter("error")
        for everything in (function(**context), {**context}, dict(context), context.as_kwargs()):
            assert everything["ds"] == "2024-03-09"
            assert everything["tomorrow_ds"] == "2024-03-10"
        assert bridge.calls == []


def test_dates_of_the_last_success_are_fetched_once_when_used(task: BaseOperator) -> None:
    bridge = FakeBridge()
    bridge.previous_runs = [
        run_context(run_id="run_0", state="success", start_date=datetime(2024, 3, 8, 1, tzinfo=UTC))
    ]
    with running(task, bridge=bridge) as (context, _):
        lazy = context["prev_start_date_success"]
        assert bridge.calls == []
        assert f"{lazy:%H}" == "01"
        assert lazy < DATE
        assert (DATE - lazy).days == 1
        assert context["prev_data_interval_start_success"] == DATE
        assert bridge.calls == [calls.GetPreviousRun(dag_id="dag", run_id="run_1", state="success")]


def test_without_a_success_before_the_dates_are_false(task: BaseOperator) -> None:
    with running(task) as (context, _):
        assert not context["prev_start_date_success"]
        assert context["prev_start_date_success"] == None  # noqa: E711 - a stand-in is compared, not identified


def test_a_run_without_logical_date_has_no_dates_and_says_why(task: BaseOperator) -> None:
    run = run_context(logical_date=None)
    context = build_context(task, task_context(task, run=run))
    assert "ds" not in context
    assert "logical_date" not in list(context)
    assert context.get("ds") is None
    assert context["task_instance_key_str"] == "dag__task__run_1"
    with pytest.raises(KeyError, match="run `run_1` has no logical date"):
        context["ds"]


def test_a_context_can_be_changed_like_a_dict(task: BaseOperator) -> None:
    context = build_context(task, task_context(task))
    copied = context.copy()
    context["ds"] = "mine"
    context.update(more=1)
    assert (context["ds"], context["more"], context.pop("ts")) == ("mine", 1, EXPECTED["ts"])
    assert "ts" not in context
    assert (copied["ds"], "more" in copied, "ts" in copied) == ("2024-03-09", False, True)
    del context["ds"]
    assert "ds" not in context


def test_params_are_the_dags_the_tasks_and_the_confs(dag: DAG) -> None:
    dag.params = ParamsDict({"a": 1, "b": 1, "c": 1})
    task = EmptyOperator(task_id="task", dag=dag, params={"b": 2, "c": 2})
    work = task_context(task, run=run_context(conf={"c": 3, "d": 3}))
    assert build_context(task, work)["params"] == {"a": 1, "b": 2, "c": 3, "d": 3}


def test_a_conf_that_breaks_a_params_schema_is_refused(dag: DAG) -> None:
    dag.params = ParamsDict({"n": Param(1, type="integer", minimum=0)})
    task = EmptyOperator(task_id="task", dag=dag)
    context = build_context(task, task_context(task, run=run_context(conf={"n": -1})))
    with pytest.raises(ParamValidationError, match="n"):
        context["params"]


def test_the_current_context_is_known_while_a_task_runs_only(task: BaseOperator) -> None:
    with running(task) as (context, _):
        assert get_current_context() is context
    with pytest.raises(AirflowException, match="no context was found"):
        get_current_context()


def test_a_thread_of_the_task_sees_its_context(task: BaseOperator) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with running(task) as (context, _), ThreadPoolExecutor(1) as pool:
        assert pool.submit(get_current_context).result(10) is context


def test_a_callback_of_a_dag_gets_the_run_and_the_reason(dag: DAG, task: BaseOperator) -> None:
    work = CallbackContext(
        run=run_context(state="failed"),
        dag_id="dag",
        kind="failure",
        reason="task_failure",
        semantics=Semantics.AIRFLOW3,
        task_id="task",
        try_number=2,
    )
    context = build_callback_context(work, dag)
    assert (context["reason"], context["dag_run"].state, context["ti"].task_id) == (
        "task_failure",
        "failed",
        "task",
    )
    assert (context["try_number"], context["ds"]) == (2, "2024-03-09")


def test_dag_run_has_the_names_of_airflow_2(task: BaseOperator) -> None:
    bridge = FakeBridge()
    bridge.task_states = [
        calls.TaskStateItem(run_id="run_1", task_id="a", map_index=-1, state="success"),
        calls.TaskStateItem(run_id="run_1", task_id="b", map_index=-1, state="failed"),
    ]
    run = run_context(run_type=RunType.MANUAL, conf={"k": 1})
    with running(task, bridge=bridge, run=run) as (context, _):
        seen = context["dag_run"]
        assert (seen.external_trigger, seen.execution_date, seen.conf) == (True, DATE, {"k": 1})
        assert [ti.task_id for ti in seen.get_task_instances(state="failed")] == ["b"]
        assert seen.get_task_instance("a").state == "success"
        assert seen.get_task_instance("c") is None


def test_the_task_instance_tells_who_it_is(task: BaseOperator) -> None:
    with running(task, map_index=2, try_number=3, reschedule_count=1, first_start_date=DATE) as (context, _):
        ti = context["ti"]
        assert (ti.dag_id, ti.task_id, ti.run_id, ti.map_index) == ("dag", "task", "run_1", 2)
        assert (ti.try_number, ti.max_tries, ti.is_mapped, ti.state) == (3, 3, True, "running")
        assert ti.operator == "EmptyOperator"
        assert ti.start_date == DATE
        assert ti.get_first_reschedule_date(context) == DATE
        assert ti.get_template_context() is context
        assert ti.log_url.endswith("/dags/dag/runs/run_1/tasks/task/mapped/2?try_number=3")
        assert ti.key == ("dag", "task", "run_1", 3, 2)


def test_states_are_told_by_run_and_task(task: BaseOperator) -> None:
    bridge = FakeBridge()
    bridge.task_states = [
        calls.TaskStateItem(run_id="r", task_id="a", map_index=-1, state="success"),
        calls.TaskStateItem(run_id="r", task_id="m", map_index=1, state="failed"),
    ]
    bridge.runs = 4
    with running(task, bridge=bridge) as (context, _):
        ti = context["ti"]
        assert ti.get_task_states("dag") == {"r": {"a": "success", "m_1": "failed"}}
        assert ti.get_ti_count("dag") == 2
        assert ti.get_dr_count("dag") == 4


def test_variables_and_connections_are_looked_up_by_name(task: BaseOperator) -> None:
    bridge = FakeBridge()
    bridge.variables = {"plain": "x", "many": "[1, 2]"}
    bridge.connections = {"db": {"conn_type": "postgres", "host": "h", "port": 5432}}
    with running(task, bridge=bridge) as (context, _):
        assert context["var"]["value"].plain == "x"
        assert context["var"]["json"].many == [1, 2]
        assert context["var"]["value"].get("none", "default") == "default"
        assert context["conn"].db.port == 5432
        assert context["conn"].get("none", "default") == "default"


def test_the_context_imports_neither_jinja_nor_the_store() -> None:
    import subprocess

    script = (
        "import sys, windward.sdk.context, windward.sdk.operators.python;"
        "print([m for m in ('jinja2', 'sqlalchemy', 'jsonschema', 'pandas', 'pydantic') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_what_a_run_is_given_under_a_telling_name_is_hidden(dag: DAG) -> None:
    dag.params = ParamsDict({"db_password": "given-by-default", "city": "Seoul-given"})
    task = EmptyOperator(task_id="task", dag=dag)
    conf = {"city": "Busan-given", "nested": [{"api_key": "given-by-hand"}]}
    with running(task, run=run_context(conf=conf)) as (context, bridge):
        assert bridge.masked == ["given-by-hand"]
        assert context["params"]["db_password"] == "given-by-default"
        assert bridge.masked == ["given-by-hand", "given-by-default"]
