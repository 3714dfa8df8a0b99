"""What timetables of authors' own want, kept by every store."""

from tests.store.building import T0, AnyStore, at, put_dags
from windward.timetable import ManualRule, Window, Windows

ONE = Windows(
    slots=(Window(run_after=at(60), start=T0, end=at(60), run_id="mine"),),
    manual=ManualRule(steps=((T0, at(-60), T0),)),
    error="out of ideas",
)


def test_windows_are_read_as_they_were_put_and_replaced(store: AnyStore) -> None:
    store.catalog.put_windows({"sales": ONE, "costs": Windows()})
    store.catalog.put_windows({"costs": Windows(is_complete=True)})

    assert store.catalog.load_windows() == {"sales": ONE, "costs": Windows(is_complete=True)}
    assert store.catalog.load_windows(["sales", "none"]) == {"sales": ONE}


def test_the_scheduler_is_told_of_new_windows(store: AnyStore) -> None:
    store.catalog.put_windows({"sales": ONE})

    assert [(note.kind, note.subject) for note in store.runs.load_notes(after=0, limit=10)] == [
        ("dag", "sales")
    ]


def test_a_deleted_dag_leaves_no_windows(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.catalog.put_windows({"sales": ONE})

    store.catalog.delete_dag("sales")

    assert store.catalog.load_windows() == {}
