"""What commands print, whole: every transcript is run again and must say the same, word for word.

A transcript is a text file of commands (`$ windward …`) and what they said: stdout as it is, stderr behind `!`, and the
exit code unless it is 0. To change one, edit its commands and run this file with `RECORD_TRANSCRIPTS=1`.
"""

import os
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Installation, finished_run, transcript

FOLDER = Path(__file__).parent / "transcripts"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_commands_say_what_their_transcript_says(
    name: str, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = FOLDER / f"{name}.txt"
    expected = path.read_text("utf-8")
    commands = [shlex.split(line)[2:] for line in expected.splitlines() if line.startswith("$ windward ")]
    finished_run(installation.store)

    monkeypatch.setenv("COLUMNS", "100")  # the width of help texts

    said = transcript(installation, commands)

    if os.environ.get("RECORD_TRANSCRIPTS") == "1":
        path.write_text(said, encoding="utf-8")
    assert commands
    assert said == expected
