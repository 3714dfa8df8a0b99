"""What a user's function gets, and how branches and short circuits skip."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from tests.sdk_runtime.fakes import FakeBridge, run_context, running
from windward.model.states import RunType
from windward.sdk.context import get_current_context
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowException, DownstreamTasksSkipped
from windward.sdk.groups import TaskGroup
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.operators.latest_only import LatestOnlyOperator
from windward.sdk.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator


def ran(dag: DAG, function: Callable[..., Any], **kwargs: Any) -> Any:
    operator = PythonOperator(
        task_id="p", python_callable=function, dag=dag, **kwargs
    ).prepare_for_execution()
    with running(operator) as (context, _):
        operator.render_template_fields(context)
        return operator.execute(context)


def named(ds: str, /, run_id: str = "", *, ti: Any = None, missing: int = 3) -> Any:
    return ds, run_id, ti and ti.task_id, missing


def plain(run_id: str, task: Any, *, ds: str, missing: int = 3) -> Any:
    return run_id, task.task_id, ds, missing


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (plain, ()),
        (named, ("first",)),
        (lambda: "none", ()),
        (lambda one, two=2, ds=None: (one, two, ds), (1,)),
        (lambda *rest, ds=None: (rest, ds), (1, 2)),
        (lambda first, *rest, run_id: (first, rest, run_id), (1, 2)),
        (lambda **everything: (len(everything), everything["ds"]), ()),
    ],
)
def test_a_wrapped_function_gets_what_the_plain_one_gets(
    dag: DAG, function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    with_wrapper = DAG("wrapped")
    assert ran(dag, function, op_args=args) == ran(with_wrapper, wrapped, op_args=args)


def test_a_function_gets_the_context_by_the_names_it_asks_for(dag: DAG) -> None:
    assert ran(dag, lambda ds, ti, *, run_id: (ds, ti.task_id, run_id)) == ("2024-03-09", "p", "run_1")


def test_a_function_with_kwargs_gets_everything(dag: DAG) -> None:
    got = ran(dag, lambda **kwargs: kwargs, op_kwargs={"mine": "{{ ds }}"}, templates_dict={"t": "{{ ds }}"})
    assert got["mine"] == got["ds"] == got["templates_dict"]["t"] == "2024-03-09"
    assert got["dag_run"].run_id == "run_1"


def test_the_authors_arguments_win_over_the_context(dag: DAG) -> None:
    assert ran(dag, lambda ds, x: (ds, x), op_kwargs={"ds": "mine", "x": 1, "unused": 2}) == ("mine", 1)
    assert ran(dag_two(), lambda a, b="B", ds=None: (a, b, ds), op_args=["{{ ds }}"]) == (
        "2024-03-09",
        "B",
        "2024-03-09",
    )


def dag_two() -> DAG:
    return DAG("dag", schedule=None)


def test_a_positional_argument_of_a_context_name_is_refused(dag: DAG) -> None:
    with pytest.raises(ValueError, match="The key 'ds' in args is a part of kwargs"):
        ran(dag, lambda ds: ds, op_args=["x"])


def test_functions_without_names_work(dag: DAG) -> None:
    assert ran(dag, functools.partial(int, "7")) == 7
    assert ran(dag_two(), dict, op_kwargs={"a": 1}) == {"a": 1}


def test_a_coroutine_runs_to_its_end(dag: DAG) -> None:
    async def function(ds: str) -> str:
        return ds

    assert ran(dag, function) == "2024-03-09"


def test_the_current_context_is_there_inside(dag: DAG) -> None:
    assert ran(dag, lambda: get_current_context()["ds"]) == "2024-03-09"


def test_provide_context_of_1_10_warns_and_is_ignored(dag: DAG) -> None:
    with pytest.warns(DeprecationWarning, match="provide_context"):
        assert ran(dag, lambda ds: ds, provide_context=True) == "2024-03-09"


def test_what_is_not_callable_is_refused(dag: DAG) -> None:
    with pytest.raises(AirflowException, match="must be callable"):
        PythonOperator(task_id="p", python_callable="nope", dag=dag)  # type: ignore[arg-type]


def skipped(operator: Any, **fields: Any) -> tuple[set[Any], Any]:
    with running(operator, **fields) as (context, _):
        try:
            return set(), operator.execute(context)
        except DownstreamTasksSkipped as skip:
            return set(skip.tasks), skip.return_value


def branching(dag: DAG, chosen: Any) -> BranchPythonOperator:
    """`branch` goes to a, b, a group of g.x and g.y, and straight to join, which a leads to."""
    branch = BranchPythonOperator(task_id="branch", python_callable=lambda: chosen, dag=dag)
    a, b, join = (EmptyOperator(task_id=name, dag=dag) for name in ("a", "b", "join"))
    with TaskGroup("g", dag=dag) as group:
        EmptyOperator(task_id="x", dag=dag) >> EmptyOperator(task_id="y", dag=dag)
    branch >> [a, b, group, join]
    a >> join
    return branch


@pytest.mark.parametrize(
    ("chosen", "others"),
    [
        ("a", {"b", "g.x"}),
        ("b", {"a", "g.x", "join"}),
        (["a", "b"], {"g.x"}),
        ("g", {"a", "b", "join"}),
        (["g", "join"], {"a", "b"}),
        ([], {"a", "b", "g.x", "join"}),
        (None, {"a", "b", "g.x", "join"}),
        (("a", "b", "g"), set()),
        ({"b", "join"}, {"a", "g.x"}),
    ],
)
def test_a_branch_skips_what_it_neither_follows_nor_leads_to(dag: DAG, chosen: Any, others: set[str]) -> None:
    assert skipped(branching(dag, chosen)) == (others, chosen)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [("nope", r"Invalid tasks found: \{'nope'\}"), (3, "but got 'int'"), ([3], "invalid 'branch_task_ids'")],
)
def test_a_branch_to_nowhere_is_refused(dag: DAG, chosen: Any, message: str) -> None:
    with pytest.raises(AirflowException, match=message):
        skipped(branching(dag, chosen))


def test_a_mapped_branch_skips_its_own_instances_only(dag: DAG) -> None:
    assert skipped(branching(dag, "g"), map_index=2)[0] == {("a", 2), ("b", 2), ("join", 2)}


def cut(dag: DAG, result: Any, **kwargs: Any) -> ShortCircuitOperator:
    first = ShortCircuitOperator(task_id="first", python_callable=lambda: result, dag=dag, **kwargs)
    second, third = EmptyOperator(task_id="second", dag=dag), EmptyOperator(task_id="third", dag=dag)
    first >> second >> third >> EmptyOperator(task_id="down", dag=dag).as_teardown()
    return first


def test_a_short_circuit_skips_all_after_it_but_teardowns(dag: DAG) -> None:
    assert skipped(cut(dag, "")) == ({"second", "third"}, "")


def test_a_short_circuit_may_leave_the_rest_to_trigger_rules(dag: DAG) -> None:
    assert skipped(cut(dag, result=False, ignore_downstream_trigger_rules=False)) == ({"second"}, False)


def test_a_true_result_goes_on(dag: DAG) -> None:
    assert skipped(cut(dag, [1])) == (set(), [1])


@pytest.mark.parametrize(
    ("run_type", "is_latest", "others"),
    [
        (RunType.SCHEDULED, True, set()),
        (RunType.SCHEDULED, False, {"after"}),
        (RunType.BACKFILL, False, {"after"}),
        (RunType.MANUAL, False, set()),
    ],
)
def test_only_the_latest_slot_goes_on(dag: DAG, run_type: RunType, is_latest: bool, others: set[str]) -> None:
    latest = LatestOnlyOperator(task_id="latest", dag=dag)
    latest >> EmptyOperator(task_id="after", dag=dag)
    bridge = FakeBridge()
    bridge.is_latest_slot = is_latest
    assert skipped(latest, bridge=bridge, run=run_context(run_type=run_type))[0] == others
