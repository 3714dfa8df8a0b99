"""Decisions about accounts: what permissions mean as text, what may be given, how tries come back, what is masked."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windward.core.access import BUILT_IN_ROLES, is_allowed
from windward.core.accounts import (
    check_username,
    held_by,
    may_give,
    principal_of,
    read_permission,
    shown_permission,
)
from windward.core.masking import MASK, masked
from windward.core.throttle import Allowance, Bucket, refilled, taken, wait_s
from windward.errors import UserError
from windward.model.access import OF_A_DAG, Permission, Principal, Resource, Verb
from windward.model.accounts import User

NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=20)
IDS = st.from_regex(r"[\w-]{1,20}", fullmatch=True)


@st.composite
def permissions(draw: st.DrawFn) -> Permission:
    resource, verb = draw(st.sampled_from(Resource)), draw(st.sampled_from(Verb))
    if resource not in OF_A_DAG:
        return Permission(resource=resource, verb=verb)
    place = draw(st.sampled_from(["everywhere", "dag", "tag"]))
    return Permission(
        resource=resource,
        verb=verb,
        dag_id=draw(IDS) if place == "dag" else None,
        tag=draw(NAMES) if place == "tag" else None,
    )


@given(permissions())
def test_a_permission_is_read_as_it_is_shown(one: Permission) -> None:
    assert read_permission(shown_permission(one)) == one


@pytest.mark.parametrize(
    "text",
    [
        "",
        "run",
        "run:",
        ":read",
        "run:read@",
        "run:read@dag:",
        "run:read@x:y",
        "run:read@dag:a@dag:b",
        "run:read@dag:a:b",
        "pool:read@dag:x",
        "Run:read",
    ],
)
def test_what_is_no_permission_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(UserError):
        read_permission(text)


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "a/b", "a\n", "a" * 251])
def test_a_name_that_no_address_leads_to_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="cannot be the name of a user"):
        check_username(name)


@pytest.mark.parametrize("name", ["...", ".a", "a.b@c-d+e_f", "a" * 250])
def test_a_name_of_letters_digits_and_some_signs_is_taken(name: str) -> None:
    check_username(name)


@given(st.frozensets(permissions(), max_size=6), st.frozensets(permissions(), max_size=6))
def test_whoever_was_given_something_may_do_nothing_that_the_giver_may_not(
    held: frozenset[Permission], given: frozenset[Permission]
) -> None:
    giver = Principal(user_id="1", name="a", permissions=held)
    if not may_give(giver, given):
        return
    taker = Principal(user_id="2", name="b", permissions=given)
    for one in given:
        place = (
            {"dag_id": one.dag_id, "tags": ()} if one.tag is None else {"dag_id": "any", "tags": (one.tag,)}
        )
        assert is_allowed(taker, one.verb, one.resource, **place)
        assert is_allowed(giver, one.verb, one.resource, **place)


def test_a_role_that_does_not_exist_gives_nothing_and_built_in_ones_cannot_be_replaced() -> None:
    user = User(user_id="1", username="a", roles=("gone", "viewer"), created_at=datetime.now(UTC))
    everything = {"viewer": BUILT_IN_ROLES["admin"]}
    assert held_by(user, everything) == BUILT_IN_ROLES["viewer"]
    assert principal_of(user, {}).permissions == BUILT_IN_ROLES["viewer"]


@given(st.lists(st.floats(min_value=0, max_value=100), max_size=60), st.integers(1, 10), st.integers(1, 100))
def test_no_more_tries_are_given_than_fit_into_the_time(pauses: list[float], tries: int, window: int) -> None:
    allowance = Allowance(tries_max=tries, window_s=window)
    bucket: Bucket | None = None
    now_s, given = 0.0, 0
    for pause in pauses:
        now_s += pause
        bucket = refilled(bucket, allowance, now_s=now_s)
        if wait_s(bucket, allowance) == 0:
            bucket, given = taken(bucket), given + 1
    assert given <= tries + now_s / allowance.interval_s + 1e-6
    last = refilled(bucket, allowance, now_s=now_s + window + 1)
    assert last.left == tries


@pytest.mark.parametrize(
    "name",
    ["password", "PASSWORD", "db_passwd", "aws_secret_access_key", "apiKey", "new_password", "auth_token"],
)
def test_telling_names_are_masked_at_any_depth(name: str) -> None:
    assert masked({"a": [{name: "sesame", "b": 1}]}) == {"a": [{name: MASK, "b": 1}]}


@pytest.mark.parametrize(("kind", "value"), [
    ("variable", {"key": "k", "value": "sesame"}),
    ("connection", {"conn_id": "c", "password": "sesame", "extra": '{"k": "sesame"}'}),
    ("xcom", {"key": "k", "value": {"deep": "sesame"}}),
    ("connection", {"actions": [{"entities": [{"extra": "sesame"}]}]}),
    ("connection", {"actions": [{"entities": [{"host": "http://u:sesame@h/?token=sesame"}]}]}),
    ("connection", {"conn_host": "u:sesame@h"}),
])  # fmt: skip
def test_what_is_secret_by_its_kind_is_masked_whatever_it_holds(kind: str, value: object) -> None:
    assert "sesame" not in json.dumps(masked(value, kind=kind))
    assert MASK in json.dumps(masked(value, kind=kind))


def test_what_is_long_or_deep_is_cut_and_what_is_unset_stays() -> None:
    deep: object = "x"
    for _ in range(100):
        deep = [deep]
    assert len(json.dumps(masked({"a": "x" * 10_000, "b": list(range(999)), "c": deep}))) < 5_000
    assert masked({"password": None, "note": "x"}, telling=["NOTE"]) == {"password": None, "note": MASK}
