"""What timetables of authors' own want, kept by every store."""

from datetime import timedelta

from tests.store.building import T0, AnyStore, at, put_dags
from windward.ports.windows import ASKED_KEPT, DatesAsked
from windward.timetable import Dates, ManualRule, Window, Windows

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


def test_a_question_is_there_until_it_is_answered(store: AnyStore) -> None:
    first, second = DatesAsked("sales", T0, at(60)), DatesAsked("costs", T0, at(60))
    store.catalog.ask_dates(first, now=T0)
    store.catalog.ask_dates(second, now=T0)
    assert store.catalog.load_asked_dates() == [second, first]
    assert store.catalog.load_dates(first) is None

    answer = Dates(slots=ONE.slots, error="no more ideas")
    store.catalog.answer_dates([(first, answer), (DatesAsked("sales", T0, at(90)), Dates())])

    assert store.catalog.load_asked_dates() == [second]
    assert store.catalog.load_dates(first) == answer
    assert store.catalog.load_dates(DatesAsked("sales", T0, at(90))) is None


def test_a_question_that_is_asked_again_is_open_again(store: AnyStore) -> None:
    asked = DatesAsked("sales", T0, at(60))
    store.catalog.ask_dates(asked, now=T0)
    store.catalog.answer_dates([(asked, Dates())])

    store.catalog.ask_dates(asked, now=at(1))

    assert store.catalog.load_asked_dates() == [asked]
    assert store.catalog.load_dates(asked) is None


def test_old_questions_and_those_of_deleted_dags_are_forgotten(store: AnyStore) -> None:
    put_dags(store, "sales")
    old, gone = DatesAsked("costs", T0, at(60)), DatesAsked("sales", T0, at(60))
    store.catalog.ask_dates(old, now=T0)
    store.catalog.ask_dates(gone, now=T0 + ASKED_KEPT + timedelta(seconds=1))
    assert store.catalog.load_asked_dates() == [gone]

    store.catalog.delete_dag("sales")

    assert store.catalog.load_asked_dates() == []
