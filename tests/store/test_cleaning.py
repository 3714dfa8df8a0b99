"""Cleaning deletes what ended long ago, in batches, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.store.building import T0, at, create, put, put_dags, run_of, step
from tests.store.conftest import SQL_PARAMS
from windward.core.actions import move_run
from windward.core.transitions import BackfillEvent, RunEvent, TaskEvent
from windward.errors import UserError
from windward.model.ids import TaskKey
from windward.model.states import RunState
from windward.ports.store import SUPERSEDED_KEPT
from windward.store.sql.open import SqlStore


@pytest.fixture
def filled(sql_store: SqlStore) -> SqlStore:
    """Return a store that `_fill` has filled."""
    _fill(sql_store)
    return sql_store


def _fill(sql_store: SqlStore) -> None:
    """Store runs 1 to 5 that ended at 1 to 5 s, and run 6 that goes on; each has large and small values."""
    put_dags(sql_store, "sales")
    for pk in range(1, 7):
        run = run_of(pk, state=RunState.RUNNING)
        key = TaskKey(pk, "load")
        sql_store.runs.apply([[create(run, "load")]])
        step(sql_store, key, TaskEvent.QUEUE, try_number=1)
        step(sql_store, key, TaskEvent.START, xcoms=(put("k", "v", location=f"file:///{pk}"),))
        step(sql_store, key, TaskEvent.RETRY, end_date=at(pk))
        if pk < 6:
            end = move_run(run, RunEvent.SUCCEED, at=at(pk), end_date=at(pk), callback="success")
            assert sql_store.runs.apply([[end]]).all


def test_finished_runs_go_with_all_that_belongs_to_them(filled: SqlStore) -> None:
    wanted = {"dag_run": 3, "task_attempt": 0, "xcom": 0, "backfill": 0, "asset_event": 0, "audit_event": 0}
    assert filled.clean(at(4), dry_run=True).rows == {**wanted, "task_attempt": 3, "xcom": 3}
    assert len(filled.reads.list_runs()) == 6

    assert filled.clean(at(4), batch_size=2).rows == wanted

    assert sorted(run.run_pk for run in filled.reads.list_runs()) == [4, 5, 6]
    with filled.engine.connect() as connection:
        for table in ("task_instance", "task_attempt", "xcom"):
            pks = connection.execute(sa.text(f"SELECT run_pk FROM {table} ORDER BY run_pk")).scalars()
            assert list(pks) == [4, 5, 6], table
        assert connection.execute(sa.text("SELECT count(*) FROM callback")).scalar() == 2
    assert filled.xcoms.load_dead_objects(limit=9) == ["file:///1", "file:///2", "file:///3"]


def test_the_run_that_the_next_one_depends_on_stays(sql_store: SqlStore) -> None:
    put_dags(sql_store, "sales", "costs")
    states = {1: "success", 2: "failed", 3: "success", 4: None}
    for pk, event in states.items():
        run = run_of(pk, state=RunState.RUNNING, logical_date=at(pk), dag_id="sales")
        alone = run_of(10 + pk, state=RunState.RUNNING, logical_date=at(pk), dag_id="costs")
        for one in (run, alone):
            sql_store.runs.apply([[create(one, "load")]])
            if event is not None or one is alone:
                name = RunEvent.FAIL if event == "failed" else RunEvent.SUCCEED
                assert sql_store.runs.apply([[move_run(one, name, at=at(pk), end_date=at(pk))]]).all

    assert sql_store.clean(at(9), tables=["dag_run"], dry_run=True).rows == {"dag_run": 5}
    assert sql_store.clean(at(9), tables=["dag_run"], batch_size=2).rows == {"dag_run": 5}
    assert sorted(run.run_pk for run in sql_store.reads.list_runs()) == [3, 4, 14]


def test_a_document_stays_while_a_run_may_be_being_made_of_it(sql_store: SqlStore) -> None:
    put_dags(sql_store, "sales")
    put_dags(sql_store, "sales", now=at(3), xcom_retention_days=7.0)

    def documents() -> int:
        with sql_store.engine.connect() as connection:
            return int(connection.execute(sa.text("SELECT count(*) FROM dag_document")).scalar_one())

    sql_store.clean(at(4))
    assert documents() == 2
    sql_store.clean(at(4) + 2 * SUPERSEDED_KEPT)
    assert documents() == 1


@pytest.mark.parametrize("kind", SQL_PARAMS[1:])
@pytest.mark.parametrize("table", ["dag_run", "xcom"])
def test_a_run_that_somebody_clears_meanwhile_keeps_all_that_it_has(
    open_sql: Callable[[str], SqlStore], kind: str, table: str
) -> None:
    store, other = open_sql(kind), open_sql(kind)
    _fill(store)
    wanted = "FROM dag_run" if table == "dag_run" else "JOIN dag_run"
    asked: list[str] = []

    def clear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not asked and wanted in " ".join(statement.split()) and statement.startswith("SELECT"):
            asked.append(statement)
            with other.engine.begin() as connection:
                connection.execute(
                    sa.text("UPDATE dag_run SET state = 'queued', end_date = NULL WHERE run_pk = 2")
                )

    sa.event.listen(store.engine, "after_cursor_execute", clear)
    cleaned = store.clean(at(4), tables=[table], batch_size=3)

    assert len(asked) == 1
    assert cleaned.rows == {table: 2}
    assert [task.run_pk for task in store.runs.load_tasks([2])] == [2]
    assert store.xcoms.get_xcom("sales", "manual__2", "k", task_id="load", map_index=-1) is not None
    assert store.xcoms.load_dead_objects(limit=9) == ["file:///1", "file:///3"]


def test_a_single_table_may_be_cleaned(filled: SqlStore) -> None:
    assert filled.clean(at(3), tables=["xcom"], batch_size=1).rows == {"xcom": 2}
    assert filled.clean(at(7), tables=["task_attempt"]).rows == {"task_attempt": 6}

    assert len(filled.reads.list_runs()) == 6
    assert filled.xcoms.get_xcom("sales", "manual__3", "k", task_id="load", map_index=-1) is not None
    assert filled.xcoms.load_dead_objects(limit=9) == ["file:///1", "file:///2"]


def test_another_table_is_refused(filled: SqlStore) -> None:
    with pytest.raises(UserError, match="variable"):
        filled.clean(T0, tables=["variable"])


def test_what_is_deleted_can_be_archived_first(filled: SqlStore) -> None:
    cleaned = filled.clean(at(4), batch_size=2, archive_at=T0)
    stamp = T0.strftime("%Y%m%d%H%M%S%f")
    names = [f"archive__{name}__{stamp}" for name in ("dag_run", "task_attempt", "task_instance", "xcom")]
    assert (list(cleaned.archives), filled.archives()) == (names, names)

    columns, *rows = filled.read_archive(names[0])
    assert sorted(row[columns.index("run_pk")] for row in rows) == [1, 2, 3]
    columns, *rows = filled.read_archive(names[3])
    assert sorted(row[columns.index("location")] for row in rows) == ["file:///1", "file:///2", "file:///3"]

    assert filled.archives(tables=["xcom"]) == names[3:]
    filled.drop_archives(names[3:])
    assert filled.archives() == names[:3]
    assert len(filled.reads.list_runs()) == 3
    filled.drop_archives(names[:3])


def test_two_cleanings_of_one_moment_have_archives_of_their_own(filled: SqlStore) -> None:
    first = filled.clean(at(3), tables=["xcom"], archive_at=T0).archives
    second = filled.clean(at(4), tables=["xcom"], archive_at=T0).archives
    assert len({*first, *second}) == 2
    assert sorted(filled.archives()) == sorted((*first, *second))
    filled.drop_archives((*first, *second))


def test_a_dry_run_archives_nothing(filled: SqlStore) -> None:
    assert filled.clean(at(4), dry_run=True, archive_at=T0).archives == ()
    assert filled.archives() == []


def test_backfills_that_are_over_go_and_open_ones_stay(filled: SqlStore) -> None:
    from tests.store.test_backfills import asked, moved

    assert asked(filled, 1)
    assert asked(filled, 2, dag_id="costs")
    assert moved(filled, 1, BackfillEvent.CANCEL)
    assert filled.clean(at(9), tables=["backfill"]).rows == {"backfill": 0}, "it ended at 9 s"
    cleaned = filled.clean(at(10), tables=["backfill"], archive_at=T0)
    assert cleaned.rows == {"backfill": 1}
    assert [name.split("__")[1] for name in cleaned.archives] == ["backfill", "backfill_slot"]
    assert [one.backfill_pk for one in filled.backfills.list_backfills()] == [2]
    assert filled.backfills.list_slots(1) == []
    filled.drop_archives(cleaned.archives)
