"""What all components together ask of the database while nothing happens. Idling is what is measured: it takes its time."""

import pytest

from bench.harness import Standalone

IDLE_S = 30.0
"""A multiple of every period by which components ask: each stretch of it has as many questions as any other."""
QUERIES_PER_S_MAX = 1.0
EDGE_QUERIES_MAX = 5
"""Of what is asked at intervals, so much may fall on both edges of what is measured."""
LOOKS_MAX = 30


@pytest.mark.slow
def test_an_idle_standalone_sends_at_most_one_query_a_second() -> None:
    with Standalone({}) as standalone:
        standalone.wait_until_healthy()
        for _ in range(LOOKS_MAX):  # until what the start still had to do is done
            _, queries_per_s = standalone.idle(2.0)
            if queries_per_s <= 2 * QUERIES_PER_S_MAX:
                break

        _, queries_per_s = standalone.idle(IDLE_S)

    assert 0 < queries_per_s <= QUERIES_PER_S_MAX + EDGE_QUERIES_MAX / IDLE_S
