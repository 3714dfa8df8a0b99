"""Who may do what: permissions, and the scopes of a token, which take away and never give."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windward.core.access import EVERYWHERE, is_allowed, is_within, reach_of, without_the_covered
from windward.core.accounts import read_permission, scopes_of, shown_scopes
from windward.errors import UserError
from windward.model.access import OF_A_DAG, DagReach, Permission, Principal, Resource, Verb

DAGS: Mapping[str, tuple[str, ...]] = {"a": (), "b": ("t",), "c": ("t", "u"), "d": ("u",)}
PLACES = st.sampled_from([{}, {"dag_id": "a"}, {"dag_id": "b"}, {"dag_id": "c"}, {"tag": "t"}, {"tag": "u"}])
PERMISSIONS = st.frozensets(
    st.builds(lambda of: Permission(resource=Resource.RUN, verb=Verb.READ, **of), PLACES)
)


def somebody(held: frozenset[Permission], scopes: frozenset[Permission] | None) -> Principal:
    return Principal(user_id="x", name="x", permissions=held, scopes=scopes)


def allowed(principal: Principal) -> set[str]:
    return {
        name
        for name, tags in DAGS.items()
        if is_allowed(principal, Verb.READ, Resource.RUN, dag_id=name, tags=tags)
    }


@given(held=PERMISSIONS, scopes=st.none() | PERMISSIONS)
def test_a_list_shows_what_may_be_seen_one_by_one(
    held: frozenset[Permission], scopes: frozenset[Permission] | None
) -> None:
    principal = somebody(held, scopes)
    reach = reach_of(principal, Verb.READ, Resource.RUN)
    assert {name for name, tags in DAGS.items() if is_within(reach, name, tags)} == allowed(principal)
    assert reach.is_all is is_allowed(principal, Verb.READ, Resource.RUN)
    assert not (reach.is_empty and allowed(principal))
    untagged = {name for name in DAGS if is_within(reach, name, ())}
    assert reach.needs_tags or untagged == allowed(principal)


@given(held=PERMISSIONS, scopes=PERMISSIONS)
def test_a_token_may_what_its_owner_and_its_scopes_both_allow(
    held: frozenset[Permission], scopes: frozenset[Permission]
) -> None:
    assert allowed(somebody(held, scopes)) == allowed(somebody(held, None)) & allowed(somebody(scopes, None))


def test_a_token_for_a_dag_reaches_nothing_that_belongs_to_none() -> None:
    everything = frozenset(Permission(resource=resource, verb=verb) for resource in Resource for verb in Verb)
    token = somebody(everything, scopes_of(["run:read@dag:a"]))
    assert reach_of(token, Verb.READ, Resource.RUN) == DagReach(dag_ids=frozenset({"a"}))
    assert reach_of(somebody(everything, None), Verb.READ, Resource.RUN) == EVERYWHERE
    assert not is_allowed(token, Verb.READ, Resource.POOL)
    assert not is_allowed(token, Verb.EDIT, Resource.RUN, dag_id="a")


@given(
    resource=st.sampled_from(sorted(OF_A_DAG)),
    verb=st.sampled_from(list(Verb)),
    place=st.one_of(
        st.fixed_dictionaries({"dag_id": st.from_regex(r"[\w-]{1,20}", fullmatch=True)}),
        st.fixed_dictionaries({"tag": st.text(min_size=1)}),
    ),
)
def test_a_scope_is_read_as_it_is_written(resource: Resource, verb: Verb, place: dict[str, str]) -> None:
    one = Permission(resource=resource, verb=verb, **place)
    assert list(map(read_permission, shown_scopes(frozenset({one})) or [])) == [one]


@pytest.mark.parametrize(
    "text",
    ["run", "run:eat", "sun:read", "run:read@", "run:read@dag:", "run:read@tag:", "pool:read@dag:a", ""],
)
def test_some_scopes_are_none(text: str) -> None:
    with pytest.raises(UserError):
        scopes_of([text])


@given(held=PERMISSIONS)
def test_what_is_held_everywhere_need_not_be_held_somewhere(held: frozenset[Permission]) -> None:
    left = without_the_covered(held)
    assert left <= held
    assert allowed(somebody(left, None)) == allowed(somebody(held, None))
    assert len(left) == 1 or Permission(resource=Resource.RUN, verb=Verb.READ) not in left
