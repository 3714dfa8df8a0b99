"""DAGs: arguments old and new, schedules, checks, order, subsets, `@dag`, and finding them in a file."""

from __future__ import annotations

import importlib
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk.declared import Work, document, edges
from windward import DAG, Param, TaskGroup, dag
from windward.errors import (
    DagCycleError,
    DagImportError,
    InvalidCronError,
    InvalidParamError,
    UnknownTaskError,
    UserError,
)
from windward.model.states import Semantics
from windward.sdk import scopes
from windward.sdk.collect import collect_dags
from windward.sdk.exceptions import (
    AirflowDagCycleException,
    FailFastDagInvalidTriggerRule,
    RemovedInAirflow3Warning,
)
from windward.timetable import CronSchedule, DeltaSchedule, NullSchedule, OnceSchedule

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_old_argument_names_keep_their_meaning_and_warn() -> None:
    with pytest.warns(RemovedInAirflow3Warning) as caught:
        old = DAG("d", schedule_interval="@hourly", concurrency=3, fail_stop=True, default_view="graph")
    assert (old.schedule, old.max_active_tasks, old.fail_fast) == ("@hourly", 3, True)
    texts = [str(warning.message) for warning in caught]
    assert [name for name in ("schedule_interval", "concurrency", "fail_stop", "default_view") if
            any(f"`{name}`" in text for text in texts)] == ["schedule_interval", "concurrency", "fail_stop", "default_view"]  # fmt: skip
    assert {warning.filename for warning in caught} == {__file__}


def test_arguments_without_a_name_are_taken_in_the_order_of_airflow_2() -> None:
    made = DAG("d", "what it is", "@daily")
    assert (made.description, made.schedule) == ("what it is", "@daily")


def test_two_schedules_are_one_too_many() -> None:
    with pytest.raises(TypeError, match="at most one schedule"):
        DAG("d", schedule="@daily", schedule_interval="@hourly")


@pytest.mark.parametrize(
    ("name", "meant"), [("shedule_interval", "schedule_interval"), ("catchups", "catchup")]
)
def test_a_misspelt_argument_fails_with_a_suggestion(name: str, meant: str) -> None:
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'(.|\n)*Did you mean `{meant}`"):
        DAG("d", **{name: None})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"schedule": "61 * * * *"}, InvalidCronError),
        ({"schedule": 5}, UserError),
        ({"tags": ["x" * 101]}, ValueError),
        ({"owner_links": {"me": "javascript:alert(1)"}}, ValueError),
        ({"dagrun_timeout": 5}, TypeError),
        ({"start_date": "not a date"}, UserError),
        ({"on_failure_callback": "me@example.org"}, UserError),
    ],
)
def test_an_impossible_argument_fails_at_its_line_and_names_the_dag(
    arguments: dict[str, Any], wanted: type[Exception]
) -> None:
    with pytest.raises(wanted, match="`d`"):
        DAG("d", **arguments)


def test_the_zone_of_a_dag_is_that_of_its_start_date_and_naive_dates_are_taken_in_it() -> None:
    seoul = DAG(
        "d", start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Seoul")), end_date=datetime(2026, 2, 1)
    )
    found = document(seoul)
    assert found.timezone == "Asia/Seoul"
    assert found.start_date == datetime(2025, 12, 31, 15, tzinfo=UTC)
    assert found.end_date == datetime(2026, 1, 31, 15, tzinfo=UTC)


def test_default_args_may_hold_the_dates_and_params_of_the_dag() -> None:
    made = DAG(
        "d", default_args={"start_date": datetime(2026, 1, 1), "end_date": "2026-02-01", "params": {"x": 1}}
    )
    assert (made.start_utc, made.end_utc) == (START, datetime(2026, 2, 1, tzinfo=UTC))
    assert made.params["x"] == 1
    assert "params" not in made.default_args


def test_the_smallest_date_of_python_is_a_start_date() -> None:
    smallest = datetime.min  # noqa: DTZ901 - what authors write
    assert DAG("d", start_date=smallest).start_utc == smallest.replace(tzinfo=UTC)


def test_default_args_of_the_author_are_not_changed() -> None:
    given_args = {"params": {"x": 1}, "owner": "me"}
    DAG("d", default_args=given_args)
    assert given_args == {"params": {"x": 1}, "owner": "me"}


def test_a_missing_schedule_and_catchup_mean_what_the_semantics_say() -> None:
    with DAG("d", start_date=START) as made:
        Work(task_id="a")
    two, three = document(made, Semantics.AIRFLOW2), document(made, Semantics.AIRFLOW3)
    assert isinstance(two.schedule, DeltaSchedule)
    assert (two.schedule.delta, two.catchup, two.is_catchup_explicit) == (86400.0, True, False)
    assert (three.schedule, three.catchup) == (NullSchedule(), False)


@pytest.mark.parametrize(("semantics", "kind"), [("airflow2", "data_interval"), ("airflow3", "trigger")])
def test_a_cron_text_means_intervals_or_triggers_by_the_semantics(semantics: str, kind: str) -> None:
    found = document(DAG("d", schedule="@daily", start_date=START), Semantics(semantics)).schedule
    assert isinstance(found, CronSchedule)
    assert found.kind == kind


def test_a_written_catchup_is_told_from_a_default_one() -> None:
    found = document(DAG("d", schedule="@daily", start_date=START, catchup=True))
    assert (found.catchup, found.is_catchup_explicit) == (True, True)


def test_catchup_without_a_start_is_refused_unless_a_task_has_one() -> None:
    with pytest.raises(DagImportError, match="start_date is required when catchup=True"):
        DAG("d", schedule="@daily", catchup=True).validate()
    with DAG("d", schedule="@daily", catchup=True) as made:
        Work(task_id="a", start_date=START)
    assert document(made).start_date == START
    DAG("d", schedule=None, catchup=True).validate()


def test_a_continuous_dag_has_one_active_run() -> None:
    assert document(DAG("d", schedule="@continuous", start_date=START)).max_active_runs == 1
    with pytest.raises(UserError, match="max_active_runs <= 1"):
        document(DAG("d", schedule="@continuous", start_date=START, max_active_runs=3))


def test_params_may_be_given_after_the_dag_was_made() -> None:
    made = DAG("d", schedule=None, params={"x": 1})
    made.params = {"y": Param(2, type="integer"), "z": "text"}
    assert (dict(made.params), sorted(document(made).params)) == ({"y": 2, "z": "text"}, ["y", "z"])


def test_a_scheduled_dag_needs_params_that_fit_their_schema() -> None:
    params = {"x": Param(None, type="integer")}
    with pytest.raises(InvalidParamError, match="param `x` of DAG `d`"):
        document(DAG("d", schedule="@daily", start_date=START, params=params))
    assert document(DAG("d", schedule=None, params=params)).params["x"].has_default


def test_a_fail_fast_dag_refuses_other_trigger_rules() -> None:
    with DAG("d", fail_fast=True), pytest.raises(FailFastDagInvalidTriggerRule):
        Work(task_id="a", trigger_rule="all_done")


def test_a_cycle_is_named_task_by_task() -> None:
    with DAG("d") as made:
        a, b, c, e = (Work(task_id=name) for name in "abce")
        a >> b >> c >> a
        c >> e
    with pytest.raises(DagCycleError, match="`a` → `b` → `c` → `a`") as caught:
        made.check_cycle()
    assert isinstance(caught.value, AirflowDagCycleException)
    assert "DAG `d`" in str(caught.value)


@given(count=st.integers(1, 12), seed=st.integers(0, 1000))
def test_a_topological_order_respects_every_link_and_not_the_order_of_declaration(
    count: int, seed: int
) -> None:
    dice = random.Random(seed)
    links = [(a, b) for a in range(count) for b in range(a + 1, count) if dice.random() < 0.4]
    orders = []
    for _ in range(2):
        with DAG("d") as made:
            names = list(range(count))
            dice.shuffle(names)
            tasks = {number: Work(task_id=f"t{number:02}") for number in names}
            for a, b in links:
                tasks[a] >> tasks[b]
        order = [task.task_id for task in made.topological_sort()]
        assert all(order.index(a) < order.index(b) for a, b in edges(made))
        orders.append(order)
    assert orders[0] == orders[1]


def test_a_subset_keeps_the_links_and_groups_of_what_is_left() -> None:
    with DAG("d") as made:
        a, b, c, e = (Work(task_id=name) for name in "abce")
        with TaskGroup("g"):
            f = Work(task_id="f")
        a >> b >> c >> e
        b >> f
    cut = made.partial_subset(["c"], include_upstream=True, include_downstream=False)
    assert set(cut.task_ids) == {"a", "b", "c"}
    assert edges(cut) == {("a", "b"), ("b", "c")}
    assert cut.partial
    assert "g" not in cut.task_group.children
    assert set(made.task_ids) == {"a", "b", "c", "e", "g.f"}
    assert set(made.partial_subset("^e$", include_upstream=False).task_ids) == {"e"}


def test_an_unknown_task_is_an_error_with_a_suggestion() -> None:
    with DAG("d") as made:
        Work(task_id="extract")
    with pytest.raises(UnknownTaskError, match="Did you mean `extract`"):
        made.get_task("extrakt")


def test_documentation_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "doc.md").write_text("# Orders")
    assert DAG("d", doc_md=str(tmp_path / "doc.md")).doc_md == "# Orders"
    assert DAG("d", doc_md="no_such_file.md").doc_md == "no_such_file.md"


def test_the_file_of_a_dag_is_the_one_that_declares_it() -> None:
    @dag
    def declared() -> None: ...

    assert DAG("d").fileloc == __file__
    assert declared().fileloc == __file__


def test_a_function_becomes_a_dag_whose_params_are_its_arguments() -> None:
    @dag(schedule="@daily", start_date=START, tags=["x"])
    def orders(table: str = "orders", limit: int = 5) -> None:
        """Load the orders."""
        Work(task_id="load", value=table, other=[limit])

    made = orders(limit=7)
    assert (made.dag_id, made.doc_md, made.tags) == ("orders", "Load the orders.", {"x"})
    assert made.params.dump() == {"table": "orders", "limit": 7}
    running = made.get_task("load").prepare_for_execution()
    running.render_template_fields({"params": {"table": "t2", "limit": 7}})
    assert (running.value, running.other) == ("t2", [7])


@pytest.mark.parametrize("how", ["bare", "brackets", "id", "keyword"])
def test_the_dag_decorator_works_with_and_without_arguments(how: str) -> None:
    def body() -> None: ...

    decorate: Any = {"bare": dag, "brackets": dag(), "id": dag("body"), "keyword": dag(dag_id="body")}[how]
    assert decorate(body)().dag_id == "body"


def test_the_package_and_its_module_of_the_same_name_both_answer_to_dag() -> None:
    by_package: Any = importlib.import_module("windward.sdk").dag

    @by_package(schedule=None)  # type: ignore[untyped-decorator]
    def made() -> None: ...

    assert made().dag_id == "made"
    assert by_package.DAG is DAG


def _module(**values: Any) -> Any:
    import types

    module = types.ModuleType("orders")
    vars(module).update(values)
    return module


def test_dags_are_found_by_name_and_by_their_with_block() -> None:
    scopes.take_registered()
    with DAG("unbound"):
        pass
    with DAG("hidden", auto_register=False):
        pass
    found = collect_dags(_module(b=DAG("b"), a=DAG("a"), other=3))
    assert [made.dag_id for made in found] == ["a", "b", "unbound"]
    assert collect_dags(_module()) == []


def test_a_dag_whose_block_failed_does_not_register() -> None:
    scopes.take_registered()
    with pytest.raises(ZeroDivisionError), DAG("broken"):
        1 / 0
    assert scopes.take_registered() == []
    assert scopes.current_dag() is None


def test_two_dags_of_one_id_in_a_file_are_an_error() -> None:
    scopes.take_registered()
    with pytest.raises(DagImportError, match="two DAGs named `a`"):
        collect_dags(_module(x=DAG("a"), y=DAG("a")))
    one = DAG("a")
    assert collect_dags(_module(x=one, y=one)) == [one]


def test_what_the_author_should_look_at_is_in_the_document() -> None:
    with DAG("d", default_args={"depens_on_past": True}, start_date=datetime.now(UTC)) as made:
        with TaskGroup("empty") as empty:
            pass
        Work(task_id="a") >> empty
    texts = "\n".join(document(made).warnings)
    assert "`depens_on_past`, which no task" in texts
    assert "time of import" in texts
    assert "`empty` has no tasks" in texts
    once = document(DAG("o", schedule="@once"))
    assert isinstance(once.schedule, OnceSchedule)
    assert "no `start_date`" in once.warnings[0]


def test_a_timeout_is_written_in_seconds() -> None:
    assert document(DAG("d", dagrun_timeout=timedelta(hours=2))).dagrun_timeout_s == 7200


def test_a_dag_says_how_long_its_xcoms_are_kept() -> None:
    with DAG("sales", xcom_retention_days=0.5) as sales:
        Work(task_id="load")

    assert document(sales).xcom_retention_days == 0.5


@pytest.mark.parametrize("days", [-1, float("inf"), float("nan"), timedelta(days=1), "7", True])
def test_a_retention_that_is_no_number_of_days_fails_at_its_line(days: Any) -> None:
    with pytest.raises(UserError, match=r"`xcom_retention_days` of DAG `sales`"):
        DAG("sales", xcom_retention_days=days)
