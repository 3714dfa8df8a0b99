"""Who runs which trigger: the least full gets it, and who has more than a fair share gives some away."""

from hypothesis import given
from hypothesis import strategies as st

from windward.core.sharing import HANDOVERS_MAX, Place, decide_handovers, decide_place

COUNTS = st.lists(
    st.tuples(st.integers(min_value=0, max_value=60), st.sampled_from([10, 60, 100])), min_size=1, max_size=5
)


def places_of(counts: list[tuple[int, int]]) -> list[Place]:
    return [
        Place(f"t{number}", min(held, capacity), capacity) for number, (held, capacity) in enumerate(counts)
    ]


def moved(places: list[Place]) -> list[Place]:
    """Carry out what is decided: take from those that give, and place each again."""
    given = decide_handovers(places)
    found = {place.host_id: place._replace(held=place.held - given.get(place.host_id, 0)) for place in places}
    for _ in range(sum(given.values())):
        host_id = decide_place(found.values(), "default")
        assert host_id is not None, "what was given away finds a place"
        found[host_id] = found[host_id]._replace(held=found[host_id].held + 1)
    return list(found.values())


@given(COUNTS)
def test_after_one_round_nobody_has_anything_to_give(counts: list[tuple[int, int]]) -> None:
    places = moved(places_of(counts))
    while sum(decide_handovers(places).values()) >= HANDOVERS_MAX:
        places = moved(places)
    assert decide_handovers(places) == {}


@given(COUNTS)
def test_what_moves_is_lost_by_nobody_and_overfills_nobody(counts: list[tuple[int, int]]) -> None:
    before = places_of(counts)
    after = moved(before)
    assert sum(place.held for place in after) == sum(place.held for place in before)
    assert all(place.held <= place.capacity for place in after)


@given(COUNTS)
def test_no_more_move_at_a_time_than_allowed(counts: list[tuple[int, int]]) -> None:
    places = [place._replace(leaving=place.held // 2) for place in places_of(counts)]
    leaving = sum(place.leaving for place in places)
    given = decide_handovers(places)
    assert sum(given.values()) + leaving <= max(HANDOVERS_MAX, leaving)
    assert all(given.get(place.host_id, 0) <= place.held - place.leaving for place in places)


def test_a_newcomer_gets_its_share_by_capacity() -> None:
    assert decide_handovers([Place("full", 90, 100), Place("new", 0, 50)]) == {"full": 30}


def test_a_small_difference_moves_nothing() -> None:
    assert decide_handovers([Place("a", 52, 100), Place("b", 48, 100)]) == {}


def test_triggers_move_among_those_that_serve_the_same_queues() -> None:
    assert decide_handovers([Place("a", 50, 100), Place("b", 0, 100, ("gpu",))]) == {}


def test_a_trigger_goes_to_who_serves_its_queue_or_to_nobody() -> None:
    places = [Place("a", 0, 100), Place("b", 9, 100, ("gpu", "default"))]
    assert [decide_place(places, queue) for queue in ("gpu", "default", "ssd")] == ["b", "a", None]
