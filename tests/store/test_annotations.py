"""People's notes, over every store: replaced, removed, kept by all that happens to what they are on."""

from tests.store.building import AnyStore, at, create, put_dags, run_of, step, task_in
from windward.core.actions import ExpectRun, WriteNote
from windward.core.transitions import TaskEvent
from windward.model.ids import TaskKey

LOAD = TaskKey(1, "load")


def notes(text: str | None) -> list[WriteNote]:
    return [WriteNote(run_pk=1, text=text), WriteNote(run_pk=1, key=LOAD, text=text)]


def test_a_note_is_replaced_and_removed(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(1), "load", "sum")]])
    for text in ("known: the warehouse was away", "known: the warehouse was away", "ask Ada … 조심", None):
        assert store.runs.apply([notes(text)]).all
        assert (store.runs.load_runs([1])[0].note, task_in(store, LOAD).note) == (text, text)
    assert task_in(store, TaskKey(1, "sum")).note is None


def test_the_last_of_several_notes_stays(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(1), "load")]])
    assert store.runs.apply([notes("first"), notes(None), notes("last")]).all
    assert (store.runs.load_runs([1])[0].note, task_in(store, LOAD).note) == ("last", "last")


def test_a_note_on_what_is_not_there_changes_nothing_and_refuses_nothing(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(1), "load")]])
    lost = [TaskKey(1, "load", 3), TaskKey(1, "lost"), TaskKey(2, "load")]
    actions = [WriteNote(run_pk=key.run_pk, key=key, text="x") for key in lost]
    assert store.runs.apply([[WriteNote(run_pk=2, text="x"), *actions, *notes("there")]]).all
    assert (store.runs.load_runs([1])[0].note, task_in(store, LOAD).note) == ("there", "there")
    assert not store.runs.load_runs([2])
    assert not store.runs.load_tasks([2])


def test_a_note_is_refused_with_what_it_is_written_with(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(1), "load")]])
    stale = ExpectRun(run_pk=1, revision=7)
    assert store.runs.apply([[*notes("never"), stale], notes("written")]).results == (False, True)
    assert store.runs.apply([[*notes("never"), stale]]).results == (False,)
    assert (store.runs.load_runs([1])[0].note, task_in(store, LOAD).note) == ("written", "written")


def test_a_note_outlives_tries_and_a_clear(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(1), "load")]])
    store.runs.apply([[WriteNote(run_pk=1, key=LOAD, text="watch it")]])
    step(store, LOAD, TaskEvent.QUEUE, try_number=1)
    step(store, LOAD, TaskEvent.START)
    step(store, LOAD, TaskEvent.SUCCEED, end_date=at(1))
    step(store, LOAD, TaskEvent.CLEAR)
    assert task_in(store, LOAD).note == "watch it"
