"""What lists show of XComs, of values that tasks keep and of questions to people, on every database."""

import pytest

from tests.store.building import T0, at, create, put_dags, run_of, step, xcom
from windward.core.transitions import TaskEvent
from windward.core.waits import AnswerInput
from windward.model.access import DagReach
from windward.model.ids import TaskKey
from windward.model.states import TaskState
from windward.model.waits import InputRequest, Person
from windward.ports.listings.inputs import InputFilter
from windward.ports.listings.page import Between, PageRequest, Pattern
from windward.ports.listings.states import InstancePlace
from windward.ports.listings.xcoms import XComFilter
from windward.store.sql.open import SqlStore

ALL = DagReach(is_all=True)


@pytest.fixture
def filled(sql_store: SqlStore) -> SqlStore:
    put_dags(sql_store, "sales", tags=("t",))
    put_dags(sql_store, "costs", fileloc="costs.py")
    runs = [run_of(1, run_id="a"), run_of(2, run_id="b", logical_date=T0), run_of(3, dag_id="costs")]
    assert sql_store.runs.apply([[create(run, "load")] for run in runs]).all
    for pk, key in ((1, "K_1"), (1, "k2"), (2, "k2"), (3, "k3")):
        sql_store.xcoms.set_xcom(TaskKey(pk, "load"), key, xcom(f"{pk}"), fence=0, now=at(pk))
    return sql_store


@pytest.mark.parametrize(("which", "order", "expected"), [
    (XComFilter(reach=ALL), (), "3k3 1K_1 1k2 2k2"),
    (XComFilter(reach=ALL), ("-timestamp", "-key"), "3k3 2k2 1k2 1K_1"),
    (XComFilter(reach=ALL, keys=Pattern(contains="k2|K3")), (), "3k3 1k2 2k2"),
    (XComFilter(reach=ALL, keys=Pattern(prefix="K")), (), "1K_1"),
    (XComFilter(reach=ALL, logical_date=Between(gte=T0)), (), "2k2"),
    (XComFilter(reach=ALL, map_indexes=(-1, 0)), (), ""),
    (XComFilter(reach=ALL, dag_names=Pattern(contains="SAL"), run_id="a", key="k2"), (), "1k2"),
    (XComFilter(reach=DagReach(tags=frozenset({"t"}))), (), "1K_1 1k2 2k2"),
    (XComFilter(reach=DagReach()), (), ""),
])  # fmt: skip
def test_xcoms_are_listed(filled: SqlStore, which: XComFilter, order: tuple[str, ...], expected: str) -> None:
    page = filled.listings.xcoms.list(PageRequest(order_by=order), which)
    assert " ".join(f"{row.task.run_pk}{row.key}" for row in page.rows) == expected
    assert page.total == len(expected.split())


def test_one_xcom_comes_with_its_value(filled: SqlStore) -> None:
    found = filled.listings.xcoms.one("sales", "b", "load", -1, "k2")
    assert found is not None
    assert (found[0].set_at, found[0].task_display_name, found[1]) == (at(2), "load", xcom("2"))
    assert filled.listings.xcoms.one("sales", "b", "load", 0, "k2") is None


def test_a_page_of_xcoms_takes_few_queries(filled: SqlStore) -> None:
    before = filled.runs.counters.queries
    assert len(filled.listings.xcoms.list(PageRequest(), XComFilter(reach=ALL)).rows) == 4
    assert filled.runs.counters.queries - before <= 3


def test_kept_values_are_listed_by_key_until_they_expire(filled: SqlStore) -> None:
    states, listings = filled.states, filled.listings.states
    for name, expires_at in (("b", None), ("a", at(10)), ("old", at(1))):
        states.set_task_state(TaskKey(1, "load"), name, "1", fence=0, now=T0, expires_at=expires_at)
    place = InstancePlace(dag_id="sales", run_id="a", task_id="load", map_index=-1)
    page = listings.of_task(PageRequest(), place, now=at(5))
    assert [(row.key, row.expires_at) for row in page.rows] == [("a", at(10)), ("b", None)]
    assert listings.of_task(PageRequest(), place, now=at(5), key="old").total == 0
    states.set_asset_state("orders", "Z", "1", by="somebody", now=T0)
    states.set_asset_state("orders", "a", "2", by="somebody", now=T0)
    assert [row.key for row in listings.of_asset(PageRequest(), "orders").rows] == ["Z", "a"]
    assert [row.value for row in listings.of_asset(PageRequest(), "orders", key="a").rows] == ["2"]


SHIP = InputRequest(subject="Ship \N{SNOWMAN}?", options=("Yes", "No"), body="50 % off")
ADA = Person(id="7", name="Ada")


@pytest.fixture
def asked(filled: SqlStore) -> SqlStore:
    for key, request in (
        (TaskKey(1, "load"), SHIP),
        (TaskKey(3, "load"), InputRequest(subject="Pay?", options=("x",))),
    ):
        step(filled, key, TaskEvent.QUEUE, try_number=1)
        step(filled, key, TaskEvent.START, owner="h")
        step(filled, key, TaskEvent.AWAIT_INPUT, asks=request, asks_try=1, due_at=at(60))
    answer = AnswerInput(key=TaskKey(1, "load"), try_number=1, at=at(5), by=ADA, chosen=("Yes",))
    assert filled.runs.apply([[answer]]).all
    return filled


@pytest.mark.parametrize(("which", "order", "expected"), [
    (InputFilter(reach=ALL), (), [1, 3]),
    (InputFilter(reach=ALL), ("subject",), [3, 1]),
    (InputFilter(reach=ALL), ("responded_by_user_name", "-dag_id"), [1, 3]),
    (InputFilter(reach=ALL, subject=Pattern(contains="SHIP \N{SNOWMAN}")), (), [1]),
    (InputFilter(reach=ALL, text=Pattern(contains="50 /")), (), []),
    (InputFilter(reach=ALL, is_answered=False), (), [3]),
    (InputFilter(reach=ALL, is_answered=True, answered_by_ids=("7",), answered_by_names=("Ada",)), (), [1]),
    (InputFilter(reach=ALL, states=(TaskState.AWAITING_INPUT,), asked_at=Between(lte=T0)), (), [1, 3]),
    (InputFilter(reach=DagReach(dag_ids=frozenset({"costs"}))), (), [3]),
    (InputFilter(reach=ALL, dag_id="sales", run_id="a", task_id="load", map_index=-1), (), [1]),
])  # fmt: skip
def test_questions_are_listed(
    asked: SqlStore, which: InputFilter, order: tuple[str, ...], expected: list[int]
) -> None:
    page = asked.listings.inputs.list(PageRequest(order_by=order), which)
    assert ([one.run_pk for one in page.rows], page.total) == (expected, len(expected))


def test_a_question_of_an_earlier_try_is_not_listed(asked: SqlStore) -> None:
    step(asked, TaskKey(3, "load"), TaskEvent.RESUME, due_at=at(6))
    step(asked, TaskKey(3, "load"), TaskEvent.CLEAR, try_number=2)
    page = asked.listings.inputs.list(PageRequest(), InputFilter(reach=ALL))
    assert [one.run_pk for one in page.rows] == [1]
