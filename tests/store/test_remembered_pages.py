"""What is remembered of lists: no query is made twice, no page is out of date, and all of it has an end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.store.building import T0, create, document_of, put_dags, run_of
from windward.document import TaskDocument
from windward.errors import UserError
from windward.model.access import DagReach
from windward.model.states import TaskState
from windward.ports.listings.dags import DagFilter
from windward.ports.listings.instances import InstanceFilter, TaskTraits
from windward.ports.listings.page import Between, Page, PageRequest
from windward.ports.listings.runs import RunFilter
from windward.store.sql.listings.unchanged import UnchangedPages
from windward.store.sql.open import SqlStore

ALL, PAGE = DagReach(is_all=True), PageRequest(limit=2)
TASKS = tuple(TaskDocument(task_id=name, operator="PythonOperator", pool=f"of {name}") for name in "abc")


@contextmanager
def composed(store: SqlStore) -> Iterator[list[object]]:
    """Give a list that grows by one with each statement that SQLAlchemy makes."""
    made: list[object] = []

    def note(_connection: sa.Connection, statement: object, *_: object) -> None:
        made.append(statement)

    sa.event.listen(store.engine, "before_execute", note)
    try:
        yield made
    finally:
        sa.event.remove(store.engine, "before_execute", note)


@pytest.fixture
def store(sql_store: SqlStore) -> SqlStore:
    put_dags(sql_store, "sales", tasks=TASKS)
    for run_pk in (1, 2, 3):
        run = run_of(run_pk, run_id=f"r{run_pk}", document_hash=document_of("sales", tasks=TASKS)[0])
        assert sql_store.runs.apply([[create(run, *(task.task_id for task in TASKS))]]).all
    return sql_store


def test_what_is_asked_at_length_weighs_what_it_takes(store: SqlStore) -> None:
    pages = UnchangedPages[int](rows_max=100)
    for number in range(50):
        pages.of((number, "x" * 10_000), "read", lambda: Page(rows=()))
        assert pages.remembered <= 100
    long = RunFilter(reach=ALL, dag_ids=tuple(f"{'x' * 40}{number}" for number in range(20_000)))
    for _ in range(2):
        with composed(store) as made:
            assert store.listings.runs.list(PAGE, long).rows == ()
        assert made != []  # it is not remembered as it was sent


def test_what_was_asked_before_is_sent_again_as_it_was(store: SqlStore) -> None:
    listings = store.listings
    after = Between(gt=T0 - timedelta(days=1))

    def ask() -> list[object]:
        with composed(store) as made:
            for offset in (0, 2):
                page = PageRequest(limit=2, offset=offset, order_by=("-run_after",))
                found = listings.runs.list(page, RunFilter(reach=ALL, dag_ids=("sales",), run_after=after))
                assert ([row.run.run_pk for row in found.rows], found.total) in (([3, 2], 3), ([1], 3))
            for run_id, pk in (("r1", 1), ("r2", 2)):
                which = InstanceFilter(reach=ALL, run_ids=(run_id,), states=(TaskState.NONE,))
                instances = listings.instances.list(PAGE, which)
                assert [row.record.key[:2] for row in instances.rows] == [(pk, "a"), (pk, "b")]
                assert instances.total == 3
            dags = listings.dags.list(PAGE, DagFilter(reach=ALL), next_run=lambda _: None)
            assert [row.record.dag_id for row in dags.rows] == ["sales"]
        return made

    assert ask() != []
    assert ask() == []


def test_a_filter_that_only_documents_answer_is_answered_by_those_of_now(store: SqlStore) -> None:
    which = InstanceFilter(reach=ALL, dag_ids=("new",), traits=TaskTraits(pools=("of a",)))
    assert store.listings.instances.list(PAGE, which).rows == ()
    put_dags(store, "new", tasks=TASKS)
    run = run_of(9, dag_id="new", run_id="r9", document_hash=document_of("new", tasks=TASKS)[0])
    assert store.runs.apply([[create(run, "a", "b")]]).all
    assert [row.record.task_id for row in store.listings.instances.list(PAGE, which).rows] == ["a"]


def test_a_page_is_the_same_object_while_all_that_it_is_made_of_is_as_it_was(store: SqlStore) -> None:
    listings = store.listings

    def runs() -> Page[object]:
        return listings.runs.list(PAGE, RunFilter(reach=ALL))  # type: ignore[return-value]  # compared only

    def instances() -> Page[object]:
        return listings.instances.list(PAGE, InstanceFilter(reach=ALL, run_ids=("r1",)))  # type: ignore[return-value]

    for read in (runs, instances):
        first = read()
        assert read() is first
        put_dags(store, "sales", tasks=TASKS, display_name=f"for {read.__name__}")
        second = read()
        assert second != first
        assert read() is second


def test_an_order_that_there_is_not_is_refused_each_time(store: SqlStore) -> None:
    for _ in range(2):
        with pytest.raises(UserError, match="cannot be ordered by `moon`"):
            store.listings.runs.list(PageRequest(order_by=("moon",)), RunFilter(reach=ALL))


def test_what_is_remembered_of_pages_has_an_end() -> None:
    pages = UnchangedPages[int](rows_max=10)
    for asked in range(100):
        assert pages.of(asked, "read", lambda: Page(rows=(1, 2, 3))).rows == (1, 2, 3)
        assert pages.remembered <= 10
    assert pages.of(99, "read", lambda: Page(rows=())).rows == (1, 2, 3)
    assert pages.of(99, "other", lambda: Page(rows=())).rows == ()
    assert pages.of("large", "read", lambda: Page(rows=tuple(range(11)))).rows == tuple(range(11))
    assert pages.remembered == 0
