"""A few inputs of each fuzzer, the same in every run; `python -m tests.fuzz` goes on from there."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import arguments_of
from tests.fuzz.targets import TARGETS, Target

EXAMPLES_MAX = 150
CHANGES_MAX = 6


def changed(data: bytes, dice: random.Random) -> bytes:
    """Return input that differs a little: parsers are left by their inner doors only if the outer ones open."""
    out = bytearray(data)
    for _ in range(dice.randint(1, CHANGES_MAX)):
        at = dice.randrange(len(out) + 1)
        match dice.randrange(4):
            case 0:
                out[at:at] = bytes([dice.randrange(256)])
            case 1:
                del out[at : at + dice.randint(1, 4)]
            case 2:
                out[at:at] = out[dice.randrange(len(out) + 1) :][: dice.randint(1, 8)]
            case _:
                out[at:at] = dice.choice(
                    [b"0", b"-1", b"9" * 20, b"null", b"[]", b'"', b"{}", b"\\u0000", b"1e400"]
                )
    return bytes(out)


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_to_begin_with_hold_the_law(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].check(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_what_differs_a_little_holds_the_law(name: str) -> None:
    target: Target = TARGETS[name]
    dice = random.Random(name)
    for _ in range(EXAMPLES_MAX):
        target.check(changed(dice.choice(target.seeds), dice))


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_holds_the_law(name: str) -> None:
    @given(st.one_of(st.binary(max_size=200), st.text(max_size=60).map(str.encode), st.binary(max_size=8)))
    @example(b"")
    @settings(
        max_examples=EXAMPLES_MAX,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    def check(data: bytes) -> None:
        TARGETS[name].check(data)

    check()


@pytest.mark.parametrize("words", [None, Path("some.words")])
def test_a_fuzzer_is_given_words_only_when_there_are_some(words: Path | None) -> None:
    told = arguments_of("cron", seconds=1, corpus=Path("kept"), words=words)

    assert [one for one in told if one.startswith("-dict=")] == ([f"-dict={words}"] if words else [])
    assert told[-1] == "kept/cron"
