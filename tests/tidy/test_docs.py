"""The documentation points at what exists and quotes what runs; each user-visible change is announced."""

import functools
import re
import runpy
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.tidy import tree

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\S+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUOTE = re.compile(r"\bfile=(\S+)")
VERB = re.compile(r"(?:`|\$ )make ([a-z]+)")
KINDS = ("added", "changed", "fixed", "removed", "security")


def broken_links(path: str, text: str) -> Iterator[str]:
    """Yield each relative link of `text` that leads to no file of the checkout."""
    known = _known()
    for target in LINK.findall(FENCE.sub("", text)):
        place = target.split("#")[0]
        if place and "://" not in target and not target.startswith("mailto:"):
            wanted = _normal(PurePosixPath(path).parent / place)
            if wanted not in known:
                yield f"{path}: links to `{target}`, which does not exist"


@functools.cache
def _known() -> frozenset[str]:
    """Return every file and every folder of the checkout."""
    folders = {str(parent) for name in tree.paths() for parent in PurePosixPath(name).parents}
    return frozenset(folders.union(tree.paths()))


def _normal(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            del parts[-1:]
        elif part != ".":
            parts.append(part)
    return "/".join(parts) or "."


def stale_snippets(path: str, text: str) -> Iterator[str]:
    """Yield each Python block that is not, word for word, part of the file that its first line names."""
    for language, info, body in FENCE.findall(text):
        if language == "python":
            named = QUOTE.search(info)
            if named is None:
                yield f"{path}: a Python block without `file=`; quote a file that is run or tested"
            elif body not in tree.texts().get(named[1], ""):
                yield f"{path}: a Python block differs from `{named[1]}`"


def unknown_verbs(path: str, text: str, verbs: frozenset[str]) -> Iterator[str]:
    """Yield each `make VERB` of `text` that the Makefile does not know."""
    yield from (f"{path}: `make {verb}` is no verb" for verb in VERB.findall(text) if verb not in verbs)


def fragment_problems(path: str, text: str) -> Iterator[str]:
    """Yield what is wrong with a fragment of the change log: its name and its form are fixed."""
    name = PurePosixPath(path).name
    if not re.fullmatch(rf"[a-z0-9]+(-[a-z0-9]+)*\.({'|'.join(KINDS)})\.md", name):
        yield f"{path}: not named `what-it-is.KIND.md` with KIND one of {', '.join(KINDS)}"
    lines = text.splitlines()
    if not lines or not lines[0].strip() or lines[0].startswith(("#", "-", "*")):
        yield f"{path}: does not begin with a sentence for users"
    if not text.rstrip().endswith((".", "```")):
        yield f"{path}: does not end with a full stop"


def test_a_planted_broken_link_is_found() -> None:
    text = "[here](tree.py), [there](../../README.md#first), [out](https://example.org), [gone](gone.md)"
    assert list(broken_links("tests/tidy/x.md", text)) == [
        "tests/tidy/x.md: links to `gone.md`, which does not exist"
    ]


@pytest.mark.parametrize(
    ("block", "count"),
    [
        ("```python\nx = 1\n```\n", 1),
        ("```python file=tests/tidy/tree.py\nx = 1\n```\n", 1),
        ("```python file=tests/tidy/tree.py\nfrom pathlib import Path\n```\n", 0),
        ("```console\n$ make run\n```\n", 0),
    ],
)
def test_a_planted_stale_snippet_is_found(block: str, count: int) -> None:
    assert len(list(stale_snippets("a.md", f"Text.\n\n{block}"))) == count


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("changes.d/cron-seconds.added.md", "Cron expressions may have seconds.\n", 0),
        ("changes.d/cron-seconds.new.md", "Cron expressions may have seconds.\n", 1),
        ("changes.d/Cron.added.md", "Cron expressions may have seconds.\n", 1),
        ("changes.d/cron-seconds.added.md", "- cron\n", 2),
        ("changes.d/cron-seconds.added.md", "", 2),
    ],
)
def test_a_planted_bad_fragment_is_found(path: str, text: str, count: int) -> None:
    assert len(list(fragment_problems(path, text))) == count


def test_a_planted_unknown_verb_is_found() -> None:
    text = "Say `make run`, or `make fly`."
    assert list(unknown_verbs("a.md", text, frozenset({"run"}))) == ["a.md: `make fly` is no verb"]


def test_every_verb_that_a_page_names_exists() -> None:
    verbs = frozenset(re.findall(r"^([a-z]+):", tree.texts()["Makefile"], re.MULTILINE))
    found = [problem for path, text in _pages() for problem in unknown_verbs(path, text, verbs)]
    assert not found, tree.report(found)


def test_every_link_leads_somewhere() -> None:
    found = [problem for path, text in _pages() for problem in broken_links(path, text)]
    assert not found, tree.report(found)


def test_every_python_block_quotes_a_file_that_runs() -> None:
    found = [
        problem for path, text in _pages() if path != "STYLE.md" for problem in stale_snippets(path, text)
    ]
    assert not found, tree.report(found)


def test_the_drawn_pages_say_what_the_code_says() -> None:
    drawn = runpy.run_path(str(tree.ROOT / "docs" / "draw.py"))["pages"]()
    stale = [name for name, text in drawn.items() if tree.texts().get(f"docs/{name}") != text]
    assert not stale, f"{stale} differ from the code: run `make docs`"


def test_every_setting_is_described() -> None:
    rows = [
        line.strip("| ").split(" | ")
        for line in tree.texts()["docs/settings.md"].splitlines()
        if line[:3] == "| `"
    ]
    assert len(rows) > 50
    assert [row[0] for row in rows if len(row) < 4] == []


def test_every_change_is_announced_in_one_form() -> None:
    fragments = {
        path: text
        for path, text in tree.texts().items()
        if path.startswith("changes.d/") and path != "changes.d/README.md"
    }
    found = [problem for path, text in fragments.items() for problem in fragment_problems(path, text)]
    assert not found, tree.report(found)


def _pages() -> list[tuple[str, str]]:
    return [(path, text) for path, text in tree.texts().items() if path.endswith(".md")]
