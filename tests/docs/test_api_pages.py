"""The pages about the API: what they show at a prompt is run, in order, against a server, and answers as they say."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import STANDALONE_SETTINGS, WINDWARD, Standalone
from tests.tidy import tree

BLOCK = re.compile(
    r"^```(?:console\n(?P<console>.*?)|python file=(?P<file>\S+)\n.*?)^```$", re.MULTILINE | re.DOTALL
)
MARK = "==== {number}"
RUN_S = 300
PREFACE = tree.texts()["docs/api/accounts.md"]
PLACE = "#the-server-of-the-examples"
PAGES = sorted(path for path in tree.paths() if re.fullmatch(r"docs/api/[a-z0-9-]+\.md", path))


def steps(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield each command with what the page says of its answer; None where it says nothing of it."""
    for block in BLOCK.finditer(text):
        if block["file"]:
            yield f"{sys.executable} {tree.ROOT / block['file']}", None
            continue
        for part in re.split(r"^\$ ", block["console"], flags=re.MULTILINE)[1:]:
            command, _, said = part.partition("\n")
            yield command, said


def script(commands: list[str]) -> str:
    """Return one script: variables of one command are there for the next."""
    lines = ["set -o pipefail"]
    for number, command in enumerate(commands):
        lines += [f"printf '\\n{MARK.format(number=number)}\\n'", f'{command} || echo "[exit $?]"']
    return "\n".join(lines)


def fits(said: str, expected: str) -> bool:
    """Whether an answer is the expected one; `…` stands for anything within a line."""
    pattern = "[^\n]*".join(re.escape(part) for part in expected.strip().split("…"))
    return re.fullmatch(pattern, said.strip()) is not None


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_answer_as_it_says(page: str, tmp_path: Path) -> None:
    for program in ("curl", "jq"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no `{program}` here")
    found = list(steps(tree.texts()[page]))
    server = Standalone(tmp_path / "home")
    try:
        password = server.wait_for("sign in").split("password ")[1].split()[0]
        address = server.ready().address
        done = subprocess.run(
            ["bash", "-c", script([command for command, _ in found])],
            cwd=tmp_path,
            env={
                **os.environ,
                "PATH": f"{WINDWARD.parent}:{os.environ['PATH']}",
                "WINDWARD_HOME": str(tmp_path / "home"),
                "WINDWARD": address,
                "PASSWORD": password,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_S,
        )
    finally:
        server.stop()
        server.close()
    answers = re.split(r"^==== \d+\n", done.stdout, flags=re.MULTILINE)[1:]
    assert len(answers) == len(found)
    wrong = [
        f"$ {command}\n{said.strip()}\n-- the page says:\n{expected}"
        for (command, expected), said in zip(found, answers, strict=True)
        if (not fits(said, expected) if expected is not None else "[exit " in said)
    ]
    assert not wrong, "\n\n".join(wrong)


def test_every_page_tells_of_the_server_that_the_tests_start() -> None:
    (start,) = re.findall(r"^```sh\nexport (.*)\n\.venv/bin/windward standalone\n```$", PREFACE, re.MULTILINE)
    settings = dict(re.findall(r"(WINDWARD__\w+)=(\S+)", start))
    silent = [page for page in PAGES if f"{PLACE})" not in tree.texts()[page]]

    assert settings == STANDALONE_SETTINGS
    assert not silent, tree.report(silent)


def test_every_page_shows_both_commands_and_python() -> None:
    for page in PAGES:
        kinds = [bool(block["file"]) for block in BLOCK.finditer(tree.texts()[page])]
        assert True in kinds, page
        assert False in kinds, page


def test_a_planted_difference_is_found() -> None:
    assert fits('{"a": 1}\n', '{"a": …}\n')
    assert not fits('{"a": 1}\n{"b": 1}', '{"a": …}')
    assert not fits("x", "")
    found = list(steps("```console\n$ A=1\n$ echo $A\n1\n```\n"))
    assert found == [("A=1", ""), ("echo $A", "1\n")]
