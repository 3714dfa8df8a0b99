"""What an SLA callback of Airflow 2 is given, and the mail to the late tasks' addresses."""

from datetime import timedelta
from typing import Any

from tests.sdk_runtime.fakes import DATE, run_context
from windward.model.states import Semantics
from windward.protocol.work import CallbackContext, LateTask, SlaItem, SlaReport
from windward.sdk import slas
from windward.sdk.compat.database import SlaMiss
from windward.sdk.dag import DAG
from windward.sdk.dag_checks import warnings_of
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.serialize import to_document

REPORT = SlaReport(
    misses=(SlaItem(task_id="a", logical_date=DATE, missed_at=DATE + timedelta(hours=2)),),
    blocking=(LateTask(task_id="a", map_index=-1, state="running"), LateTask(task_id="b", map_index=-1, state="none")),
)  # fmt: skip


def context(report: SlaReport | None = REPORT) -> CallbackContext:
    return CallbackContext(
        run=run_context("reports"), dag_id="reports", kind="sla_miss", reason="late", slas=report,
        semantics=Semantics.AIRFLOW2,
    )  # fmt: skip


def dag_of(*callbacks: Any, **arguments: Any) -> DAG:
    dag = DAG("reports", start_date=DATE, schedule="@daily", sla_miss_callback=list(callbacks) or None)
    EmptyOperator(task_id="a", dag=dag, sla=timedelta(hours=1), **arguments)
    EmptyOperator(task_id="b", dag=dag)
    return dag


def test_the_callback_gets_the_five_arguments_of_airflow_2() -> None:
    seen: list[tuple[Any, ...]] = []
    dag = dag_of(lambda *arguments: seen.append(arguments))
    assert slas.tell(dag, context(), log=lambda *_: None) is None
    ((given, task_list, blocking_list, misses, blocking),) = seen
    assert given is dag
    assert task_list == "a on 2024-03-09T12:30:00+00:00"
    assert blocking_list == "a on 2024-03-09T12:30:00+00:00\nb on 2024-03-09T12:30:00+00:00"
    (miss,) = misses
    assert (miss.task_id, miss.dag_id, miss.execution_date) == ("a", "reports", DATE)
    assert miss.timestamp == DATE + timedelta(hours=2)
    assert isinstance(miss, SlaMiss)
    assert [(ti.task_id, ti.state) for ti in blocking] == [("a", "running"), ("b", "none")]


def test_a_callback_that_raises_is_told_and_keeps_nobody_from_the_others() -> None:
    seen: list[str] = []

    def raises(*_arguments: Any) -> None:
        raise ValueError("no")

    said: list[tuple[str, BaseException]] = []
    dag = dag_of(raises, lambda *_: seen.append("second"))
    error = slas.tell(dag, context(), log=lambda message, raised: said.append((message, raised)))
    assert isinstance(error, ValueError)
    assert (seen, [message for message, _ in said]) == (["second"], ["callback failed"])


def test_nothing_is_told_when_the_misses_are_gone() -> None:
    seen: list[str] = []
    dag = dag_of(lambda *_: seen.append("called"))
    assert slas.tell(dag, context(SlaReport(misses=(), blocking=())), log=lambda *_: None) is None
    assert seen == []


def test_late_tasks_without_an_address_send_no_mail() -> None:
    assert slas.mail(dag_of(), [slas.SlaMissView("reports", "a", DATE, DATE)], "a", "") == []


def test_the_document_says_that_there_is_a_callback_and_airflow_3_that_it_is_in_vain() -> None:
    dag = dag_of(lambda *_: None)
    document = to_document(
        dag, fileloc="r.py", code_hash="", semantics=Semantics.AIRFLOW2, semantics_reason=""
    )
    assert document.callbacks == ("sla_miss",)
    assert {task.task_id: task.sla_s for task in document.tasks} == {"a": 3600.0, "b": None}
    assert document.warnings == ()
    assert any("SLAs have no effect" in warning for warning in warnings_of(dag, Semantics.AIRFLOW3))
