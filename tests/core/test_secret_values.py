"""What is shown of variables and connections has no secret, and what was shown can be sent back without harm."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windward.core.masking import MASK, SENSITIVE_NAMES
from windward.core.secret_values import (
    connection_to_test,
    edited_connection,
    edited_variable,
    redacted,
    shown_extra,
    shown_host,
    shown_variable,
)
from windward.errors import UserError

SECRET = "s3cr3t-v4lue"
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(categories=["Ll"]), max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(("key", "text", "shown"), [
    ("region", "north", "north"),
    ("api_key", SECRET, MASK),
    ("MY_PASSWORD", "1234", MASK),
    ("api_key", "", ""),
    ("region", '{"user":"me"}', '{"user":"me"}'),
    ("region", f'{{"user": "me", "password": "{SECRET}"}}', '{"user": "me", "password": "***"}'),
    ("token", f'{{"user": "me", "more": ["{SECRET}", 7, true]}}', '{"user": "***", "more": ["***", "***", true]}'),
    ("house_key", SECRET, SECRET),
    ("region", "[" * 100_000, MASK),
])  # fmt: skip
def test_only_telling_names_hide_values_of_variables(key: str, text: str, shown: str) -> None:
    assert shown_variable(key, text) == shown


def test_a_deployment_may_add_telling_names() -> None:
    assert shown_variable("house_key", SECRET, words=["house"]) == MASK


@pytest.mark.parametrize(("text", "shown"), [
    (None, None),
    ("", ""),
    ('{"region": "north"}', '{"region": "north"}'),
    (f'{{"deep": {{"private_key": "{SECRET}"}}}}', '{"deep": {"private_key": "***"}}'),
    (SECRET, MASK),
    (f'["{SECRET}"]', MASK),
    ('{"a":' * 100_000, MASK),
])  # fmt: skip
def test_extras_that_are_no_object_are_masked_whole(text: str | None, shown: str | None) -> None:
    assert shown_extra(text) == shown


@given(data=PLAIN, name=st.sampled_from(sorted(SENSITIVE_NAMES)))
def test_a_secret_is_found_wherever_it_stands(data: Any, name: str) -> None:
    assert SECRET not in json.dumps(redacted([data, {"deep": {name.upper(): [SECRET, {"x": SECRET}]}}]))


@given(key=st.sampled_from(["region", "password"]), data=PLAIN)
def test_a_variable_sent_back_as_it_was_shown_stays_what_it_was(key: str, data: Any) -> None:
    text = json.dumps({"outer": data, "token": SECRET})
    sent_back = edited_variable(key, shown_variable(key, text), text)
    assert json.loads(sent_back) == json.loads(text)


def test_a_connection_sent_back_as_it_was_shown_keeps_its_secrets() -> None:
    stored = {"host": "h", "password": SECRET, "extra": json.dumps({"token": SECRET, "region": "north"})}
    shown = {"host": "other", "password": MASK, "extra": json.dumps({"token": MASK, "region": "south"})}
    edited = edited_connection(shown, stored)
    assert (edited["host"], edited["password"]) == ("other", SECRET)
    assert json.loads(edited["extra"]) == {"token": SECRET, "region": "south"}
    assert edited_connection({"password": None, "extra": None}, stored) == {
        "host": "h", "password": None, "extra": None,
    }  # fmt: skip


def test_credentials_in_a_host_stay_where_it_is_sent_back_as_it_was_shown() -> None:
    stored = {"host": f"http://u:{SECRET}@h/?token={SECRET}", "password": None, "extra": None}
    shown = shown_host(stored["host"])
    assert shown == "http://***@h/?token=***"
    assert edited_connection({"host": shown}, stored) == stored
    assert shown_host(None) is None


def test_credentials_in_a_stored_host_are_tried_at_no_other() -> None:
    stored = {**STORED, "host": f"http://u:{SECRET}@h"}
    with pytest.raises(UserError):
        connection_to_test({**STORED, "host": "http://***@evil", "password": "mine", "extra": None}, stored)


STORED = {
    "conn_type": "http", "host": "mine", "port": None, "login": "me", "password": SECRET,
    "extra": '{"token": "s3cr3t-v4lue"}', "schema": None, "description": None,
}  # fmt: skip


@pytest.mark.parametrize("changed", [{"host": "evil"}, {"port": 25}, {"conn_type": "ssh"}, {"extra": '{"proxy_url": "http://evil"}'}])  # fmt: skip
def test_a_stored_password_is_tried_nowhere_but_at_its_own_place(changed: dict[str, Any]) -> None:
    given_fields = {
        "conn_type": "http",
        "host": "mine",
        "password": MASK,
        "extra": '{"token": "***"}',
        **changed,
    }
    with pytest.raises(UserError):
        connection_to_test(given_fields, STORED)
    del given_fields["password"]
    with pytest.raises(UserError):
        connection_to_test(given_fields, STORED)


def test_a_stored_password_is_tried_at_its_own_place() -> None:
    given_fields = {"conn_type": "http", "host": "mine", "port": None, "password": MASK, "login": "you"}
    assert connection_to_test(given_fields, STORED) == {**STORED, "login": "you"}


def test_another_place_is_tried_with_what_is_given_and_nothing_of_what_is_stored() -> None:
    given_fields = {"conn_type": "http", "host": "other", "password": "mine"}
    assert connection_to_test(given_fields, STORED) == given_fields
    assert connection_to_test(given_fields, None) == given_fields


def test_a_stored_connection_is_tested_though_its_extras_came_back_spaced_otherwise() -> None:
    stored = {
        "conn_type": "http", "host": "a.test", "port": None, "login": None, "password": "hush", "schema": None,
        "extra": '{"mode":"x","token":"t"}',
    }  # fmt: skip
    shown = {**stored, "password": MASK, "extra": shown_extra(stored["extra"])}
    tested = connection_to_test(shown, stored)
    assert (tested["password"], json.loads(tested["extra"])) == ("hush", {"mode": "x", "token": "t"})
