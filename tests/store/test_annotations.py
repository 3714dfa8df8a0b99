"""People's notes, over every store: replaced, removed, kept by all that happens to what they are on."""

from tests.store.building import AnyStore, at, create, put_dags, run_of, step, task_in
from windward.core.transitions import TaskEvent
from windward.model.ids import TaskKey


def test_a_note_is_replaced_and_removed(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(1), "load", "sum")]])
    key = TaskKey(1, "load")
    for text in ("known: the warehouse was away", "known: the warehouse was away", "ask Ada … 조심", None):
        assert store.runs.set_run_note(1, text)
        assert store.runs.set_task_note(key, text)
        assert (store.runs.load_runs([1])[0].note, task_in(store, key).note) == (text, text)
    assert task_in(store, TaskKey(1, "sum")).note is None


def test_there_is_no_note_on_what_is_not_there(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(1), "load")]])
    assert not store.runs.set_run_note(2, "x")
    assert not store.runs.set_task_note(TaskKey(1, "load", 3), "x")
    assert not store.runs.set_task_note(TaskKey(1, "lost"), "x")


def test_a_note_outlives_tries_and_a_clear(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(1), "load")]])
    key = TaskKey(1, "load")
    store.runs.set_task_note(key, "watch it")
    step(store, key, TaskEvent.QUEUE, try_number=1)
    step(store, key, TaskEvent.START)
    step(store, key, TaskEvent.SUCCEED, end_date=at(1))
    step(store, key, TaskEvent.CLEAR)
    assert task_in(store, key).note == "watch it"
