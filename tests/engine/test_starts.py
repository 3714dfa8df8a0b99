"""Attempts that ought to be started: none is forgotten while it waits, and few are remembered afterwards."""

from datetime import timedelta

import msgspec

from tests.engine.building import T0
from windward.engine.starts import Starts
from windward.engine.timers import StartLate, Timer, Timers
from windward.model.ids import TaskKey
from windward.model.records import TaskRecord
from windward.model.states import TaskState

TIMEOUT = timedelta(minutes=10)


class Attempts:
    """Attempts that are found by their keys."""

    def __init__(self) -> None:
        self.records: dict[TaskKey, TaskRecord] = {}

    def find(self, key: TaskKey) -> tuple[object, TaskRecord] | None:
        record = self.records.get(key)
        return None if record is None else (self, record)

    def queue(self, number: int) -> TaskRecord:
        record = TaskRecord(
            run_pk=number,
            task_id="a",
            map_index=-1,
            state=TaskState.QUEUED,
            fence=1,
            queued_at=T0 + timedelta(seconds=number),
        )
        self.records[record.key] = record
        return record


def test_what_was_started_does_not_pile_up_until_it_would_be_late() -> None:
    timers, attempts = Timers(), Attempts()
    starts = Starts(timers, attempts.find, timeout=TIMEOUT, kept_max=10)
    for number in range(1000):
        record = attempts.queue(number)
        starts.watch(record)
        if number % 100:
            attempts.records[record.key] = msgspec.structs.replace(record, state=TaskState.RUNNING)
        else:
            timers.set(T0, Timer.RUN_TIMEOUT, number)

    assert len(timers) < 50
    due = timers.take_due(T0 + timedelta(days=1), limit=1000)
    late = [subject.key.run_pk for timer, subject in due if isinstance(subject, StartLate)]
    assert [number for number in late if not number % 100] == list(range(0, 1000, 100))
    assert sum(timer is Timer.RUN_TIMEOUT for timer, _ in due) == 10


def test_an_attempt_that_was_queued_anew_is_looked_at_anew() -> None:
    timers, attempts = Timers(), Attempts()
    starts = Starts(timers, attempts.find, timeout=TIMEOUT, kept_max=2)
    first = attempts.queue(1)
    starts.watch(first)
    again = msgspec.structs.replace(first, fence=2, queued_at=T0 + timedelta(seconds=60))
    attempts.records[again.key] = again
    starts.watch(again)

    assert timers.take_due(T0 + timedelta(days=1), limit=9) == [
        (Timer.START_LATE, StartLate(again.key, fence=2))
    ]


def test_many_that_wait_are_not_swept_again_and_again() -> None:
    timers, attempts, looks = Timers(), Attempts(), 0

    def find(key: TaskKey) -> tuple[object, TaskRecord] | None:
        nonlocal looks
        looks += 1
        return attempts.find(key)

    starts = Starts(timers, find, timeout=TIMEOUT, kept_max=10)
    for number in range(2000):
        starts.watch(attempts.queue(number))
    assert len(timers) == 2000
    assert looks < 3 * 2000
