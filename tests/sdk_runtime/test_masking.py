"""A registered secret appears nowhere, in whatever spelling."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk_runtime.fakes import FakeBridge
from windward.core.masking import MASK
from windward.sdk.bridge import use_bridge
from windward.sdk.masking import SecretsMasker, mask_secret, mask_text, redact

SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=5).filter(
    lambda s: s.strip() and MASK not in s
)


@given(secret=SECRETS, before=st.text(), after=st.text())
def test_a_secret_is_found_plain_quoted_and_escaped(secret: str, before: str, after: str) -> None:
    masker = SecretsMasker()
    masker.add(secret)
    for spelling in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
        assert spelling not in masker.mask(f"{before} {spelling} {after}").replace(MASK, "\0")


def test_a_secret_within_a_longer_one_leaves_no_rest() -> None:
    masker = SecretsMasker()
    masker.add(["hunter2", "hunter2-and-more"])
    assert masker.mask("x hunter2-and-more y hunter2") == f"x {MASK} y {MASK}"


def test_a_short_value_is_not_masked() -> None:
    masker = SecretsMasker()
    masker.add("abcd")
    assert masker.mask("abcd") == "abcd"


def test_lines_of_a_key_are_masked_one_by_one() -> None:
    masker = SecretsMasker()
    masker.add("-----BEGIN KEY-----\nMIIEowIBAAKCAQEAx\nshort\n-----END KEY-----")
    assert masker.mask("leak: MIIEowIBAAKCAQEAx") == f"leak: {MASK}"


def test_by_name_only_telling_names_are_secret() -> None:
    masker = SecretsMasker()
    masker.add({"user": "visible", "api_key": "hidden-1", "nested": {"my_Password": "hidden-2"}}, "extra")
    assert masker.mask("visible hidden-1 hidden-2") == f"visible {MASK} {MASK}"
    assert not masker.is_sensitive("LICENCE_key")
    masker.add_names(["licence"])
    assert masker.is_sensitive("LICENCE_key")


def test_redact_copies_and_hides_by_value_and_by_name() -> None:
    mask_secret("hunter22")
    value = {"note": ["has hunter22", ("x", {"token": "abc"})], "secret": {"deep": "value"}, "n": 3}
    assert redact(value) == {
        "note": [f"has {MASK}", ("x", {"token": MASK})],
        "secret": {"deep": MASK},
        "n": 3,
    }
    assert value["n"] == 3
    assert "hunter22" in str(value)


def test_new_secrets_are_told_to_the_bridge_once() -> None:
    bridge = FakeBridge()
    with use_bridge(bridge):
        mask_secret("p@ssword")
        mask_secret("p@ssword")
    assert bridge.masked == ["p@ssword", "p%40ssword"]
    assert mask_text("p@ssword") == MASK


@pytest.mark.parametrize("value", [None, "", [], {}, 12345])
def test_nothing_to_mask_is_no_error(value: object) -> None:
    assert SecretsMasker().add(value) == []


def test_what_is_nested_too_deep_to_be_read_is_hidden_whole() -> None:
    deep: Any = {"password": "abcdefgh"}
    for _ in range(20):
        deep = [deep]
    assert "abcdefgh" not in str(redact(deep))


def test_keys_are_masked_like_values() -> None:
    mask_secret("abcdefgh")
    assert redact({"to abcdefgh": [{"abcdefgh": 1}]}) == {"to ***": [{"***": 1}]}
