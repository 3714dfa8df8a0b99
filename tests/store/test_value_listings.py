"""What lists show of XComs and of values that tasks keep, on every database."""

import pytest

from tests.store.building import T0, at, create, put_dags, run_of, xcom
from windward.model.access import DagReach
from windward.model.ids import TaskKey
from windward.ports.listings.page import Between, PageRequest, Pattern
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
