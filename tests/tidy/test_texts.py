"""No file names a registry, a path of one machine, or a TODO that nobody can look up."""

import re
from collections.abc import Iterator

import pytest

from tests.tidy import tree

# Written in pieces, so that this file does not find itself.
REGISTRIES = re.compile(
    r"\b(?:pypi\.|files\.python|python" + r"hosted\.|registry\.np" + r"mjs\.|npm" + r"js\.org)"
)
MACHINE_PATH = re.compile(r"(?<![\w./])/(?:work|ro" + r"ot|Users/\w+|home/(?!airflow\b|user\b)\w+)/")
LOOSE_TODO = re.compile(r"(?:#|//|/\*|<!--)\s*(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b(?! ?\(?#\d+)")
OTHER_THAN_PROSE = re.compile(r"\||    |\s*(?:[-*]|\d+\.) ")
# Texts that belong to others, or that say what the rules are.
QUOTED = frozenset({"LICENSE", "STYLE.md"})


def problems(path: str, text: str) -> Iterator[str]:
    """Yield what `text` may not say, with its line."""
    for number, line in enumerate(text.splitlines(), start=1):
        if match := REGISTRIES.search(line):
            yield f"{path}:{number}: names a registry: `{match[0]}`"
        if match := MACHINE_PATH.search(line):
            yield f"{path}:{number}: holds a path of one machine: `{match[0]}`"
        if LOOSE_TODO.search(line):
            yield f"{path}:{number}: a TODO without a number, as in `TO" + "DO(#12)`"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("see https://py" + "pi.org/project/x", "registry"),
        ('"resolved": "https://registry.np' + 'mjs.org/x.tgz"', "registry"),
        ('open("/wo' + 'rk/main/x")', "path of one machine"),
        ("cd /ro" + "ot/x", "path of one machine"),
        ("cd /home/" + "ada/x", "path of one machine"),
        ("# TO" + "DO: later", "without a number"),
        ("# FIX" + "ME", "without a number"),
    ],
)
def test_a_planted_text_is_found(line: str, wanted: str) -> None:
    (problem,) = problems("a.md", line)
    assert wanted in problem


@pytest.mark.parametrize(
    "line",
    [
        "# TO" + "DO(#12): later",
        "https://example.org/work/plan",
        "/homework/x",
        "rootless",
        "a TODO in a sentence",
    ],
)
def test_a_text_that_only_looks_alike_passes(line: str) -> None:
    assert list(problems("a.md", line)) == []


def test_no_file_names_a_registry_a_machine_or_a_loose_todo() -> None:
    found = [
        problem
        for path, text in tree.texts().items()
        if path not in QUOTED
        for problem in problems(path, text)
    ]
    assert not found, tree.report(found)


def test_no_file_holds_the_path_of_this_checkout() -> None:
    found = [path for path, text in tree.texts().items() if f"{tree.ROOT}/" in text]
    assert not found, tree.report(found)


def test_prose_in_markdown_keeps_one_sentence_to_a_line() -> None:
    two_sentences = re.compile(r"[a-z`)][.?!] [A-Z]")
    found = [
        f"{path}:{number}: more than one sentence"
        for path, text in tree.texts().items()
        if path.endswith(".md")
        for number, line in enumerate(_prose(text), start=1)
        if two_sentences.search(line)
    ]
    assert not found, tree.report(found)


def _prose(text: str) -> Iterator[str]:
    """Yield each line of `text`, empty where it is code, a row of a table or an item of a list."""
    is_code = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            is_code = not is_code
        yield "" if is_code or OTHER_THAN_PROSE.match(line) else line


@pytest.mark.parametrize("package", ["windward", "windward-airflow"])
@pytest.mark.parametrize("name", ["LICENSE", "NOTICE"])
def test_each_distribution_carries_the_licence_and_the_notice(package: str, name: str) -> None:
    assert tree.texts()[f"packages/{package}/{name}"] == tree.texts()[name]
