"""What all components together ask of the database while nothing happens. Idling is what is measured: it takes its time."""

import pytest

from bench.harness import Standalone

IDLE_S = 10.0
QUERIES_PER_S_MAX = 1.0
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

    assert 0 < queries_per_s <= QUERIES_PER_S_MAX
