"""Who leaves where as many connections are open as may be."""

from hypothesis import given
from hypothesis import strategies as st

from windward.api.crowd import Place, decide_who_leaves

PLACES = st.lists(
    st.builds(Place, address=st.sampled_from("abc"), heard_s=st.floats(0, 9), is_busy=st.booleans()),
    max_size=12,
)


@given(PLACES)
def test_it_is_never_one_that_is_owed_an_answer_nor_one_of_who_holds_fewer(places: list[Place]) -> None:
    leaves = decide_who_leaves(places)
    idle = [place for place in places if not place.is_busy]
    if leaves is None:
        assert not idle
        return
    chosen = places[leaves]
    held = [place.address for place in places]
    assert chosen in idle
    assert all(held.count(place.address) <= held.count(chosen.address) for place in idle)
    assert all(chosen.heard_s <= place.heard_s for place in idle if place.address == chosen.address)
