"""Windows of timetables of authors' own, read as data."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windward.timetable import ManualRule, Window, Windows, has_run_out, manual_window, next_window, renew_at
from windward.timetable.windows import WINDOWS_LEFT_MIN, WINDOWS_MAX

T0 = datetime(2026, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def window(number: int) -> Window:
    at = T0 + number * HOUR
    return Window(run_after=at, start=at - HOUR, end=at)


def windows(count: int, **fields: object) -> Windows:
    return Windows(slots=tuple(window(number) for number in range(1, count + 1)), **fields)  # type: ignore[arg-type]


PLACES = st.none() | st.integers(0, 30).map(lambda number: T0 + number * HOUR)
NOWS = st.integers(0, 40).map(lambda number: T0 + number * HOUR / 2)


@given(st.integers(0, 20), PLACES, NOWS, st.booleans())
def test_a_slot_is_after_the_last_one_and_none_is_left_out_with_catchup(
    count: int, last: datetime | None, now: datetime, catchup: bool
) -> None:
    published = windows(count)

    found = next_window(published, last_run_after=last, catchup=catchup, now=now)

    left = [slot for slot in published.slots if last is None or slot.run_after > last]
    assert (found is None) == (not left)
    if found is not None:
        assert found in left
        passed_over = [slot for slot in left if slot.run_after < found.run_after]
        assert not (catchup and passed_over)
        assert all(slot.run_after <= now for slot in passed_over)
        if not catchup and found.run_after <= now:
            assert not [slot for slot in left if found.run_after < slot.run_after <= now]


@given(st.integers(1, 20), NOWS, st.booleans())
def test_taking_slot_after_slot_comes_to_an_end(count: int, now: datetime, catchup: bool) -> None:
    published = windows(count)
    last: datetime | None = None
    taken = []

    while (found := next_window(published, last_run_after=last, catchup=catchup, now=now)) is not None:
        taken.append(found)
        last = found.run_after

    assert [slot.run_after for slot in taken] == sorted({slot.run_after for slot in taken})
    assert taken[-1] == published.slots[-1]
    if catchup:
        assert tuple(taken) == published.slots
    assert has_run_out(published, last_run_after=last)
    assert not has_run_out(windows(count, is_complete=True), last_run_after=last)


def test_nothing_published_has_run_out() -> None:
    assert has_run_out(None, last_run_after=None)
    assert not has_run_out(windows(3), last_run_after=None)


def test_more_is_asked_for_before_the_slots_to_come_are_used_up() -> None:
    at = renew_at(windows(WINDOWS_LEFT_MIN + 10), last_run_after=None, now=T0)

    assert at == T0 + 11 * HOUR
    assert renew_at(windows(WINDOWS_LEFT_MIN - 1), last_run_after=None, now=T0) == T0
    assert renew_at(windows(3, is_complete=True), last_run_after=None, now=T0) is None


def test_windows_full_of_the_past_are_renewed_when_half_of_them_are_used() -> None:
    full = windows(WINDOWS_MAX)
    now = T0 + 2 * WINDOWS_MAX * HOUR

    early = renew_at(full, last_run_after=T0 + 10 * HOUR, now=now)
    late = renew_at(full, last_run_after=T0 + (WINDOWS_MAX // 2 + 1) * HOUR, now=now)

    assert early is not None
    assert early > now
    assert late == now


@pytest.mark.parametrize(
    ("rule", "hours", "expected"),
    [
        (ManualRule(offsets_s=(-3600.0, 0.0)), 7, (6, 7)),
        (ManualRule(), 7, (7, 7)),
        (ManualRule(steps=((T0, T0 - HOUR, T0), (T0 + 5 * HOUR, T0, T0 + HOUR))), 4, (-1, 0)),
        (ManualRule(steps=((T0, T0 - HOUR, T0), (T0 + 5 * HOUR, T0, T0 + HOUR))), 5, (0, 1)),
        (ManualRule(steps=((T0, T0 - HOUR, T0),)), -9, (-1, 0)),
    ],
)
def test_a_triggered_run_has_the_interval_of_the_rule(
    rule: ManualRule, hours: int, expected: tuple[int, int]
) -> None:
    interval = manual_window(Windows(manual=rule), T0 + hours * HOUR)

    assert (interval.start, interval.end) == tuple(T0 + number * HOUR for number in expected)
