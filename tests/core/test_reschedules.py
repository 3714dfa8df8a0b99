"""How often an instance gave its slot back, by its history."""

from windward.core.attempts import count_reschedules


def test_reschedules_are_counted_since_the_last_clear() -> None:
    looks = ["queue", "start", "reschedule", "queue", "start", "reschedule"]
    assert count_reschedules(looks) == 2
    assert count_reschedules([*looks, "fail", "clear", "queue", "start", "reschedule"]) == 1
    assert count_reschedules([*looks, "retry", "queue", "start"]) == 2
