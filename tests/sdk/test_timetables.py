"""Timetables of authors' own: what they are asked, and what becomes of their answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from windward import (
    DAG,
    AirflowPlugin,
    CronDataIntervalTimetable,
    DagRunInfo,
    DataInterval,
    EmptyOperator,
    Timetable,
)
from windward.core.backfill import DATES_MAX
from windward.errors import UserError
from windward.model.states import Semantics
from windward.sdk.serialize import to_document
from windward.sdk.timetable_windows import dates_of, windows_of
from windward.timetable import CustomSchedule, Windows
from windward.timetable import DataInterval as Interval
from windward.timetable.windows import WINDOWS_AHEAD, WINDOWS_MAX

T0 = datetime(2026, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)


class Daily(Timetable):
    """The first working slot is the start date; runs follow by days."""

    description = "each day"

    def __init__(self, length: timedelta = DAY, last: datetime | None = None) -> None:
        self.length = length
        self.last = last

    def infer_manual_data_interval(self, *, run_after: Any) -> DataInterval:
        return DataInterval(start=run_after - self.length, end=run_after)

    def next_dagrun_info(self, *, last_automated_data_interval: Any, restriction: Any) -> DagRunInfo | None:
        start = (
            restriction.earliest if last_automated_data_interval is None else last_automated_data_interval.end
        )
        if start is None or (self.last is not None and start > self.last):
            return None
        return DagRunInfo.interval(start=start, end=start + self.length)


def ask(
    timetable: Any,
    *,
    last: Interval | None = None,
    earliest: datetime | None = T0,
    latest: datetime | None = None,
    catchup: bool = True,
    now: datetime = T0,
) -> Windows:
    return windows_of(timetable, earliest=earliest, latest=latest, catchup=catchup, last=last, now=now)


def test_the_document_names_the_class_and_not_its_slots() -> None:
    with DAG("d", schedule=Daily(), start_date=T0, catchup=True) as dag:
        EmptyOperator(task_id="t")

    document = to_document(
        dag, fileloc="a.py", code_hash="", semantics=Semantics.AIRFLOW3, semantics_reason=""
    )

    assert document.schedule == CustomSchedule(
        timetable=f"{__name__}.Daily", summary="Daily", description="each day"
    )
    assert document.catchup


def test_slots_go_on_from_the_last_run_to_a_number_beyond_now() -> None:
    found = ask(Daily(), last=Interval(T0, T0 + DAY), now=T0 + 10 * DAY)

    assert found.slots[0].start == T0 + DAY
    assert [slot.run_after > T0 + 10 * DAY for slot in found.slots].count(True) == WINDOWS_AHEAD
    assert not found.is_complete


def test_the_end_date_binds_a_timetable_that_does_not_look_at_it() -> None:
    found = ask(Daily(), latest=T0 + 3 * DAY, now=T0 + 10 * DAY)

    assert [slot.start for slot in found.slots] == [T0, T0 + DAY, T0 + 2 * DAY, T0 + 3 * DAY]
    assert found.is_complete
    after = ask(Daily(), last=Interval(T0 + 3 * DAY, T0 + 4 * DAY), latest=T0 + 3 * DAY)
    assert (after.slots, after.is_complete) == ((), True)


def test_without_catchup_only_the_latest_missed_slot_is_kept_however_many_there_were() -> None:
    missed = 3 * WINDOWS_MAX
    found = ask(Daily(), catchup=False, now=T0 + missed * DAY)

    assert found.slots[0].run_after == T0 + missed * DAY
    assert [slot.run_after for slot in found.slots[1:]] == [
        T0 + (missed + number) * DAY for number in range(1, WINDOWS_AHEAD + 1)
    ]


def test_without_catchup_the_last_slot_of_a_timetable_that_has_ended_is_kept() -> None:
    found = ask(Daily(last=T0 + 5 * DAY), catchup=False, now=T0 + 100 * DAY)

    assert [slot.start for slot in found.slots] == [T0 + 5 * DAY]
    assert found.is_complete


def test_a_long_past_gives_a_bounded_number_of_slots() -> None:
    assert len(ask(Daily(), now=T0 + 5000 * DAY).slots) == WINDOWS_MAX


def test_a_timetable_that_ends_is_complete() -> None:
    found = ask(Daily(last=T0 + DAY))

    assert (len(found.slots), found.is_complete) == (2, True)
    assert ask(Daily(), earliest=None) == Windows(is_complete=True, manual=found.manual)


def test_a_timetable_that_raises_at_once_is_an_error_and_later_keeps_what_it_gave() -> None:
    class Broken(Daily):
        calls = 0

        def next_dagrun_info(self, **asked: Any) -> DagRunInfo | None:
            self.calls += 1
            if self.calls > 3:
                raise RuntimeError("out of ideas")
            return super().next_dagrun_info(**asked)

    found = ask(Broken())
    assert (len(found.slots), found.error) == (3, "RuntimeError: out of ideas")

    broken = Broken()
    broken.calls = 3
    with pytest.raises(RuntimeError):
        ask(broken)


@pytest.mark.parametrize(
    ("at", "message"),
    [(lambda _start: T0, "does not lead forward"), (lambda _start: datetime(2026, 1, 1), "no time zone"), (lambda _start: "soon", "a time is needed")],
)  # fmt: skip
def test_answers_that_make_no_schedule_are_errors_that_say_so(at: Any, message: str) -> None:
    class Odd(Daily):
        def next_dagrun_info(self, *, last_automated_data_interval: Any, restriction: Any) -> DagRunInfo:
            del last_automated_data_interval, restriction
            return DagRunInfo.exact(at(None))

    with pytest.raises(UserError, match=message):
        ask(Odd())


def test_a_run_id_of_the_timetables_own_is_published_with_its_slot() -> None:
    class Named(Daily):
        def generate_run_id(self, *, run_type: Any, run_after: Any, data_interval: Any, **extra: Any) -> str:
            return f"{run_type}-{data_interval.start:%Y%m%d}"

    assert ask(Named()).slots[0].run_id == "scheduled-20260110"


def test_manual_intervals_at_a_distance_and_by_steps_are_told_apart() -> None:
    class LastDay(Daily):
        def infer_manual_data_interval(self, *, run_after: Any) -> DataInterval:
            end = run_after.start_of("day")
            return DataInterval(end.subtract(days=1), end)

    assert ask(Daily()).manual.offsets_s == (-86400.0, 0.0)
    steps = ask(LastDay(), now=T0 + DAY / 2).manual.steps
    assert steps[0] == (T0 + DAY / 2, T0 - DAY, T0)
    assert steps[1] == (T0 + DAY, T0, T0 + DAY)


def test_a_class_derived_from_one_of_ours_is_asked_itself() -> None:
    class Shifted(CronDataIntervalTimetable):
        def next_dagrun_info(self, *, last_automated_data_interval: Any, restriction: Any) -> Any:
            info = super().next_dagrun_info(
                last_automated_data_interval=last_automated_data_interval, restriction=restriction
            )
            return info._replace(run_after=info.run_after.add(hours=6))

    timetable = Shifted("0 0 * * *", timezone="UTC")

    assert isinstance(timetable.as_schedule(), CustomSchedule)
    slot = ask(timetable).slots[0]
    assert (slot.start, slot.end, slot.run_after) == (T0, T0 + DAY, T0 + DAY + timedelta(hours=6))
    assert not isinstance(
        CronDataIntervalTimetable("0 0 * * *", timezone="UTC").as_schedule(), CustomSchedule
    )


def test_a_plugin_needs_a_name() -> None:
    class Nameless(AirflowPlugin):
        timetables = [Daily]  # noqa: RUF012 - Airflow's form

    with pytest.raises(ValueError, match="needs a name"):
        Nameless.validate()


def test_a_range_holds_the_slots_whose_logical_date_is_in_it() -> None:
    found = dates_of(Daily(), start=T0, end=T0 + 3 * DAY)

    assert [slot.start for slot in found.slots] == [T0, T0 + DAY, T0 + 2 * DAY, T0 + 3 * DAY]
    assert found.error == ""
    assert len(dates_of(Daily(last=T0), start=T0, end=T0 + 3 * DAY).slots) == 1


def test_a_range_of_too_many_slots_is_cut_one_beyond_what_a_backfill_may_have() -> None:
    found = dates_of(Daily(timedelta(seconds=1)), start=T0, end=T0 + DAY)

    assert len(found.slots) == DATES_MAX + 1


def test_a_timetable_that_fails_or_stands_still_in_a_range_says_so() -> None:
    class Broken(Daily):
        def next_dagrun_info(self, **asked: Any) -> DagRunInfo | None:
            if asked["last_automated_data_interval"] is not None:
                raise RuntimeError("out of ideas")
            return super().next_dagrun_info(**asked)

    class Standing(Daily):
        def next_dagrun_info(self, **_asked: Any) -> DagRunInfo | None:
            return DagRunInfo.interval(start=T0, end=T0 + DAY)

    assert dates_of(Broken(), start=T0, end=T0 + DAY).error == "RuntimeError: out of ideas"
    assert "does not lead forward" in dates_of(Standing(), start=T0, end=T0 + DAY).error
