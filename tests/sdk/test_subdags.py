"""Sub-DAGs of Airflow 1.10 and 2 run as task groups: ids, links, skips, arguments, XComs by their old names."""

from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from windward.model.states import Semantics, TriggerRule
from windward.sdk import scopes
from windward.sdk.collect import collect_dags
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowException, DuplicateTaskIdFound
from windward.sdk.groups import TaskGroup
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.operators.subdag import SkippedStatePropagationOptions, SubDagOperator
from windward.sdk.serialize import to_document
from windward.sdk.subdags import pulled_from

START = datetime(2024, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def section(parent: str, child: str, **arguments: Any) -> DAG:
    """Return a sub-DAG `a >> b`, made as the examples of Airflow 2 make it."""
    values: dict[str, Any] = {"start_date": START, "schedule": "@daily", **arguments}
    dag = DAG(f"{parent}.{child}", **values)
    first = EmptyOperator(task_id="a", dag=dag)
    first >> EmptyOperator(task_id="b", dag=dag)
    return dag


def mother(**arguments: Any) -> tuple[DAG, Any]:
    dag = DAG("mother", start_date=START, schedule="@daily")
    start = EmptyOperator(task_id="start", dag=dag)
    group = SubDagOperator(task_id="section-1", subdag=section("mother", "section-1"), dag=dag, **arguments)
    start >> group >> EmptyOperator(task_id="end", dag=dag)
    return dag, group


def edges(dag: DAG) -> dict[str, list[str]]:
    return {task.task_id: sorted(task.upstream_task_ids) for task in dag.topological_sort()}


def test_its_tasks_stand_in_a_group_between_what_was_before_and_after() -> None:
    dag, group = mother()
    assert isinstance(group, TaskGroup)
    assert edges(dag) == {
        "start": [],
        "section-1.a": ["start"],
        "section-1.b": ["section-1.a"],
        "section-1.done": ["section-1.b"],
        "end": ["section-1.done"],
    }


def test_the_document_knows_the_group_and_nothing_of_a_second_dag() -> None:
    dag, _ = mother()
    document = to_document(
        dag, fileloc="m.py", code_hash="", semantics=Semantics.AIRFLOW2, semantics_reason=""
    )
    assert [group.group_id for group in document.groups] == ["section-1"]
    labels = {task.task_id: (task.group_id, task.label) for task in document.tasks}
    assert labels["section-1.a"] == ("section-1", "a")


def test_a_file_with_a_sub_dag_has_one_dag() -> None:
    scopes.take_registered()
    module = ModuleType("mothers")
    with DAG("mother", start_date=START, schedule=None) as dag:
        with DAG("mother.sub", start_date=START, schedule=None) as sub:
            EmptyOperator(task_id="a")
        SubDagOperator(task_id="sub", subdag=sub)
    vars(module).update(dag=dag, sub=sub)
    assert collect_dags(module) == [dag]


@pytest.mark.parametrize(
    ("option", "rule"),
    [
        (None, TriggerRule.NONE_FAILED),
        (SkippedStatePropagationOptions.ALL_LEAVES, TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS),
        ("any_leaf", TriggerRule.ALL_SUCCESS),
    ],
)
def test_a_skip_inside_is_one_outside_only_when_that_is_asked_for(option: Any, rule: TriggerRule) -> None:
    dag, _ = mother(propagate_skipped_state=option)
    assert dag.get_task("section-1.done").trigger_rule is rule


def test_the_operators_trigger_rule_goes_to_the_first_tasks() -> None:
    dag, _ = mother(trigger_rule="all_done")
    assert dag.get_task("section-1.a").trigger_rule is TriggerRule.ALL_DONE
    assert dag.get_task("section-1.b").trigger_rule is TriggerRule.ALL_SUCCESS


def test_sub_dags_and_groups_nest() -> None:
    dag = DAG("mother", start_date=START, schedule=None)
    outer = DAG("mother.outer", start_date=START, schedule=None)
    with outer, TaskGroup("g"):
        x = EmptyOperator(task_id="x")
    inner = SubDagOperator(task_id="inner", subdag=section("mother.outer", "inner"), dag=outer)
    x >> inner
    SubDagOperator(task_id="outer", subdag=outer, dag=dag)
    assert edges(dag) == {
        "outer.g.x": [],
        "outer.inner.a": ["outer.g.x"],
        "outer.inner.b": ["outer.inner.a"],
        "outer.inner.done": ["outer.inner.b"],
        "outer.done": ["outer.inner.done"],
    }
    assert sorted(dag.task_group_dict) == ["outer", "outer.g", "outer.inner"]
    assert dag.task_group_dict["outer.g"].group_id == "outer.g"
    assert {node.node_id for node in dag.task_group_dict["outer.g"].children.values()} == {"outer.g.x"}


def test_its_arguments_are_those_that_it_had_and_its_params_come_along() -> None:
    dag = DAG("mother", start_date=START, schedule=None, default_args={"owner": "ada", "retries": 1})
    sub = section(
        "mother",
        "sub",
        default_args={"owner": "bob", "retries": 7},
        params={"size": 3},
        user_defined_macros={"twice": lambda n: 2 * n},
    )
    SubDagOperator(task_id="sub", subdag=sub, dag=dag)
    task = dag.get_task("sub.a")
    assert (task.owner, task.retries, task.params["size"]) == ("bob", 7, 3)
    assert dag.user_defined_macros is not None
    assert dag.user_defined_macros["twice"](4) == 8


def test_it_warns_and_names_what_to_write() -> None:
    with pytest.warns(DeprecationWarning, match="runs as a task group"):
        mother()


def test_a_sub_dag_is_named_after_its_parent_and_its_task() -> None:
    with pytest.raises(AirflowException, match=r"Expected 'mother.x'; received 'mother.y'"):
        SubDagOperator(task_id="x", subdag=section("mother", "y"), dag=DAG("mother", schedule=None))
    with pytest.raises(AirflowException, match="context manager"):
        SubDagOperator(task_id="x", subdag=section("mother", "x"))


def test_an_id_is_taken_once() -> None:
    dag, _ = mother()
    with pytest.raises(DuplicateTaskIdFound):
        SubDagOperator(task_id="section-1", subdag=section("mother", "section-1"), dag=dag)


@pytest.mark.parametrize(
    ("own", "dag_id", "asked", "meant"),
    [
        ("section-1.b", None, "a", (None, "section-1.a")),
        ("section-1.b", None, "start", (None, "start")),
        ("section-1.b", None, ["a", "section-1.a"], (None, ["section-1.a", "section-1.a"])),
        ("end", "mother.section-1", "a", ("mother", "section-1.a")),
        ("section-1.b", "mother", "start", ("mother", "start")),
        ("end", None, "a", (None, "a")),
        ("end", "other", "a", ("other", "a")),
        ("section-1.b", None, None, (None, None)),
    ],
)
def test_xcoms_are_found_under_the_names_that_they_had(
    own: str, dag_id: str | None, asked: Any, meant: Any
) -> None:
    dag, _ = mother()
    assert pulled_from(dag, own, dag_id, asked) == meant
