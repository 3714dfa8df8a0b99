"""Priorities of authors' own: whom they may be named by, what they are asked, and what becomes of their answers."""

from datetime import UTC, datetime
from typing import Any

import pytest

from windward import DAG, EmptyOperator
from windward.document import TaskDocument
from windward.errors import UserError
from windward.model.states import Semantics, WeightRule
from windward.sdk.serialize import to_document
from windward.sdk.weight_strategies import PriorityWeightStrategy

T0 = datetime(2026, 1, 1, tzinfo=UTC)


class Falling(PriorityWeightStrategy):
    """Less with each try, and more for the tasks of `urgent`."""

    def get_weight(self, ti: Any) -> int:
        return (100 if ti.dag_id == "urgent" else 10) - int(ti.try_number)


class Even(PriorityWeightStrategy):
    """Always the same."""

    def get_weight(self, ti: Any) -> int:
        return 7 * int(ti.task.priority_weight)


class Wrong(PriorityWeightStrategy):
    """No number."""

    def get_weight(self, ti: Any) -> int:
        return ti.task_id  # type: ignore[no-any-return]


def documents(dag: DAG) -> dict[str, TaskDocument]:
    made = to_document(dag, fileloc="a.py", code_hash="", semantics=Semantics.AIRFLOW3, semantics_reason="")
    return {task.task_id: task for task in made.tasks}


@pytest.mark.parametrize("rule", [Falling(), Falling, f"{__name__}.Falling"], ids=["itself", "class", "path"])
def test_a_strategy_is_asked_for_each_try(rule: Any) -> None:
    with DAG("urgent", schedule=None, start_date=T0) as dag:
        first = EmptyOperator(task_id="first", retries=2, weight_rule=rule)
        first >> EmptyOperator(task_id="second")

    made = documents(dag)["first"]

    assert (made.priority_weight, made.weight_rule) == (100, WeightRule.ABSOLUTE)
    assert made.retry_weights == (99, 98)
    assert [made.weight_of(number, made.priority_weight) for number in (0, 1, 2, 3, 4)] == [
        100,
        100,
        99,
        98,
        98,
    ]


def test_a_weight_that_stays_is_kept_once() -> None:
    with DAG("d", schedule=None, start_date=T0) as dag:
        EmptyOperator(task_id="a", retries=5, priority_weight=3, weight_rule=Even())

    made = documents(dag)["a"]

    assert (made.priority_weight, made.retry_weights) == (21, ())


def test_a_mapped_task_has_a_strategy_too() -> None:
    with DAG("d", schedule=None, start_date=T0) as dag:
        EmptyOperator.partial(task_id="a", retries=1, weight_rule=Falling()).expand(doc=["x", "y"])

    made = documents(dag)["a"]

    assert (made.priority_weight, made.retry_weights) == (10, (9,))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("heavy", "unknown priority strategy"),
        ("no.such.module.Strategy", "cannot be imported"),
        ("datetime.datetime", "unknown priority strategy"),
        (dict, "unknown priority strategy"),
    ],
)
def test_what_is_no_strategy_is_refused(rule: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        EmptyOperator(task_id="a", weight_rule=rule)


def test_a_strategy_without_a_number_is_told_of() -> None:
    with DAG("d", schedule=None, start_date=T0) as dag:
        EmptyOperator(task_id="a", weight_rule=Wrong())

    with pytest.raises(UserError, match="gives `'a'` as the weight of task `a`"):
        documents(dag)
