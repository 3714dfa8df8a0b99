"""`--server`: where it stands, and that an empty one never means the database of this machine."""

import pytest

from tests.cli.conftest import Installation
from windward.cli.main import main


@pytest.mark.parametrize("words", [["--server", ""], ["--server="], ["--server", " "]])
def test_an_empty_address_of_a_server_is_not_this_machine(
    words: list[str], installation: Installation
) -> None:
    said = installation.run(*words, "variables", "set", "leaked", "1")
    assert said.code == 2
    assert said.err.startswith(f"error: `{''.join(words[1:])}` is not the address of an API server\n")
    assert installation.run("variables", "get", "leaked").code == 1


def test_a_variable_of_the_environment_that_is_empty_names_no_server(installation: Installation) -> None:
    assert installation.run("variables", "set", "kept", "1", WINDWARD_SERVER="").code == 0
    assert installation.run("variables", "get", "kept").out == "1\n"


@pytest.mark.parametrize(
    "words", [["pools", "--server", "http://h", "list"], ["pools", "list", "--server", "http://h"]]
)
def test_a_server_behind_the_command_is_told_where_it_stands(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words, environ={}) == 2
    assert "hint: `--server` stands before the command: `windward --server URL pools ...`." in (
        capsys.readouterr().err
    )
