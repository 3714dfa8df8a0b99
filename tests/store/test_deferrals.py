"""The contract of deferrals, over every store: written with the move, gone with the try, encrypted at rest."""

import sqlalchemy as sa

from tests.store.building import T0, AnyStore, create, put_dags, run_of, step, task_in, tasks_of
from windward.core.actions import MoveTask, move
from windward.core.transitions import TaskEvent
from windward.model.ids import TaskKey
from windward.model.records import TriggerRecord
from windward.model.states import TaskState
from windward.store.sql.open import SqlStore

LOAD = TaskKey(1, "load")
SUM = TaskKey(1, "sum")


def deferral_of(key: TaskKey, **changes: object) -> TriggerRecord:
    values = {
        "run_pk": key.run_pk, "task_id": key.task_id, "map_index": key.map_index, "fence": 1,
        "class_path": "mine.Wait", "kwargs": b"\x00secret", "next_method": "go_on", "next_kwargs": b"\xffn",
    }  # fmt: skip
    return TriggerRecord(**{**values, **changes})  # type: ignore[arg-type]


def defer(store: AnyStore, key: TaskKey = LOAD) -> MoveTask:
    step(store, key, TaskEvent.QUEUE, try_number=1)
    step(store, key, TaskEvent.START, owner="h")
    return step(store, key, TaskEvent.DEFER, trigger_class="mine.Wait", deferral=deferral_of(key))


def test_a_deferral_is_there_once_its_move_is(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load", "sum")]])
    defer(store)

    assert store.deferrals.load_deferrals([SUM, LOAD]) == {LOAD: deferral_of(LOAD)}
    assert task_in(store, LOAD).trigger_class == "mine.Wait"
    assert store.deferrals.load_deferrals([]) == {}


def test_what_became_of_the_trigger_is_kept_until_the_try_is_over(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    defer(store)
    step(store, LOAD, TaskEvent.RESUME, resumed=b'{"type":"overdue"}', due_at=T0)
    step(store, LOAD, TaskEvent.QUEUE)
    step(store, LOAD, TaskEvent.START)
    kept = store.deferrals.load_deferrals([LOAD])
    step(store, LOAD, TaskEvent.SUCCEED)

    assert kept == {LOAD: deferral_of(LOAD, resumed=b'{"type":"overdue"}')}
    assert store.deferrals.load_deferrals([LOAD]) == {}
    assert task_in(store, LOAD).trigger_class is None


def test_a_second_deferral_of_a_try_takes_the_place_of_the_first(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    defer(store)
    step(store, LOAD, TaskEvent.RESUME, resumed=b"{}", due_at=T0)
    step(store, LOAD, TaskEvent.QUEUE)
    step(store, LOAD, TaskEvent.START)
    step(
        store,
        LOAD,
        TaskEvent.DEFER,
        trigger_class="b.Other",
        deferral=deferral_of(LOAD, class_path="b.Other"),
    )

    assert store.deferrals.load_deferrals([LOAD]) == {LOAD: deferral_of(LOAD, class_path="b.Other")}


def test_a_refused_move_leaves_the_deferral_as_it_was(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    defer(store)
    task = task_in(store, LOAD)
    late = move(task, TaskEvent.RESUME, at=T0, resumed=b"late")
    step(store, LOAD, TaskEvent.CLEAR)

    assert not store.runs.apply([[late]]).all
    assert store.deferrals.load_deferrals([LOAD]) == {}
    assert task_in(store, LOAD).state is TaskState.NONE


def test_many_deferrals_are_loaded_at_once(store: AnyStore) -> None:
    names = [f"t{number}" for number in range(250)]
    store.runs.apply([[create(run_of(), *names)]])
    for event, changes in (
        (TaskEvent.QUEUE, {"try_number": 1}),
        (TaskEvent.START, {"owner": "h"}),
    ):
        store.runs.apply([[move(task, event, at=T0, **changes) for task in store.runs.load_tasks([1])]])
    moves = [
        move(task, TaskEvent.DEFER, at=T0, trigger_class="mine.Wait", deferral=deferral_of(task.key))
        for task in store.runs.load_tasks([1])
    ]
    assert store.runs.apply([moves]).all

    keys = [task.key for task in tasks_of(1, *names)]
    assert store.deferrals.load_deferrals(keys) == {key: deferral_of(key) for key in keys}


def test_what_user_code_gave_cannot_be_read_from_the_database(sql_store: SqlStore) -> None:
    sql_store.runs.apply([[create(run_of(), "load")]])
    defer(sql_store)
    step(sql_store, LOAD, TaskEvent.RESUME, resumed=b'"secret"')

    with sql_store.engine.connect() as connection:
        ((arguments, resumed),) = connection.execute(
            sa.text("SELECT arguments, resumed FROM deferral")
        ).fetchall()
    assert "secret" not in arguments + resumed
    assert sql_store.secrets.renew_secrets() == 2
    (kept,) = sql_store.deferrals.load_deferrals([LOAD]).values()
    assert (kept.kwargs, kept.resumed) == (b"\x00secret", b'"secret"')


def test_a_deleted_run_takes_its_deferrals_with_it(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(), "load")]])
    defer(store)
    store.catalog.delete_dag("sales")

    assert store.deferrals.load_deferrals([LOAD]) == {}
