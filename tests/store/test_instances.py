"""Lists of task instances: each filter and each order means the same on every database."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.store.building import T0, at, create, document_of, expand, put_dags, run_of, step
from windward.core.access import EVERYWHERE
from windward.core.transitions import TaskEvent
from windward.document import GroupDocument, TaskDocument
from windward.errors import UserError
from windward.model.access import DagReach
from windward.model.ids import TaskKey
from windward.model.states import TaskState
from windward.ports.listings.instances import InstanceFilter, TaskTraits
from windward.ports.listings.page import Between, PageRequest, Pattern
from windward.store.sql.listings import traits
from windward.store.sql.open import SqlStore
from windward.store.sql.tables import WENT_WRONG

TASKS = (
    TaskDocument(task_id="a", operator="One", pool="big", display_name="Étage"),
    TaskDocument(task_id="b", operator="Two", group_id="g", upstream=("a",)),
    TaskDocument(task_id="m", operator="One", queue="slow", executor="X"),
)
DOCUMENT: dict[str, Any] = {"tasks": TASKS, "groups": (GroupDocument(group_id="g"),)}


@pytest.fixture
def filled(sql_store: SqlStore) -> SqlStore:
    put_dags(sql_store, "sales", **DOCUMENT, tags=("t",))
    put_dags(sql_store, "costs", fileloc="costs.py")
    sales, costs = (
        document_of("sales", **DOCUMENT, tags=("t",))[0],
        document_of("costs", fileloc="costs.py")[0],
    )
    runs = [run_of(1, document_hash=sales), run_of(2, document_hash=sales, logical_date=T0)]
    groups = [[create(run, "a", "b", "m")] for run in runs]
    groups.append([create(run_of(3, dag_id="costs", document_hash=costs), "load")])
    # Its document was deleted: nothing is known of its task.
    groups.append([create(run_of(4, dag_id="gone"), "a")])
    assert sql_store.runs.apply(groups).all
    assert sql_store.runs.apply([[expand(1, "m", 11)]]).all
    for key, seconds in ((TaskKey(1, "a"), 3), (TaskKey(2, "a"), 1), (TaskKey(1, "m", 2), 2)):
        step(sql_store, key, TaskEvent.QUEUE, try_number=1, queued_at=T0)
        step(sql_store, key, TaskEvent.START, start_date=T0)
        label = "Zwei_%" if key.task_id == "m" else None
        step(sql_store, key, TaskEvent.SUCCEED, end_date=at(seconds), map_label=label)
    return sql_store


def found(store: SqlStore, *order_by: str, **which: Any) -> str:
    page = store.listings.instances.list(
        PageRequest(limit=100, order_by=order_by), InstanceFilter(**{"reach": EVERYWHERE, **which})
    )
    assert page.total == len(page.rows)
    names = (
        f"{row.record.run_pk}{row.record.task_id}"
        + (str(row.record.map_index) if row.record.map_index >= 0 else "")
        for row in page.rows
    )
    return " ".join(names)


MANY = " ".join(f"1m{index}" for index in range(11))
FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, f"1a 1b 2a 2b 2m 3load 4a {MANY}"),
    ({"reach": DagReach(dag_ids=frozenset({"costs"}))}, "3load"),
    ({"reach": DagReach(tags=frozenset({"t"})), "task_ids": ("a",)}, "1a 2a"),
    ({"reach": DagReach()}, ""),
    ({"dag_ids": ("gone", "costs")}, "3load 4a"),
    ({"dag_ids": ("sales",), "run_ids": ("manual__2",)}, "2a 2b 2m"),
    ({"run_after": Between(gt=at(2))}, "3load 4a"),
    ({"logical_date": Between(lte=T0)}, "2a 2b 2m"),
    ({"start_date": Between(gte=T0), "end_date": Between(lt=at(2))}, "2a"),
    ({"updated_at": Between(gte=at(1), lt=at(2)), "task_ids": ("a", "b")}, "1b 2a"),
    ({"duration": Between(gt=1.5, lte=2.0)}, "1m2"),
    ({"states": (TaskState.SUCCESS,)}, "1a 2a 1m2"),
    ({"version_numbers": (1,), "task_ids": ("a", "load")}, "1a 2a 3load"),
    ({"try_numbers": (1, 7), "map_indexes": (-1,)}, "1a 2a"),
    ({"is_mapped": True, "map_indexes": (10,)}, "1m10"),
    ({"map_label": Pattern(contains="ZWEI_")}, "1m2"),
    ({"map_label": Pattern(prefix="1")}, "1m1 1m10"),
    ({"dag_id": Pattern(contains="OST")}, "3load"),
    ({"run_id": Pattern(prefix="manual__4")}, "4a"),
    ({"traits": TaskTraits(pools=("big",))}, "1a 2a"),
    ({"traits": TaskTraits(queue=Pattern(contains="s_ow")), "states": (TaskState.SUCCESS,)}, "1m2"),
    ({"traits": TaskTraits(executors=("X",)), "dag_ids": ("costs",)}, ""),
    ({"traits": TaskTraits(operators=("PythonOperator", "Two"))}, "1b 2b 3load"),
    ({"traits": TaskTraits(display_name=Pattern(prefix="Ét"))}, "1a 2a"),
    ({"traits": TaskTraits(group_id="g")}, "1b 2b"),
    ({"traits": TaskTraits(pool=Pattern(contains="nothing"))}, ""),
]  # fmt: skip
FEW: dict[str, Any] = {"task_ids": ("a", "load", "m"), "map_indexes": (-1, 0, 2)}
ORDERS: list[tuple[str, str]] = [
    ("id", "1a 1m0 1m2 2a 2m 3load 4a"),
    ("-id", "4a 3load 2m 2a 1m2 1m0 1a"),
    ("duration", "2a 1m2 1a 1m0 2m 3load 4a"),
    ("-end_date", "1a 1m2 2a 1m0 2m 3load 4a"),
    ("-map_index", "1m2 1m0 1a 2a 2m 3load 4a"),
    ("state", "1m0 2m 3load 4a 1a 1m2 2a"),
    ("logical_date", "2a 2m 1a 1m0 1m2 3load 4a"),
    ("-run_after", "4a 3load 2a 2m 1a 1m0 1m2"),
    ("rendered_map_index", "1m2 1a 2a 2m 3load 4a 1m0"),
    ("operator", "1a 1m0 1m2 2a 2m 3load 4a"),
    ("-operator", "3load 1a 1m0 1m2 2a 2m 4a"),
]


def test_each_filter_means_what_it_says(filled: SqlStore) -> None:
    for which, expected in FILTERS:
        assert found(filled, **which) == expected, which


def test_what_went_wrong_is_found_among_others(filled: SqlStore) -> None:
    for event, key in ((TaskEvent.FAIL, TaskKey(2, "b")), (TaskEvent.UPSTREAM_FAIL, TaskKey(2, "m"))):
        if event is TaskEvent.FAIL:
            step(filled, key, TaskEvent.QUEUE, try_number=1, queued_at=T0)
            step(filled, key, TaskEvent.START, start_date=T0)
        step(filled, key, event, end_date=T0)
    for states, expected in (
        ((TaskState.FAILED,), "2b"),
        (WENT_WRONG, "2b 2m"),
        ((TaskState.FAILED, TaskState.SUCCESS), "1a 2a 2b 1m2"),
        ((TaskState.UP_FOR_RETRY,), ""),
    ):
        assert found(filled, states=states) == expected, states
        assert found(filled, states=states, dag_ids=("sales",)) == expected, states


@pytest.mark.parametrize("states", [WENT_WRONG, WENT_WRONG[:1]])
@pytest.mark.parametrize("dag_ids", [None, ("sales",)])
def test_to_find_what_went_wrong_sqlite_looks_at_nothing_else(
    open_sql: Callable[[str], SqlStore], states: tuple[TaskState, ...], dag_ids: tuple[str, ...] | None
) -> None:
    store, sent = open_sql("sqlite"), list[tuple[str, Any]]()

    def note(_connection: Any, _cursor: Any, text: str, values: Any, *_: Any) -> None:
        sent.append((text, values))

    sa.event.listen(store.engine, "before_cursor_execute", note)
    found(store, states=states, dag_ids=dag_ids)
    (text, values), *_ = [one for one in sent if "task_instance" in one[0]]
    with store.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).fetchall()

    assert any("ix_task_instance_wrong (state=?" in step[-1] for step in plan), plan


def test_each_order_is_total_and_nothing_comes_last(filled: SqlStore) -> None:
    for order, expected in ORDERS:
        assert found(filled, order, **FEW) == expected, order


def test_cursors_go_through_each_order(filled: SqlStore) -> None:
    for order, expected in ORDERS:
        request, seen = PageRequest(limit=3, order_by=(order,), cursor=""), []
        while request.cursor is not None:
            page = filled.listings.instances.list(request, InstanceFilter(reach=EVERYWHERE, **FEW))
            seen += [f"{row.record.run_pk}{row.record.task_id}" for row in page.rows]
            request = PageRequest(limit=3, cursor=page.next_cursor)
        assert len(seen) == len(expected.split()), order


def test_runs_are_found_by_their_instances(filled: SqlStore) -> None:
    which = InstanceFilter(reach=EVERYWHERE, dag_ids=("sales",), states=(TaskState.SUCCESS,))
    assert filled.listings.instances.runs_with(which) == [1, 2]


def test_instances_are_found_by_their_keys(filled: SqlStore) -> None:
    keys = [TaskKey(2, "a"), TaskKey(1, "m", 10), TaskKey(9, "a")]
    rows = filled.listings.instances.by_keys(keys)
    assert [row.record.key for row in rows] == [TaskKey(1, "m", 10), TaskKey(2, "a")]
    assert rows[0].run.run.run_id == "manual__1"
    assert rows[0].task is not None


def test_a_question_about_too_many_tasks_is_refused(sql_store: SqlStore) -> None:
    for number in range(2):
        names = (TaskDocument(task_id=f"t{n}", operator="One") for n in range(traits.PAIRS_MAX // 2 + 1))
        other = TaskDocument(task_id="other", operator="Two")
        put_dags(sql_store, f"d{number}", fileloc=f"{number}.py", tasks=(*names, other))
    with pytest.raises(UserError, match="too many tasks"):
        found(sql_store, traits=TaskTraits(operators=("One",)))
    assert found(sql_store, traits=TaskTraits(operators=("One",)), dag_ids=("d0",)) == ""
    assert found(sql_store, traits=TaskTraits(pools=("default_pool",))) == ""


def test_the_cells_of_a_grid_count_instances_by_state_on_every_database(filled: SqlStore) -> None:
    grid = filled.listings.grid
    [newer, older] = grid.cells(grid.runs("sales", limit=9)).runs
    assert {cell.task_id: cell.counts for cell in older.cells} == {
        "a": {"success": 1},
        "b": {"none": 1},
        "m": {"none": 10, "success": 1},
    }
    assert {cell.task_id: cell.counts for cell in newer.cells} == {
        "a": {"success": 1},
        "b": {"none": 1},
        "m": {"none": 1},
    }
