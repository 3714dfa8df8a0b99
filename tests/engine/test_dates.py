"""Asking a timetable of the author's own for its dates: a question, and the wait for whoever answers."""

from datetime import timedelta

import pytest

from tests.engine.building import FakeClock
from windward.engine.dates import ANSWER_S_MAX, SILENT, ask_dates
from windward.errors import UnavailableError, UserError
from windward.store.memory import MemoryStore
from windward.timetable import Dates, RunSlot, Window


class Waiting:
    """Time passes while somebody waits; `answer` is given after some of it."""

    def __init__(self, answer: Dates | None) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore()
        self.answer = answer

    def hear_processor(self, *, ago: timedelta = timedelta(0)) -> None:
        now = self.clock.now() - ago
        self.store.hosts.beat_component("processor", "p", hostname="here", pid=1, now=now)

    def ask(self) -> list[RunSlot]:
        start = self.clock.now() - timedelta(hours=3)
        return ask_dates(self.store, self.clock, self._pause, dag_id="d", start=start, end=self.clock.now())

    def _pause(self, seconds: float) -> None:
        self.clock.pass_by(seconds)
        if self.answer is not None:
            asked = self.store.catalog.load_asked_dates()
            self.store.catalog.answer_dates([(one, self.answer) for one in asked])


def test_the_due_slots_of_the_answer_are_the_dates() -> None:
    now = FakeClock().now()
    hour = timedelta(hours=1)
    slots = tuple(
        Window(run_after=now + (number + 1) * hour, start=now + number * hour, end=now + (number + 1) * hour)
        for number in (-3, -2, -1, 0)
    )
    waiting = Waiting(Dates(slots=slots))
    waiting.hear_processor()

    assert [slot.logical_date for slot in waiting.ask()] == [slot.start for slot in slots[:3]]


def test_without_a_processor_nobody_waits() -> None:
    waiting = Waiting(Dates())
    waiting.hear_processor(ago=SILENT + timedelta(seconds=1))

    with pytest.raises(UserError, match="no processor is there to ask it"):
        waiting.ask()
    assert waiting.store.catalog.load_asked_dates() == []


def test_an_answer_that_does_not_come_is_given_up() -> None:
    waiting = Waiting(None)
    waiting.hear_processor()
    before = waiting.clock.monotonic()

    with pytest.raises(UnavailableError):
        waiting.ask()
    assert ANSWER_S_MAX <= waiting.clock.monotonic() - before < ANSWER_S_MAX + 1


def test_what_the_timetable_cannot_say_is_an_error() -> None:
    waiting = Waiting(Dates(error="RuntimeError: no idea"))
    waiting.hear_processor()

    with pytest.raises(UserError, match="no idea"):
        waiting.ask()
