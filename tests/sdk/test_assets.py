"""Assets as authors write them, and what becomes of them in the document."""

import os
from datetime import timedelta
from typing import Any

import pytest

from windward import (
    DAG,
    Asset,
    AssetAlias,
    AssetAll,
    AssetAny,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    Dataset,
    EmptyOperator,
    PythonOperator,
    asset,
)
from windward.document import AssetDocument, DagDocument
from windward.errors import UserError
from windward.model.states import Semantics
from windward.sdk import scopes
from windward.sdk.serialize import to_document
from windward.timetable import AliasLeaf, AllOf, AnyOf, AssetLeaf, AssetSchedule, CronSchedule
from windward.timetable import AssetOrTimeSchedule as OrTime

ORDERS, PRICES, RATES = (Asset(name, f"s3://b/{name}") for name in ("orders", "prices", "rates"))
LEAF = {one.name: AssetLeaf(one.name, one.uri) for one in (ORDERS, PRICES, RATES)}


def document_of(dag: DAG, semantics: Semantics = Semantics.AIRFLOW3) -> DagDocument:
    return to_document(dag, fileloc="a.py", code_hash="", semantics=semantics, semantics_reason="")


def scheduled(schedule: Any) -> DagDocument:
    with DAG("d", schedule=schedule) as dag:
        EmptyOperator(task_id="t")
    return document_of(dag)


@pytest.mark.parametrize(
    ("schedule", "condition"),
    [
        (ORDERS, LEAF["orders"]),
        ([ORDERS, PRICES], AllOf((LEAF["orders"], LEAF["prices"]))),
        (ORDERS & PRICES & RATES, AllOf((LEAF["orders"], LEAF["prices"], LEAF["rates"]))),
        (ORDERS | PRICES | RATES, AnyOf((LEAF["orders"], LEAF["prices"], LEAF["rates"]))),
        (
            ORDERS | (PRICES & AssetAlias("x")),
            AnyOf((LEAF["orders"], AllOf((LEAF["prices"], AliasLeaf("x"))))),
        ),
        (AssetAny(ORDERS, AssetAll(PRICES, RATES)), AnyOf((LEAF["orders"], AllOf((LEAF["prices"], LEAF["rates"]))))),
        (Asset.ref(name="orders"), AssetLeaf(name="orders")),
        (Dataset("s3://b/orders"), AssetLeaf("s3://b/orders", "s3://b/orders")),
    ],
)  # fmt: skip
def test_a_schedule_of_assets_is_a_condition(schedule: Any, condition: Any) -> None:
    assert scheduled(schedule).schedule == AssetSchedule(condition)


def test_a_schedule_by_assets_or_time_has_both() -> None:
    both = scheduled(
        AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 6 * * *", timezone="UTC"), assets=[ORDERS])
    ).schedule

    assert isinstance(both, OrTime)
    assert both.condition == AllOf((LEAF["orders"],))
    assert isinstance(both.schedule, CronSchedule)


@pytest.mark.parametrize(
    ("given", "name", "uri"),
    [
        ({"name": "orders"}, "orders", "orders"),
        ({"uri": "s3://b/x"}, "s3://b/x", "s3://b/x"),
        ({"name": "o", "uri": "S3://b/x/"}, "o", "s3://b/x"),
        ({"uri": "postgres://h/db?b=2&a=1#frag"}, "postgres://h/db?a=1&b=2", "postgres://h/db?a=1&b=2"),
    ],
)
def test_a_name_or_a_uri_is_enough_and_a_uri_has_one_form(given: dict[str, str], name: str, uri: str) -> None:
    made = Asset(**given)  # type: ignore[arg-type]

    assert (made.name, made.uri) == (name, uri)
    assert os.fspath(made) == uri


def test_a_password_in_a_uri_is_left_out_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="no user name or password"):
        assert Asset(uri="postgres://me:secret@host/db").uri == "postgres://host/db"


@pytest.mark.parametrize(
    ("given", "error"),
    [({}, TypeError), ({"name": " "}, ValueError), ({"name": "ü"}, ValueError), ({"uri": "airflow://x"}, ValueError), ({"name": "n" * 501}, ValueError)],
)  # fmt: skip
def test_what_cannot_be_an_asset_is_an_error(given: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        Asset(**given)  # type: ignore[arg-type]


def test_assets_join_assets_only() -> None:
    with pytest.raises(TypeError):
        ORDERS & "prices"
    with pytest.raises(TypeError):
        AssetAll(ORDERS, "prices")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="is not a schedule"):
        DAG("d", schedule=[ORDERS, "prices"])


def test_a_task_tells_what_it_reads_and_writes_and_the_dag_knows_each_asset_once() -> None:
    rich = Asset("orders", "s3://b/orders", extra={"team": "sales"}, group="tables")
    with DAG("d", schedule=[ORDERS]) as dag:
        PythonOperator(
            task_id="t", python_callable=print, inlets=[rich, "a file"], outlets=[PRICES, AssetAlias("x")]
        )
    document = document_of(dag)

    (task,) = document.tasks
    assert (task.inlets, task.outlets) == ((LEAF["orders"],), (LEAF["prices"], AliasLeaf("x")))
    assert document.assets == (
        AssetDocument(name="orders", uri="s3://b/orders", group="tables", extra={"team": "sales"}),
        AssetDocument(name="prices", uri="s3://b/prices"),
    )
    assert [alias.name for alias in document.aliases] == ["x"]


def test_an_empty_task_that_writes_is_run_and_not_waved_through() -> None:
    with DAG("d", schedule=None) as dag:
        EmptyOperator(task_id="t", outlets=[ORDERS])

    assert not document_of(dag).tasks[0].is_inline


def test_two_assets_of_one_name_or_one_uri_are_warned_of() -> None:
    with DAG("d", schedule=[ORDERS, Asset("orders", "s3://other")]) as dag:
        EmptyOperator(task_id="t", outlets=[Asset("o2", "s3://b/orders")])
    warnings = document_of(dag).warnings

    assert any("two assets are named `orders`" in text for text in warnings)
    assert any("two assets have the URI `s3://b/orders`" in text for text in warnings)


def test_a_decorated_function_is_an_asset_with_a_dag_that_writes_it() -> None:
    scopes.take_registered()

    @asset(schedule=timedelta(hours=1), name="totals", uri="s3://b/totals", tags=["sums"])
    def sums(self: Any, context: Any, orders: Any, factor: int = 2) -> int:
        """Sum up."""
        return factor

    (dag,) = scopes.take_registered()
    document = document_of(dag)
    (task,) = document.tasks
    assert (dag.dag_id, task.task_id, document.description) == ("totals", "totals", "Sum up.")
    assert task.outlets == (AssetLeaf("totals", "s3://b/totals"),)
    assert task.inlets == (AssetLeaf(name="orders"),)
    assert isinstance(sums, Asset)
    assert (sums & ORDERS).as_condition() == AllOf((AssetLeaf("totals", "s3://b/totals"), LEAF["orders"]))


def test_one_function_may_write_several_assets() -> None:
    scopes.take_registered()

    @asset.multi(schedule=None, outlets=[ORDERS, PRICES], name="both")
    def write() -> None:
        pass

    (dag,) = scopes.take_registered()
    assert document_of(dag).tasks[0].outlets == (LEAF["orders"], LEAF["prices"])
    assert dag.dag_id == "both"


def test_a_dag_by_assets_needs_no_start_date_and_has_no_catchup() -> None:
    with DAG("d", schedule=[ORDERS]) as dag:
        EmptyOperator(task_id="t")
    document = document_of(dag, Semantics.AIRFLOW2)

    assert not document.catchup
    assert document.schedule_text == "Dataset"
    assert not [text for text in document.warnings if "start_date" in text]


def test_a_uri_is_as_long_as_the_databases_hold_in_its_normal_form() -> None:
    assert len(Asset(uri="s3://b/p?k=" + "/" * 163).uri) == 500
    with pytest.raises(ValueError, match="the URI of an asset has 503 characters, 500 are allowed"):
        Asset("short", uri="s3://b/p?k=" + "/" * 164)
