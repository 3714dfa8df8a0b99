"""Each command that a page shows at a prompt is one that the command line understands."""

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.cli.commands import whole_parser
from tests.tidy import tree
from windward.cli.arguments import UsageError

CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VARIABLES = re.compile(r"^(?:[A-Z_]+=\S* )+")


def commands(text: str) -> Iterator[str]:
    """Yield what stands behind `windward` in each command of the console blocks of a page."""
    for block in CONSOLE.findall(text):
        for line in block.splitlines():
            prompt, _, command = line.partition("$ ")
            program, _, rest = VARIABLES.sub("", command).partition(" ")
            if not prompt and program.removeprefix(".venv/bin/") == "windward":
                yield rest


def is_understood(command: str) -> bool:
    """Whether the command line takes this; a question for help counts."""
    words = shlex.split(command, comments=True)
    try:
        whole_parser().parse_args(words)
    except UsageError:
        return False
    except SystemExit as leaving:
        return leaving.code in {0, None}
    return True


PAGES = [
    (path, command)
    for path, text in tree.texts().items()
    if path.endswith(".md") and path != "STYLE.md"
    for command in commands(text)
]


def test_commands_are_found_behind_variables_and_prompts_only() -> None:
    text = "```console\n$ A=1 windward dags list\nwindward no\n$ .venv/bin/windward info\n$ ls\n```\n"
    assert list(commands(text)) == ["dags list", "info"]


@pytest.mark.parametrize("command", ["dags lst", "dags trigger", "dags list --nothing"])
def test_a_planted_mistake_is_found(command: str) -> None:
    assert not is_understood(command)


def test_every_command_of_a_page_is_understood() -> None:
    wrong = [f"{path}: `windward {command}`" for path, command in PAGES if not is_understood(command)]
    assert len(PAGES) > 10
    assert not wrong, tree.report(wrong)
