"""Cleaning deletes what ended long ago, in batches, and nothing else."""

import pytest
import sqlalchemy as sa

from tests.store.building import T0, at, create, put, put_dags, run_of, step
from windward.core.actions import move_run
from windward.core.transitions import BackfillEvent, RunEvent, TaskEvent
from windward.errors import UserError
from windward.model.ids import TaskKey
from windward.model.states import RunState
from windward.store.sql.open import SqlStore


@pytest.fixture
def filled(sql_store: SqlStore) -> SqlStore:
    """Return a store with runs 1 to 5 that ended at 1 to 5 s, and run 6 that goes on; each has large and small values."""
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
    return sql_store


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
