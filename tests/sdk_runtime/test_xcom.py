"""Reading and writing XComs by `ti`, as Airflow 2 and 3 do it."""

from typing import Any

import pytest

from tests.sdk_runtime.fakes import FakeBridge, running
from windward.model.states import Semantics
from windward.protocol import calls
from windward.sdk import xcom
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowException, XComNotFound
from windward.sdk.operator import BaseOperator
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.xcom import XCom


@pytest.fixture
def task(dag: DAG) -> BaseOperator:
    return EmptyOperator(task_id="task", dag=dag)


@pytest.fixture
def bridge() -> FakeBridge:
    made = FakeBridge()
    made.put("one", {"a": 1})
    made.put("two", (2,))
    made.put("two", "named", key="other")
    for index in (2, 0, 1):
        made.put("mapped", index * 10, map_index=index)
    made.put("single", "only", map_index=0)
    return made


def test_one_task_gives_its_value(task: BaseOperator, bridge: FakeBridge) -> None:
    with running(task, bridge=bridge) as (context, _):
        ti = context["ti"]
        assert ti.xcom_pull(task_ids="one") == {"a": 1}
        assert ti.xcom_pull("two") == (2,)
        assert ti.xcom_pull(task_ids="two", key="other") == "named"


def test_what_nobody_pushed_is_the_default(task: BaseOperator, bridge: FakeBridge) -> None:
    with running(task, bridge=bridge) as (context, _):
        assert context["ti"].xcom_pull(task_ids="none") is None
        assert context["ti"].xcom_pull(task_ids="none", default=7) == 7
        assert context["ti"].xcom_pull(task_ids="one", key="none", map_indexes=-1, default=7) == 7


def test_a_mapped_task_gives_a_sequence_in_the_order_of_its_indexes(
    task: BaseOperator, bridge: FakeBridge
) -> None:
    with running(task, bridge=bridge) as (context, _):
        values = context["ti"].xcom_pull(task_ids="mapped")
        assert list(values) == values == [0, 10, 20]
        assert (len(values), values[1], values[-1], values[1:]) == (3, 10, 20, [10, 20])
        assert list(context["ti"].xcom_pull(task_ids="single")) == ["only"]
        assert context["ti"].xcom_pull(task_ids="mapped", map_indexes=2) == 20
        assert context["ti"].xcom_pull(task_ids="mapped", map_indexes=[2, 0]) == [20, 0]


def test_several_tasks_give_a_list_in_the_order_asked_for(task: BaseOperator, bridge: FakeBridge) -> None:
    with running(task, bridge=bridge) as (context, _):
        ti = context["ti"]
        assert ti.xcom_pull(task_ids=["two", "none", "one"]) == [(2,), None, {"a": 1}]
        assert ti.xcom_pull(task_ids=["mapped", "one"]) == [0, 10, 20, {"a": 1}]
        assert ti.xcom_pull(task_ids=[]) == []


def test_in_a_list_airflow_2_leaves_out_what_nobody_pushed(task: BaseOperator, bridge: FakeBridge) -> None:
    with running(task, bridge=bridge, semantics=Semantics.AIRFLOW2) as (context, _):
        assert context["ti"].xcom_pull(task_ids=["two", "none", "one"]) == [(2,), {"a": 1}]


def test_without_task_ids_airflow_3_reads_the_own_value(task: BaseOperator, bridge: FakeBridge) -> None:
    with running(task, bridge=bridge, semantics=Semantics.AIRFLOW3) as (context, _):
        assert context["ti"].xcom_pull(key="other") is None
        context["ti"].xcom_push("other", "mine")
        assert context["ti"].xcom_pull(key="other") == "mine"


def test_without_task_ids_airflow_2_reads_the_newest_of_any_task(
    task: BaseOperator, bridge: FakeBridge
) -> None:
    with running(task, bridge=bridge, semantics=Semantics.AIRFLOW2) as (context, _):
        assert context["ti"].xcom_pull(key="other") == "named"
        assert context["ti"].xcom_pull(key="none", default=3) == 3


def test_a_mapped_instance_reads_its_own_value(task: BaseOperator, bridge: FakeBridge) -> None:
    with running(task, bridge=bridge, map_index=1) as (context, _):
        context["ti"].xcom_push("k", "mine")
        assert context["ti"].xcom_pull(key="k") == "mine"


def test_a_long_sequence_is_read_page_by_page(task: BaseOperator) -> None:
    bridge = FakeBridge()
    for index in range(25):
        bridge.put("mapped", index, map_index=index)
    call = calls.GetXComs(key="return_value", dag_id="dag", run_id="run_1", task_ids=("mapped",), limit=10)
    with running(task, bridge=bridge):
        values = xcom.LazyXComSequence(call)
        assert len(bridge.calls) == 1
        assert (values[3], len(bridge.calls)) == (3, 1)
        assert (values[24], len(bridge.calls)) == (24, 2)
        assert (sum(values), len(bridge.calls)) == (300, 4)
        assert (values[8:12], values[-1], len(bridge.calls)) == ([8, 9, 10, 11], 24, 4)


def test_one_value_of_many_is_read_alone_and_many_by_pages(task: BaseOperator) -> None:
    """Else each of 10,000 instances would read a page to get the one value that is its own."""
    bridge = FakeBridge()
    for index in range(1000):
        bridge.put("mapped", index, map_index=index)
    with running(task, bridge=bridge) as (context, _):
        values = context["ti"].xcom_pull(task_ids="mapped")
        assert (len(values), values[700]) == (1000, 700)
        assert [call.limit for call in bridge.calls if isinstance(call, calls.GetXComs)] == [1, 1]
        bridge.calls.clear()
        assert [values[index] for index in range(1000)] == list(range(1000))
        assert len(bridge.calls) <= xcom.SINGLES_MAX + 1000 // xcom.PAGE_ITEMS_MAX


def test_a_value_that_is_gone_meanwhile_is_an_error_of_its_own(task: BaseOperator) -> None:
    bridge = FakeBridge()
    for index in range(3):
        bridge.put("mapped", index, map_index=index)
    with running(task, bridge=bridge) as (context, _):
        values = context["ti"].xcom_pull(task_ids="mapped")
        bridge.xcoms.clear()
        with pytest.raises(XComNotFound, match="`return_value` of task `mapped`"):
            values[2]


def test_a_returned_sequence_is_stored_as_a_list(task: BaseOperator, bridge: FakeBridge) -> None:
    with running(task, bridge=bridge) as (context, _):
        context["ti"].xcom_push("all", context["ti"].xcom_pull(task_ids="mapped"))
        assert context["ti"].xcom_pull(key="all") == [0, 10, 20]
        assert bridge.xcoms["all", "run_1", "task", -1].encoding == "json"


@pytest.mark.parametrize("key", ["", "x" * 501, "a\0b", "\ud800", 3])
def test_a_bad_key_is_refused(task: BaseOperator, key: Any) -> None:
    with running(task) as (context, _), pytest.raises(ValueError, match="XCom key"):
        context["ti"].xcom_push(key, 1)


def test_the_class_methods_read_any_task_and_write_the_own(task: BaseOperator, bridge: FakeBridge) -> None:
    with running(task, bridge=bridge):
        place: dict[str, Any] = {"dag_id": "dag", "run_id": "run_1"}
        assert XCom.get_one(key="return_value", task_id="one", **place) == {"a": 1}
        assert list(XCom.get_all(key="return_value", task_id="mapped", **place)) == [0, 10, 20]
        XCom.set("k", 5, task_id="task", **place)
        assert bridge.value("k") == 5
        with pytest.raises(AirflowException, match="may not write an XCom of task `one`"):
            XCom.set("k", 5, task_id="one", **place)
        XCom.delete("k", task_id="task", **place)
        assert XCom.get_one(key="k", task_id="task", **place) is None


def test_a_reference_resolves_to_the_value(dag: DAG, bridge: FakeBridge) -> None:
    from windward.sdk.xcom_arg import XComArg

    one, task = EmptyOperator(task_id="one", dag=dag), EmptyOperator(task_id="task", dag=dag)
    with running(task, bridge=bridge) as (context, _):
        assert XComArg(one).resolve(context) == {"a": 1}
