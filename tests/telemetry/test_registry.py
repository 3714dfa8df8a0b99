"""What is measured adds up, is bounded, and survives being written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windward.telemetry.names import (
    DAGBAG_SIZE,
    METRICS,
    RUN_SUCCESS,
    SCHEDULER_HEARTBEAT,
    SERIES_DROPPED,
    TI_START,
    Kind,
)
from windward.telemetry.registry import BOUNDS_S, SERIES_MAX, Registry, Several, read_snapshot


def test_counters_are_added_and_gauges_replaced() -> None:
    registry = Registry()
    for value in (1.0, 2.0):
        registry.count(TI_START, "d", "t", by=value)
        registry.gauge(DAGBAG_SIZE, value)
    registry.count(TI_START, "d", "u")
    found = read_snapshot(registry.snapshot())
    assert {one.labels: one.value for one in found[TI_START]} == {("d", "t"): 3.0, ("d", "u"): 1.0}
    assert [one.value for one in found[DAGBAG_SIZE]] == [2.0]


@given(seconds=st.lists(st.floats(0, 10_000), min_size=1, max_size=20))
def test_durations_are_counted_by_the_bound_they_do_not_exceed(seconds: list[float]) -> None:
    registry = Registry()
    for one in seconds:
        registry.time(RUN_SUCCESS, one, "d")
    [series] = read_snapshot(registry.snapshot())[RUN_SUCCESS]
    assert series.counts is not None
    assert series.value == pytest.approx(sum(seconds))
    below = 0
    for bound, count in zip(BOUNDS_S, series.counts, strict=False):
        below += count
        assert below == sum(one <= bound for one in seconds)
    assert sum(series.counts) == len(seconds)


def test_there_are_never_more_series_than_fit_and_what_is_lost_is_counted() -> None:
    registry = Registry()
    for number in range(SERIES_MAX + 10):
        registry.count(TI_START, "d", str(number))
    registry.count(TI_START, "d", "0")
    found = read_snapshot(registry.snapshot())
    assert len(found[TI_START]) == SERIES_MAX
    assert found[SERIES_DROPPED][0].value == 10.0
    assert found[TI_START][0].value == 2.0


def test_what_another_release_measures_is_left_out() -> None:
    raw = b'{"series": {"ti.start": [[["only one label"], 1.0, null]], "new.one": [[[], 1.0, null]]}}'
    assert read_snapshot(raw) == {TI_START: []}


def test_every_metric_has_a_name_of_its_own_and_a_path_with_its_labels() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS) > 20
    for metric in METRICS:
        assert all(f"{{{label}}}" in metric.path for label in metric.labels), metric.name
    assert SCHEDULER_HEARTBEAT.kind is Kind.COUNTER


def test_a_teller_adds_to_the_series_that_is_told_without_one() -> None:
    registry = Registry()
    for _ in range(2):
        registry.teller(TI_START, "d", "t")(2.0)
        registry.teller(DAGBAG_SIZE)(7.0)
        registry.teller(RUN_SUCCESS, "d")(0.5)
    registry.count(TI_START, "d", "t")
    registry.time(RUN_SUCCESS, 100.0, "d")
    found = read_snapshot(registry.snapshot())
    assert [(one.labels, one.value) for one in found[TI_START]] == [(("d", "t"), 5.0)]
    assert [one.value for one in found[DAGBAG_SIZE]] == [7.0]
    [series] = found[RUN_SUCCESS]
    assert (series.value, sum(series.counts or ())) == (101.0, 3)


def test_a_teller_of_a_series_that_does_not_fit_counts_what_is_lost() -> None:
    registry = Registry()
    for number in range(SERIES_MAX):
        registry.count(TI_START, "d", str(number))
    tell = registry.teller(RUN_SUCCESS, "d")
    tell(1.0)
    tell(2.0)
    [series] = read_snapshot(registry.snapshot())[SERIES_DROPPED]
    assert series.value == 2.0


def test_several_tell_all() -> None:
    first, second = Registry(), Registry()
    tell = Several(first, second).teller(TI_START, "d", "t")
    tell(3.0)
    assert first.snapshot() == second.snapshot()
    assert read_snapshot(first.snapshot())[TI_START][0].value == 3.0
