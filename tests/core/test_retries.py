"""When a failed attempt is tried again."""

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import T0, task
from windward.core.retries import due_at, may_retry, retry_delay_s

DAY_S = 86_400.0
DELAYS = st.floats(0, 1e9)
BACKOFFS = st.floats(1, 100)
TRIES = st.integers(1, 10_000)


def delay(try_number: int = 1, *, task_id: str = "a", run_id: str = "r", **fields: Any) -> float:
    return retry_delay_s(
        task(task_id, **fields), dag_id="d", run_id=run_id, logical_date=T0, try_number=try_number
    )


def test_without_back_off_the_delay_is_what_the_author_wrote() -> None:
    assert [delay(number, retry_delay_s=90.0) for number in (1, 2, 50)] == [90.0, 90.0, 90.0]
    assert delay(retry_delay_s=-5.0) == 0.0
    assert delay(retry_delay_s=3 * DAY_S) == 3 * DAY_S


def test_the_installation_says_where_back_off_ends() -> None:
    assert delay(50, retry_delay_s=10.0, retry_backoff=2.0, retry_backoff_max_s=600.0) == 600.0
    assert delay(50, retry_delay_s=10.0, retry_backoff=2.0, retry_backoff_max_s=3 * DAY_S) == 3 * DAY_S
    assert due_at(T0, 1e14) > due_at(T0, 1e9)


def test_back_off_is_airflows_formula_with_its_hash_as_jitter() -> None:
    """`min + sha1("dag#task#date#try") % min`: worked out by hand once, so that it never changes."""
    assert (
        delay(1, retry_delay_s=10.0, retry_backoff=2.0) == 10 + _sha1("d#a#2026-03-29T00:30:00+00:00#1") % 10
    )
    assert (
        delay(3, retry_delay_s=10.0, retry_backoff=2.0) == 40 + _sha1("d#a#2026-03-29T00:30:00+00:00#3") % 40
    )
    assert delay(2, retry_delay_s=0.5, retry_backoff=3.0) == 2 + _sha1("d#a#2026-03-29T00:30:00+00:00#2") % 2


@given(DELAYS, BACKOFFS, TRIES)
def test_the_same_attempt_always_waits_the_same_time(seconds: float, backoff: float, number: int) -> None:
    first, second = (delay(number, retry_delay_s=seconds, retry_backoff=backoff) for _ in range(2))
    assert first == second


@given(DELAYS, BACKOFFS, TRIES)
def test_the_delay_lies_between_the_minimum_and_twice_that_and_below_a_day(
    seconds: float, backoff: float, number: int
) -> None:
    try:
        minimum = math.ceil(seconds * backoff ** (number - 1))
    except OverflowError:
        minimum = 10**9
    found = delay(number, retry_delay_s=seconds, retry_backoff=backoff)
    assert min(minimum, DAY_S) <= found <= min(max(2 * minimum, 0), DAY_S)


@given(DELAYS, BACKOFFS, st.lists(TRIES, min_size=2))
def test_the_minimum_never_shrinks_from_try_to_try(
    seconds: float, backoff: float, numbers: list[int]
) -> None:
    """The delay of a later try is at least half of any earlier one: jitter is less than the minimum."""
    found = [delay(number, retry_delay_s=seconds, retry_backoff=backoff) for number in sorted(numbers)]
    assert all(2 * later >= earlier for earlier, later in pairwise(found))


@given(DELAYS, st.floats(0, 1e6), TRIES)
def test_the_authors_cap_holds(seconds: float, cap: float, number: int) -> None:
    assert delay(number, retry_delay_s=seconds, retry_backoff=2.0, retry_delay_max_s=cap) <= cap
    assert delay(number, retry_delay_s=seconds, retry_delay_max_s=cap) <= cap


def test_a_thousand_tasks_that_failed_together_do_not_come_back_together() -> None:
    found = {delay(5, task_id=f"t{number}", retry_delay_s=60.0, retry_backoff=2.0) for number in range(1_000)}
    assert len(found) > 500


def test_without_a_logical_date_the_run_id_tells_attempts_apart() -> None:
    def of(run_id: str) -> float:
        return retry_delay_s(
            task("a", retry_delay_s=1e4, retry_backoff=2.0),
            dag_id="d",
            run_id=run_id,
            logical_date=None,
            try_number=1,
        )

    assert of("one") != of("two")


@pytest.mark.parametrize(
    ("number", "allowed", "may"), [(1, 0, False), (1, 1, True), (2, 1, False), (0, 0, True)]
)
def test_a_task_is_tried_once_more_than_its_retries(number: int, allowed: int, may: bool) -> None:
    assert may_retry(try_number=number, max_tries=allowed) is may


@given(DELAYS, BACKOFFS, TRIES)
def test_a_retry_is_due_at_a_time_that_exists(seconds: float, backoff: float, number: int) -> None:
    assert due_at(T0, delay(number, retry_delay_s=seconds, retry_backoff=backoff)) >= T0


def _sha1(text: str) -> int:
    import hashlib

    return int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), 16)
