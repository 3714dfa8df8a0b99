"""How full pools were: laws of the line of averages."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windward.core.pool_use import PoolSpan, pool_use

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
NOW = BEGIN + timedelta(seconds=100)


def at(second: float | None) -> datetime | None:
    return None if second is None else BEGIN + timedelta(seconds=second)


def span(queued: float, start: float | None = None, end: float | None = None, slots: int = 1) -> PoolSpan:
    return PoolSpan(pool="p", slots=slots, queued_at=at(queued), start_date=at(start), end_date=at(end))


def test_a_span_counts_in_the_steps_that_it_fills_and_in_part_where_it_begins_and_ends() -> None:
    used = pool_use([span(5, 15, 45, slots=2)], begin=BEGIN, now=NOW, steps=10)["p"]
    assert used.queued == [0.5 * 2, 0.5 * 2, 0, 0, 0, 0, 0, 0, 0, 0]
    assert used.running == [0, 0.5 * 2, 2, 2, 0.5 * 2, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("one", "running", "queued"),
    [(span(20), [0, 0], [0.6, 1]), (span(20, 50), [0, 1], [0.6, 0]), (span(-99, -50, 25), [0.5, 0], [0, 0])],
    ids=["waits still", "runs still", "began before"],
)
def test_what_goes_on_counts_until_now_and_what_was_before_does_not(
    one: PoolSpan, running: list[float], queued: list[float]
) -> None:
    used = pool_use([one], begin=BEGIN, now=NOW, steps=2)["p"]
    assert (used.running, used.queued) == (running, queued)


TIMES = st.lists(st.integers(-50, 150), min_size=3, max_size=3).map(sorted)


@given(spans=st.lists(st.tuples(TIMES, st.integers(1, 5)), max_size=20), steps=st.integers(1, 40))
def test_what_is_summed_over_all_steps_is_what_was_held(
    spans: list[tuple[list[int], int]], steps: int
) -> None:
    made = [span(queued, start, end, slots) for (queued, start, end), slots in spans]
    used = pool_use(made, begin=BEGIN, now=NOW, steps=steps)
    held = sum(slots * max(0, min(100, end) - max(0, start)) for (_, start, end), slots in spans)
    summed = sum(sum(one.running) for one in used.values()) * 100 / steps
    assert summed == pytest.approx(held, abs=0.1)


def test_pools_are_told_apart() -> None:
    other = PoolSpan(pool="other", slots=3, queued_at=None, start_date=BEGIN, end_date=NOW)
    used = pool_use([span(0, 0, 100), other], begin=BEGIN, now=NOW, steps=1)
    assert {name: one.running for name, one in used.items()} == {"other": [3], "p": [1]}
