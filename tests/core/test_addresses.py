"""What is shown of an address has no credentials, and what was shown can be sent back without harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windward.core.addresses import MASK, edited_address, shown_address

WORDS = ("token", "password")


@pytest.mark.parametrize(("text", "shown"), [
    ("http://u:s3cr3t@h/?token=s3cr3t", "http://***@h/?token=***"),
    ("u:s3cr3t@h", "***@h"),
    ("https://s3cr3t@h:8080/p?a=1", "https://***@h:8080/p?a=1"),
    ("http://u:s3/c#r?3t@h/p", "http://***@h/p"),
    ("http://u:s3@cr3t@h/p", "http://***@h/p"),
    ("jdbc:oracle:thin:scott:s3cr3t@//h:1521/x", "jdbc:oracle:thin:***@//h:1521/x"),
    ("jdbc:oracle:thin:scott/s3cr3t@//h:1521/x", "jdbc:oracle:thin:***@//h:1521/x"),
    ("jdbc:sqlserver://h:1433;user=me;password=s3cr3t;encrypt=true", "jdbc:sqlserver://h:1433;user=me;password=***;encrypt=true"),
    ("h/p?a=1&Access%54oken=s3cr3t#x", "h/p?a=1&Access%54oken=***#x"),
])  # fmt: skip
def test_credentials_in_an_address_are_masked(text: str, shown: str) -> None:
    assert shown_address(text, words=WORDS) == shown


@pytest.mark.parametrize("text", [
    "", "db.example", "10.0.0.1:5432", "[::1]:80", "http://[::1]/a@b", "http://[broken", "a:1,b:2", "/data/a@b.db",
    "https://www.httpbin.org/", "http://h:8080/a@b?x=1&y=2", "jdbc:postgresql://h:5432/a@b", "jdbc:oracle:thin:@//h:1/x",
])  # fmt: skip
def test_ordinary_addresses_are_shown_as_they_are(text: str) -> None:
    assert shown_address(text, words=WORDS) == text


PIECES = st.sampled_from(
    [
        "http://",
        "u",
        ":",
        "@",
        "/",
        "?",
        "&",
        ";",
        "#",
        "token=",
        "a=",
        "s3cr3t",
        MASK,
        "jdbc:",
        "x:",
        "[",
        "1",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_an_address_sent_back_as_it_was_shown_stays_what_it_was(text: str) -> None:
    assert edited_address(shown_address(text, words=WORDS), text) == text


def test_another_address_is_taken_as_it_is_given_but_for_the_mask() -> None:
    old = "http://u:s3cr3t@h/?token=s3cr3t"
    assert edited_address("http://me:mine@h/?token=mine", old) == "http://me:mine@h/?token=mine"
    assert (
        edited_address("https://***@other/?token=***&a=1", old) == "https://u:s3cr3t@other/?token=s3cr3t&a=1"
    )
    assert edited_address("db.example", old) == "db.example"
